// SPDX-License-Identifier: Apache-2.0

import Inspection

/// A student: the reduced one or one of the teacher's shape.
public final class StudentNetwork {
    /// How many units a stage has.
    public enum Shape: Sendable {
        /// ResNet's stem and one basic block of stride 2 for each stage (METHODS 1).
        case reduced
        /// The whole trunk of ResNet-18, maps pooled 2×2 like the teacher's (METHODS 2).
        case full
    }

    /// Levels that it is compared at, shallow first.
    public let levels: [Level]
    private let stem: Stem
    private let shape: Shape
    /// A level's map comes from its last block.
    private let blocks: [(level: Level, block: BasicBlock)]

    /// A student with random weights; no stage deeper than the deepest level is made.
    ///
    /// - Parameter width: of the reduced student, channels between a block's convolutions: a share of those that the block
    ///   gives, in whole sixteens.
    public init(levels: [Level], shape: Shape = .reduced, width: Double = 1, generator: inout RandomSource) {
        self.levels = levels.sorted()
        self.shape = shape
        stem = Stem(random: &generator)
        var blocks: [(level: Level, block: BasicBlock)] = []
        var channels = Level.stem.channels
        for level in [Level.layer1, .layer2, .layer3] where level <= (self.levels.last ?? .stem) {
            let stride = shape == .full && level == .layer1 ? 1 : 2
            let middle = max(1, Int((width * Double(level.channels) / 16).rounded())) * 16
            let block = BasicBlock(
                "\(level.rawValue).0", in: channels, middle: shape == .reduced ? middle : nil, out: level.channels,
                stride: stride, random: &generator)
            blocks.append((level, block))
            channels = level.channels
            guard shape == .full else { continue }
            blocks.append(
                (level, BasicBlock("\(level.rawValue).1", in: channels, out: channels, random: &generator)))
        }
        self.blocks = blocks
    }

    /// The maps of all levels.
    ///
    /// - Parameter pictures: `(N, size, size, 3)`, normalised as the teacher's input is.
    public func callAsFunction(_ pictures: Tensor, training: Bool) -> [Level: Tensor] {
        var map = stem(pictures, training: training)
        var result: [Level: Tensor] = [:]
        if levels.contains(.stem) { result[.stem] = map }
        for (level, block) in blocks {
            map = block(map, training: training)
            if levels.contains(level) { result[level] = map }
        }
        guard shape == .full else { return result }
        for (level, map) in result where level != .stem { result[level] = averagePooling(map, kernel: 2, stride: 2) }
        return result
    }

    /// Everything that training changes, running statistics included.
    public var parameters: [Parameter] { stem.parameters + blocks.flatMap { $0.block.parameters } }

    /// Weights for inference, batch norm folded, torchvision's names and layout.
    public var weights: Weights {
        var result: Weights = [:]
        for convolution in stem.folded() + blocks.flatMap({ $0.block.folded() }) {
            result[convolution.name + ".weight"] = WeightTensor(shape: convolution.shape, values: convolution.weight)
            result[convolution.name + ".bias"] = WeightTensor(shape: [convolution.bias.count], values: convolution.bias)
        }
        return result
    }
}
