// SPDX-License-Identifier: Apache-2.0
import Testing
import Training

@Suite(.serialized) struct DeterminismTests {
    /// Trains a small student for some steps and returns everything that came out.
    private func train(threads: Int, batch: Int, steps: Int = 3) -> [NamedArray] {
        Workers.threads = threads
        var random = RandomSource(seed: 11)
        let stem = Stem(out: 24, random: &random)
        let block = BasicBlock("layer1.0", in: 24, out: 33, stride: 2, random: &random)
        let x = Tensor(
            shape: [batch, 61, 67, 3], values: (0..<batch * 61 * 67 * 3).map { _ in Float(random.normal()) })
        let parameters = stem.parameters + block.parameters
        let adam = Adam(parameters, learningRate: 1e-2)
        var losses: [Float] = []
        var teacher: [Float] = []
        for _ in 0..<steps {
            adam.clearGradients()
            let y = block(stem(x, training: true), training: true)
            if teacher.isEmpty { teacher = (0..<y.count).map { _ in Float(random.uniform()) } }
            let up = bilinearUpsampling(y, height: 19, width: 23)
            let loss = add(
                distillationLoss(student: y, teacher: Tensor(shape: y.shape, values: teacher)),
                scaled(sum(channelNormalised(averagePooling(up, kernel: 2, stride: 2))), by: 1e-3))
            loss.backward()
            adam.step()
            losses.append(loss.item)
        }
        return parameters.exported() + adam.exported() + [NamedArray(name: "losses", shape: [steps], values: losses)]
    }

    @Test("1, 2, 3 and 8 threads give the same bits, and so does a second run", arguments: [1, 5, 11])
    func threads(batch: Int) {
        let before = Workers.threads
        defer { Workers.threads = before }
        let reference = train(threads: 1, batch: batch)
        #expect(reference.allSatisfy { $0.values.allSatisfy(\.isFinite) })
        for threads in [1, 2, 3, 8, 2] {
            let other = train(threads: threads, batch: batch)
            let same = zip(reference, other).allSatisfy { left, right in
                left.name == right.name
                    && left.values.elementsEqual(right.values) { $0.bitPattern == $1.bitPattern }
            }
            #expect(same, "\(threads) threads, batch \(batch)")
        }
    }

    @Test("training resumed from an exported state goes on with the same bits")
    func resuming() throws {
        var random = RandomSource(seed: 21)
        let x = Tensor(shape: [4, 9, 9, 3], values: (0..<972).map { _ in Float(random.normal()) })
        let teacher = Tensor(shape: [4, 5, 5, 6], values: (0..<600).map { _ in Float(random.normal()) })
        func network() -> BasicBlock {
            var random = RandomSource(seed: 22)
            return BasicBlock("b", in: 3, out: 6, stride: 2, random: &random)
        }
        func steps(_ count: Int, _ block: BasicBlock, _ optimiser: any Optimiser) {
            for _ in 0..<count {
                optimiser.clearGradients()
                distillationLoss(student: block(x, training: true), teacher: teacher).backward()
                optimiser.step()
            }
        }
        let makers: [(BasicBlock) -> any Optimiser] = [
            { Adam($0.parameters, learningRate: 1e-2) },
            { Adam.decoupled($0.parameters, learningRate: 1e-2) },
            { SGD($0.parameters, learningRate: 0.1, momentum: 0.9, weightDecay: 1e-3) },
        ]
        for make in makers {
            let whole = network()
            steps(7, whole, make(whole))
            let first = network()
            let optimiser = make(first)
            steps(3, first, optimiser)
            let second = network()
            try second.parameters.load(first.parameters.exported())
            let resumed = make(second)
            try resumed.load(optimiser.exported())
            steps(4, second, resumed)
            #expect(second.parameters.exported() == whole.parameters.exported())
            var bad = optimiser.exported()
            bad[0].values = [1.5]
            #expect(throws: TrainingError.self) { try resumed.load(bad) }
            bad.removeFirst()
            #expect(throws: TrainingError.self) { try resumed.load(bad) }
        }
    }

    @Test("a tiny network learns two pictures by heart")
    func overfitting() {
        var random = RandomSource(seed: 31)
        let stem = Stem(out: 32, random: &random)
        let block = BasicBlock("b", in: 32, out: 32, stride: 2, random: &random)
        let x = Tensor(shape: [2, 32, 32, 3], values: (0..<2 * 32 * 32 * 3).map { _ in Float(random.normal()) })
        let teacher = Tensor(shape: [2, 4, 4, 32], values: (0..<2 * 512).map { _ in Float(random.uniform()) })
        // A linear head: behind a ReLU, entries that start at zero would stay there and could never be learnt.
        let head = Convolution("head", in: 32, out: 32, kernel: 1, bias: true, random: &random)
        let parameters = stem.parameters + block.parameters + head.parameters
        let steps = 400
        let schedule = OneCycle(peak: 2e-2, steps: steps)
        let adam = Adam(parameters, learningRate: 0)
        var losses: [Float] = []
        for step in 0..<steps {
            adam.learningRate = schedule.learningRate(at: step)
            adam.clearGradients()
            let features = block(stem(x, training: true), training: true)
            let loss = distillationLoss(student: head(features, training: true), teacher: teacher)
            loss.backward()
            adam.step()
            losses.append(loss.item)
        }
        // The best constant answer leaves 0.13; only a network that tells the pictures apart gets far below.
        #expect(losses[0] > 0.3)
        #expect(losses[steps - 1] < 0.01, "loss went from \(losses[0]) to \(losses[steps - 1])")
    }

    @Test("every shard is done once, and several workers take part")
    func workers() {
        var seen: Set<Int> = []
        // Another suite may hold the pool at any one time; then the caller does all shards itself.
        for _ in 0..<200 where seen.count < 3 {
            let counts = UnsafeMutableBufferPointer<Int>.allocate(capacity: 2 * 37)
            defer { counts.deallocate() }
            counts.initialize(repeating: 0)
            Workers.forEach(37, threads: 3) { shard, worker in
                counts[shard] += 1
                counts[37 + shard] = worker
                var sum = 0.0
                for i in 0..<20_000 { sum += Double(i).squareRoot() }
                if sum < 0 { counts[shard] += 1 }
            }
            #expect(counts[0..<37].allSatisfy { $0 == 1 })
            seen.formUnion(counts[37...])
        }
        #expect(seen == [0, 1, 2])
    }
}
