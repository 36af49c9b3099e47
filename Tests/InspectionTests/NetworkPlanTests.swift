// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Inspection
import Testing

@Suite struct NetworkPlanTests {
    /// Six nodes of every kind, eight channels.
    private let graph = NetworkGraph(
        nodes: [
            .init("stem", .convolution, inputs: ["input"], kernel: 3, stride: 2, padding: 1, relu: true),
            .init("pool", .maximumPooling, inputs: ["stem"], kernel: 3, stride: 2, padding: 1),
            .init("left", .convolution, inputs: ["pool"], kernel: 3, padding: 1),
            .init("right", .convolution, inputs: ["pool"]),
            .init("sum", .add, inputs: ["left", "right"], relu: true),
            .init("mean", .averagePooling, inputs: ["sum"], kernel: 2, stride: 2),
        ], outputs: [.stem: "pool", .layer1: "mean"])

    private let weights: Weights = [
        "stem.weight": TestNetworks.tensor([8, 3, 3, 3], seed: 1), "stem.bias": TestNetworks.tensor([8], seed: 2),
        "left.weight": TestNetworks.tensor([8, 8, 3, 3], seed: 3),
        "right.weight": TestNetworks.tensor([8, 8, 1, 1], seed: 4),
    ]

    private func error(
        _ change: (inout NetworkGraph, inout Weights) -> Void, size: Int = 32
    ) -> InspectionError? {
        var (graph, weights) = (graph, weights)
        change(&graph, &weights)
        return inspectionError { _ = try NetworkPlan(graph: graph, weights: weights, inputSize: size) }
    }

    @Test("the graph as it is makes a plan with the shapes of its levels")
    func good() throws {
        let plan = try NetworkPlan(graph: graph, weights: weights, inputSize: 64)
        #expect(plan.levels.map(\.level) == [.stem, .layer1])
        #expect(
            plan.levels.map { [$0.shape.height, $0.shape.width, $0.shape.channels] } == [[16, 16, 8], [8, 8, 8]])
    }

    @Test("a graph goes through JSON unchanged")
    func json() throws {
        #expect(try JSONDecoder().decode(NetworkGraph.self, from: JSONEncoder().encode(graph)) == graph)
    }

    @Test(
        "an input size that is no multiple of 32 up to 2048 is refused",
        arguments: [0, -32, 1, 31, 33, 2080, .max, .min])
    func size(size: Int) {
        #expect(error({ _, _ in }, size: size)?.code == .badSetting)
    }

    @Test("a missing tensor is named")
    func missing() {
        for name in ["stem.weight", "left.weight", "right.weight"] {
            let error = error { $1[name] = nil }
            #expect(error?.code == .missingTensor && error?.thing == name)
        }
        #expect(error { $1["stem.bias"] = nil } == nil)
    }

    @Test(
        "a tensor of another shape is named, with both shapes",
        arguments: [[8, 4, 3, 3], [8, 8, 3, 1], [8, 8, 1, 1], [8, 8, 9], [0, 8, 3, 3], []])
    func shape(shape: [Int]) {
        let error = error { $1["left.weight"] = TestNetworks.tensor(shape, seed: 1) }
        #expect(error?.code == .wrongShape && error?.thing == "left.weight")
        #expect(error?.found == "\(shape)" && error?.expected.contains("8, 3, 3") == true)
        let bias = self.error { $1["stem.bias"] = TestNetworks.tensor([7], seed: 1) }
        #expect(bias?.code == .wrongShape && bias?.thing == "stem.bias")
    }

    @Test("a weight that is not finite is named", arguments: [Float.nan, .infinity, -.infinity])
    func notFinite(value: Float) {
        for name in ["stem.weight", "stem.bias", "right.weight"] {
            let error = error { _, weights in
                var values = weights[name]?.values ?? []
                values[values.count - 1] = value
                weights[name] = WeightTensor(shape: weights[name]?.shape ?? [], values: values)
            }
            #expect(error?.code == .notFinite && error?.thing == name)
        }
    }

    @Test("unknown inputs, cycles, names used twice, wrong numbers of inputs and missing outputs are refused")
    func structure() {
        let changes: [(inout NetworkGraph, inout Weights) -> Void] = [
            { graph, _ in graph.nodes[1].inputs = ["nobody"] },
            { graph, _ in graph.nodes[1].inputs = [""] },
            { graph, _ in graph.nodes[1].inputs = ["pool"] },
            { graph, _ in graph.nodes[1].inputs = ["mean"] },
            { graph, _ in graph.nodes.swapAt(0, 5) },
            { graph, _ in graph.nodes[3].name = "left" },
            { graph, _ in graph.nodes[3].name = "input" },
            { graph, _ in graph.nodes[1].inputs = [] },
            { graph, _ in graph.nodes[1].inputs = ["stem", "stem"] },
            { graph, _ in graph.nodes[4].inputs = ["left"] },
            { graph, _ in graph.nodes[4].inputs = ["left", "right", "left"] },
            { graph, _ in graph.nodes[4].kernel = 3 },
            { graph, _ in graph.nodes[4].stride = 2 },
            { graph, _ in graph.nodes[1].relu = true },
            { graph, _ in graph.nodes[5].padding = 1 },
            { graph, _ in graph.nodes[1].padding = 2 },
            { graph, _ in graph.outputs = [:] },
            { graph, _ in graph.outputs[.layer2] = "nobody" },
            { graph, _ in graph.outputs[.layer2] = "input" },
            { graph, _ in graph.nodes = [] },
            { graph, _ in
                graph.nodes += (0..<600).map { .init("n\($0)", .maximumPooling, inputs: ["mean"]) }
            },
        ]
        for (number, change) in changes.enumerated() {
            #expect(error(change)?.code == .badGraph, "change \(number)")
        }
    }

    @Test("maps of two shapes can't be added, and a window larger than its map is refused")
    func maps() {
        #expect(error { graph, _ in graph.nodes[4].inputs = ["left", "stem"] }?.code == .wrongShape)
        #expect(error { graph, _ in graph.nodes[5].kernel = 31 }?.code == .wrongShape)
    }

    @Test("hostile numbers are refused", arguments: [-1, 0, 32, 1 << 40, Int.max, Int.min])
    func hostile(number: Int) {
        for node in 0..<6 {
            #expect(error { graph, _ in graph.nodes[node].kernel = number } != nil)
            #expect(error { graph, _ in graph.nodes[node].stride = number } != nil)
            if number != 0 { #expect(error { graph, _ in graph.nodes[node].padding = number } != nil) }
        }
    }

    @Test("maps that no honest network has are refused before memory is asked for")
    func memory() {
        let graph = NetworkGraph(
            nodes: [.init("wide", .convolution, inputs: ["input"])], outputs: [.layer1: "wide"])
        let weights: Weights = ["wide.weight": TestNetworks.tensor([4096, 3, 1, 1], seed: 1)]
        #expect(
            inspectionError { _ = try NetworkPlan(graph: graph, weights: weights, inputSize: 2048) }?.code == .badGraph)
        let wider: Weights = ["wide.weight": TestNetworks.tensor([4097, 3, 1, 1], seed: 1)]
        #expect(
            inspectionError { _ = try NetworkPlan(graph: graph, weights: wider, inputSize: 32) }?.code == .wrongShape)
    }

    @Test("a trunk without the level asked for, or no level at all, is refused with what is missing")
    func trunk() {
        let weights = TestNetworks.trunk(1, deepest: .layer1)
        let error = inspectionError { _ = try ResidualTrunk.graph(of: weights, levels: [.layer2]) }
        #expect(error?.code == .missingTensor && error?.thing == "layer2.0.conv1.weight")
        #expect(inspectionError { _ = try ResidualTrunk.graph(of: weights, levels: []) }?.code == .badSetting)
        #expect(inspectionError { _ = try ResidualTrunk.graph(of: [:], levels: [.layer1]) }?.code == .missingTensor)
    }

    @Test("a changed graph is refused with an error or runs: it never crashes")
    func mutations() throws {
        let count = repetitions(6_000, thorough: 200_000, of: "mutated graphs")
        var random = SeededRandom(11)
        let picture = TestNetworks.picture(32, seed: 1)
        let numbers = [-1, 0, 1, 2, 3, 4, 5, 7, 30, 31, 32, 100, 1 << 31, 1 << 40, .max, .min]
        let operations: [NetworkGraph.Operation] = [.convolution, .maximumPooling, .averagePooling, .add]
        let names = graph.nodes.map(\.name) + ["input", "", "nobody"]
        var (accepted, refused, unreadable) = (0, 0, 0)
        for round in 0..<count {
            var changed = graph
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                guard let at = changed.nodes.indices.randomElement(using: &random) else { continue }
                let number = numbers.randomElement(using: &random) ?? 0
                switch Int.random(in: 0..<11, using: &random) {
                case 0: changed.nodes[at].kernel = number
                case 1: changed.nodes[at].stride = number
                case 2: changed.nodes[at].padding = number
                case 3: changed.nodes[at].operation = operations.randomElement(using: &random) ?? .add
                case 4: changed.nodes[at].relu.toggle()
                case 5: changed.nodes[at].inputs.append(names.randomElement(using: &random) ?? "")
                case 6: changed.nodes[at].inputs = [names.randomElement(using: &random) ?? ""]
                case 7: changed.nodes[at].name = names.randomElement(using: &random) ?? ""
                case 8: changed.nodes.remove(at: at)
                case 9: changed.nodes.insert(changed.nodes[at], at: 0)
                default:
                    changed.outputs[Level.allCases.randomElement(using: &random) ?? .stem] = names.randomElement(
                        using: &random)
                }
            }
            if round % 4 == 0 {
                // The text itself, as a damaged file has it.
                var text = [UInt8](try JSONEncoder().encode(changed))
                let at = Int.random(in: 0..<text.count, using: &random)
                text[at] = Bool.random(using: &random) ? UInt8.random(in: 32...126, using: &random) : text[at] ^ 1
                guard let decoded = try? JSONDecoder().decode(NetworkGraph.self, from: Data(text)) else {
                    unreadable += 1
                    continue
                }
                changed = decoded
            }
            do throws(InspectionError) {
                let plan = try NetworkPlan(graph: changed, weights: weights, inputSize: 32)
                accepted += 1
                if accepted % 10 == 0 {
                    let network = FloatNetwork(plan: plan)
                    network.run(picture)
                    for (level, shape) in plan.levels {
                        let values = network.values(of: level)
                        #expect(values.count == shape.height * shape.width * shape.channels)
                        #expect(values.allSatisfy { $0.isFinite })
                    }
                }
            } catch {
                refused += 1
            }
        }
        print("mutated graphs: \(accepted) accepted, \(refused) refused, \(unreadable) unreadable")
        #expect(accepted > 0 && refused > 0)
    }
}
