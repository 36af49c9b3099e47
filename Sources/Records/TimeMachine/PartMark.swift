// SPDX-License-Identifier: Apache-2.0

import Line

/// What was noted of a part above the stop threshold as it was judged: every one has such an event, with its name and its score.
struct PartMark: Sendable {
    /// What identifies a part in events and rows: names may come again, a name with the same score seldom does.
    struct Key: Hashable, Sendable {
        let part: String
        let bits: UInt32

        init?(part: String?, score: Float?) {
            guard let part, let score else { return nil }
            // SQLite has no −0.
            (self.part, bits) = (part, (score + 0).bitPattern)
        }

        init?(_ event: LineEvent) { self.init(part: event.part, score: event.score) }
    }

    let seq: Int64
    let time: UInt64
    let kind: LineEvent.Kind

    init?(_ recorded: RecordedEvent) {
        switch recorded.event.kind {
        case .stop, .stopPending, .defectWhileNotRunning, .defectWhileBypassed: break
        default: return nil
        }
        (seq, time, kind) = (recorded.seq, recorded.event.time, recorded.event.kind)
    }

    /// Whether the part was judged while the line ran.
    var isInspected: Bool { kind == .stop || kind == .stopPending }
}

extension StopHistory {
    /// The event of a row: of the events with its part and its score the last one before the row was written; nil when there is none.
    func mark(of row: PartRow) -> PartMark? {
        PartMark.Key(part: row.part, score: row.score).flatMap { marks[$0] }?.last { $0.time <= row.time }
    }

    /// The stop that a part led to: at once, or further on, when it was where people could take it.
    func stop(of row: PartRow, _ mark: PartMark) -> RecordedStop? {
        let place = stops.partition { $0.seq >= mark.seq }
        if mark.kind == .stop { return place < stops.count && stops[place].seq == mark.seq ? stops[place] : nil }
        return stops[place...].first { $0.part == row.part && $0.score == row.score }
    }
}

extension [RecordedStop] {
    /// The first place from which on a condition holds, which once it holds goes on to hold.
    func partition(where holds: (RecordedStop) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if holds(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
