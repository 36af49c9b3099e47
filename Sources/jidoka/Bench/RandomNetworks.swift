// SPDX-License-Identifier: Apache-2.0

import Inspection

/// Teacher and student of full size with random weights: for measuring time, which doesn't depend on what they know.
///
/// The teacher has ResNet-18's shape (two units a stage), the student the reduced one's (METHODS 1).
enum RandomNetworks {
    /// Both networks in integers, down to the deepest of `levels`; the same on every call.
    static func networks(levels: [Level], maximum: Int) throws -> (teacher: QuantisedNetwork, student: QuantisedNetwork)
    {
        (
            try network(levels: levels, units: 2, firstStageHalves: false, maximum: maximum, seed: 1),
            try network(levels: levels, units: 1, firstStageHalves: true, maximum: maximum, seed: 2)
        )
    }

    private static func network(
        levels: [Level], units: Int, firstStageHalves: Bool, maximum: Int, seed: UInt64
    ) throws -> QuantisedNetwork {
        var shapes = ["conv1": [64, 3, 7, 7]]
        var channels = 64
        for level in [Level.layer1, .layer2, .layer3] where level <= levels.max() ?? .layer2 {
            for unit in 0..<units {
                let name = "\(level.rawValue).\(unit)"
                shapes["\(name).conv1"] = [level.channels, channels, 3, 3]
                shapes["\(name).conv2"] = [level.channels, level.channels, 3, 3]
                if unit == 0, level != .layer1 || firstStageHalves {
                    shapes["\(name).downsample.0"] = [level.channels, channels, 1, 1]
                }
                channels = level.channels
            }
        }
        // The graph is read off the names alone.
        let named = shapes.keys.map { ($0 + ".weight", WeightTensor(shape: [0], values: [])) }
        let graph = try ResidualTrunk.graph(of: Weights(uniqueKeysWithValues: named), levels: levels)
        var random = seed
        var convolutions: [String: QuantisedNetwork.Convolution] = [:]
        for (name, shape) in shapes.sorted(by: { $0.key < $1.key }) {
            let inputs = shape[1] * shape[2] * shape[3]
            // Small enough for every pair that a picture's bytes may meet.
            let weights = (0..<shape[0] * inputs).map { _ in
                random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return Int8(truncatingIfNeeded: Int(random >> 57) - 63)
            }
            convolutions[name] = .init(
                shape: shape, weights: weights, bias: .init(repeating: 0, count: shape[0]),
                scale: .init(repeating: 1 / (Float(inputs).squareRoot() * 32), count: shape[0]))
        }
        var activations: [String: Float] = ["input": 1]
        for node in graph.nodes { activations[node.name] = 1 }
        for node in graph.nodes where node.name.contains("downsample") { activations[node.name] = 1.0 / 64 }
        return QuantisedNetwork(
            graph: graph, convolutions: convolutions, activations: activations, activationMaximum: maximum)
    }
}
