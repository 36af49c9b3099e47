// SPDX-License-Identifier: Apache-2.0

/// The decision about one part: its score against the threshold of the recipe.
public struct Verdict: Sendable, Equatable {
    /// What a verdict asks of the line.
    public enum Outcome: Sendable, Equatable {
        /// `score ≤ threshold`, both finite.
        case good
        /// `score > threshold`, both finite.
        case bad
        /// A score or threshold that is NaN or infinite: nothing was judged.
        case invalid
    }

    /// The part that was judged.
    public var part: String
    /// The picture's score; higher is stranger.
    public var score: Float
    /// The largest score that passes.
    public var threshold: Float

    /// A verdict; any number is taken, `outcome` says what it is worth.
    public init(part: String, score: Float, threshold: Float) {
        self.part = part
        self.score = score
        self.threshold = threshold
    }

    /// Good, bad or no verdict at all; a tie passes.
    public var outcome: Outcome {
        guard score.isFinite, threshold.isFinite else { return .invalid }
        return score <= threshold ? .good : .bad
    }
}

/// What a named person found when looking at the part that stopped the line; raw values are stable.
public enum AcknowledgeVerdict: String, Codable, Sendable, CaseIterable {
    /// The part is defective: the stop was right.
    case defect
    /// The part is good: the stop was wrong.
    case falseStop = "false_stop"
    /// It can't be told.
    case unclear
}

/// Parts judged since the last start (since boot before the first one).
public struct Counters: Sendable, Equatable {
    /// Verdicts while running; `good + bad`.
    public var parts: UInt64 = 0
    /// Of `parts`: `score ≤ threshold`.
    public var good: UInt64 = 0
    /// Of `parts`: everything else, scores that are not finite too.
    public var bad: UInt64 = 0
    /// Verdicts while not running; not in `parts`.
    public var notRunning: UInt64 = 0

    /// All zero.
    public init() {}
}

/// Why Jidoka can't judge parts; raw values are stable.
public enum FaultCode: String, Codable, Sendable, CaseIterable {
    /// The camera or folder is gone; cleared by `sourceReady`.
    case sourceLost = "source_lost"
    /// The recipe or its calibration is gone; cleared by `recipeReady`.
    case recipeMissing = "recipe_missing"
    /// Pictures come too late or not at all.
    case pictureStale = "picture_stale"
    /// A part's picture is truncated or corrupt, so that the part can't be judged; momentary.
    case pictureCorrupt = "picture_corrupt"
    /// The picture is dark.
    case pictureDark = "picture_dark"
    /// The picture is saturated.
    case pictureSaturated = "picture_saturated"
    /// The picture never changes.
    case pictureFrozen = "picture_frozen"
    /// Too many verdicts in a row came late.
    case lateVerdicts = "late_verdicts"
    /// A score or threshold is NaN or infinite; momentary.
    case nonFiniteScore = "non_finite_score"
    /// A file's hash is not the recorded one.
    case badHash = "bad_hash"
    /// An event could not be recorded; momentary, as every way out of the fault has to be recorded itself.
    case recordFailed = "record_failed"
    /// The permit, lamp or heartbeat can't be set.
    case outputFailed = "output_failed"
    /// Trigger or acknowledge button can't be read.
    case inputFailed = "input_failed"
    /// A part came past of which there is no picture, or parts came faster than they can be judged; momentary.
    case partMissed = "part_missed"
    /// Jidoka has broken a rule of its own.
    case `internal`

    /// Causes that the pictures themselves give, and that good pictures clear.
    public static let ofPictures: [FaultCode] = [.pictureStale, .pictureDark, .pictureSaturated, .pictureFrozen]

    /// A momentary fault is over when it has been reported; the others stay active until they are cleared.
    public var isMomentary: Bool {
        [.nonFiniteScore, .recordFailed, .pictureCorrupt, .partMissed, .internal].contains(self)
    }
}
