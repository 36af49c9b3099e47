// SPDX-License-Identifier: Apache-2.0

import Inspection

/// How a student is trained. Chosen on good parts and synthetic defects only.
public struct DistillationSettings: Codable, Sendable, Equatable {
    /// Which optimiser moves the weights.
    public enum Optimiser: String, Codable, Sendable, CaseIterable {
        /// Stochastic gradient descent with momentum 0.9 (the paper's).
        case sgd
        /// Adam (the authors' code's).
        case adam
    }

    /// Levels that are learned, shallow first.
    public var levels: [Level]
    /// Side of the input in pixels, a multiple of 32.
    public var size: Int
    /// Passes over the train parts.
    public var epochs: Int
    /// Pictures per step.
    public var batch: Int
    /// Which optimiser moves the weights.
    public var optimiser: Optimiser
    /// Highest learning rate of the one-cycle schedule.
    public var learningRate: Double
    /// Share of the places of a step, those with the largest differences, that the student learns from; 1 is all.
    public var hardest: Double
    /// Channels between a block's two convolutions, as a share of those that it gives; the reduced student only.
    public var width: Double
    /// Seed of the weights and of the order of the pictures.
    public var seed: UInt64

    /// Widths that make sense: below, a block hardly passes anything on; above, it is slower than the teacher.
    public static let widths = 0.125...4.0

    /// Settings with the defaults that measured best (models/RESULTS.md).
    public init(
        levels: [Level] = [.layer1, .layer2, .layer3], size: Int = 256, epochs: Int = 100, batch: Int = 16,
        optimiser: Optimiser = .adam, learningRate: Double = 4e-3, hardest: Double = 0.1, width: Double = 1,
        seed: UInt64 = 1
    ) {
        self.levels = levels.sorted()
        self.size = size
        self.epochs = epochs
        self.batch = batch
        self.optimiser = optimiser
        self.learningRate = learningRate
        self.hardest = hardest
        self.width = width
        self.seed = seed
    }
}

/// How far a training is.
public struct DistillationProgress: Sendable {
    /// Passes finished.
    public let epoch: Int
    /// Passes in all.
    public let epochs: Int
    /// Share of the current pass, 0 ... 1.
    public let share: Double
    /// Mean training loss of the current pass so far, over the hardest places only: above `selectLoss` by its nature.
    public let loss: Float
    /// Loss on the select parts, over all places, after the last pass, nil before the first.
    public let selectLoss: Float?
    /// Training pictures per second, the select parts not counted.
    public let picturesPerSecond: Double
    /// Seconds that are left at this pace.
    public let secondsLeft: Double
}
