// SPDX-License-Identifier: Apache-2.0

import Calibration
import FoundationEssentials
import Inspection
import Recipes

/// What a benchmark gave: every run, and the means over the seeds.
public struct AccuracyReport: Encodable, Sendable {
    /// Means over the seeds, in the order of the first runs.
    public let groups: [Group]
    /// Every finished run.
    public let runs: [AccuracyRun]
    /// What could not be run.
    public let failures: [AccuracyFailure]
    /// What is not there, and why.
    public let skipped: [String]
    /// Runs that were asked for.
    public let planned: Int
    /// Runs that another build of the program made.
    public let otherBuilds: Int
    /// Instruction set of the integer engine.
    public let instructionSet: String
    /// OpenBLAS's kernels.
    public let core: String

    enum CodingKeys: String, CodingKey {
        case groups, runs, skipped, planned
        case failures = "failed"
        case otherBuilds = "other_builds"
        case instructionSet = "instruction_set"
        case core = "openblas"
    }

    package init(
        runs: [AccuracyRun], failures: [AccuracyFailure], skipped: [String], planned: Int, otherBuilds: Int,
        instructionSet: String, core: String
    ) {
        (self.runs, self.failures, self.skipped) = (runs, failures, skipped)
        (self.planned, self.otherBuilds) = (planned, otherBuilds)
        (self.instructionSet, self.core) = (instructionSet, core)
        var order: [AccuracyCase.Group] = []
        var members: [AccuracyCase.Group: [AccuracyRun]] = [:]
        for run in runs {
            if members[run.one.group] == nil { order.append(run.one.group) }
            members[run.one.group, default: []].append(run)
        }
        // One data set after the other, as somebody compares detectors.
        let sets = order.map(\.set).reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
        groups = sets.flatMap { set in order.filter { $0.set == set }.map { Group($0, members[$0] ?? []) } }
    }

    /// Whether everything that was asked for is there.
    public var isComplete: Bool { runs.count == planned }

    /// Writes `results.json`, `table.md` and a plot of each data set with milliseconds.
    ///
    /// - Parameter budget: milliseconds that a picture may cost, marked in the plots.
    /// - Throws: `RecipeError` when a file can't be written.
    public func write(to folder: String, budget: Double?) throws {
        try SafeFile.makeFolder(folder)
        try SafeFile.write(Array((try Self.json(self) + "\n").utf8), to: folder + "/results.json")
        try SafeFile.write(Array((markdown + "\n").utf8), to: folder + "/table.md")
        for (set, text) in plots(budget: budget) {
            try SafeFile.write(Array(text.utf8), to: "\(folder)/auroc-ms-\(set).svg")
        }
    }

    /// AUROC against milliseconds for each data set that has both.
    public func plots(budget: Double?) -> [(set: String, text: String)] {
        let sets = groups.map(\.set).reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
        return sets.compactMap { set in
            var names: [String] = []
            var members: [String: [Group]] = [:]
            for group in groups where group.set == set && group.imageAUROC != nil {
                let name = "\(group.title), \(group.teacher), \(group.engine.rawValue)"
                if members[name] == nil { names.append(name) }
                members[name, default: []].append(group)
            }
            let series = names.map { name in
                TradePlot.Series(
                    name: name,
                    points: (members[name] ?? []).compactMap { group in
                        guard let time = group.latencyMS?.mean, let area = group.imageAUROC, time > 0 else {
                            return nil
                        }
                        return TradePlot.Point(
                            milliseconds: time, auroc: area.mean, deviation: area.deviation,
                            label: Set(groups.map(\.size)).count > 1 ? "\(group.size) px" : "")
                    })
            }
            return TradePlot.svg(series, title: set, budget: budget).map { (set, $0) }
        }
    }

    static func json(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}
