// SPDX-License-Identifier: Apache-2.0

import GRDB
import Line

/// Which parts somebody wants to see; what is nil doesn't matter.
public struct PartQuery: Sendable {
    /// From this moment on, nanoseconds since 1970, inclusive.
    public var since: UInt64?
    /// Before this moment.
    public var until: UInt64?
    /// The part's name, exactly.
    public var part: String?
    /// The line after the part.
    public var state: LineState?
    /// What was found.
    public var verdict: PartRow.Verdict?
    /// The recipe's name.
    public var recipe: String?

    /// All parts.
    public init() {}

    /// Hands matching parts over, oldest first; nothing is written.
    ///
    /// They are read in pages, each in a transaction of its own: who reads slowly keeps no log of the daemon's from being folded.
    ///
    /// - Parameters:
    ///   - path: the database.
    ///   - body: told each part; false ends it.
    /// - Throws: `RecordsError` when the database can't be read; whatever `body` throws.
    public func run(path: String, page: Int = 5_000, _ body: (PartRow) throws -> Bool) throws {
        let reader = try HistoryReader(path: path)
        guard try !reader.isBlank() else { return }
        var last: (time: Int64, seq: Int64)?
        while true {
            let (sql, arguments) = statement(after: last, page)
            let rows: [PartRow] = try reader.read { database in
                try Row.fetchAll(database, sql: sql, arguments: arguments).map { row in
                    guard let part = PartSchema.row(row) else {
                        throw HistorySchema.damaged(path, "part \(row[0] as DatabaseValue) was changed")
                    }
                    return part
                }
            }
            for row in rows where try !body(row) { return }
            guard rows.count == page, let end = rows.last else { return }
            last = (Int64(end.time), end.seq)
        }
    }

    /// By time where a time is asked for, so that its index gives the order, else by number.
    func statement(after last: (time: Int64, seq: Int64)?, _ page: Int) -> (String, StatementArguments) {
        var conditions: [String] = []
        var values: [(any DatabaseValueConvertible)?] = []
        func require(_ condition: String, _ value: (any DatabaseValueConvertible)?...) {
            conditions.append(condition)
            values += value
        }
        if let part { require("part = ?", part) }
        // Repeated as in the partial index: otherwise SQLite does not know that it may use it.
        if let verdict { require("verdict = ?" + (verdict == .good ? "" : " AND verdict != 'good'"), verdict.rawValue) }
        if let state { require("state = ?" + (state == .running ? "" : " AND state != 'running'"), state.rawValue) }
        if let recipe { require("basis IN (SELECT id FROM bases WHERE recipe = ?)", recipe) }
        if let since { require("time >= ?", Int64(clamping: since)) }
        if let until { require("time < ?", Int64(clamping: until)) }
        let isByTime = since != nil || until != nil
        if let last {
            if isByTime {
                require("time >= ? AND (time > ? OR parts.seq > ?)", last.time, last.time, last.seq)
            } else {
                require("parts.seq > ?", last.seq)
            }
        }
        let filter = conditions.isEmpty ? "" : " WHERE " + conditions.joined(separator: " AND ")
        let order = isByTime ? "time, parts.seq" : "parts.seq"
        return (
            "SELECT \(PartSchema.columns)\(filter) ORDER BY \(order) LIMIT \(page)", StatementArguments(values)
        )
    }
}
