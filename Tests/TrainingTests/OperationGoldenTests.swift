// SPDX-License-Identifier: Apache-2.0
import Testing
import Training

@Suite struct OperationGoldenTests {
    /// The operation that a case names, on the case's inputs.
    private func apply(_ golden: Golden.Case, _ inputs: [String: Tensor]) throws -> Tensor {
        func input(_ name: String) throws -> Tensor { try #require(inputs[name], "\(name) of \(golden.operation)") }
        let kernel = golden.integer("kernel"), stride = golden.integer("stride"), padding = golden.integer("padding")
        switch golden.operation {
        case "convolution":
            return try convolution(
                input("x"), weight: input("w"), bias: inputs["b"], stride: stride, padding: padding)
        case "batchNormalisation", "batchNormalisedMaxPooling":
            let mean = try #require(golden.extra["mean"]).tensor()
            let variance = try #require(golden.extra["variance"]).tensor()
            let state = try BatchNormalisationState(
                weight: input("gamma"), bias: input("beta"), runningMean: mean, runningVariance: variance)
            let training = golden.flag("training")
            if golden.operation == "batchNormalisedMaxPooling" {
                return try batchNormalisedMaxPooling(
                    input("x"), state, training: training, kernel: kernel, stride: stride, padding: padding)
            }
            let result = try batchNormalisation(
                input("x"), state, training: training, residual: inputs["residual"], relu: golden.flag("relu"))
            expectClose(mean.values, try #require(golden.extra["newMean"]).values, "running mean")
            expectClose(variance.values, try #require(golden.extra["newVariance"]).values, "running variance")
            return result
        case "maxPooling": return maxPooling(try input("x"), kernel: kernel, stride: stride, padding: padding)
        case "averagePooling": return averagePooling(try input("x"), kernel: kernel, stride: stride)
        case "bilinearUpsampling":
            return bilinearUpsampling(
                try input("x"), height: golden.integer("height"), width: golden.integer("width"))
        case "channelNormalised": return channelNormalised(try input("x"))
        case "distillationLoss": return distillationLoss(student: try input("student"), teacher: try input("teacher"))
        case "meanSquaredError": return meanSquaredError(try input("a"), try input("b"))
        case "relu": return relu(try input("x"))
        case "add": return add(try input("x"), try input("y"), relu: golden.flag("relu"))
        case "scaled": return scaled(try input("x"), by: Float(golden.settings["factor"] ?? 0))
        case "sum": return sum(try input("x"))
        default:
            Issue.record("no such operation: \(golden.operation)")
            return Tensor.zeros([])
        }
    }

    @Test("every operation gives the golden values and the golden gradients of all its inputs")
    func operations() throws {
        let cases = try Golden.load().cases.filter { !["BasicBlock", "Stem"].contains($0.operation) }
        #expect(Set(cases.map(\.operation)).count == 13)
        for (number, golden) in cases.enumerated() {
            let name = "\(golden.operation) (case \(number))"
            let inputs = golden.inputs.mapValues { $0.tensor(requiresGradient: true) }
            let result = try apply(golden, inputs)
            #expect(result.shape == golden.output.shape, "\(name)")
            expectClose(result.values, golden.output.values, name)
            result.backward(gradient: golden.seed.floats)
            for (input, gradient) in golden.gradients {
                expectClose(inputs[input]?.gradient, gradient.values, tolerance: 5e-5, "\(name), gradient of \(input)")
            }
        }
    }

    @Test("the values are the same when nothing is recorded, and nothing can be differentiated then")
    func unrecorded() throws {
        for golden in try Golden.load().cases where !["BasicBlock", "Stem"].contains(golden.operation) {
            let inputs = golden.inputs.mapValues { $0.tensor(requiresGradient: true) }
            let result = try withoutGradients { try apply(golden, inputs) }
            #expect(!result.requiresGradient)
            #expect(result.values == (try apply(golden, inputs)).values)
        }
    }

    @Test("the loss ignores positive scales and passes no gradient to the teacher")
    func lossInvariance() throws {
        for golden in try Golden.cases(of: "distillationLoss") {
            let student = try #require(golden.inputs["student"]), teacher = try #require(golden.inputs["teacher"])
            let s = student.tensor(requiresGradient: true), t = teacher.tensor(requiresGradient: true)
            let loss = distillationLoss(student: s, teacher: scaled(t, by: 64))
            #expect(abs(loss.item - Float(golden.output.values[0])) < 1e-6)
            loss.backward()
            #expect(t.gradient == nil)
            #expect(s.gradient != nil)
        }
    }

    @Test("of the hardest share only those places count and receive a gradient, as the whole loss of them alone")
    func hardest() {
        var random = RandomSource(seed: 5)
        let (pixels, channels) = (50, 7)
        func values() -> [Float] { (0..<pixels * channels).map { _ in Float(random.normal()) } }
        let (s, t) = (values(), values())
        func loss(_ places: [Int], hardest: Double) -> (value: Float, gradient: [Float]) {
            func taken(_ all: [Float]) -> [Float] { places.flatMap { all[$0 * channels..<($0 + 1) * channels] } }
            let shape = [1, 1, places.count, channels]
            let student = Tensor(shape: shape, values: taken(s), requiresGradient: true)
            let teacher = Tensor(shape: shape, values: taken(t))
            let loss = distillationLoss(student: student, teacher: teacher, hardest: hardest)
            loss.backward()
            return (loss.item, student.gradient ?? [])
        }
        let alone = (0..<pixels).map { loss([$0], hardest: 1).value }
        let order = (0..<pixels).sorted { alone[$0] > alone[$1] }
        for (share, count) in [(0.2, 10), (0.001, 1), (0.99, 49), (1, 50)] {
            let hard = order.prefix(count).sorted()
            let (value, gradient) = loss(Array(0..<pixels), hardest: share)
            let expected = loss(hard, hardest: 1)
            #expect(abs(value - expected.value) < 1e-6, "\(share)")
            for place in 0..<pixels {
                let own = Array(gradient[place * channels..<(place + 1) * channels])
                var mark = [Double](repeating: 0, count: channels)
                if let index = hard.firstIndex(of: place) {
                    mark = expected.gradient[index * channels..<(index + 1) * channels].map(Double.init)
                }
                expectClose(own, mark, "\(share) at \(place)")
            }
        }
        // Of equals all count; a place that is not a number is never overlooked.
        let shape = [1, 1, 3, 2]
        let teacher = Tensor(shape: shape, values: [0, 1, 0, 1, 1, 1])
        let equal = Tensor(shape: shape, values: [1, 0, 1, 0, 1, 1])
        #expect(distillationLoss(student: equal, teacher: teacher, hardest: 0.34).item == 1)
        let blind = Tensor(shape: shape, values: [1, 0, .nan, 0, 1, 1])
        #expect(distillationLoss(student: blind, teacher: teacher, hardest: 0.34).item.isNaN)
    }

    @Test("a zero vector costs one half, two cost nothing, and neither has a gradient")
    func zeroNorm() {
        let student = Tensor(shape: [1, 1, 3, 2], values: [0, 0, 3, 4, 0, 0], requiresGradient: true)
        let teacher = Tensor(shape: [1, 1, 3, 2], values: [1, 0, 0, 0, 0, 0])
        let loss = distillationLoss(student: student, teacher: teacher)
        #expect(abs(loss.item - 1.0 / 3) < 1e-7)
        loss.backward()
        #expect(student.gradient == [0, 0, 0, 0, 0, 0])
        let x = Tensor(shape: [1, 1, 2, 2], values: [0, 0, 3, 4], requiresGradient: true)
        let unit = channelNormalised(x)
        expectClose(unit.values, [0, 0, 0.6, 0.8], "unit vectors")
        unit.backward(gradient: [1, 1, 1, 0])
        expectClose(x.gradient, [0, 0, 0.128, -0.096], "gradient of unit vectors")
    }

    @Test("NaN survives ReLU, pooling and the loss instead of turning into a zero")
    func nan() {
        let x = Tensor(shape: [1, 2, 2, 1], values: [.nan, 1, 2, 3])
        #expect(relu(x).values[0].isNaN)
        #expect(maxPooling(x, kernel: 2, stride: 2).item.isNaN)
        #expect(distillationLoss(student: x, teacher: .init(shape: [1, 2, 2, 1], values: [1, 1, 1, 1])).item.isNaN)
        #expect(add(x, x, relu: true).values[0].isNaN)
    }

    @Test("moments collected by the convolution equal those of its output, also for a large mean")
    func collectedMoments() {
        var random = RandomSource(seed: 3)
        let x = Tensor(
            shape: [3, 19, 17, 4], values: (0..<3 * 19 * 17 * 4).map { _ in Float(random.normal()) + 100 })
        let weight = Tensor(shape: [3, 3, 4, 20], values: (0..<720).map { _ in Float(random.normal()) })
        func run(_ collecting: Bool) -> (mean: [Float], variance: [Float]) {
            let y = convolution(x, weight: weight, stride: 1, padding: 0, collectingMoments: collecting)
            let state = BatchNormalisationState(
                weight: Tensor(shape: [20], values: .init(repeating: 1, count: 20)), bias: .zeros([20]),
                runningMean: .zeros([20]), runningVariance: .zeros([20]), momentum: 1)
            _ = batchNormalisation(y, state, training: true)
            let values = y.values
            for channel in 0..<20 {
                let own = stride(from: channel, to: values.count, by: 20).map { Double(values[$0]) }
                let mean = own.reduce(0, +) / Double(own.count)
                let variance = own.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / Double(own.count - 1)
                expectClose([state.runningMean.values[channel]], [mean], "mean")
                expectClose([state.runningVariance.values[channel]], [variance], tolerance: 1e-4, "variance")
            }
            return (state.runningMean.values, state.runningVariance.values)
        }
        _ = run(true)
        _ = run(false)
    }
}
