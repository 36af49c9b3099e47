// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Line
import Recipes
import Records

/// `jidoka replay --since`: streams the recorded parts through other thresholds.
struct TimeMachineRun {
    let options: TimeMachineOptions
    let state: String
    let recipes: String

    /// - Throws: what can't be read; `ExitCode` 1 when a picture gives another decision.
    func run(_ isJSON: Bool) throws {
        let events = state + "/history.sqlite"
        let hasEvents = SafeFile.exists(events)
        let history =
            hasEvents ? try StopHistory(path: events) { Terminal.shared.show("\($0) events") } : StopHistory()
        var machine = TimeMachine(history: history)
        var bounds = ReplayBounds(options, recipes: recipes)
        var evidence = options.pictures ? try KeptPictures(state: state) : nil
        var text = TimeMachineText(isJSON: isJSON)
        var seen = 0
        text.begin()
        try options.query.run(path: state + "/parts.sqlite") { row in
            seen += 1
            if seen % 20_000 == 0 { Terminal.shared.show("\(seen) parts, \(UTCTime.text(row.time).prefix(16))Z") }
            guard let decision = machine.decide(row, by: try bounds.of(row.basis)) else { return true }
            let isStop = decision.change != .passed
            let problems = isStop ? evidence?.check(row) : nil
            if isStop, decision.change != .kept || !(problems ?? []).isEmpty {
                try text.add(decision, problems: problems)
            }
            return true
        }
        Terminal.shared.clear()
        var summary = TimeMachineSummary(machine.counts, bounds.taken)
        summary.pictures = evidence.map(\.counts)
        summary.hasEvents = hasEvents
        let query = options.query
        summary.hours = bounds.taken.reduce(0) { hours, taken in
            hours
                + history.tally(
                    since: query.since ?? 0, until: query.until ?? .max, recipe: taken.key.recipe,
                    model: taken.key.model
                ).hours
        }
        summary.shiftHours = options.shiftHours ?? 8
        try text.end(summary)
        guard (evidence?.counts.different ?? 0) == 0 else { throw ExitCode(1) }
    }
}

/// The pictures that are kept, by part and score.
private struct KeptPictures {
    struct Key: Hashable {
        let part: String
        let bits: String
    }

    private(set) var counts = TimeMachineSummary.Pictures()
    private let replay: EvidenceReplay
    private var folders: [Key: [(time: UInt64, path: String)]] = [:]

    init(state: String) throws {
        replay = EvidenceReplay(state: state)
        let root = state + "/evidence"
        for name in FolderTree.names(root).sorted() where name != "recipes" && !name.hasPrefix(".") {
            // One that can't be read is not kept; 'jidoka replay NAME' says why.
            guard let kept = try? EvidenceFile.read("\(root)/\(name)/evidence.json") else { continue }
            folders[Key(part: kept.part, bits: kept.scoreBits), default: []].append(
                (UTCTime.nanoseconds(kept.time) ?? 0, root + "/" + name))
        }
    }

    /// What is different when the part's picture is looked at again; nil when none is kept.
    mutating func check(_ row: PartRow) -> [String]? {
        // A name may come again, with the same score: it is kept just after it was decided.
        func distance(_ time: UInt64) -> UInt64 { time > row.time ? time - row.time : row.time - time }
        guard let part = row.part, let score = row.score,
            let kept = folders[Key(part: part, bits: EvidenceFile.bits(score))]?
                .min(by: { distance($0.time) < distance($1.time) })
        else { return nil }
        var problems: [String] = []
        do { problems = try replay.decide(kept.path).problems } catch {
            problems = ["can't be decided again: \(error)"]
        }
        counts.decided += 1
        if !problems.isEmpty { counts.different += 1 }
        return problems
    }
}
