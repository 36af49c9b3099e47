// SPDX-License-Identifier: Apache-2.0
import Testing
import Training

@Suite(.serialized) struct TensorTests {
    @Test("a tensor gives back its values, and its gradient only when asked to collect one")
    func basics() {
        let x = Tensor(shape: [2, 3], values: [1, 2, 3, 4, 5, 6])
        #expect(x.shape == [2, 3])
        #expect(x.count == 6)
        #expect(x.values == [1, 2, 3, 4, 5, 6])
        x.data[4] = 9
        #expect(x.values[4] == 9)
        #expect(x.gradient == nil)
        #expect(Tensor.zeros([3]).values == [0, 0, 0])
        #expect(Tensor(shape: [], values: [2]).item == 2)
        let leaf = Tensor(shape: [2], values: [1, 2], requiresGradient: true)
        #expect(leaf.gradient == nil)
        #expect(!leaf.detached.requiresGradient)
    }

    @Test("gradients accumulate over backward passes until they are cleared")
    func accumulation() {
        let x = Tensor(shape: [2], values: [1, 2], requiresGradient: true)
        for pass in 1...3 {
            sum(scaled(x, by: 2)).backward()
            #expect(x.gradient == [Float(2 * pass), Float(2 * pass)])
        }
        x.clearGradient()
        #expect(x.gradient == nil)
    }

    @Test("gradients of intermediate results and their buffers are gone after backward")
    func freeing() {
        let x = Tensor(shape: [2], values: [1, 2], requiresGradient: true)
        let y = scaled(x, by: 3)
        sum(y).backward()
        #expect(y.gradient == nil)
        #expect(x.gradient == [3, 3])
    }

    @Test("frozen weights receive no gradient while the input does")
    func frozen() {
        let x = Tensor(shape: [1, 3, 3, 1], values: .init(repeating: 1, count: 9), requiresGradient: true)
        let weight = Tensor(shape: [3, 3, 1, 1], values: (0..<9).map { Float($0) })
        sum(convolution(x, weight: weight)).backward()
        #expect(weight.gradient == nil)
        #expect(x.gradient == (0..<9).map { Float($0) })
    }

    @Test("the second and later training steps allocate nothing new")
    func poolReuse() {
        var random = RandomSource(seed: 2)
        let block = BasicBlock("block", in: 5, out: 37, stride: 2, random: &random)
        let x = Tensor(shape: [3, 23, 21, 5], values: (0..<3 * 23 * 21 * 5).map { _ in Float(random.normal()) })
        let adam = Adam(block.parameters, learningRate: 1e-3)
        func step() {
            adam.clearGradients()
            let y = block(x, training: true)
            distillationLoss(student: y, teacher: Tensor.zeros(y.shape)).backward()
            adam.step()
        }
        // Other suites use the pool at the same time; a step whose buffers were all recycled must come up.
        step()
        let steps = (0..<50).map { _ in
            let before = StoragePool.statistics
            step()
            let after = StoragePool.statistics
            return (allocated: after.allocated - before.allocated, taken: after.taken - before.taken)
        }
        #expect(steps.contains { $0.allocated == 0 && $0.taken > 20 })
    }

    @Test("a storage comes back from the pool at the same address")
    func recycling() {
        var addresses: Set<UInt> = []
        for _ in 0..<8 { addresses.insert(UInt(bitPattern: Storage(count: 1_234_567).pointer)) }
        #expect(addresses.count == 1)
        let storage = Storage(zeros: 7)
        #expect(UInt(bitPattern: storage.pointer) % 64 == 0)
        #expect((0..<7).allSatisfy { storage.pointer[$0] == 0 })
    }

    @Test("a state with missing, unknown, doubled, misshapen or non-finite arrays is refused and changes nothing")
    func badState() throws {
        let parameters = [
            Parameter("a", shape: [2], values: [1, 2]), Parameter("b", shape: [1, 2], values: [3, 4]),
        ]
        let good = parameters.exported()
        func refused(_ code: TrainingError.Code, _ change: (inout [NamedArray]) -> Void) {
            var arrays = good
            arrays[0].values = [7, 8]
            change(&arrays)
            let error = #expect(throws: TrainingError.self) { try parameters.load(arrays) }
            #expect(error?.code == code)
            #expect(parameters[0].tensor.values == [1, 2])
        }
        refused(.missing) { $0.removeLast() }
        refused(.unknown) { $0.append(NamedArray(name: "c", shape: [], values: [1])) }
        refused(.duplicate) { $0.append($0[0]) }
        refused(.shape) { $0[1].shape = [2, 1] }
        refused(.shape) { $0[1].values = [1] }
        refused(.value) { $0[1].values[0] = .nan }
        try parameters.load([good[1], good[0]])
        #expect(parameters.exported() == good)
        let error = TrainingError(.shape, "conv1.weight", expected: "[7]", found: "[8]", hint: "other network")
        #expect("\(error)" == "conv1.weight: wrong shape: expected [7], found [8] (other network)")
    }

    @Test("operations with shapes that do not fit stop the program", arguments: 0..<6)
    func wrongShapes(_ number: Int) async {
        await #expect(processExitsWith: .failure) { [number] in
            let x = Tensor.zeros([1, 4, 4, 3], requiresGradient: true)
            switch number {
            case 0: _ = convolution(x, weight: Tensor.zeros([3, 3, 4, 8]))
            case 1: _ = convolution(x, weight: Tensor.zeros([7, 7, 3, 8]))
            case 2: _ = add(x, Tensor.zeros([1, 4, 3, 4]))
            case 3: _ = distillationLoss(student: x, teacher: Tensor.zeros([1, 4, 4, 2]))
            case 4: x.backward()
            default:
                let loss = sum(x)
                loss.backward()
                loss.backward()
            }
        }
    }
}
