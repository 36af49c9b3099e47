// SPDX-License-Identifier: Apache-2.0

import Line

/// Recorded parts decided again by other thresholds: which stops there would have been, and which not.
///
/// One part after another, nothing is kept of them. What became of the line after a stop that was not, or was one too many, is not
/// simulated: it would have seen other parts.
public struct TimeMachine: Sendable {
    /// Thresholds to decide by.
    public struct Bounds: Sendable, Equatable {
        /// Largest score that passes.
        public var stop: Float
        /// Largest score that is not suspicious; nil: suspicious parts are not counted again.
        public var warn: Float?

        /// Bounds.
        public init(stop: Float, warn: Float? = nil) { (self.stop, self.warn) = (stop, warn) }
    }

    /// Whether a part stopped the line, and whether it would.
    public enum Change: String, Sendable, Encodable {
        /// It did, and would.
        case kept
        /// It did not, and would.
        case gained
        /// It did, and would not.
        case lost
        /// Neither.
        case passed
    }

    /// One part, decided again.
    public struct Decision: Sendable {
        /// The part as it was recorded.
        public let row: PartRow
        /// What is new.
        public let change: Change
        /// The threshold now.
        public let bounds: Bounds
        /// The stop that it led to, as far as the history of events still has it.
        public let stop: RecordedStop?
    }

    /// Numbers of parts.
    public struct Counts: Sendable, Equatable, Encodable {
        /// Decided again: judged while the line ran, by a model that the new thresholds are for.
        public var parts = 0
        /// Stopped the line; would stop it now.
        public var stopsThen = 0, stopsNow = 0
        /// New stops, and stops that would not be.
        public var gained = 0, lost = 0
        /// Of `lost`: what people found at them.
        public var lostDefects = 0, lostFalseStops = 0, lostUnclear = 0
        /// Of `lost`: nobody has said, or the events are gone.
        public var lostUnknown = 0
        /// Of `stopsThen`: what people found at them.
        public var defects = 0, falseStops = 0
        /// Suspicious then; now, where there is a new warn threshold.
        public var warnsThen = 0, warnsNow = 0
        /// Left out: without a score, or with one or a threshold that is no finite number.
        public var withoutScore = 0
        /// Left out: of another recipe or model, whose scores can't be compared.
        public var otherModels = 0
        /// Left out: judged while the line did not run.
        public var notRunning = 0

        enum CodingKeys: String, CodingKey {
            case parts, gained, lost, defects
            case stopsThen = "stops_then", stopsNow = "stops_now", falseStops = "false_stops"
            case lostDefects = "lost_defects", lostFalseStops = "lost_false_stops", lostUnclear = "lost_unclear"
            case lostUnknown = "lost_unknown", warnsThen = "warns_then", warnsNow = "warns_now"
            case withoutScore = "without_score", otherModels = "other_models", notRunning = "not_running"
        }
    }

    /// So far.
    public private(set) var counts = Counts()
    private let history: StopHistory

    /// - Parameter history: of the events; an empty one where there is none: then nothing is known of acknowledgements.
    public init(history: StopHistory = StopHistory()) { self.history = history }

    /// Decides a part again.
    ///
    /// - Parameter bounds: for the row's recipe and model; nil: there are none.
    /// - Returns: nil when the part is left out.
    public mutating func decide(_ row: PartRow, by bounds: Bounds?) -> Decision? {
        guard let bounds else {
            counts.otherModels += 1
            return nil
        }
        guard let score = row.score, let threshold = row.basis.threshold, score.isFinite, threshold.isFinite else {
            counts.withoutScore += 1
            return nil
        }
        let isAbove = score > threshold
        let mark = history.mark(of: row)
        // A part above the threshold has an event that says whether the line ran, unless it is gone; the state is that after the part.
        guard mark?.isInspected ?? (row.state.isInspecting || isAbove && row.state == .stopped) else {
            counts.notRunning += 1
            return nil
        }
        counts.parts += 1
        let stop = isAbove ? mark.flatMap { history.stop(of: row, $0) } : nil
        let change: Change =
            switch (isAbove, score > bounds.stop) {
            case (true, true): .kept
            case (false, true): .gained
            case (true, false): .lost
            case (false, false): .passed
            }
        count(change, stop)
        countWarns(row, score, bounds)
        return Decision(row: row, change: change, bounds: bounds, stop: stop)
    }

    private mutating func count(_ change: Change, _ stop: RecordedStop?) {
        if change == .kept || change == .lost {
            counts.stopsThen += 1
            if stop?.verdict == .defect { counts.defects += 1 }
            if stop?.verdict == .falseStop { counts.falseStops += 1 }
        }
        if change == .kept || change == .gained { counts.stopsNow += 1 }
        if change == .gained { counts.gained += 1 }
        guard change == .lost else { return }
        counts.lost += 1
        switch stop?.verdict {
        case .defect: counts.lostDefects += 1
        case .falseStop: counts.lostFalseStops += 1
        case .unclear: counts.lostUnclear += 1
        case nil: counts.lostUnknown += 1
        }
    }

    private mutating func countWarns(_ row: PartRow, _ score: Float, _ bounds: Bounds) {
        if let warn = row.basis.warn, score > warn, score <= row.basis.threshold ?? .nan { counts.warnsThen += 1 }
        if let warn = bounds.warn, score > warn, score <= bounds.stop { counts.warnsNow += 1 }
    }
}
