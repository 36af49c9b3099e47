// SPDX-License-Identifier: Apache-2.0

/// The decision about one part: its score against the threshold of the recipe.
public struct Verdict: Sendable, Equatable {
    /// What a verdict asks of the line.
    public enum Outcome: Sendable, Equatable {
        /// `score ≤ warn` or `score ≤ threshold` without a warn threshold, all finite.
        case good
        /// `warn < score ≤ threshold`, all finite.
        case suspicious
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
    /// A score above this is suspicious; `nil`: none is.
    public var warn: Float?
    /// Whether it came after its time: the part has gone past where it could be stopped or kept.
    public var isLate: Bool
    /// When the part was in front of the camera, by the clock of `Moment.monotonic`; `nil` is now.
    public var seenAt: UInt64?

    /// A verdict; any number is taken, `outcome` says what it is worth.
    public init(
        part: String, score: Float, threshold: Float, warn: Float? = nil, isLate: Bool = false,
        seenAt: UInt64? = nil
    ) {
        self.part = part
        self.score = score
        self.threshold = threshold
        self.warn = warn
        self.isLate = isLate
        self.seenAt = seenAt
    }

    /// Good, suspicious, bad or no verdict at all; a tie passes.
    public var outcome: Outcome {
        guard score.isFinite, threshold.isFinite, warn?.isFinite ?? true else { return .invalid }
        guard score <= threshold else { return .bad }
        return warn.map { score > $0 } ?? false ? .suspicious : .good
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
public struct Counters: Sendable, Hashable {
    /// Verdicts while running or in andon; `good + bad`.
    public var parts: UInt64 = 0
    /// Of `parts`: `score ≤ threshold`, suspicious ones too.
    public var good: UInt64 = 0
    /// Of `parts`: everything else, scores that are not finite too.
    public var bad: UInt64 = 0
    /// Of `good`: those above the warn threshold.
    public var suspicious: UInt64 = 0
    /// Parts without a verdict in time; those whose verdict came late are in `parts`, too.
    public var unjudged: UInt64 = 0
    /// Verdicts while the line was not inspected; not in `parts`.
    public var notRunning: UInt64 = 0

    /// All zero.
    public init() {}
}
