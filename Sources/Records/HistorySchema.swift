// SPDX-License-Identifier: Apache-2.0

import GRDB
import Line

/// Tables, columns and how a row becomes an event: all that knows SQL types.
enum HistorySchema {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("v1") { database in
            // AUTOINCREMENT: a seq is never used twice, even when old events are deleted.
            try database.execute(
                sql: """
                    CREATE TABLE events (
                        seq INTEGER PRIMARY KEY AUTOINCREMENT,
                        time INTEGER NOT NULL,
                        event TEXT NOT NULL,
                        recipe TEXT,
                        part TEXT,
                        score REAL,
                        threshold REAL,
                        state TEXT NOT NULL,
                        state_from TEXT,
                        model TEXT,
                        user TEXT,
                        verdict TEXT,
                        detail TEXT
                    );
                    CREATE TABLE latch (
                        id INTEGER PRIMARY KEY CHECK (id = 1),
                        seq INTEGER NOT NULL,
                        state TEXT NOT NULL,
                        clean_end INTEGER NOT NULL,
                        reason TEXT,
                        part TEXT
                    );
                    """)
        }
        migrator.registerMigration("v2") { database in
            try database.execute(sql: "ALTER TABLE latch ADD COLUMN underneath TEXT")
        }
        migrator.registerMigration("v3") { database in
            try database.execute(
                sql: """
                    ALTER TABLE events ADD COLUMN hash TEXT;
                    CREATE TABLE history (
                        id INTEGER PRIMARY KEY CHECK (id = 1),
                        name TEXT NOT NULL
                    );
                    """)
            let name = HistoryChain.newName()
            var hash = HistoryChain.beginning(of: name)
            try database.execute(sql: "INSERT INTO history (id, name) VALUES (1, ?)", arguments: [name])
            // Events of a version without the chain are taken as they are found, one at a time: there may be many. One that
            // can't be read gets a hash that is not its own, and the verification names it.
            let update = try database.makeStatement(sql: "UPDATE events SET hash = ? WHERE seq = ?")
            for seq in try Int64.fetchAll(database, sql: "SELECT seq FROM events ORDER BY seq") {
                guard let row = try Row.fetchOne(database, sql: "SELECT * FROM events WHERE seq = ?", arguments: [seq])
                else { continue }
                hash =
                    (try? event(row, "history")).map { HistoryChain.hash(after: hash, $0) }
                    ?? HistoryChain.beginning(of: hash)
                try update.execute(arguments: [hash, seq])
            }
        }
        migrator.registerMigration("v4") { database in
            // Events up to here are gone.
            try database.execute(
                sql: """
                    CREATE TABLE checkpoint (
                        id INTEGER PRIMARY KEY CHECK (id = 1),
                        seq INTEGER NOT NULL,
                        hash TEXT NOT NULL
                    );
                    """)
        }
        return migrator
    }

    static let insertEvent = """
        INSERT INTO events
            (time, event, recipe, part, score, threshold, state, state_from, model, user, verdict, detail)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """

    static let replaceLatch = """
        INSERT OR REPLACE INTO latch (id, seq, state, clean_end, reason, part, underneath) VALUES (1, ?, ?, ?, ?, ?, ?)
        """

    static func arguments(_ event: LineEvent) -> StatementArguments {
        [
            Int64(clamping: event.time), event.kind.rawValue, event.recipe, event.part, value(event.score),
            value(event.threshold), event.state.rawValue, event.stateFrom?.rawValue, event.model, event.user,
            event.verdict?.rawValue, event.detail,
        ]
    }

    static func arguments(_ latch: Latch, _ seq: Int64) -> StatementArguments {
        [seq, latch.state.rawValue, latch.cleanEnd, latch.reason, latch.part, latch.underneath?.rawValue]
    }

    static func event(_ row: Row, _ path: String) throws -> RecordedEvent {
        let seq: Int64 = try row.decode(forColumn: "seq")
        let time: Int64 = try row.decode(forColumn: "time")
        guard let kind = LineEvent.Kind(rawValue: try row.decode(forColumn: "event")),
            let state = LineState(rawValue: try row.decode(forColumn: "state"))
        else { throw damaged(path, "an unknown event or state in event \(seq)") }
        let from: String? = try row.decode(forColumn: "state_from")
        let verdict: String? = try row.decode(forColumn: "verdict")
        return RecordedEvent(
            seq: seq,
            event: LineEvent(
                kind: kind, time: UInt64(clamping: time), recipe: try row.decode(forColumn: "recipe"),
                part: try row.decode(forColumn: "part"), score: try score(row["score"], seq, path),
                threshold: try score(row["threshold"], seq, path), state: state,
                stateFrom: from.flatMap(LineState.init), model: try row.decode(forColumn: "model"),
                user: try row.decode(forColumn: "user"), verdict: verdict.flatMap(AcknowledgeVerdict.init),
                detail: try row.decode(forColumn: "detail")))
    }

    /// Whether a row says nothing beyond the event that is read from it: otherwise it could be changed beside its hash.
    static func isExact(_ row: Row, _ event: LineEvent) -> Bool {
        func same(_ name: String, _ value: String?) -> Bool {
            switch (row[name] as DatabaseValue).storage {
            case .null: value == nil
            case .string(let text): text == value
            default: false
            }
        }
        func same(_ name: String, _ value: Float?) -> Bool {
            switch (row[name] as DatabaseValue).storage {
            case .null: value == nil
            case .double(let number): value.map { Double($0) == number } ?? false
            case .int64(let number): value.map { Double($0) == Double(number) } ?? false
            case .string(let text): value.map { EventLine.nonFinite($0) == text } ?? false
            case .blob: false
            }
        }
        return same("state_from", event.stateFrom?.rawValue) && same("verdict", event.verdict?.rawValue)
            && same("recipe", event.recipe) && same("part", event.part) && same("model", event.model)
            && same("user", event.user) && same("detail", event.detail) && same("score", event.score)
            && same("threshold", event.threshold)
    }

    /// - Parameter last: the last event's number and state, which the latch has to agree with.
    static func latch(_ row: Row, last: (seq: Int64, state: String)?, _ path: String) throws -> Latch {
        let seq: Int64 = try row.decode(forColumn: "seq")
        guard let state = LineState(rawValue: try row.decode(forColumn: "state")) else {
            throw damaged(path, "an unknown state in the latch")
        }
        guard seq == last?.seq, state.rawValue == last?.state else {
            let found = last.map { "\($0.seq), \($0.state)" } ?? "none"
            throw damaged(path, "the latch of event \(seq), \(state.rawValue); the last event is \(found)")
        }
        return Latch(
            state: state, cleanEnd: try row.decode(forColumn: "clean_end"), reason: try row.decode(forColumn: "reason"),
            part: try row.decode(forColumn: "part"),
            underneath: try (row.decode(forColumn: "underneath") as String?).flatMap(LineState.init))
    }

    static func damaged(_ path: String, _ found: String) -> RecordsError {
        RecordsError(
            code: .corrupt, thing: path, expected: "events and their latch", found: found,
            hint: "keep a copy and report it")
    }

    /// Keys of rows with a text that goes on after a null character.
    static func hidden(
        _ columns: [String], in table: String, by key: String, _ database: Database
    ) throws -> [Int64] {
        let hidden = columns.map { "instr(CAST(\($0) AS BLOB), x'00') > 0" }.joined(separator: " OR ")
        return try Int64.fetchAll(database, sql: "SELECT \(key) FROM \(table) WHERE \(hidden) ORDER BY \(key)")
    }

    /// SQLite's texts end at a null character when they are read: what is read must be what was hashed.
    static func withoutNulls(_ text: String?) -> String? {
        guard let text, text.utf8.contains(0) else { return text }
        return String(String.UnicodeScalarView(text.unicodeScalars.map { $0.value == 0 ? "\u{FFFD}" : $0 }))
    }

    /// A `Float` is exact as SQLite's double; SQLite turns NaN into NULL, so what is not finite is stored by name.
    static func value(_ score: Float?) -> DatabaseValue {
        guard let score else { return .null }
        return (EventLine.nonFinite(score) as String?)?.databaseValue ?? Double(score).databaseValue
    }

    private static func score(_ value: DatabaseValue, _ seq: Int64, _ path: String) throws -> Float? {
        switch value.storage {
        case .null: return nil
        case .double(let number): return Float(number)
        case .int64(let number): return Float(number)
        case .string(let name):
            if let special = EventLine.nonFinite(name) as Float? { return special }
        case .blob: break
        }
        throw damaged(path, "a score that is no number in event \(seq)")
    }
}
