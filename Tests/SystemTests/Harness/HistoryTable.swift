// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The daemon's event table, read with SQLite itself and none of our code.
struct HistoryTable {
    /// One row.
    struct Row: Equatable {
        let seq: Int
        let event: String
        let state: String
        let part: String?
    }

    /// All rows in the order of their numbers.
    let rows: [Row]

    private typealias Open = @convention(c) (UnsafePointer<CChar>, UnsafeMutablePointer<OpaquePointer?>) -> Int32
    private typealias Prepare =
        @convention(c) (
            OpaquePointer?, UnsafePointer<CChar>, Int32, UnsafeMutablePointer<OpaquePointer?>, OpaquePointer?
        ) -> Int32
    private typealias One = @convention(c) (OpaquePointer?) -> Int32
    private typealias Timeout = @convention(c) (OpaquePointer?, Int32) -> Int32
    private typealias Integer = @convention(c) (OpaquePointer?, Int32) -> Int64
    private typealias Text = @convention(c) (OpaquePointer?, Int32) -> UnsafePointer<CChar>?

    struct Failure: Error { let what: String }

    /// Reads the table of a database that a daemon may have open.
    init(_ path: String) throws {
        let step = try Self.function("sqlite3_step", One.self)
        let text = try Self.function("sqlite3_column_text", Text.self)
        let integer = try Self.function("sqlite3_column_int64", Integer.self)
        rows = try Self.with(path, "SELECT seq, event, state, part FROM events ORDER BY seq") { statement in
            var rows: [Row] = []
            while step(statement) == 100 {
                rows.append(
                    Row(
                        seq: Int(integer(statement, 0)), event: text(statement, 1).map { String(cString: $0) } ?? "",
                        state: text(statement, 2).map { String(cString: $0) } ?? "",
                        part: text(statement, 3).map { String(cString: $0) }))
            }
            return rows
        }
    }

    /// Does damage.
    static func change(_ path: String, _ statement: String) throws {
        let step = try function("sqlite3_step", One.self)
        guard try with(path, statement, { step($0) }) == 101 else { throw Failure(what: statement) }
    }

    private static func function<Function>(_ name: String, _ type: Function.Type) throws -> Function {
        guard let library = dlopen("libsqlite3.so.0", RTLD_NOW), let address = dlsym(library, name) else {
            throw Failure(what: name)
        }
        return unsafeBitCast(address, to: type)
    }

    private static func with<Value>(
        _ path: String, _ query: String, _ body: (OpaquePointer?) throws -> Value
    ) throws -> Value {
        let close = try function("sqlite3_close_v2", One.self)
        let finalize = try function("sqlite3_finalize", One.self)
        var database: OpaquePointer?
        defer { _ = close(database) }
        guard try function("sqlite3_open", Open.self)(path, &database) == 0 else { throw Failure(what: path) }
        _ = try function("sqlite3_busy_timeout", Timeout.self)(database, 10_000)
        var statement: OpaquePointer?
        guard try function("sqlite3_prepare_v2", Prepare.self)(database, query, -1, &statement, nil) == 0 else {
            throw Failure(what: query)
        }
        defer { _ = finalize(statement) }
        return try body(statement)
    }

    /// 1, 2, 3 … without a gap and none twice.
    var isGapless: Bool { rows.map(\.seq) == Array(1..<rows.count + 1) }
}
