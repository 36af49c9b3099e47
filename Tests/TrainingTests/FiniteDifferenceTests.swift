// SPDX-License-Identifier: Apache-2.0
import Testing
import Training

/// Gradients against central differences of the engine's own forward passes, for shapes that the golden file does not have.
///
/// The loss is a random projection of the output, summed in double precision by the test. The step is 2⁻⁶ (2⁻⁴ for
/// operations that are linear in the input): with float32 forward passes the noise of the difference is then about
/// 10⁻⁷ · |loss| / step, well below the tolerance of 10⁻² of the gradient's root mean square.
@Suite struct FiniteDifferenceTests {
    private func check(
        _ name: String, _ shapes: [[Int]], step: Float = 0x1p-6, scale: Float = 1,
        values: ((Int, inout RandomSource) -> [Float])? = nil, _ operation: ([Tensor]) -> Tensor
    ) {
        var random = RandomSource(seed: UInt64(name.utf8.reduce(7) { $0 &* 31 &+ Int($1) } & 0xFFFF))
        var inputs = shapes.map { shape in
            let count = shape.reduce(1, *)
            return values.map { $0(count, &random) } ?? (0..<count).map { _ in Float(random.normal()) * scale }
        }
        func tensors(_ requiresGradient: Bool) -> [Tensor] {
            zip(shapes, inputs).map { Tensor(shape: $0, values: $1, requiresGradient: requiresGradient) }
        }
        let leaves = tensors(true)
        let output = operation(leaves)
        let projection = (0..<output.count).map { _ in Float(random.normal()) }
        func loss() -> Double {
            let values = withoutGradients { operation(tensors(false)) }.values
            return zip(values, projection).reduce(0) { $0 + Double($1.0) * Double($1.1) }
        }
        output.backward(gradient: projection)
        for (index, leaf) in leaves.enumerated() {
            guard let gradient = leaf.gradient else {
                Issue.record("\(name): input \(index) has no gradient")
                continue
            }
            let size = (gradient.reduce(0) { $0 + Double($1) * Double($1) } / Double(gradient.count)).squareRoot()
            for _ in 0..<min(24, gradient.count) {
                let place = random.below(gradient.count)
                let old = inputs[index][place]
                inputs[index][place] = old + step
                let up = loss()
                inputs[index][place] = old - step
                let down = loss()
                inputs[index][place] = old
                let difference = (up - down) / (2 * Double(step))
                let error = abs(difference - Double(gradient[place]))
                #expect(error <= 0.01 * max(size, abs(difference)), "\(name): input \(index), element \(place)")
            }
        }
    }

    @Test("convolution, for kernels 1 3 4 7, strides 1 2, paddings 0 1 3 and odd sizes")
    func convolutions() {
        for kernel in [1, 3, 4, 7] {
            for step in [1, 2] {
                for padding in [0, 1, 3] {
                    for (n, h, w, ci, co) in [(1, 7, 9, 3, 5), (3, 8, 7, 2, 17), (9, 11, 7, 4, 3)] {
                        check(
                            "convolution \(kernel) \(step) \(padding) \(h)×\(w)×\(ci)→\(co)",
                            [[n, h, w, ci], [kernel, kernel, ci, co], [co]], step: 0x1p-4
                        ) { convolution($0[0], weight: $0[1], bias: $0[2], stride: step, padding: padding) }
                    }
                }
            }
        }
    }

    @Test("convolution over several blocks of columns, with and without padding")
    func blocks() {
        check("blocks 3×3", [[2, 33, 31, 12], [3, 3, 12, 8]], step: 0x1p-2) {
            convolution($0[0], weight: $0[1], padding: 1)
        }
        check("blocks 1×1", [[2, 41, 37, 5], [1, 1, 5, 6]], step: 0x1p-2) { convolution($0[0], weight: $0[1]) }
        check("rectangular", [[2, 9, 12, 3], [1, 5, 3, 4]], step: 0x1p-4) { convolution($0[0], weight: $0[1]) }
    }

    @Test("batch normalisation in training and evaluation, narrow and wide")
    func normalisation() {
        for channels in [1, 3, 16, 70] {
            for training in [true, false] {
                check(
                    "normalisation \(channels) \(training)",
                    [[2, 5, 3, channels], [channels], [channels], [2, 5, 3, channels]]
                ) { inputs in
                    let state = BatchNormalisationState(
                        weight: inputs[1], bias: inputs[2], runningMean: .zeros([channels]),
                        runningVariance: Tensor(shape: [channels], values: .init(repeating: 2, count: channels)))
                    return batchNormalisation(inputs[0], state, training: training, residual: inputs[3])
                }
            }
        }
    }

    /// Distinct values at least 0.1 apart and away from 0, so that a small step never changes who wins.
    private func spaced(_ count: Int, _ random: inout RandomSource) -> [Float] {
        var values = (0..<count).map { 0.1 * (Float($0 - count / 2) + 0.5) }
        random.shuffle(&values)
        return values
    }

    @Test("ReLU and pooling, away from their kinks")
    func pooling() {
        for (h, w) in [(7, 9), (8, 6), (5, 5)] {
            for (kernel, step, padding) in [(3, 2, 1), (2, 2, 0), (3, 1, 0), (4, 2, 1), (7, 2, 3)]
            where kernel <= min(h, w) + 2 * padding {
                check("maximum \(h) \(kernel)", [[2, h, w, 19]], values: spaced) {
                    maxPooling($0[0], kernel: kernel, stride: step, padding: padding)
                }
                if padding == 0 {
                    check("average \(h) \(kernel)", [[2, h, w, 19]]) {
                        averagePooling($0[0], kernel: kernel, stride: step)
                    }
                }
            }
        }
        check("relu", [[5, 41]], values: spaced) { relu($0[0]) }
        check("add relu", [[203]], values: spaced) { add($0[0], Tensor.zeros([203]), relu: true) }
    }

    @Test("upsampling, unit vectors and losses")
    func rest() {
        for (h, w, height, width) in [(5, 7, 11, 9), (4, 4, 8, 8), (3, 1, 7, 5), (9, 8, 4, 3)] {
            check("bilinear \(h)", [[2, h, w, 5]], step: 0x1p-4) {
                bilinearUpsampling($0[0], height: height, width: width)
            }
        }
        for channels in [2, 17, 64] {
            check("unit \(channels)", [[1, 3, 5, channels]]) { channelNormalised($0[0]) }
            var random = RandomSource(seed: 4)
            let teacher = Tensor(
                shape: [2, 3, 2, channels], values: (0..<12 * channels).map { _ in Float(random.normal()) })
            check("distillation \(channels)", [[2, 3, 2, channels]], step: 0x1p-5) {
                distillationLoss(student: $0[0], teacher: teacher)
            }
        }
        check("squared error", [[3, 5], [3, 5]]) { meanSquaredError($0[0], $0[1]) }
        check("sum", [[3, 50]], step: 0x1p-2) { sum(scaled($0[0], by: -2)) }
    }

    @Test("a tensor used twice receives both gradients")
    func sharedInput() {
        check("shared", [[2, 5, 5, 3], [1, 1, 3, 3], [3, 3, 3, 3]], step: 0x1p-4, scale: 0.5) { inputs in
            let x = scaled(inputs[0], by: 2)
            let y = add(convolution(x, weight: inputs[1]), x)
            return add(convolution(x, weight: inputs[2], padding: 1), add(y, y))
        }
        let x = Tensor(shape: [2], values: [1, 2], requiresGradient: true)
        let y = add(x, x)
        sum(add(y, scaled(y, by: 3))).backward()
        #expect(x.gradient == [8, 8])
    }

    @Test("along the gradient of each parameter of a whole network the loss changes as the gradient says")
    func wholeNetwork() throws {
        var random = RandomSource(seed: 31)
        let stem = Stem(out: 32, random: &random)
        let block = BasicBlock("b", in: 32, out: 32, stride: 2, random: &random)
        let head = Convolution("head", in: 32, out: 32, kernel: 1, bias: true, random: &random)
        let x = Tensor(shape: [2, 32, 32, 3], values: (0..<2 * 32 * 32 * 3).map { _ in Float(random.normal()) })
        let teacher = Tensor(shape: [2, 4, 4, 32], values: (0..<2 * 512).map { _ in Float(random.uniform()) })
        func student() -> Tensor { head(block(stem(x, training: true), training: true), training: true) }
        /// The loss in double precision, so that only the forward pass adds noise.
        func loss() -> Double {
            let s = withoutGradients { student() }.values.map { Double($0) }, t = teacher.values.map { Double($0) }
            return (0..<32).reduce(0) { total, pixel in
                var (st, ss, tt) = (0.0, 0.0, 0.0)
                for i in pixel * 32..<pixel * 32 + 32 {
                    st += s[i] * t[i]
                    ss += s[i] * s[i]
                    tt += t[i] * t[i]
                }
                return total + (1 - st / (ss * tt).squareRoot()) / 32
            }
        }
        distillationLoss(student: student(), teacher: teacher).backward()
        let parameters = (stem.parameters + block.parameters + head.parameters).filter(\.isTrained)
        for parameter in parameters {
            let gradient = try #require(parameter.gradient)
            let norm = gradient.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
            let old = parameter.tensor.values
            // At 10⁻² enough ReLUs switch to bend the slope by 4 %, at 10⁻⁴ float32 noise moves it by 2 %.
            func moved(_ step: Double) -> Double {
                for i in old.indices { parameter.tensor.data[i] = old[i] + Float(step * Double(gradient[i]) / norm) }
                return loss()
            }
            let slope = (moved(1e-3) - moved(-1e-3)) / 2e-3
            _ = moved(0)
            #expect(abs(slope / norm - 1) < 0.01, "\(parameter.name): slope \(slope), gradient \(norm)")
        }
    }
}
