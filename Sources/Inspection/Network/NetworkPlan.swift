// SPDX-License-Identifier: Apache-2.0

import CKernels

/// A graph with its weights, checked and packed: immutable, shared by every runner.
///
/// `@unchecked Sendable`: the packed weights are written once, in `init`, and only read afterwards.
public final class NetworkPlan: @unchecked Sendable {
    /// Extent of a map.
    public struct Shape: Sendable, Equatable {
        /// Rows.
        public let height: Int
        /// Columns.
        public let width: Int
        /// Channels.
        public let channels: Int
    }

    struct Step {
        let node: NetworkGraph.Node
        let inputs: [Int]
        let shape: Shape
        let weights: UnsafeMutablePointer<Float>?
        let bias: UnsafeMutablePointer<Float>?
        /// Index of the value that a fused addition puts on top; -1 for none.
        let residual: Int
    }

    /// Side of the square input, a multiple of 32.
    public let inputSize: Int
    /// Multiply-accumulates of one picture.
    public let multiplyAccumulates: Int
    /// Value 0 is the input; value i + 1 is what step i makes.
    let steps: [Step]
    /// Width of the zero border that each value's users need.
    let borders: [Int]
    /// Shape of every value.
    let shapes: [Shape]
    /// Levels in order, with the value that holds each.
    let outputs: [(level: Level, value: Int)]

    /// The largest graph that is accepted; anything above is a broken or hostile file.
    static let limits = (nodes: 512, channels: 4096, size: 2048, kernel: 31, values: 1 << 28)

    /// Checks every shape and value and packs the weights.
    ///
    /// - Parameters:
    ///   - weights: batch norm folded; a missing bias counts as zero.
    ///   - inputSize: multiple of 32, 32 ... 2048.
    /// - Throws: `InspectionError` that names the node or tensor.
    public init(graph: NetworkGraph, weights: Weights, inputSize: Int) throws(InspectionError) {
        guard inputSize % 32 == 0, (32...Self.limits.size).contains(inputSize) else {
            throw InspectionError(
                .badSetting, "input size", expected: "a multiple of 32 up to \(Self.limits.size)",
                found: "\(inputSize)",
                hint: "256 is usual")
        }
        guard (1...Self.limits.nodes).contains(graph.nodes.count) else {
            throw InspectionError(
                .badGraph, "graph", expected: "1 to \(Self.limits.nodes) nodes", found: "\(graph.nodes.count)",
                hint: "the model file is damaged or not ours")
        }
        var shapes = [Shape(height: inputSize, width: inputSize, channels: 3)]
        var index = ["input": 0]
        var packed: [Step] = []
        var macs = 0
        var values = 0
        do throws(InspectionError) {
            for node in graph.nodes {
                let inputs = try node.resolvedInputs(in: index)
                let step = try Self.step(node, inputs: inputs, shapes: shapes, weights: weights)
                packed.append(step)
                values += step.shape.height * step.shape.width * step.shape.channels
                guard values <= Self.limits.values else {
                    throw InspectionError(
                        .badGraph, "node \(node.name)",
                        expected: "maps of at most \(Self.limits.values) values together",
                        found: "\(values)", hint: "use a smaller input size, or the model file is damaged")
                }
                if node.operation == .convolution {
                    macs +=
                        step.shape.height * step.shape.width * step.shape.channels * node.kernel * node.kernel
                        * shapes[inputs[0]].channels
                }
                shapes.append(step.shape)
                index[node.name] = shapes.count - 1
            }
            var outputs: [(level: Level, value: Int)] = []
            for level in graph.outputs.keys.sorted() {
                let name = graph.outputs[level] ?? ""
                guard let value = index[name], value > 0 else {
                    throw InspectionError(
                        .badGraph, "output \(level.rawValue)", expected: "the name of a node", found: name,
                        hint: "the model file is damaged or not ours")
                }
                outputs.append((level, value))
            }
            guard !outputs.isEmpty else {
                throw InspectionError(
                    .badGraph, "outputs", expected: "one level or more", found: "none",
                    hint: "the model file is damaged or not ours")
            }
            self.outputs = outputs
        } catch {
            packed.forEach(Self.free)
            throw error
        }
        self.inputSize = inputSize
        self.shapes = shapes
        self.steps = Self.fused(packed, outputs: outputs.map(\.value))
        self.multiplyAccumulates = macs
        var borders = [Int](repeating: 0, count: shapes.count)
        for step in steps where step.node.operation == .convolution {
            borders[step.inputs[0]] = max(borders[step.inputs[0]], step.node.padding)
        }
        self.borders = borders
    }

    deinit { steps.forEach(Self.free) }

    /// Levels that this network gives, shallow first, with the shape of each map.
    public var levels: [(level: Level, shape: Shape)] { outputs.map { ($0.level, shapes[$0.value]) } }

    private static func free(_ step: Step) {
        step.weights?.deallocate()
        step.bias?.deallocate()
    }

    private static func step(
        _ node: NetworkGraph.Node, inputs: [Int], shapes: [Shape], weights: Weights
    ) throws(InspectionError) -> Step {
        guard node.operation == .convolution else {
            let shape = try node.shape(of: inputs.map { shapes[$0] }, filters: 0)
            return Step(node: node, inputs: inputs, shape: shape, weights: nil, bias: nil, residual: -1)
        }
        let (weight, bias) = try convolutionWeights(node, channels: shapes[inputs[0]].channels, weights: weights)
        let shape = try node.shape(of: inputs.map { shapes[$0] }, filters: weight.shape[0])
        let (packed, packedBias) = pack(weight, bias: bias)
        return Step(node: node, inputs: inputs, shape: shape, weights: packed, bias: packedBias, residual: -1)
    }

    private static func convolutionWeights(
        _ node: NetworkGraph.Node, channels: Int, weights: Weights
    ) throws(InspectionError) -> (WeightTensor, [Float]) {
        guard let weight = weights[node.name + ".weight"] else {
            throw InspectionError(
                .missingTensor, node.name + ".weight", expected: "the weights of a convolution", found: "nothing",
                hint: "the file does not hold this network")
        }
        let found = weight.shape
        guard found.count == 4, (1...limits.channels).contains(found[0]), found[1] == channels, found[2] == node.kernel,
            found[3] == node.kernel
        else {
            throw InspectionError(
                .wrongShape, node.name + ".weight", expected: "(out, \(channels), \(node.kernel), \(node.kernel))",
                found: "\(found)", hint: "the file does not hold this network")
        }
        let bias =
            weights[node.name + ".bias"]
            ?? WeightTensor(shape: [found[0]], values: .init(repeating: 0, count: found[0]))
        guard bias.shape == [found[0]] else {
            throw InspectionError(
                .wrongShape, node.name + ".bias", expected: "\([found[0]])", found: "\(bias.shape)",
                hint: "the file does not hold this network")
        }
        for (name, values) in [(".weight", weight.values), (".bias", bias.values)] {
            guard values.allSatisfy(\.isFinite) else {
                throw InspectionError(
                    .notFinite, node.name + name, expected: "finite numbers", found: "NaN or infinity",
                    hint: "the file is damaged, or the training diverged")
            }
        }
        return (weight, bias.values)
    }

    /// `(out, in, height, width)` → `(blocks, height, width * in, 32)`, the rest of the last block zero.
    private static func pack(
        _ weight: WeightTensor, bias: [Float]
    ) -> (UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>) {
        let block = Int(CK_CONVOLUTION_F32_BLOCK)
        let (out, channels, kernel) = (weight.shape[0], weight.shape[1], weight.shape[2])
        let blocks = (out + block - 1) / block
        let size = kernel * kernel * channels
        let packed = UnsafeMutablePointer<Float>.allocate(capacity: blocks * size * block)
        packed.initialize(repeating: 0, count: blocks * size * block)
        for o in 0..<out {
            for c in 0..<channels {
                for tap in 0..<kernel * kernel {
                    packed[((o / block) * size + tap * channels + c) * block + o % block] =
                        weight.values[(o * channels + c) * kernel * kernel + tap]
                }
            }
        }
        let packedBias = UnsafeMutablePointer<Float>.allocate(capacity: blocks * block)
        packedBias.initialize(repeating: 0, count: blocks * block)
        for o in 0..<out { packedBias[o] = bias[o] }
        return (packed, packedBias)
    }

    /// Lets a convolution do the addition that is its only use: `add(conv, x)` becomes conv with residual x.
    private static func fused(_ steps: [Step], outputs: [Int]) -> [Step] {
        var result = steps
        var uses = [Int](repeating: 0, count: steps.count + 1)
        for step in steps { for input in step.inputs { uses[input] += 1 } }
        for output in outputs { uses[output] += 1 }
        for (position, step) in steps.enumerated() where step.node.operation == .add {
            let source = step.inputs[0]
            guard source > 0, uses[source] == 1 else { continue }
            let convolution = steps[source - 1]
            guard convolution.node.operation == .convolution, !convolution.node.relu else { continue }
            // The convolution moves to the addition's place and writes its value; its own place becomes empty.
            var node = convolution.node
            node.relu = step.node.relu
            result[position] = Step(
                node: node, inputs: convolution.inputs, shape: step.shape, weights: convolution.weights,
                bias: convolution.bias, residual: step.inputs[1])
            result[source - 1] = Step(
                node: step.node, inputs: [], shape: step.shape, weights: nil, bias: nil, residual: -1)
        }
        return result
    }
}
