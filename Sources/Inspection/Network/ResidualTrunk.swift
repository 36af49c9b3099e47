// SPDX-License-Identifier: Apache-2.0

/// The graph of a ResNet trunk of basic blocks, read off torchvision's tensor names.
///
/// Serves ResNet-18 (two units a stage, layer1 with stride 1), the compact trunk and the reduced student (one unit a stage,
/// each with stride 2). A unit has stride 2 exactly if it has a `downsample` branch.
public enum ResidualTrunk {
    /// Builds the graph of all levels asked for, and nothing deeper.
    ///
    /// Maps that are twice as large as the level's (a full-size trunk) get a 2×2 average pool (METHODS 1).
    ///
    /// - Throws: `InspectionError` when a level's tensors are missing.
    public static func graph(of weights: Weights, levels: [Level]) throws(InspectionError) -> NetworkGraph {
        guard let deepest = levels.max() else {
            throw InspectionError(
                .badSetting, "levels", expected: "one or more of stem, layer1, layer2, layer3", found: "none",
                hint: "name the levels to compare")
        }
        var graph = NetworkGraph(nodes: [], outputs: [:])
        graph.nodes.append(
            .init("conv1", .convolution, inputs: ["input"], kernel: 7, stride: 2, padding: 3, relu: true))
        graph.nodes.append(.init("stem", .maximumPooling, inputs: ["conv1"], kernel: 3, stride: 2, padding: 1))
        if levels.contains(.stem) { graph.outputs[.stem] = "stem" }
        var last = "stem"
        var reduction = Level.stem.reduction
        for level in [Level.layer1, .layer2, .layer3] where level <= deepest {
            var unit = 0
            while weights["\(level.rawValue).\(unit).conv1.weight"] != nil {
                let name = "\(level.rawValue).\(unit)"
                let halves = weights["\(name).downsample.0.weight"] != nil
                let stride = halves ? 2 : 1
                var shortcut = last
                if halves {
                    shortcut = "\(name).downsample.0"
                    graph.nodes.append(.init(shortcut, .convolution, inputs: [last], stride: 2))
                }
                graph.nodes.append(
                    .init(
                        "\(name).conv1", .convolution, inputs: [last], kernel: 3, stride: stride, padding: 1, relu: true
                    ))
                graph.nodes.append(
                    .init("\(name).conv2", .convolution, inputs: ["\(name).conv1"], kernel: 3, padding: 1))
                graph.nodes.append(.init(name, .add, inputs: ["\(name).conv2", shortcut], relu: true))
                last = name
                reduction *= stride
                unit += 1
            }
            guard unit > 0 else {
                throw InspectionError(
                    .missingTensor, "\(level.rawValue).0.conv1.weight",
                    expected: "a ResNet trunk with torchvision's names",
                    found: "no such tensor",
                    hint: "export conv1 and layer1 to \(deepest.rawValue), or ask for fewer levels")
            }
            guard levels.contains(level) else { continue }
            if reduction * 2 == level.reduction {
                let pooled = "\(level.rawValue).pooled"
                graph.nodes.append(.init(pooled, .averagePooling, inputs: [last], kernel: 2, stride: 2))
                graph.outputs[level] = pooled
            } else {
                graph.outputs[level] = last
            }
        }
        return graph
    }
}
