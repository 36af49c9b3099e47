// SPDX-License-Identifier: Apache-2.0

import GRDB
import Line

/// Whether a history of parts is what was recorded: every block hashed again, and held against what the journal was told.
public struct PartVerification: Sendable {
    /// Name of the history.
    public let history: String
    /// Parts that were hashed.
    public let parts: Int
    /// First and last part; 0 when there is none.
    public let first: Int64, last: Int64
    /// Hash of the last block.
    public let head: String
    /// Places that the journal knows and that agree.
    public let anchors: Int
    /// What is wrong, in the order of the parts; empty when the history is sound.
    public let problems: [String]

    /// Verifies a history of parts; nothing is written.
    ///
    /// - Parameters:
    ///   - path: the database.
    ///   - anchors: what the journal was told, oldest first; nil when there is no journal to ask.
    ///   - accepted: names of other histories that were put away on purpose.
    ///   - progress: told how many parts of how many are done.
    /// - Throws: `RecordsError` when the database can't be read.
    public init(
        path: String, anchors: [HistoryAnchor]? = nil, accepted: Set<String> = [],
        progress: (@Sendable (Int, Int) -> Void)? = nil
    ) throws(RecordsError) {
        self = try HistoryReader(path: path).read { database in
            var check = try Check(database, path, anchors, accepted)
            return try check.run(progress)
        }
    }

    fileprivate init(
        history: String, parts: Int, first: Int64, last: Int64, head: String, anchors: Int, problems: [String]
    ) {
        (self.history, self.parts, self.first, self.last) = (history, parts, first, last)
        (self.head, self.anchors, self.problems) = (head, anchors, problems)
    }
}

/// The verification while it runs.
private struct Check {
    private let database: Database
    private let path: String
    private let name: String
    private let accepted: Set<String>
    private var journal: JournalAnchors
    private var problems: [String] = []
    /// Block that was said to have deleted up to the checkpoint.
    private var pruning: (block: Int64, said: String)?

    init(
        _ database: Database, _ path: String, _ anchors: [HistoryAnchor]?, _ accepted: Set<String>
    ) throws {
        (self.database, self.path) = (database, path)
        guard let name = try String.fetchOne(database, sql: "SELECT name FROM history") else {
            throw HistorySchema.damaged(path, "no name of the history")
        }
        self.name = name
        self.accepted = accepted
        journal = JournalAnchors(anchors, of: name)
    }

    mutating func run(_ progress: ((Int, Int) -> Void)?) throws -> PartVerification {
        let checkpoint = try Row.fetchOne(database, sql: "SELECT seq, hash FROM checkpoint")
            .map { (seq: $0["seq"] as Int64, hash: $0["hash"] as String) }
        var hash = checkpoint?.hash ?? HistoryChain.beginning(of: name)
        var last = checkpoint?.seq ?? 0
        let start = last
        let count = try Int.fetchOne(database, sql: "SELECT count(*) FROM parts") ?? 0
        var parts = 0
        let rows = try Row.fetchCursor(
            database, sql: "SELECT \(PartSchema.columns) ORDER BY parts.seq")
        let blocks = try Row.fetchCursor(database, sql: "SELECT last, hash, pruned FROM blocks ORDER BY last")
        var next = try rows.next()
        while let block = try blocks.next() {
            let (end, stored, pruned) = (block["last"] as Int64, block["hash"] as String, block["pruned"] as String?)
            var digest = PartHistory.BlockDigest(after: hash, pruned: pruned)
            var isWhole = true
            while let row = next, case let seq = row[0] as Int64, seq <= end {
                if seq != last + 1 {
                    problems.append(
                        seq == last + 2 ? "part \(last + 1) is missing" : "parts \(last + 1) to \(seq - 1) are missing")
                    isWhole = false
                }
                if let part = PartSchema.row(row) {
                    digest.add(part)
                } else {
                    problems.append("part \(seq) was changed")
                    isWhole = false
                }
                (last, parts) = (seq, parts + 1)
                if parts % 50_000 == 0 { progress?(parts, count) }
                next = try rows.next()
            }
            if last != end {
                problems.append("parts \(last + 1) to \(end) are missing")
                (last, isWhole) = (end, false)
            }
            if isWhole, digest.finish() != stored { problems.append("one of the parts up to \(end) was changed") }
            if let pruned { pruning = (end, pruned) }
            problems += journal.compare(end, stored, "the parts up to \(end)")
            hash = stored
        }
        if let row = next { problems.append("part \(row[0] as DatabaseValue) belongs to no block: it was added") }
        progress?(count, count)
        if let newest = journal.newest, newest > last {
            problems.append(
                "the end is missing: the journal knows parts up to \(newest), the history ends with \(last)")
        }
        checkBeginning(checkpoint)
        // Whoever writes the blocks anew would make them end elsewhere.
        problems += journal.unmet(after: start, to: last).map { "no block ends with part \($0), as the journal knows" }
        problems += journal.problems(without: accepted, "history of parts")
        // Texts are read up to a null character, and so is their hash.
        for (table, key, columns) in [
            ("parts", "seq", ["part", "verdict", "state"]), ("bases", "id", ["recipe", "model"]),
        ] {
            problems += try HistorySchema.hidden(columns, in: table, by: key, database)
                .map { "\(table) \($0) was changed: it has a text with a null character" }
        }
        return PartVerification(
            history: name, parts: parts, first: parts == 0 ? 0 : start + 1, last: last, head: hash,
            anchors: journal.agreeing,
            problems: problems)
    }

    /// Parts are only deleted by a block that says so, and the journal knows each such block.
    private mutating func checkBeginning(_ checkpoint: (seq: Int64, hash: String)?) {
        guard let checkpoint else { return }
        guard let pruning, pruning.said == "\(checkpoint.seq) \(checkpoint.hash)" else {
            problems.append("the parts up to \(checkpoint.seq) are gone, and no later one says that they were deleted")
            return
        }
        if journal.misses(pruning.block) {
            problems.append(
                "the parts up to \(checkpoint.seq) are gone, and the journal does not know that they were deleted")
        }
    }
}
