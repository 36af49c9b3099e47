// SPDX-License-Identifier: Apache-2.0

import GRDB

/// A history that is only read, whether or not the daemon writes it meanwhile.
public struct HistoryReader: Sendable {
    private let path: String
    private let queue: DatabaseQueue

    /// Opens a database of events or of parts.
    ///
    /// - Throws: `RecordsError` when it can't be read.
    public init(path: String) throws(RecordsError) {
        self.path = path
        queue = try EventHistory.mapErrors(path) {
            var configuration = Configuration()
            configuration.readonly = true
            return try DatabaseQueue(path: path, configuration: configuration)
        }
    }

    /// Whether a daemon that made it ended before there was anything in it.
    public func isBlank() throws(RecordsError) -> Bool {
        try read { try !$0.tableExists("history") && !$0.tableExists("events") }
    }

    /// One event and its hash; nil when there is no such event.
    public func event(_ seq: Int64) throws(RecordsError) -> (recorded: RecordedEvent, hash: String?)? {
        try read { database in
            try Row.fetchOne(database, sql: "SELECT * FROM events WHERE seq = ?", arguments: [seq])
                .map { (try HistorySchema.event($0, path), $0["hash"]) }
        }
    }

    /// The place of the event by which old events were deleted last; nil when none were.
    public func lastPruning() throws(RecordsError) -> HistoryAnchor? {
        try read { database in
            guard let name = try String.fetchOne(database, sql: "SELECT name FROM history"),
                try Row.fetchOne(database, sql: "SELECT 1 FROM checkpoint") != nil
            else { return nil }
            let sql = "SELECT seq, hash FROM events WHERE event = 'history_pruned' ORDER BY seq DESC LIMIT 1"
            return try Row.fetchOne(database, sql: sql)
                .map { HistoryAnchor(history: name, seq: $0["seq"], hash: $0["hash"]) }
        }
    }

    /// Whether an event was deleted because there were more than are kept.
    public func isPruned(_ seq: Int64) throws(RecordsError) -> Bool {
        try read { database in
            guard try database.tableExists("checkpoint") else { return false }
            return try Int64.fetchOne(database, sql: "SELECT seq FROM checkpoint").map { seq <= $0 } ?? false
        }
    }

    /// All events, oldest first, in pages; false ends it.
    public func events(page: Int = 5_000, _ body: (RecordedEvent) throws -> Bool) throws {
        guard try !isBlank() else { return }
        var last: Int64 = 0
        while true {
            let events: [RecordedEvent] = try read { [last] database in
                try Row.fetchAll(
                    database, sql: "SELECT * FROM events WHERE seq > ? ORDER BY seq LIMIT ?", arguments: [last, page]
                ).map { try HistorySchema.event($0, path) }
            }
            for event in events where try !body(event) { return }
            guard events.count == page, let end = events.last else { return }
            last = end.seq
        }
    }

    /// Anything that is read.
    func read<Value>(_ body: (Database) throws -> Value) throws(RecordsError) -> Value {
        try EventHistory.mapErrors(path) { try queue.read(body) }
    }
}
