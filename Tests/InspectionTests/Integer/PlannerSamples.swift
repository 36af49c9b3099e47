// SPDX-License-Identifier: Apache-2.0

import Inspection

/// Quantised networks with random numbers, scaled so that maps are neither empty nor full.
enum PlannerSamples {
    /// Channels of stem, layer1, layer2 and layer3.
    typealias Channels = (stem: Int, layer1: Int, layer2: Int, layer3: Int)

    /// Those of a ResNet-18.
    static let usual: Channels = (64, 64, 128, 256)

    /// A trunk as training makes it.
    ///
    /// - Parameters:
    ///   - units: per stage; 1 gives the reduced student, 2 a ResNet-18.
    ///   - halving: the first stage's first unit has stride 2, as in the student; a ResNet-18's has not.
    static func trunk(
        _ seed: UInt64, levels: [Level], channels: Channels, units: Int = 1, halving: Bool = true, maximum: Int = 127
    ) throws -> QuantisedNetwork {
        var names: Weights = [:]
        var shapes: [String: [Int]] = ["conv1": [channels.stem, 3, 7, 7]]
        var into = channels.stem
        for (level, out) in [
            (Level.layer1, channels.layer1), (.layer2, channels.layer2), (.layer3, channels.layer3),
        ] {
            for unit in 0..<units {
                let name = "\(level.rawValue).\(unit)"
                if unit == 0, halving || level != .layer1 { shapes[name + ".downsample.0"] = [out, into, 1, 1] }
                shapes[name + ".conv1"] = [out, into, 3, 3]
                shapes[name + ".conv2"] = [out, out, 3, 3]
                into = out
            }
        }
        for name in shapes.keys { names[name + ".weight"] = WeightTensor(shape: [0], values: []) }
        let graph = try ResidualTrunk.graph(of: names, levels: levels)
        return network(seed, graph: graph, shapes: shapes, maximum: maximum)
    }

    /// Random numbers for a graph.
    ///
    /// - Parameter shapes: `(out, in, height, width)` of every convolution.
    static func network(
        _ seed: UInt64, graph: NetworkGraph, shapes: [String: [Int]], maximum: Int = 127
    ) -> QuantisedNetwork {
        var random = SeededRandom(seed)
        var result = QuantisedNetwork(graph: graph, convolutions: [:], activations: [:], activationMaximum: maximum)
        /// Convolutions without ReLU that only an addition takes up: they have no map of their own.
        var taken: [String: NetworkGraph.Node] = [:]
        for node in graph.nodes {
            let signed = node.operation == .convolution && !node.relu
            if signed, graph.users(of: node.name) == 1,
                let addition = graph.nodes.first(where: { $0.operation == .add && $0.inputs[0] == node.name })
            {
                taken[node.name] = addition
            } else if node.operation == .maximumPooling {
                result.activations[node.name] = result.activations[node.inputs[0]]
            } else {
                // A signed map has 16 bits for what a byte holds: finer steps.
                result.activations[node.name] = Float.random(in: 0.02...0.04, using: &random) / (signed ? 100 : 1)
            }
        }
        for node in graph.nodes {
            guard node.operation == .convolution, let shape = shapes[node.name] else { continue }
            let picture = node.inputs[0] == "input"
            let most = picture || maximum > 127 ? 64 : 127
            let weights = (0..<shape.reduce(1, *)).map { _ in Int8(Int.random(in: -most...most, using: &random)) }
            // The usual size of a sum of independent terms, brought to a good part of the range.
            let terms = Float(shape[1] * shape[2] * shape[3]).squareRoot()
            let spread = terms * Float(most) * 0.58 * (picture ? 147 : Float(maximum) / 4)
            let (from, to) = (
                result.activations[node.inputs[0]] ?? 1, result.activations[taken[node.name]?.name ?? node.name] ?? 1
            )
            let signed = !node.relu && taken[node.name] == nil
            let factor = (signed ? Float(maximum) * 25 : Float(maximum) / 4) / spread
            result.convolutions[node.name] = .init(
                shape: shape, weights: weights,
                bias: (0..<shape[0]).map { _ in Int32(Float.random(in: -0.3...0.7, using: &random) * spread) },
                scale: (0..<shape[0]).map { _ in factor * to / from * Float.random(in: 0.5...1.5, using: &random) })
        }
        return result
    }

    /// A graph with everything that trunks have not: pooled and added maps of all kinds, odd channels, maps with two users.
    ///
    /// Layer1 compares a plain sum, layer2 a mean that something else reads too.
    static func oddities(_ seed: UInt64, maximum: Int = 127) -> QuantisedNetwork {
        let graph = NetworkGraph(
            nodes: [
                .init("a", .convolution, inputs: ["input"], kernel: 3, stride: 2, padding: 1, relu: true),
                .init("b", .convolution, inputs: ["a"], kernel: 5, stride: 2, padding: 2, relu: true),
                .init("largest", .maximumPooling, inputs: ["b"], kernel: 2, stride: 2),
                .init("wide", .maximumPooling, inputs: ["b"], kernel: 3, stride: 2, padding: 1),
                .init("mean", .averagePooling, inputs: ["b"], kernel: 2, stride: 2),
                .init("unsigned", .add, inputs: ["largest", "mean"]),
                .init("c", .convolution, inputs: ["unsigned"], kernel: 3, padding: 1),
                .init("d", .add, inputs: ["c", "wide"], relu: true),
                .init("e", .add, inputs: ["c", "d"], relu: true),
                .init("f", .add, inputs: ["unsigned", "c"], relu: true),
                .init("g", .convolution, inputs: ["e"], kernel: 1),
                .init("h", .convolution, inputs: ["f"], kernel: 3, padding: 1),
                .init("i", .add, inputs: ["h", "g"], relu: true),
                .init("dead", .convolution, inputs: ["i"], kernel: 3, padding: 1),
                .init("half", .averagePooling, inputs: ["i"], kernel: 2, stride: 2),
                .init("j", .convolution, inputs: ["half"], kernel: 1, relu: true),
                .init("k", .add, inputs: ["j", "half"]),
                .init("quarter", .averagePooling, inputs: ["k"], kernel: 2, stride: 2),
            ], outputs: [.layer1: "i", .layer2: "half", .layer3: "quarter"])
        return network(
            seed, graph: graph,
            shapes: [
                "a": [7, 3, 3, 3], "b": [13, 7, 5, 5], "c": [13, 13, 3, 3], "g": [13, 13, 1, 1], "h": [13, 13, 3, 3],
                "j": [13, 13, 1, 1],
            ], maximum: maximum)
    }
}

extension NetworkGraph {
    /// How often a node's result is read.
    func users(of name: String) -> Int {
        nodes.reduce(0) { $0 + $1.inputs.count { $0 == name } } + outputs.values.count { $0 == name }
    }
}
