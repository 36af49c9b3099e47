// SPDX-License-Identifier: Apache-2.0

import Inspection
import SyntheticParts

/// Networks of the real shape, but with few channels: small files, every kind of step.
enum TinyNetworks {
    static let levels: [Level] = [.layer1, .layer2]

    static func quantised(units: Int, firstStageHalves: Bool, seed: UInt64) throws -> QuantisedNetwork {
        var random = SplitMix64(seed: seed)
        let shapes = shapes(units: units, firstStageHalves: firstStageHalves)
        var convolutions: [String: QuantisedNetwork.Convolution] = [:]
        for (name, shape) in shapes.sorted(by: { $0.key < $1.key }) {
            let count = shape.reduce(1, *)
            convolutions[name] = .init(
                shape: shape, weights: (0..<count).map { _ in Int8(Int(random.next() % 127) - 63) },
                bias: (0..<shape[0]).map { _ in Int32(random.next() % 200) },
                scale: .init(repeating: 0.01, count: shape[0]))
        }
        let graph = try graph(shapes)
        var activations: [String: Float] = [:]
        for node in graph.nodes { activations[node.name] = node.name.contains("downsample") ? 0.02 : 1 }
        return QuantisedNetwork(
            graph: graph, convolutions: convolutions, activations: activations, activationMaximum: 127)
    }

    static func weights(units: Int, firstStageHalves: Bool, seed: UInt64) -> Weights {
        var random = SplitMix64(seed: seed)
        return shapes(units: units, firstStageHalves: firstStageHalves).reduce(into: [:]) { result, entry in
            let count = entry.value.reduce(1, *)
            result[entry.key + ".weight"] = WeightTensor(
                shape: entry.value, values: (0..<count).map { _ in Float(Int(random.next() % 200) - 100) / 1000 })
            result[entry.key + ".bias"] = WeightTensor(
                shape: [entry.value[0]], values: .init(repeating: 0.1, count: entry.value[0]))
        }
    }

    static func graph(_ weights: Weights) throws -> NetworkGraph {
        try ResidualTrunk.graph(of: weights, levels: levels)
    }

    private static func graph(_ shapes: [String: [Int]]) throws -> NetworkGraph {
        try graph(
            Weights(uniqueKeysWithValues: shapes.keys.map { ($0 + ".weight", WeightTensor(shape: [0], values: [])) }))
    }

    private static func shapes(units: Int, firstStageHalves: Bool) -> [String: [Int]] {
        var shapes = ["conv1": [8, 3, 7, 7]]
        var channels = 8
        for (level, own) in [(Level.layer1, 8), (.layer2, 12)] {
            for unit in 0..<units {
                let name = "\(level.rawValue).\(unit)"
                shapes["\(name).conv1"] = [own, channels, 3, 3]
                shapes["\(name).conv2"] = [own, own, 3, 3]
                if unit == 0, level != .layer1 || firstStageHalves {
                    shapes["\(name).downsample.0"] = [own, channels, 1, 1]
                }
                channels = own
            }
        }
        return shapes
    }
}
