// SPDX-License-Identifier: Apache-2.0

import Testing

/// What a subscriber gets over all lives of a daemon, and how it compares with the history afterwards.
final class EventLedger {
    /// What is known of an event on both sides.
    struct Entry: Equatable {
        let event: String
        let state: String
        let part: String?
    }

    private(set) var entries: [Int: Entry] = [:]
    /// Events that came twice, or that the history has twice.
    private(set) var doubled = 0
    /// Events that the history or the subscriber lacks, or has otherwise.
    private(set) var lost = 0
    private var reader: LineSocket?

    var last: Int { entries.keys.max() ?? 0 }

    /// Subscribes to a daemon that has just started, after the last event that is known.
    func attach(to line: LineUnderTest) throws {
        reader = try LineSocket(line.events)
        reader?.send("{\"since\":\(last)}\n")
    }

    /// Takes what has come.
    func collect(seconds: Double = 0.003) {
        while let text = reader?.line(seconds: seconds) { take(text) }
    }

    /// Takes everything up to the end of a connection whose daemon has gone.
    func drain() {
        collect(seconds: 5)
        reader = nil
    }

    /// Waits for an event; asks again when the connection was cut.
    func catchUp(to seq: Int, of line: LineUnderTest) throws -> Bool {
        try Patience.until {
            if reader == nil || reader?.hasEnded == true { try attach(to: line) }
            collect(seconds: 0.02)
            return last >= seq
        }
    }

    /// Compares with the history of a daemon that has ended; events after `seq` need not have come.
    func compare(with table: HistoryTable, upTo seq: Int) {
        let numbers = table.rows.map(\.seq)
        let kept = Set(numbers)
        doubled += numbers.count - kept.count
        lost += (numbers.max() ?? 0) - kept.count
        for row in table.rows {
            let entry = Entry(event: row.event, state: row.state, part: row.part)
            if let known = entries[row.seq] { lost += known == entry ? 0 : 1 } else { lost += row.seq <= seq ? 1 : 0 }
        }
        lost += entries.keys.filter { !kept.contains($0) }.count
    }

    private func take(_ text: String) {
        // An answer to a question is no event.
        guard let event = JSON(parsing: text), let seq = event["seq"]?.int, let kind = event["event"]?.text else {
            return
        }
        if entries[seq] != nil { doubled += 1 }
        entries[seq] = Entry(event: kind, state: event["state"]?.text ?? "", part: event["part"]?.text)
    }
}
