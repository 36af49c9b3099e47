// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Inspection
import Recipes
import Testing

@Suite struct FloatNetworkTests {
    private struct Golden: Decodable {
        struct Map: Decodable {
            var count: Int
            var sum: Double
            var squares: Double
            var places: [Int]
            var values: [Double]
        }
        var size: Int
        var levels: [String: Map]
    }

    /// The picture that `make_golden.py` makes.
    private func goldenPicture(_ size: Int) -> [UInt8] {
        var pixels: [UInt8] = []
        for y in 0..<size {
            for x in 0..<size {
                for c in 0..<3 {
                    let value = x * x * 3 + y * 7 + x * y * (c + 1) + c * 40 + (x / 8 + y / 8) % 2 * 90
                    pixels.append(UInt8(value % 256))
                }
            }
        }
        return pixels
    }

    @Test("the built-in teacher gives the golden features that numpy computed in float64, at every level")
    func golden() throws {
        let folder = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        let bytes = try SafeFile.read(folder + "/Golden/features.json")
        let golden = try JSONDecoder().decode(Golden.self, from: Data(bytes))
        let teacher = try ModelFile.teacher(ModelFile.embeddedTeacher, name: "built-in teacher", levels: Level.allCases)
        let network = FloatNetwork(plan: try teacher.plan(inputSize: golden.size, name: "built-in teacher"))
        network.run(goldenPicture(golden.size))
        #expect(golden.levels.count == 4)
        for level in Level.allCases {
            let expected = try #require(golden.levels[level.rawValue])
            let found = network.values(of: level).map { Double($0) }
            try #require(found.count == expected.count)
            let typical = (expected.squares / Double(expected.count)).squareRoot()
            for (place, value) in zip(expected.places, expected.values) {
                #expect(abs(found[place] - value) <= 1e-4 * max(abs(value), typical), "\(level.rawValue)[\(place)]")
            }
            #expect(abs(found.reduce(0, +) - expected.sum) <= 1e-4 * abs(expected.sum))
            #expect(abs(found.reduce(0) { $0 + $1 * $1 } - expected.squares) <= 1e-4 * expected.squares)
        }
    }

    @Test("the built-in teacher is the file in models, byte for byte")
    func embedded() throws {
        let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
        #expect(ModelFile.embeddedTeacher == (try SafeFile.read(root + "/models/teacher-compact.safetensors")))
    }

    @Test("a run leaves nothing behind: the same picture gives the same bits, after another one too")
    func repeatable() throws {
        let weights = TestNetworks.trunk(1)
        let plan = try NetworkPlan(
            graph: try ResidualTrunk.graph(of: weights, levels: [.layer1, .layer2]), weights: weights, inputSize: 64)
        let (one, other) = (TestNetworks.picture(64, seed: 1), TestNetworks.picture(64, seed: 2))
        let network = FloatNetwork(plan: plan)
        network.run(one)
        let first = Level.allCases.map { network.values(of: $0).map(\.bitPattern) }
        network.run(other)
        #expect(network.values(of: .layer1).map(\.bitPattern) != first[1])
        network.run(one)
        #expect(Level.allCases.map { network.values(of: $0).map(\.bitPattern) } == first)
        let fresh = FloatNetwork(plan: plan)
        fresh.run(one)
        #expect(Level.allCases.map { fresh.values(of: $0).map(\.bitPattern) } == first)
        #expect(network.values(of: .stem).isEmpty && network.map(of: .layer3) == nil)
    }

    @Test("a full-size trunk is pooled 2×2 to the shapes of the student, by the mean")
    func pooledTrunk() throws {
        let levels: [Level] = [.stem, .layer1, .layer2, .layer3]
        let (full, small) = (
            TestNetworks.trunk(2, deepest: .layer3, units: 2, halving: false), TestNetworks.trunk(3, deepest: .layer3)
        )
        var graph = try ResidualTrunk.graph(of: full, levels: levels)
        let plan = try NetworkPlan(graph: graph, weights: full, inputSize: 64)
        let student = try NetworkPlan(
            graph: try ResidualTrunk.graph(of: small, levels: levels), weights: small, inputSize: 64)
        for (level, (t, s)) in zip(levels, zip(plan.levels, student.levels)) {
            #expect(t.shape == s.shape && t.level == level && s.level == level)
            let side = 64 / level.reduction
            #expect((t.shape.height, t.shape.width, t.shape.channels) == (side, side, level.channels))
        }
        let picture = TestNetworks.picture(64, seed: 5)
        let network = FloatNetwork(plan: plan)
        network.run(picture)
        let pooled = network.values(of: .layer1)
        graph.outputs = [.layer1: "layer1.1"]
        let raw = FloatNetwork(plan: try NetworkPlan(graph: graph, weights: full, inputSize: 64))
        raw.run(picture)
        let map = raw.values(of: .layer1)
        try #require(map.count == 4 * pooled.count)
        for y in 0..<8 {
            for x in 0..<8 {
                for c in 0..<64 {
                    func at(_ dy: Int, _ dx: Int) -> Double { Double(map[((2 * y + dy) * 16 + 2 * x + dx) * 64 + c]) }
                    let mean = (at(0, 0) + at(0, 1) + at(1, 0) + at(1, 1)) / 4
                    #expect(abs(mean - Double(pooled[(y * 8 + x) * 64 + c])) <= 1e-6 * max(1, abs(mean)))
                }
            }
        }
    }

    @Test("nothing deeper than the deepest level is computed")
    func shallow() throws {
        let weights = TestNetworks.trunk(2, deepest: .layer3)
        let graph = try ResidualTrunk.graph(of: weights, levels: [.layer1])
        #expect(!graph.nodes.contains { $0.name.hasPrefix("layer2") })
        #expect(try ResidualTrunk.graph(of: weights, levels: [.stem]).nodes.map(\.name) == ["conv1", "stem"])
    }

    @Test("separate and folded batch norm give the same maps")
    func folding() throws {
        for (weights, seed) in [
            (TestNetworks.trunk(7), 1), (TestNetworks.trunk(8, units: 2, halving: false), 2),
        ] {
            let unfolded = TestNetworks.unfolded(weights, seed: UInt64(seed))
            let folded = try unfolded.batchNormFolded()
            #expect(Set(folded.keys) == Set(weights.keys))
            #expect(try weights.batchNormFolded() == weights)
            var maps: [[Float]] = []
            for one in [weights, folded] {
                let plan = try NetworkPlan(
                    graph: try ResidualTrunk.graph(of: one, levels: [.layer2]), weights: one, inputSize: 64)
                let network = FloatNetwork(plan: plan)
                network.run(TestNetworks.picture(64, seed: 3))
                maps.append(network.values(of: .layer2))
            }
            let largest = maps[0].max() ?? 0
            #expect(largest > 0)
            #expect(zip(maps[0], maps[1]).allSatisfy { abs($0 - $1) < 1e-4 * largest })
        }
    }

    @Test("a folded batch norm is γ(x − μ)/√(σ² + ε) + β of the convolution, its own bias included")
    func foldingByHand() throws {
        let weights: Weights = [
            "conv1.weight": .init(shape: [1, 1, 1, 1], values: [3]), "conv1.bias": .init(shape: [1], values: [0.5]),
            "bn1.weight": .init(shape: [1], values: [2]), "bn1.bias": .init(shape: [1], values: [7]),
            "bn1.running_mean": .init(shape: [1], values: [1]), "bn1.running_var": .init(shape: [1], values: [4]),
        ]
        let folded = try weights.batchNormFolded()
        let (weight, bias) = (try #require(folded["conv1.weight"]), try #require(folded["conv1.bias"]))
        #expect(folded.count == 2)
        #expect(abs(weight.values[0] - 3) < 1e-4)
        #expect(abs(bias.values[0] - 6.5) < 1e-4)
    }

    @Test("an incomplete or unfitting batch norm is refused with its name")
    func foldingErrors() {
        let good = TestNetworks.unfolded(TestNetworks.trunk(1, deepest: .layer1), seed: 4)
        for name in ["bn1.bias", "bn1.running_mean", "layer1.0.bn2.running_var", "layer1.0.downsample.1.bias"] {
            var weights = good
            weights[name] = nil
            let error = inspectionError { _ = try weights.batchNormFolded() }
            #expect(error?.code == .missingTensor && error?.thing == name)
            weights[name] = .init(shape: [3], values: [1, 2, 3])
            let wrong = inspectionError { _ = try weights.batchNormFolded() }
            #expect(wrong?.code == .wrongShape && wrong?.thing == name)
        }
        for name in ["bn1.weight", "conv1.bias"] {
            var weights = good
            weights[name] = .init(shape: [3], values: [1, 2, 3])
            let error = inspectionError { _ = try weights.batchNormFolded() }
            #expect(error?.code == .wrongShape && error?.thing == name)
        }
    }

    /// conv "a", conv "b" on it, addition "sum" of b and a; the outputs decide what can be fused.
    private func additions(outputs: [Level: String], relu: Bool) throws -> FloatNetwork {
        let weights: Weights = [
            "a.weight": TestNetworks.tensor([5, 3, 3, 3], seed: 1),
            "b.weight": TestNetworks.tensor([5, 5, 3, 3], seed: 2),
            "b.bias": TestNetworks.tensor([5], seed: 3),
        ]
        let graph = NetworkGraph(
            nodes: [
                .init("a", .convolution, inputs: ["input"], kernel: 3, stride: 2, padding: 1),
                .init("b", .convolution, inputs: ["a"], kernel: 3, padding: 1),
                .init("sum", .add, inputs: ["b", "a"], relu: relu),
            ], outputs: outputs)
        let network = FloatNetwork(plan: try NetworkPlan(graph: graph, weights: weights, inputSize: 32))
        network.run(TestNetworks.picture(32, seed: 1))
        return network
    }

    @Test("fusing an addition into its convolution changes no bit, and a convolution used twice keeps its own map")
    func fusion() throws {
        for relu in [false, true] {
            let fused = try additions(outputs: [.layer1: "sum"], relu: relu)
            let apart = try additions(outputs: [.layer1: "sum", .layer2: "b", .layer3: "a"], relu: relu)
            let (sum, b, a) = (apart.values(of: .layer1), apart.values(of: .layer2), apart.values(of: .layer3))
            #expect(fused.values(of: .layer1).map(\.bitPattern) == sum.map(\.bitPattern))
            #expect(a == (try additions(outputs: [.layer1: "a"], relu: relu)).values(of: .layer1))
            #expect(b == (try additions(outputs: [.layer1: "b"], relu: relu)).values(of: .layer1))
            #expect(sum == zip(b, a).map { relu && $0 + $1 < 0 ? 0 : $0 + $1 })
            #expect(b.contains { $0 < 0 } && sum.count == 16 * 16 * 5)
        }
    }

    @Test("an addition of a map to itself is twice the map")
    func addToItself() throws {
        let weights: Weights = ["a.weight": TestNetworks.tensor([5, 3, 1, 1], seed: 1)]
        let graph = NetworkGraph(
            nodes: [.init("a", .convolution, inputs: ["input"]), .init("sum", .add, inputs: ["a", "a"])],
            outputs: [.layer1: "sum", .layer2: "a"])
        let network = FloatNetwork(plan: try NetworkPlan(graph: graph, weights: weights, inputSize: 32))
        network.run(TestNetworks.picture(32, seed: 2))
        #expect(network.values(of: .layer1) == network.values(of: .layer2).map { $0 + $0 })
    }

    @Test("a convolution with a ReLU of its own is not fused with the addition behind it")
    func noFusionBehindReLU() throws {
        let weights: Weights = [
            "a.weight": TestNetworks.tensor([4, 3, 1, 1], seed: 1),
            "b.weight": TestNetworks.tensor([4, 3, 1, 1], seed: 2),
        ]
        func network(_ outputs: [Level: String]) throws -> FloatNetwork {
            let graph = NetworkGraph(
                nodes: [
                    .init("a", .convolution, inputs: ["input"], relu: true),
                    .init("b", .convolution, inputs: ["input"]),
                    .init("sum", .add, inputs: ["a", "b"]),
                ], outputs: outputs)
            let network = FloatNetwork(plan: try NetworkPlan(graph: graph, weights: weights, inputSize: 32))
            network.run(TestNetworks.picture(32, seed: 4))
            return network
        }
        let all = try network([.layer1: "sum", .layer2: "a", .layer3: "b"])
        #expect(try network([.layer1: "sum"]).values(of: .layer1) == all.values(of: .layer1))
        #expect(all.values(of: .layer1) == zip(all.values(of: .layer2), all.values(of: .layer3)).map { $0 + $1 })
    }

    @Test("the multiply-accumulates of the reduced student are counted")
    func work() throws {
        let weights = TestNetworks.trunk(1, deepest: .layer1)
        let plan = try NetworkPlan(
            graph: try ResidualTrunk.graph(of: weights, levels: [.layer1]), weights: weights, inputSize: 64)
        #expect(plan.multiplyAccumulates == 32 * 32 * 64 * 147 + 8 * 8 * 64 * (64 + 576 + 576))
    }
}
