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
    /// Hash of the last event.
    public let head: String
    /// Places that the journal knows and that agree.
    public let anchors: Int
    /// Other histories that the journal knows, whether or not they were accepted.
    public let strangers: [String]
    /// What is wrong, in the order of the events; empty when the history is sound.
    public let problems: [String]

    /// Verifies a history; nothing is written.
    ///
    /// - Parameters:
    ///   - path: the database.
    ///   - anchors: what the journal was told, oldest first; nil when there is no journal to ask.
    ///   - accepted: names of other histories that were put away on purpose.
    ///   - progress: told how many events of how many are done.
    /// - Throws: `RecordsError` when the database can't be read.
    public init(
        path: String, anchors: [HistoryAnchor]? = nil, accepted: Set<String> = [],
        progress: (@Sendable (Int, Int) -> Void)? = nil
    ) throws(RecordsError) {
        self = try HistoryReader(path: path).read { database in
            guard try database.tableExists("history") else {
                throw HistorySchema.damaged(path, "a history without a chain, of an older version")
            }
            return try Self.verify(database, path, anchors, accepted, progress)
        }
    }

    private static func verify(
        _ database: Database, _ path: String, _ anchors: [HistoryAnchor]?, _ accepted: Set<String>,
        _ progress: ((Int, Int) -> Void)?
    ) throws -> HistoryVerification {
        guard let name = try String.fetchOne(database, sql: "SELECT name FROM history") else {
            throw HistorySchema.damaged(path, "no name of the history")
        }
        let checkpoint =
            try database.tableExists("checkpoint")
            ? Row.fetchOne(database, sql: "SELECT seq, hash FROM checkpoint")
                .map { HistoryAnchor(history: name, seq: $0["seq"], hash: $0["hash"]) } : nil
        var hash = checkpoint?.hash ?? HistoryChain.beginning(of: name)
        var problems: [String] = []
        var pruning: RecordedEvent?
        var journal = JournalAnchors(anchors, of: name)
        let count = try Int.fetchOne(database, sql: "SELECT count(*) FROM events") ?? 0
        var events = 0
        var (first, last) = (Int64(0), checkpoint?.seq ?? 0)
        // A break is told once; what follows is held against the hash that stands there.
        let rows = try Row.fetchCursor(database, sql: "SELECT * FROM events ORDER BY seq")
        while let row = try rows.next() {
            let seq: Int64 = row["seq"]
            if seq != last + 1 {
                problems.append(
                    seq == last + 2 ? "event \(last + 1) is missing" : "events \(last + 1) to \(seq - 1) are missing")
            }
            let stored: String? = row["hash"]
            let recorded = (try? HistorySchema.event(row, path)).flatMap {
                HistorySchema.isExact(row, $0.event) ? $0 : nil
            }
            let expected = recorded.map { HistoryChain.hash(after: hash, $0) }
            if recorded == nil || expected != stored && seq == last + 1 { problems.append("event \(seq) was changed") }
            if let recorded, recorded.event.kind == .historyPruned { pruning = recorded }
            problems += journal.compare(seq, stored, "event \(seq)")
            hash = stored ?? ""
            if first == 0 { first = seq }
            last = seq
            events += 1
            if events % 10_000 == 0 { progress?(events, count) }
        }
        progress?(events, count)
        if let checkpoint { problems += beginning(checkpoint, pruning, journal) }
        problems += try end(database, last, path)
        if let newest = journal.newest, newest > last {
            problems.append(
                "the end is missing: the journal knows events up to \(newest), the history ends with \(last)")
        }
        problems += journal.problems(without: accepted, "history")
        problems += try hiddenTexts(database)
        return HistoryVerification(
            history: name, events: events, first: first, last: last, head: hash, anchors: journal.agreeing,
            strangers: journal.strangers, problems: problems)
    }

    /// Events are only deleted by one that says so, and the journal knows each such event.
    private static func beginning(
        _ checkpoint: HistoryAnchor, _ pruning: RecordedEvent?, _ journal: JournalAnchors
    ) -> [String] {
        guard let pruning, pruning.event.detail == HistoryChain.pruning(checkpoint.seq, checkpoint.hash) else {
            return ["the events up to \(checkpoint.seq) are gone, and no later one says that they were deleted"]
        }
        if journal.misses(pruning.seq) {
            return ["the events up to \(checkpoint.seq) are gone, and the journal does not know that they were deleted"]
        }
        return []
    }

    /// The latch belongs to the last event, and no number was used beyond it.
    private static func end(_ database: Database, _ last: Int64, _ path: String) throws -> [String] {
        var problems: [String] = []
        let used = try Int64.fetchOne(database, sql: "SELECT seq FROM sqlite_sequence WHERE name = 'events'") ?? 0
        if used > last {
            problems.append("the end is missing: events up to \(used) were recorded, the last is \(last)")
        }
        if used < last { problems.append("the count of events was changed: \(used), the last event is \(last)") }
        let row = try Row.fetchOne(database, sql: "SELECT * FROM latch")
        let state = try String.fetchOne(database, sql: "SELECT state FROM events WHERE seq = ?", arguments: [last])
        guard let state else { return problems }
        do {
            guard let row else { throw HistorySchema.damaged(path, "no latch") }
            _ = try HistorySchema.latch(row, last: (last, state), path)
        } catch let error as RecordsError { problems.append("the latch was changed: \(error.found)") }
        return problems
    }

    /// Texts that go on after a null character: they are read up to it, and so is their hash.
    private static func hiddenTexts(_ database: Database) throws -> [String] {
        let columns = ["event", "state", "recipe", "part", "model", "user", "detail", "state_from", "verdict"]
        return try HistorySchema.hidden(columns, in: "events", by: "seq", database)
            .map { "event \($0) was changed: it has a text with a null character" }
    }

    private init(
        history: String, events: Int, first: Int64, last: Int64, head: String, anchors: Int, strangers: [String],
        problems: [String]
    ) {
        self.history = history
        self.events = events
        (self.first, self.last) = (first, last)
        self.head = head
        self.anchors = anchors
        self.strangers = strangers
        self.problems = problems
    }
}
