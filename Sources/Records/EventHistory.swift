// SPDX-License-Identifier: Apache-2.0

import GRDB
import Glibc
import Line
import Synchronization

/// Everything that happened to the line, and the latch, in one SQLite database (WAL, `synchronous=FULL`).
///
/// The latch lives in the same database as the events, not in a file of its own: one transaction writes both, so
/// whatever moment the power goes, the latch is the state after the last event of the history. With two files one of
/// them would be the older one, and somebody would have to decide which one to believe.
///
/// Any thread may call. An append returns when the event is on the disk (one `fsync` of the write-ahead log).
public final class EventHistory: Sendable {
    /// Path of the database.
    public let path: String
    private let pool: DatabasePool
    private let lastAnchor = Mutex<HistoryAnchor?>(nil)

    /// Opens the history, and creates or migrates it when needed; the folder must exist.
    ///
    /// - Parameter busyTimeout: seconds to wait for another process that holds the database.
    /// - Throws: `RecordsError`, with the path.
    public convenience init(path: String, busyTimeout: Double = 2) throws(RecordsError) {
        try self.init(path: path, busyTimeout: busyTimeout, maximumPages: nil)
    }

    /// As above, with a limit on the size so that a test can fill the disk.
    package init(path: String, busyTimeout: Double, maximumPages: Int?) throws(RecordsError) {
        self.path = path
        pool = try HistoryDatabase.open(
            path, HistorySchema.migrator, busyTimeout: busyTimeout, readers: 2, maximumPages: maximumPages)
        // A history that is only readable must be found out now, not at the first stop. BEGIN IMMEDIATE would not do: on a
        // read-only file SQLite quietly begins a reading transaction.
        try Self.mapErrors(path) { [pool] in try pool.write { try $0.execute(sql: "DELETE FROM latch WHERE id = 0") } }
    }

    /// Records an event and the latch after it, in one transaction; returns when both are on the disk.
    ///
    /// - Returns: the event as every later reader will see it: SQLite has no −0, so a score of −0 is 0.
    /// - Throws: `RecordsError`; then neither is recorded and no seq is used up.
    public func append(_ event: LineEvent, latch: Latch) throws(RecordsError) -> RecordedEvent {
        var event = event
        event.score = event.score.map { $0 + 0 }
        event.threshold = event.threshold.map { $0 + 0 }
        Self.withoutNulls(&event)
        let (recorded, anchor) = try Self.mapErrors(path) { [event] in
            try pool.write { try Self.insert(event, latch, $0, path) }
        }
        // Not before it is on the disk.
        lastAnchor.withLock { $0 = anchor }
        return recorded
    }

    private static func insert(
        _ event: LineEvent, _ latch: Latch, _ database: Database, _ path: String
    ) throws -> (RecordedEvent, HistoryAnchor) {
        let before = try head(database, path)
        try database.cachedStatement(sql: HistorySchema.insertEvent).execute(arguments: HistorySchema.arguments(event))
        let seq = database.lastInsertedRowID
        try database.cachedStatement(sql: HistorySchema.replaceLatch)
            .execute(arguments: HistorySchema.arguments(latch, seq))
        let recorded = RecordedEvent(seq: seq, event: event)
        let hash = HistoryChain.hash(after: before.hash, recorded)
        try database.cachedStatement(sql: "UPDATE events SET hash = ? WHERE seq = ?").execute(arguments: [hash, seq])
        return (recorded, HistoryAnchor(history: before.history, seq: seq, hash: hash))
    }

    /// Deletes the oldest events beyond those that are kept, at most so many, and records that it did.
    ///
    /// What is left still proves itself: the hash of the last event that is gone stays as a checkpoint, and is in the event that
    /// says so, which the journal gets as well.
    /// - Parameters:
    ///   - keep: events to keep; a tenth more may gather.
    ///   - time: nanoseconds since 1970, now.
    /// - Returns: the event that says so; nil when there was nothing to delete.
    /// - Throws: `RecordsError`; then nothing is deleted.
    public func prune(keep: Int64, at time: UInt64, most: Int64 = 5_000) throws(RecordsError) -> RecordedEvent? {
        let done: (RecordedEvent, HistoryAnchor)? = try Self.mapErrors(path) {
            try pool.write { database in
                let last = try Self.head(database, path).seq
                guard last > keep, last - keep > keep / 10,
                    let first = try Int64.fetchOne(database, sql: "SELECT min(seq) FROM events"),
                    last - first >= keep + keep / 10,
                    case let end = min(last - keep, first + most - 1),
                    let hash = try String.fetchOne(
                        database, sql: "SELECT hash FROM events WHERE seq = ?", arguments: [end]),
                    let row = try Row.fetchOne(database, sql: "SELECT * FROM latch"),
                    case let state = try row.decode(forColumn: "state") as String
                else { return nil }
                let latch = try HistorySchema.latch(row, last: (last, state), path)
                try database.execute(sql: "DELETE FROM events WHERE seq <= ?", arguments: [end])
                try database.execute(
                    sql: "INSERT OR REPLACE INTO checkpoint (id, seq, hash) VALUES (1, ?, ?)", arguments: [end, hash])
                let event = LineEvent(
                    kind: .historyPruned, time: time, state: latch.state,
                    detail: HistoryChain.pruning(end, hash))
                return try Self.insert(event, latch, database, path)
            }
        }
        guard let (recorded, anchor) = done else { return nil }
        lastAnchor.withLock { $0 = anchor }
        return recorded
    }

    /// The last event's place in the chain; nil before the first append.
    public var anchor: HistoryAnchor? { lastAnchor.withLock(\.self) }

    /// Hash of the last event, or of what stands before the first one.
    private static func head(_ database: Database, _ path: String) throws -> HistoryAnchor {
        guard
            let name = try String.fetchOne(database.cachedStatement(sql: "SELECT name FROM history"))
        else { throw HistorySchema.damaged(path, "no name of the history") }
        let last = try Row.fetchOne(
            database.cachedStatement(sql: "SELECT seq, hash FROM events ORDER BY seq DESC LIMIT 1"))
        guard let last else {
            return HistoryAnchor(history: name, seq: 0, hash: HistoryChain.beginning(of: name))
        }
        guard let hash: String = try last.decode(forColumn: "hash") else {
            throw HistorySchema.damaged(path, "event \(last["seq"] as Int64) without a hash")
        }
        return HistoryAnchor(history: name, seq: last["seq"], hash: hash)
    }

    private static func withoutNulls(_ event: inout LineEvent) {
        for text: WritableKeyPath<LineEvent, String?> in [\.recipe, \.part, \.model, \.user, \.detail] {
            event[keyPath: text] = HistorySchema.withoutNulls(event[keyPath: text])
        }
    }

    /// Events after a seq, oldest first.
    ///
    /// - Parameters:
    ///   - since: the last seq that is known already; 0 for all.
    ///   - limit: the most to return; ask again with the last seq for the next ones.
    public func events(since: Int64, limit: Int) throws(RecordsError) -> [RecordedEvent] {
        try Self.mapErrors(path) {
            try pool.read { database in
                let rows = try Row.fetchCursor(
                    database.cachedStatement(sql: "SELECT * FROM events WHERE seq > ? ORDER BY seq LIMIT ?"),
                    arguments: [since, max(0, limit)])
                var events: [RecordedEvent] = []
                while let row = try rows.next() { events.append(try HistorySchema.event(row, path)) }
                return events
            }
        }
    }

    /// The last event; `nil` when there is none.
    public func latest() throws(RecordsError) -> RecordedEvent? {
        try Self.mapErrors(path) {
            try pool.read { database in
                try Row.fetchOne(database, sql: "SELECT * FROM events ORDER BY seq DESC LIMIT 1")
                    .map { try HistorySchema.event($0, path) }
            }
        }
    }

    /// The latch after the last event; `nil` when nothing was ever recorded.
    ///
    /// - Throws: `.corrupt` when it doesn't belong to the last event; boot with `Latch.unreadable` then.
    public func latch() throws(RecordsError) -> Latch? {
        try Self.mapErrors(path) {
            try pool.read { database in
                let last = try Row.fetchOne(database, sql: "SELECT seq, state FROM events ORDER BY seq DESC LIMIT 1")
                    .map { (seq: $0["seq"] as Int64, state: try $0.decode(forColumn: "state") as String) }
                let row = try Row.fetchOne(database, sql: "SELECT * FROM latch")
                guard let row else {
                    if let last { throw HistorySchema.damaged(path, "event \(last.seq) without a latch") }
                    return nil
                }
                return try HistorySchema.latch(row, last: last, path)
            }
        }
    }

    /// Closes the database and folds the write-ahead log into it; nothing may be called afterwards.
    public func close() throws(RecordsError) {
        try HistoryDatabase.close(pool, path)
    }

    /// Any statement, so that a test can do damage.
    package func change(_ statement: String) throws(RecordsError) {
        try Self.mapErrors(path) { try pool.write { try $0.execute(sql: statement) } }
    }

    /// A setting of the writing connection, for tests.
    package func pragma(_ name: String) throws(RecordsError) -> String? {
        try Self.mapErrors(path) {
            try pool.writeWithoutTransaction { try String.fetchOne($0, sql: "PRAGMA \(name)") }
        }
    }

    static func mapErrors<Value>(_ path: String, _ body: () throws -> Value) throws(RecordsError) -> Value {
        do {
            return try body()
        } catch let error as RecordsError {
            throw error
        } catch let error as DatabaseError {
            throw RecordsError(path, error)
        } catch {
            throw RecordsError(
                code: .other, thing: path, expected: "a working database", found: "\(error)", hint: "report it")
        }
    }
}

extension RecordsError {
    /// What SQLite's result codes mean for the person in front of it.
    init(_ path: String, _ error: DatabaseError) {
        let (code, expected, hint): (Code, String, String) =
            switch error.resultCode {
            case .SQLITE_CANTOPEN:
                (.cannotOpen, "a file in a folder that exists and can be written", "create the folder, check its owner")
            case .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_AUTH:
                (.readOnly, "a file and a folder that can be written", "check owner, mode and mount")
            case .SQLITE_NOTADB, .SQLITE_CORRUPT:
                (.corrupt, "an intact SQLite database", "keep a copy, then move it away and restart")
            case .SQLITE_FULL:
                (.full, "free space", "free some space on the disk")
            case .SQLITE_BUSY, .SQLITE_LOCKED:
                (.locked, "to be the only writer", "end the other process")
            case .SQLITE_IOERR:
                (.io, "a disk that works", "check the disk, its space and the kernel's messages")
            default:
                (.other, "a working database", "report it")
            }
        self.init(
            code: code, thing: path, expected: expected,
            found: "\(error.message ?? "an error") [\(error.extendedResultCode.rawValue)]", hint: hint)
    }
}
