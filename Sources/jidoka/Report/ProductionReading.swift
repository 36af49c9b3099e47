// SPDX-License-Identifier: Apache-2.0

import Calibration
import Glibc
import Records

/// Reads what a report says of production out of the histories.
struct ProductionReading {
    /// Folder of the histories.
    let state: String
    /// The recipe's name, and SHA-256 of its model: only parts that this very model judged count.
    let recipe: String, model: String
    /// The recipe's threshold.
    let threshold: Float
    /// From this moment on; nil is the newest parts.
    let since: UInt64?

    /// So many parts, unless somebody asks for a time.
    static let newest = 5_000

    /// Reads, a page at a time.
    ///
    /// - Parameter progress: told how many parts were read.
    /// - Returns: nil when there is no history, or none of this model.
    /// - Throws: `RecordsError` for a history that can't be read.
    func record(_ progress: (Int) -> Void) throws -> ProductionRecord? {
        let (parts, events) = (state + "/parts.sqlite", state + "/history.sqlite")
        guard !Self.isMissing(parts),
            let start = try since
                ?? PartQuery.start(ofNewest: Self.newest, recipe: recipe, model: model, path: parts)
        else { return nil }
        var query = PartQuery()
        (query.since, query.recipe) = (start, recipe)
        var record = ProductionRecord(threshold: threshold)
        var count = 0
        try query.run(path: parts) { row in
            count += 1
            if count % 20_000 == 0 { progress(count) }
            if row.basis.model == model { record.add(Self.part(row)) }
            return true
        }
        guard let first = record.first else { return nil }
        record.hasEvents = !Self.isMissing(events)
        if record.hasEvents { try read(events, from: min(start, first), into: &record) }
        return record
    }

    /// Stops, each with what a person found at it.
    private func read(_ path: String, from start: UInt64, into record: inout ProductionRecord) throws {
        for stop in try StopHistory(path: path).stops
        where stop.time >= start && stop.recipe == recipe && stop.model == model {
            record.add(
                ProductionRecord.Stop(
                    time: stop.time, part: stop.part, score: stop.score, threshold: stop.threshold,
                    verdict: stop.verdict.flatMap { ProductionRecord.Stop.Verdict(rawValue: $0.rawValue) },
                    user: stop.user, reason: stop.reason))
        }
    }

    private static func part(_ row: PartRow) -> ProductionRecord.Part {
        let outcome: ProductionRecord.Outcome =
            switch row.verdict {
            case .good: .good
            case .suspicious: .suspicious
            case .bad: .bad
            case .invalid: .invalid
            case .late: .late
            case .unjudged: .unjudged
            }
        return ProductionRecord.Part(
            time: row.time, score: row.score, outcome: outcome, isAndon: row.state == .andon,
            threshold: row.basis.threshold,
            // The state is the one after the part: a suspicious one may have stopped the line.
            isInspected: row.state.isInspecting || row.state == .stopped && row.verdict == .suspicious)
    }

    /// Whether there is no such file; one that can't be reached is another matter.
    private static func isMissing(_ path: String) -> Bool { access(path, F_OK) != 0 && errno == ENOENT }
}
