// SPDX-License-Identifier: Apache-2.0

import Line

/// A stop of the line, and what a named person found at it.
public struct RecordedStop: Sendable, Equatable {
    /// Number of the event.
    public let seq: Int64
    /// When the line stopped: nanoseconds since 1970, UTC.
    public let time: UInt64
    /// The part that stopped it; nil where none did, as an andon that ran out.
    public let part: String?
    /// Its score; nil likewise.
    public let score: Float?
    /// The stop threshold then.
    public let threshold: Float?
    /// Recipe and model then.
    public let recipe: String?, model: String?
    /// What was found; nil as long as nobody has acknowledged.
    public internal(set) var verdict: AcknowledgeVerdict?
    /// Who has acknowledged, and in which words.
    public internal(set) var user: String?, reason: String?

    init(_ recorded: RecordedEvent) {
        let event = recorded.event
        (seq, time, part, score, threshold) = (recorded.seq, event.time, event.part, event.score, event.threshold)
        (recipe, model) = (event.recipe, event.model)
    }

    /// Whether the score of this one part was above the stop threshold: what a certificate speaks of. An andon that ran out and too
    /// many suspicious parts stop the line as well.
    public var isByScore: Bool {
        guard let score, let threshold else { return false }
        return score > threshold
    }
}

/// A span of the history in which the line did not change: parts judged at its end, or time that it ran.
public struct HistorySpan: Sendable, Equatable {
    /// When it ended.
    public let end: UInt64
    /// The recipe in force.
    public let recipe: String?, model: String?
    /// Parts judged while the line ran, as a summary says.
    public let parts: Int
    /// Nanoseconds that the line ran and was inspected.
    public let running: UInt64
}

/// The stops of a history with their acknowledgements, and how many parts and hours there were to stop in; read once, from the events.
public struct StopHistory: Sendable {
    /// The oldest first.
    public private(set) var stops: [RecordedStop] = []
    /// The oldest first; one a summary, about, so that parts and hours of any time can be added up.
    public private(set) var spans: [HistorySpan] = []
    /// Times of the first and the last event; nil when there is none.
    public private(set) var first: UInt64?, last: UInt64?
    /// What was noted of each bad part as it was judged.
    var marks: [PartMark.Key: [PartMark]] = [:]

    /// When parts were last summed up; nil: never.
    private var summed: UInt64?
    private var open: Int?
    private var before: (time: UInt64, isRunning: Bool)?
    private var running: UInt64 = 0

    /// An empty history; events are told one by one.
    public init() {}

    /// Reads a history.
    ///
    /// - Throws: `RecordsError` when it can't be read.
    public init(path: String, progress: (Int) -> Void = { _ in }) throws {
        var count = 0
        try HistoryReader(path: path).events { recorded in
            add(recorded)
            count += 1
            if count % 5_000 == 0 { progress(count) }
            return true
        }
    }

    /// Takes the next event.
    public mutating func add(_ recorded: RecordedEvent) {
        let event = recorded.event
        first = first ?? event.time
        last = event.time
        measure(event)
        if let mark = PartMark(recorded), let key = PartMark.Key(event) { marks[key, default: []].append(mark) }
        switch event.kind {
        case .stop:
            open = stops.count
            stops.append(RecordedStop(recorded))
        case .acknowledge where event.state == .acknowledged:
            // Of a fault or an unclean end otherwise.
            guard let place = open, stops[place].part == event.part || stops[place].part == nil else { break }
            (stops[place].verdict, stops[place].user, stops[place].reason) = (event.verdict, event.user, event.detail)
            open = nil
        case .start: open = nil
        default: break
        }
    }

    /// Parts and hours, at every summary and whenever the recipe may be another one.
    private mutating func measure(_ event: LineEvent) {
        if let before, before.isRunning, event.time > before.time, event.kind != .boot, event.kind != .uncleanEnd {
            running += event.time - before.time
        }
        before = (event.time, event.state.isInspecting)
        let parts = event.kind == .summary ? Self.parts(event.detail) : 0
        if event.kind == .summary { summed = event.time }
        guard parts > 0 || running > 0, event.kind == .summary || !event.state.isInspecting else { return }
        spans.append(
            HistorySpan(end: event.time, recipe: event.recipe, model: event.model, parts: parts, running: running))
        running = 0
    }

    /// Adds the parts that no summary has counted yet, from their own history: a line that was stopped and ended at once has no summary.
    ///
    /// - Throws: `RecordsError` when it can't be read.
    public mutating func addUnsummed(path: String) throws {
        var query = PartQuery()
        query.since = summed.map { $0 + 1 }
        var counts: [PartRow.Basis: (parts: Int, end: UInt64)] = [:]
        try query.run(path: path) { row in
            // The part that stopped the line is one of them.
            guard row.score != nil, row.state.isInspecting || row.state == .stopped else { return true }
            counts[row.basis] = ((counts[row.basis]?.parts ?? 0) + 1, row.time)
            return true
        }
        for (basis, count) in counts.sorted(by: { $0.value.end < $1.value.end }) {
            spans.append(
                HistorySpan(end: count.end, recipe: basis.recipe, model: basis.model, parts: count.parts, running: 0))
        }
    }

    /// The `parts=` of a summary.
    static func parts(_ detail: String?) -> Int {
        let word = detail?.split(separator: " ").first { $0.hasPrefix("parts=") }
        return max(0, word.flatMap { Int($0.dropFirst(6)) } ?? 0)
    }
}
