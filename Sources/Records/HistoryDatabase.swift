// SPDX-License-Identifier: Apache-2.0

import GRDB
import Glibc

/// How a history is opened to be written, whether of events or of parts.
enum HistoryDatabase {
    /// Opens a database in WAL mode, and creates or migrates it when needed; the folder must exist.
    ///
    /// - Parameters:
    ///   - busyTimeout: seconds to wait for another process that holds the database.
    ///   - readers: connections for reading.
    ///   - synchronous: of SQLite; GRDB sets NORMAL when it switches WAL on, then a power cut may take the last rows.
    ///   - maximumPages: a limit on the size, so that a test can fill the disk.
    /// - Throws: `RecordsError`, with the path.
    static func open(
        _ path: String, _ migrator: DatabaseMigrator, busyTimeout: Double = 2, readers: Int,
        synchronous: String = "FULL",
        maximumPages: Int? = nil
    ) throws(RecordsError) -> DatabasePool {
        let pool = try EventHistory.mapErrors(path) {
            var configuration = Configuration()
            configuration.busyMode = .timeout(busyTimeout)
            configuration.maximumReaderCount = readers
            configuration.prepareDatabase { database in
                guard let maximumPages, !database.configuration.readonly else { return }
                try database.execute(sql: "PRAGMA max_page_count = \(maximumPages)")
            }
            let pool = try DatabasePool(path: path, configuration: configuration)
            try pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = \(synchronous)") }
            if try pool.read(migrator.hasBeenSuperseded) {
                throw RecordsError(
                    code: .newerSchema, thing: path, expected: "a schema of this version", found: "a newer one",
                    hint: "install the version that wrote it, or move the file away")
            }
            try migrator.migrate(pool)
            return pool
        }
        syncFolder(of: path)
        return pool
    }

    /// Closes the database and folds the write-ahead log into it, which GRDB leaves where it is; what a reader is at stays in
    /// the log, and nothing is lost by that.
    static func close(_ pool: DatabasePool, _ path: String) throws(RecordsError) {
        try EventHistory.mapErrors(path) {
            _ = try? pool.writeWithoutTransaction { try $0.checkpoint(.truncate) }
            try pool.close()
        }
    }

    /// SQLite syncs the folder for its logs but not for a new database file.
    private static func syncFolder(of path: String) {
        let folder = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let descriptor = Glibc.open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        Glibc.close(descriptor)
    }
}
