// SPDX-License-Identifier: Apache-2.0

import GRDB
import Line

/// Tables of the history of parts, and how a row becomes a part: all that knows SQL types.
enum PartSchema {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("v1") { database in
            try database.execute(
                sql: """
                    CREATE TABLE history (id INTEGER PRIMARY KEY CHECK (id = 1), name TEXT NOT NULL);
                    CREATE TABLE bases (
                        id INTEGER PRIMARY KEY,
                        recipe TEXT,
                        model TEXT,
                        threshold REAL,
                        warn REAL
                    );
                    CREATE TABLE parts (
                        seq INTEGER PRIMARY KEY,
                        time INTEGER NOT NULL,
                        part TEXT,
                        score REAL,
                        verdict TEXT NOT NULL,
                        state TEXT NOT NULL,
                        ms REAL,
                        basis INTEGER NOT NULL REFERENCES bases
                    );
                    CREATE INDEX parts_by_time ON parts (time);
                    CREATE INDEX parts_by_part ON parts (part);
                    -- Nearly all parts are good, and the line runs: what else there is has to be found quickly.
                    CREATE INDEX parts_by_verdict ON parts (verdict) WHERE verdict != 'good';
                    CREATE INDEX parts_by_state ON parts (state) WHERE state != 'running';
                    -- Parts that were recorded together, and the hash of everything up to the last of them.
                    CREATE TABLE blocks (last INTEGER PRIMARY KEY, hash TEXT NOT NULL, pruned TEXT);
                    -- Parts up to here are gone.
                    CREATE TABLE checkpoint (
                        id INTEGER PRIMARY KEY CHECK (id = 1),
                        seq INTEGER NOT NULL,
                        hash TEXT NOT NULL
                    );
                    """)
            try database.execute(
                sql: "INSERT INTO history (id, name) VALUES (1, ?)", arguments: [HistoryChain.newName()])
        }
        return migrator
    }

    static let insert =
        "INSERT INTO parts (seq, time, part, score, verdict, state, ms, basis) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"

    /// Columns that `row` reads.
    static let columns = """
        parts.seq, time, part, score, verdict, state, ms, recipe, model, threshold, warn
        FROM parts LEFT JOIN bases ON bases.id = parts.basis
        """

    static func arguments(_ row: PartRow, basis: Int64) -> StatementArguments {
        [
            row.seq, Int64(clamping: row.time), row.part, HistorySchema.value(row.score), row.verdict.rawValue,
            row.state.rawValue, HistorySchema.value(row.milliseconds), basis,
        ]
    }

    /// A row as a part, nil when it holds anything that was never written so: then it was changed.
    static func row(_ row: Row) -> PartRow? {
        guard case .int64(let seq) = storage(row, 0), case .int64(let time) = storage(row, 1), time >= 0,
            let part = text(row, 2), let score = number(row, 3), let verdict = text(row, 4), let state = text(row, 5),
            let milliseconds = number(row, 6), let recipe = text(row, 7), let model = text(row, 8),
            let threshold = number(row, 9), let warn = number(row, 10),
            let verdict = verdict.flatMap(PartRow.Verdict.init), let state = state.flatMap(LineState.init)
        else { return nil }
        return PartRow(
            seq: seq, time: UInt64(time), part: part, score: score, verdict: verdict, state: state,
            milliseconds: milliseconds,
            basis: PartRow.Basis(recipe: recipe, model: model, threshold: threshold, warn: warn))
    }

    private static func storage(_ row: Row, _ column: Int) -> DatabaseValue.Storage {
        (row[column] as DatabaseValue).storage
    }

    /// The inner nil is NULL, the outer one a value of another type.
    private static func text(_ row: Row, _ column: Int) -> String?? {
        switch storage(row, column) {
        case .null: .some(nil)
        case .string(let text): text
        default: nil
        }
    }

    private static func number(_ row: Row, _ column: Int) -> Float?? {
        switch storage(row, column) {
        case .null: return .some(nil)
        case .double(let number):
            let exact = Float(number)
            return Double(exact) == number ? exact : nil
        case .string(let name): return (EventLine.nonFinite(name) as Float?).map { $0 }
        default: return nil
        }
    }
}
