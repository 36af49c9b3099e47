// SPDX-License-Identifier: Apache-2.0

/// Recent production by one model, taken part by part: memory does not grow with the number of parts.
public struct ProductionRecord: Sendable {
    /// What was found at a part; the raw values are those of the history.
    public enum Outcome: String, Sendable, CaseIterable, Encodable {
        case good, suspicious, bad, invalid, late, unjudged
    }

    /// A part as the history has it.
    public struct Part: Sendable {
        /// When it was decided: nanoseconds since 1970, UTC.
        public var time: UInt64
        /// Its score; nil without one.
        public var score: Float?
        /// What was found.
        public var outcome: Outcome
        /// Whether the line was in andon after it.
        public var isAndon: Bool
        /// The threshold that it was held against.
        public var threshold: Float?
        /// Whether the line was inspected: what came by under a bypass or after a stop proves nothing.
        public var isInspected: Bool

        /// A part.
        public init(
            time: UInt64, score: Float?, outcome: Outcome, isAndon: Bool = false, threshold: Float? = nil,
            isInspected: Bool = true
        ) {
            (self.time, self.score, self.outcome) = (time, score, outcome)
            (self.isAndon, self.threshold, self.isInspected) = (isAndon, threshold, isInspected)
        }
    }

    /// A stop as the history has it.
    public struct Stop: Sendable, Encodable {
        /// What a person found at it; the raw values are those of the history.
        public enum Verdict: String, Sendable, Encodable {
            case defect
            case falseStop = "false_stop"
            case unclear
        }

        /// When: nanoseconds since 1970, UTC.
        public var time: UInt64
        /// The part that stopped the line.
        public var part: String?
        /// Its score, and the threshold that it was held against.
        public var score: Float?, threshold: Float?
        /// What was found; nil: nobody has acknowledged it.
        public var verdict: Verdict?
        /// Who found it.
        public var user: String?
        /// In that person's words.
        public var reason: String?

        /// A stop.
        public init(
            time: UInt64, part: String?, score: Float? = nil, threshold: Float? = nil, verdict: Verdict? = nil,
            user: String? = nil, reason: String? = nil
        ) {
            (self.time, self.part, self.score, self.threshold) = (time, part, score, threshold)
            (self.verdict, self.user, self.reason) = (verdict, user, reason)
        }

        /// Whether the score was above the threshold; others are stops of suspicious parts and of andons.
        public var isByThreshold: Bool {
            if let score, let threshold { score > threshold } else { false }
        }

        enum CodingKeys: String, CodingKey { case time, part, score, threshold, verdict, user, reason }

        /// The time as text; a number that JSON can't hold is left out.
        public func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(ReportTime.second(time), forKey: .time)
            try container.encode(part, forKey: .part)
            try container.encode(score.flatMap { $0.isFinite ? $0 : nil }, forKey: .score)
            try container.encode(threshold.flatMap { $0.isFinite ? $0 : nil }, forKey: .threshold)
            try container.encode(verdict, forKey: .verdict)
            try container.encode(user, forKey: .user)
            try container.encode(reason, forKey: .reason)
        }
    }

    /// What came in one day, UTC.
    public struct Day: Sendable, Equatable, Encodable {
        /// `2026-11-21`.
        public var date: String
        /// All parts, and those of each outcome; `other` are invalid, late and unjudged ones.
        public var parts = 0, good = 0, suspicious = 0, bad = 0, other = 0
        /// Median, within 0.05 %, and highest finite score.
        public var median: Double?, highest: Float?
        /// Stops that a person called false.
        public var falseStops = 0

        enum CodingKeys: String, CodingKey {
            case date, parts, good, suspicious, bad, other, median, highest
            case falseStops = "false_stops"
        }
    }

    /// The threshold of the recipe as it is now.
    public let threshold: Float
    /// Parts by what was found.
    public private(set) var counts: [Outcome: Int] = [:]
    /// Parts that were held against another threshold than today's.
    public private(set) var otherThreshold = 0
    /// Parts that passed under today's threshold on a line that was inspected.
    public private(set) var passed = 0
    /// When the first and the last part were decided: nanoseconds since 1970.
    public private(set) var first: UInt64?, last: UInt64?
    /// Stops by what a person found; nil is not yet acknowledged.
    public private(set) var stops: [Stop.Verdict?: Int] = [:]
    /// Stops under today's threshold, by a score above it, that a person called false.
    public private(set) var falseByThreshold = 0
    /// The latest stops, oldest first.
    public private(set) var latestStops: [Stop] = []
    /// Whether the history of events was there; without it nothing is known of stops.
    public var hasEvents = true

    package private(set) var columns = PartColumns()
    private var scores = ScoreMedian()
    private var finished: [(day: Int, content: Day)] = []
    private var current: (day: Int, content: Day, scores: ScoreMedian)?
    private var falseOfDay: [Int: Int] = [:]

    /// Nothing yet.
    ///
    /// - Parameter threshold: of the recipe as it is now.
    public init(threshold: Float) { self.threshold = threshold }

    /// Parts so far.
    public var parts: Int { columns.count }

    /// The median of all finite scores, within 0.05 %; nil without any.
    public var median: Double? { scores.value }

    /// Takes a part; parts come in the order of their time.
    public mutating func add(_ part: Part) {
        first = first ?? part.time
        last = part.time
        counts[part.outcome, default: 0] += 1
        if part.threshold != threshold {
            otherThreshold += 1
        } else if part.isInspected, part.outcome == .good || part.outcome == .suspicious {
            passed += 1
        }
        let score = part.score.flatMap { $0.isFinite ? $0 : nil }
        columns.add(
            PartColumns.Column(
                time: part.time, score: score, isBad: part.outcome == .bad, isInvalid: part.outcome == .invalid,
                isAndon: part.isAndon))
        let day = ReportTime.day(part.time)
        var today = current ?? (day, Day(date: ReportTime.date(ofDay: day)), ScoreMedian())
        if today.day != day {
            finished.append((today.day, Self.closed(today)))
            today = (day, Day(date: ReportTime.date(ofDay: day)), ScoreMedian())
        }
        // Else the counts would be copied with each part.
        current = nil
        if let score {
            scores.add(score)
            today.scores.add(score)
            today.content.highest = max(today.content.highest ?? score, score)
        }
        today.content.parts += 1
        switch part.outcome {
        case .good: today.content.good += 1
        case .suspicious: today.content.suspicious += 1
        case .bad: today.content.bad += 1
        case .invalid, .late, .unjudged: today.content.other += 1
        }
        current = today
    }

    /// Takes a stop with what a person found at it.
    public mutating func add(_ stop: Stop) {
        stops[stop.verdict, default: 0] += 1
        if stop.verdict == .falseStop {
            falseOfDay[ReportTime.day(stop.time), default: 0] += 1
            if stop.isByThreshold, stop.threshold == threshold { falseByThreshold += 1 }
        }
        latestStops.append(stop)
        if latestStops.count > 20 { latestStops.removeFirst() }
    }

    /// Days with parts, in their order.
    public var days: [Day] {
        var days = finished
        if let current { days.append((current.day, Self.closed(current))) }
        return days.map { day, content in
            var content = content
            content.falseStops = falseOfDay[day] ?? 0
            return content
        }
    }

    /// Of good parts under today's threshold, those that stopped the line by their score, as people acknowledged them.
    public var falseStops: ShareInterval? {
        hasEvents ? ShareInterval(falseByThreshold, of: passed + falseByThreshold) : nil
    }

    private static func closed(_ day: (day: Int, content: Day, scores: ScoreMedian)) -> Day {
        var content = day.content
        content.median = day.scores.value
        return content
    }
}
