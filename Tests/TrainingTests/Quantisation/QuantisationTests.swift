// SPDX-License-Identifier: Apache-2.0

import Inspection
import Testing
import Training

@Suite struct RangeTests {
    private func histogram(_ values: [Float]) -> ActivationHistogram {
        values.withUnsafeBufferPointer { ActivationHistogram($0) }
    }

    @Test("min-max reaches the largest value, a percentile leaves out what lies above it")
    func ranges() {
        let values = (0..<100_000).map { Float($0) / 99_999 } + [100]
        let all = histogram(values)
        #expect(all.maximum == 100)
        #expect(all.scale(.minMax, levels: 255) * 255 == 100)
        let most = all.scale(.percentile9999, levels: 255) * 255
        #expect(most >= 0.99 && most < 1.1)
    }

    @Test("the least-squares range clips one far value, and clips nothing of an even spread")
    func leastSquares() {
        let even = (0..<100_000).map { Float($0) / 99_999 }
        #expect(histogram(even).scale(.squaredError, levels: 127) * 127 > 0.98)
        #expect(histogram(even + [8]).scale(.squaredError, levels: 127) * 127 < 6)
    }

    @Test("a map that is never above 0 gets a scale all the same")
    func dead() {
        for method in RangeMethod.allCases { #expect(histogram([0, 0, 0]).scale(method, levels: 255) == 1) }
    }
}

@Suite struct FeedbackRoundingTests {
    @Test(
        "a Cholesky factor times its transpose is the matrix, across block sizes", arguments: [1, 2, 63, 64, 65, 150])
    func factor(side: Int) {
        var random = RandomSource(seed: UInt64(side))
        let root = (0..<side * side).map { _ in random.normal() }
        var matrix = [Double](repeating: 0, count: side * side)
        for row in 0..<side {
            for column in 0..<side {
                var sum = row == column ? 1.0 : 0
                for k in 0..<side { sum += root[row * side + k] * root[column * side + k] }
                matrix[row * side + column] = sum
            }
        }
        let factor = CholeskyFactor(matrix, side: side, floor: 1e-9).values
        for row in 0..<side {
            for column in 0...row {
                var sum = 0.0
                for k in 0...column { sum += factor[row * side + k] * factor[column * side + k] }
                #expect(abs(sum - matrix[row * side + column]) < 1e-8 * Double(side + 1))
            }
        }
    }

    /// Inputs that move together, weights, and what rounding makes of the products: (with feedback, to the nearest).
    private func errors(pairLimit: Int) -> (feedback: Double, nearest: Double, codes: [Int8], order: [Int]) {
        let (side, out, count) = (54, 16, 600)
        var random = RandomSource(seed: 3)
        var samples: [Float] = []
        for _ in 0..<count {
            let common = Float(random.normal())
            for _ in 0..<side { samples.append(max(0, common + 0.4 * Float(random.normal()))) }
        }
        let weights = (0..<out * side).map { _ in Float(random.normal()) }
        let order = QuantisedNetwork.packedOrder(kernel: 3, channels: 6)
        let scales = [Float](repeating: 4 / Float(min(127, pairLimit / 2)), count: out)
        let codes = FeedbackRounding(samples: samples, count: count, order: order).round(
            weights, scales: scales, pairLimit: pairLimit)
        func error(_ codes: [Float]) -> Double {
            var (sum, squares) = (0.0, 0.0)
            for channel in 0..<out {
                let errors = (0..<count).map { row in
                    (0..<side).reduce(0.0) { sum, place in
                        let error = weights[channel * side + place] - codes[channel * side + place] * scales[channel]
                        return sum + Double(error * samples[row * side + place])
                    }
                }
                sum = errors.reduce(0, +) / Double(count)
                squares += errors.reduce(0) { $0 + ($1 - sum) * ($1 - sum) }
            }
            return squares
        }
        return (
            error(codes.map { Float($0) }), error(weights.enumerated().map { ($1 / scales[$0 / side]).rounded() }),
            codes,
            order
        )
    }

    @Test("rounding with feedback leaves less than half the error in the products that rounding to the nearest leaves")
    func smallerError() {
        let result = errors(pairLimit: 254)
        #expect(result.feedback < 0.5 * result.nearest)
    }

    @Test("no pair of weights exceeds its limit, and no weight 127")
    func pairs() {
        let result = errors(pairLimit: 128)
        for channel in 0..<16 {
            for position in stride(from: 0, to: 54, by: 2) {
                let pair = [0, 1].map { abs(Int(result.codes[channel * 54 + result.order[position + $0]])) }
                #expect(pair[0] + pair[1] <= 128)
            }
        }
        #expect(!result.codes.contains(-128))
    }

    @Test("threads do not change a bit")
    func threads() {
        let before = Workers.threads
        defer { Workers.threads = before }
        Workers.threads = 1
        let one = errors(pairLimit: 128).codes
        Workers.threads = 3
        #expect(errors(pairLimit: 128).codes == one)
    }
}

@Suite struct NetworkQuantiserTests {
    private static func trunk(_ seed: UInt64) -> Weights {
        var random = RandomSource(seed: seed)
        var weights: Weights = [:]
        for (name, into, kernel) in [
            ("conv1", 3, 7), ("layer1.0.downsample.0", 64, 1), ("layer1.0.conv1", 64, 3), ("layer1.0.conv2", 64, 3),
        ] {
            let bound = (4 / Float(into * kernel * kernel)).squareRoot()
            weights[name + ".weight"] = WeightTensor(
                shape: [64, into, kernel, kernel],
                values: (0..<64 * into * kernel * kernel).map { _ in bound * Float(random.normal()) })
            weights[name + ".bias"] = WeightTensor(
                shape: [64], values: (0..<64).map { _ in 0.1 * Float(random.normal()) })
        }
        return weights
    }

    private static func pictures(_ count: Int, seed: UInt64) -> [[UInt8]] {
        var random = RandomSource(seed: seed)
        return (0..<count).map { _ in
            let tone = 128 + 30 * random.normal()
            return (0..<32 * 32 * 3).map { _ in UInt8(max(0, min(255, tone + 40 * random.normal()))) }
        }
    }

    @Test("integers see what float32 sees, with 8 bits more exactly than with 7", arguments: RangeMethod.allCases)
    func closeToFloat(method: RangeMethod) throws {
        let (teacher, student) = (Self.trunk(1), Self.trunk(2))
        let graph = try ResidualTrunk.graph(of: teacher, levels: [.layer1])
        let (seen, unseen) = (Self.pictures(8, seed: 5), Self.pictures(4, seed: 6))
        let settings = MapSettings(levels: [.layer1], normalisation: .none)
        let float = InspectionModel.Networks.float32(
            teacher: try NetworkPlan(graph: graph, weights: teacher, inputSize: 32),
            student: try NetworkPlan(graph: graph, weights: student, inputSize: 32))
        var errors: [Float] = []
        for maximum in [127, 255] {
            let networks = try [teacher, student].map {
                try NetworkQuantiser.quantise(
                    graph: graph, weights: $0, pictures: seen, size: 32, method: method, activationMaximum: maximum)
            }
            let plan = try IntegerPlan(teacher: networks[0], student: networks[1], levels: [.layer1], inputSize: 32)
            let inspectors = try [float, .int8(plan)].map {
                try Inspector(model: InspectionModel(networks: $0, settings: settings, statistics: []))
            }
            var worst: Float = 0
            for picture in unseen {
                for inspector in inspectors { inspector.compare(picture) }
                let pair = inspectors.map { $0.mapper.distances(of: .layer1) }
                #expect(pair[0].count == 16 && pair[1].count == 16)
                for (a, b) in zip(pair[0], pair[1]) { worst = max(worst, abs(a - b)) }
            }
            errors.append(worst)
        }
        // The 99.9th percentile clips what float32 keeps, however many bits there are.
        let bound: Float = method == .percentile999 ? 0.05 : 0.02
        #expect(errors[0] < 0.05 && errors[1] < bound, "7 and 8 bits: \(errors)")
    }

    @Test("the same parts give the same integers on any number of threads")
    func repeatable() throws {
        let weights = Self.trunk(3)
        let graph = try ResidualTrunk.graph(of: weights, levels: [.layer1])
        let before = Workers.threads
        defer { Workers.threads = before }
        let networks = try [1, 3].map { threads in
            Workers.threads = threads
            return try NetworkQuantiser.quantise(
                graph: graph, weights: weights, pictures: Self.pictures(3, seed: 1), size: 32, method: .squaredError,
                activationMaximum: 255)
        }
        #expect(networks[0] == networks[1])
    }

    @Test("channels without weights, and dark or bright parts, still make a network that the planner takes")
    func degenerate() throws {
        var weights = Self.trunk(4)
        for name in ["conv1", "layer1.0.conv1", "layer1.0.conv2"] {
            guard var values = weights[name + ".weight"]?.values, let shape = weights[name + ".weight"]?.shape else {
                continue
            }
            for index in 0..<2 * values.count / 64 { values[index] = 0 }
            weights[name + ".weight"] = WeightTensor(shape: shape, values: values)
        }
        let graph = try ResidualTrunk.graph(of: weights, levels: [.layer1])
        for shade: UInt8 in [0, 255] {
            let network = try NetworkQuantiser.quantise(
                graph: graph, weights: weights, pictures: [.init(repeating: shade, count: 32 * 32 * 3)], size: 32,
                method: .minMax, activationMaximum: 255)
            _ = try IntegerPlan(teacher: network, student: network, levels: [.layer1], inputSize: 32)
        }
    }
}

@Suite struct QuantisationChoiceTests {
    private func trial(_ correlation: Double, _ auroc: Double) -> QuantisationTrial {
        QuantisationTrial(
            method: .minMax, bits: 8, mapCorrelation: correlation, lowestCorrelation: correlation, auroc: auroc,
            recallAtZeroFP: 0)
    }

    @Test("the closest maps win among those that find synthetic defects about as well as the best")
    func choice() {
        #expect(QuantisationTrial.choice([]) == nil)
        #expect(QuantisationTrial.choice([trial(0.99, 0.9), trial(0.995, 0.895), trial(0.999, 0.85)]) == 1)
        #expect(QuantisationTrial.choice([trial(0.99, 0.9), trial(0.99, 0.9)]) == 0)
    }
}
