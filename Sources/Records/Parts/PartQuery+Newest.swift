// SPDX-License-Identifier: Apache-2.0

import GRDB

extension PartQuery {
    /// When the first of the newest parts by a model was decided: where to start to see only these.
    ///
    /// - Parameters:
    ///   - count: so many parts, or all where there are fewer.
    ///   - recipe: the recipe's name.
    ///   - model: SHA-256 of its model.
    ///   - path: the database.
    /// - Returns: nanoseconds since 1970; nil without such parts.
    /// - Throws: `RecordsError` when the database can't be read.
    public static func start(
        ofNewest count: Int, recipe: String, model: String, path: String
    ) throws(RecordsError) -> UInt64? {
        let reader = try HistoryReader(path: path)
        guard try !reader.isBlank() else { return nil }
        return try reader.read { database in
            let sql = """
                SELECT min(time) FROM (
                    SELECT time FROM parts WHERE basis IN (SELECT id FROM bases WHERE recipe = ? AND model = ?)
                    ORDER BY seq DESC LIMIT ?)
                """
            let time = try Int64.fetchOne(database, sql: sql, arguments: [recipe, model, max(0, count)])
            return time.map { UInt64(max(0, $0)) }
        }
    }
}
