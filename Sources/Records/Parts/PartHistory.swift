// SPDX-License-Identifier: Apache-2.0

import Digests
import GRDB
import Line

/// Every part that was judged, in a SQLite database of its own (WAL, `synchronous=FULL`).
///
/// Not in the database of the events: SQLite has one writer at a time, and a stop must never wait for a block of parts. Parts are
/// recorded in blocks, each of which is hashed with the hash before it:
/// `hash = SHA-256(hash before ‖ ["\n" ‖ "pruned N H"] ‖ "\n" ‖ line ‖ "\n" ‖ line …)`, the lines as `PartLine` writes them.
/// Old blocks are deleted when there are too many parts; a block that does so says up to which part (N) and its hash (H).
///
/// Any thread may call; one at a time writes.
public final class PartHistory: Sendable {
    /// Path of the database.
    public let path: String
    private let pool: DatabasePool
    private let keep: Int64

    /// Opens the history, and creates it when needed; the folder must exist.
    ///
    /// - Parameter keep: parts to keep, at least 1; older ones are deleted.
    /// - Throws: `RecordsError`, with the path.
    public convenience init(path: String, keep: Int64 = .max) throws(RecordsError) {
        try self.init(path: path, keep: keep, synchronous: "FULL")
    }

    /// As above; a benchmark that fills a database need not wait for the disk.
    package init(path: String, keep: Int64, synchronous: String) throws(RecordsError) {
        self.path = path
        self.keep = max(1, keep)
        pool = try HistoryDatabase.open(path, PartSchema.migrator, readers: 1, synchronous: synchronous)
    }

    /// Records parts as one block; returns when it is on the disk.
    ///
    /// - Parameter rows: in their order; their `seq` is given here. At least one.
    /// - Returns: the place of the last one, and whether old parts went on the way: then the place has to be told to the journal.
    /// - Throws: `RecordsError`; then none is recorded.
    public func append(_ rows: [PartRow]) throws(RecordsError) -> (anchor: HistoryAnchor, pruned: Bool) {
        try EventHistory.mapErrors(path) {
            try pool.write { database in
                let head = try Self.head(database, path)
                let pruned = try prune(database, head.seq + Int64(rows.count), most: 10 * rows.count + 10_000)
                var block = BlockDigest(after: head.hash, pruned: pruned)
                let insert = try database.cachedStatement(sql: PartSchema.insert)
                var seq = head.seq
                var basis: (of: PartRow.Basis, id: Int64)?
                for row in rows {
                    seq += 1
                    let row = Self.storable(row, seq)
                    if basis?.of != row.basis { basis = (row.basis, try Self.identifier(of: row.basis, database)) }
                    try insert.execute(arguments: PartSchema.arguments(row, basis: basis?.id ?? 0))
                    block.add(row)
                }
                let hash = block.finish()
                try database.cachedStatement(sql: "INSERT INTO blocks (last, hash, pruned) VALUES (?, ?, ?)")
                    .execute(arguments: [seq, hash, pruned])
                return (HistoryAnchor(history: head.history, seq: seq, hash: hash), pruned != nil)
            }
        }
    }

    /// The block by which old parts were deleted last; nil when none were.
    public func lastPruning() throws(RecordsError) -> HistoryAnchor? {
        try EventHistory.mapErrors(path) {
            try pool.read { database in
                let sql = "SELECT last, hash FROM blocks WHERE pruned IS NOT NULL ORDER BY last DESC LIMIT 1"
                guard let row = try Row.fetchOne(database, sql: sql) else { return nil }
                return HistoryAnchor(
                    history: try Self.head(database, path).history, seq: row["last"], hash: row["hash"])
            }
        }
    }

    /// Closes the database and folds the write-ahead log into it; nothing may be called afterwards.
    public func close() throws(RecordsError) {
        try HistoryDatabase.close(pool, path)
    }

    /// Any statement, so that a test can do damage.
    package func change(_ statement: String) throws(RecordsError) {
        try EventHistory.mapErrors(path) { try pool.write { try $0.execute(sql: statement) } }
    }

    /// The hash of a block, line by line.
    struct BlockDigest {
        private var digest = Digest()

        init(after before: String, pruned: String?) {
            digest.update(Array(before.utf8))
            if let pruned { digest.update(Array("\npruned \(pruned)".utf8)) }
        }

        mutating func add(_ row: PartRow) { digest.update(Array("\n\(PartLine.json(row))".utf8)) }

        mutating func finish() -> String { digest.finish() }
    }

    /// The last part's place; the newest block never goes, so without one there was no part.
    static func head(_ database: Database, _ path: String) throws -> HistoryAnchor {
        guard let name = try String.fetchOne(database.cachedStatement(sql: "SELECT name FROM history")) else {
            throw HistorySchema.damaged(path, "no name of the history")
        }
        let sql = "SELECT last AS seq, hash FROM blocks ORDER BY last DESC LIMIT 1"
        guard let row = try Row.fetchOne(database.cachedStatement(sql: sql)) else {
            return HistoryAnchor(history: name, seq: 0, hash: HistoryChain.beginning(of: name))
        }
        return HistoryAnchor(history: name, seq: row["seq"], hash: row["hash"])
    }

    /// Deletes the oldest blocks beyond what is kept; never many at a time, so that nothing waits long.
    ///
    /// - Returns: `N H` of the last one that is gone, for the block that is being written; nil when nothing went.
    private func prune(_ database: Database, _ newest: Int64, most: Int) throws -> String? {
        // A tenth more may gather: each time leaves a trace in the journal.
        let first = try Int64.fetchOne(database.cachedStatement(sql: "SELECT min(seq) FROM parts")) ?? 1
        guard newest - first - keep >= min(keep / 10, 50_000) else { return nil }
        let bound = min(newest - keep, first + Int64(most))
        let sql = "SELECT last, hash FROM blocks WHERE last <= ? ORDER BY last DESC LIMIT 1"
        let gone = try Row.fetchOne(database.cachedStatement(sql: sql), arguments: [bound])
        guard let gone, case let (last, hash) = (gone["last"] as Int64, gone["hash"] as String), last >= first else {
            return nil
        }
        try database.execute(sql: "DELETE FROM parts WHERE seq <= ?", arguments: [last])
        // The chain goes on from the block that is being written.
        try database.execute(sql: "DELETE FROM blocks WHERE last <= ?", arguments: [last])
        try database.execute(
            sql: "INSERT OR REPLACE INTO checkpoint (id, seq, hash) VALUES (1, ?, ?)", arguments: [last, hash])
        return "\(last) \(hash)"
    }

    /// What a reader will see: no −0, no null characters, no number beyond SQLite's.
    private static func storable(_ row: PartRow, _ seq: Int64) -> PartRow {
        var row = row
        row.seq = seq
        row.time = min(row.time, UInt64(Int64.max))
        row.score = row.score.map { $0 + 0 }
        row.milliseconds = row.milliseconds.map { $0 + 0 }
        row.basis.threshold = row.basis.threshold.map { $0 + 0 }
        row.basis.warn = row.basis.warn.map { $0 + 0 }
        row.part = HistorySchema.withoutNulls(row.part)
        row.basis.recipe = HistorySchema.withoutNulls(row.basis.recipe)
        row.basis.model = HistorySchema.withoutNulls(row.basis.model)
        return row
    }

    private static func identifier(of basis: PartRow.Basis, _ database: Database) throws -> Int64 {
        let values: [(any DatabaseValueConvertible)?] = [
            basis.recipe, basis.model, HistorySchema.value(basis.threshold), HistorySchema.value(basis.warn),
        ]
        let found = try Int64.fetchOne(
            database.cachedStatement(
                sql: "SELECT id FROM bases WHERE recipe IS ? AND model IS ? AND threshold IS ? AND warn IS ?"),
            arguments: StatementArguments(values))
        if let found { return found }
        try database.execute(
            sql: "INSERT INTO bases (recipe, model, threshold, warn) VALUES (?, ?, ?, ?)",
            arguments: StatementArguments(values))
        return database.lastInsertedRowID
    }
}
