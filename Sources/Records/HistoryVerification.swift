// SPDX-License-Identifier: Apache-2.0

import GRDB
import Line

/// Whether a history is what was recorded: every event hashed again, and held against what the journal was told.
///
/// An edit, a deletion or an exchange breaks the chain. Whoever cuts the end off, or writes a whole new chain, leaves a chain
/// that is sound in itself; only the hashes in the journal find that.
public struct HistoryVerification: Sendable {
    /// Name of the history.
    public let history: String
    /// Events that were hashed.
    public let events: Int
    /// First and last event; 0 when there is none.
    public let first: Int64, last: Int64
    /// Events up to this one were removed on purpose; 0 is none.
    public let prunedTo: Int64
    /// Hash of the last event.
    public let head: String
    /// Places that the journal knows and that agree.
    public let anchors: Int
    /// Events of other histories that the journal knows.
    public let strangers: Int
    /// What is wrong, in the order of the events; empty when the history is sound.
    public let problems: [String]

    /// Verifies a history; nothing is written.
    ///
    /// - Parameters:
    ///   - path: the database.
    ///   - anchors: what the journal was told, oldest first; nil when there is no journal to ask.
    ///   - progress: told how many events of how many are done.
    /// - Throws: `RecordsError` when the database can't be read.
    public init(
        path: String, anchors: [HistoryAnchor]? = nil, progress: (@Sendable (Int, Int) -> Void)? = nil
    ) throws(RecordsError) {
        self = try EventHistory.mapErrors(path) {
            var configuration = Configuration()
            configuration.readonly = true
            return try DatabaseQueue(path: path, configuration: configuration).read { database in
                guard try database.tableExists("history") else {
                    throw HistorySchema.damaged(path, "a history without a chain, of an older version")
                }
                return try Self.verify(database, path, anchors, progress)
            }
        }
    }

    private static func verify(
        _ database: Database, _ path: String, _ anchors: [HistoryAnchor]?, _ progress: ((Int, Int) -> Void)?
    ) throws -> HistoryVerification {
        guard let begin = try Row.fetchOne(database, sql: "SELECT * FROM history") else {
            throw HistorySchema.damaged(path, "no name of the history")
        }
        let name: String = begin["name"]
        let prunedTo: Int64 = begin["pruned_seq"]
        var hash: String = begin["pruned_hash"]
        var problems: [String] = []
        if prunedTo == 0, hash != HistoryChain.beginning(of: name) { problems.append("the beginning was changed") }
        let mine = Dictionary(
            (anchors ?? []).filter { $0.history == name }.map { ($0.seq, $0.hash) }, uniquingKeysWith: { _, new in new }
        )
        if let known = mine[prunedTo], known != hash { problems.append("the mark of the pruned events was changed") }
        let count = try Int.fetchOne(database, sql: "SELECT count(*) FROM events") ?? 0
        var (events, agreeing) = (0, 0)
        var (first, last) = (Int64(0), prunedTo)
        // A break is told once; what follows is held against the hash that stands there.
        let rows = try Row.fetchCursor(database, sql: "SELECT * FROM events ORDER BY seq")
        while let row = try rows.next() {
            let seq: Int64 = row["seq"]
            if seq != last + 1 {
                problems.append(
                    seq == last + 2 ? "event \(last + 1) is missing" : "events \(last + 1) to \(seq - 1) are missing")
            }
            let stored: String? = row["hash"]
            let expected = (try? HistorySchema.event(row, path)).map { HistoryChain.hash(after: hash, $0) }
            if expected == nil || expected != stored, seq == last + 1 { problems.append("event \(seq) was changed") }
            if let known = mine[seq] {
                if known == stored {
                    agreeing += 1
                } else {
                    problems.append("event \(seq) is not what the journal knows")
                }
            }
            hash = stored ?? ""
            if first == 0 { first = seq }
            last = seq
            events += 1
            if events % 10_000 == 0 { progress?(events, count) }
        }
        progress?(events, count)
        problems += try end(database, last, path)
        if let newest = mine.keys.max(), newest > last {
            problems.append(
                "the end is missing: the journal knows events up to \(newest), the history ends with \(last)")
        }
        if let known = anchors?.last, known.history != name {
            problems.append(
                "the journal's last event, number \(known.seq), belongs to another history, \(known.history)")
        }
        return HistoryVerification(
            history: name, events: events, first: first, last: last, prunedTo: prunedTo, head: hash, anchors: agreeing,
            strangers: (anchors ?? []).count { $0.history != name }, problems: problems)
    }

    /// The latch belongs to the last event, and no number was used beyond it.
    private static func end(_ database: Database, _ last: Int64, _ path: String) throws -> [String] {
        var problems: [String] = []
        let used = try Int64.fetchOne(database, sql: "SELECT seq FROM sqlite_sequence WHERE name = 'events'") ?? 0
        if used > last {
            problems.append("the end is missing: events up to \(used) were recorded, the last is \(last)")
        }
        if used < last { problems.append("the count of events was changed: \(used), the last event is \(last)") }
        let latch = try Int64.fetchOne(database, sql: "SELECT seq FROM latch")
        if last > 0, latch != last {
            problems.append("the latch is that of event \(latch.map(String.init) ?? "none"), the last event is \(last)")
        }
        return problems
    }

    private init(
        history: String, events: Int, first: Int64, last: Int64, prunedTo: Int64, head: String, anchors: Int,
        strangers: Int, problems: [String]
    ) {
        self.history = history
        self.events = events
        (self.first, self.last) = (first, last)
        self.prunedTo = prunedTo
        self.head = head
        self.anchors = anchors
        self.strangers = strangers
        self.problems = problems
    }
}
