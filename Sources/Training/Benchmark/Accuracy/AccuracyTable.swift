// SPDX-License-Identifier: Apache-2.0

import Calibration
import Inspection

extension AccuracyReport {
    /// Everything as markdown: the table, what was skipped or failed, and MVTec's textures beside the published figures.
    public var markdown: String {
        var lines = Self.table(Self.header, groups.map(Self.row))
        lines += ["", Self.legend]
        let epochs = Set(runs.map(\.one.epochs)).filter { $0 > 0 }.sorted().map(String.init)
        let students = epochs.isEmpty ? "" : "Students: \(epochs.joined(separator: ", ")) epochs. "
        lines.append("\(students)Integers: \(instructionSet); OpenBLAS: \(core).")
        if !isComplete { lines.append("Unfinished: \(runs.count) of \(planned) runs.") }
        if otherBuilds > 0 { lines.append("\(otherBuilds) of the runs were made by another build of the program.") }
        lines += skipped.map { "Skipped: \($0)" }
        lines += failures.map { "Failed: \($0.one.set) \($0.one.detector.rawValue) seed \($0.one.seed): \($0.reason)" }
        let chosen = runs.map(Self.choice)
        if !chosen.isEmpty {
            lines += ["", "Map settings, chosen on synthetic defects where there are select parts enough:", ""]
            lines += Self.table(Self.choices, chosen)
        }
        let textures = TextureTable(groups: groups, runs: runs)
        if !textures.rows.isEmpty { lines += [""] + textures.markdown }
        return lines.joined(separator: "\n")
    }

    private static let header = [
        "data set", "detector", "teacher", "engine", "size", "levels", "seeds", "image AUROC", "95 %",
        "best in hindsight", "pixel AUROC",
        "AUPRO(0.3)", "average precision", "recall at 0 false stops", "training, s", "ms per picture",
    ]

    private static let legend =
        "Mean ± standard deviation over the seeds; 95 %: interval of the mean image AUROC for other parts (Newcombe). "
        + "Best in hindsight: the same networks with the map settings that no one could know beforehand. "
        + "Training with quantisation and calibration; ms: median of one core."

    private static func row(_ group: Group) -> [String] {
        [
            group.set, group.title, group.teacher, group.engine.rawValue, "\(group.size)",
            group.levels.map(\.rawValue).joined(separator: "+"), "\(group.seeds.count)", text(group.imageAUROC, 3),
            group.imageAUROCInterval.map { "\(NumberText.fixed($0.lower, 3)) – \(NumberText.fixed($0.upper, 3))" }
                ?? "–",
            text(group.hindsightAUROC, 3), text(group.pixelAUROC, 3), text(group.aupro, 3),
            text(group.averagePrecision, 3), text(group.recallAtZeroFP, 3), text(group.trainingSeconds, 0),
            text(group.latencyMS, 2),
        ]
    }

    private static let choices = [
        "data set", "detector", "teacher", "size", "seed", "settings", "image AUROC", "best in hindsight",
        "its settings",
    ]

    private static func choice(_ run: AccuracyRun) -> [String] {
        func area(_ value: Double?) -> String { value.map { NumberText.fixed($0, 3) } ?? "–" }
        return [
            run.one.set, run.one.detector.rawValue, run.one.teacher, "\(run.one.size)", "\(run.one.seed)",
            run.map.summary, area(run.evaluation.imageAUROC), area(run.hindsight?.imageAUROC),
            run.hindsight?.settings.summary ?? "–",
        ]
    }

    static func text(_ spread: SeedSpread?, _ places: Int) -> String {
        guard let spread else { return "–" }
        return NumberText.fixed(spread.mean, places)
            + (spread.deviation.map { " ± \(NumberText.fixed($0, places))" } ?? "")
    }

    /// A markdown table whose columns also line up on a terminal.
    static func table(_ header: [String], _ rows: [[String]]) -> [String] {
        let cells = ([header] + rows).map { $0.map { $0.replacing("|", with: "\\|") } }
        let widths = header.indices.map { column in max(3, cells.map { $0[column].count }.max() ?? 3) }
        func line(_ row: [String]) -> String {
            "| "
                + zip(row, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }.joined(separator: " | ")
                + " |"
        }
        let rule = "|" + widths.map { String(repeating: "-", count: $0 + 2) }.joined(separator: "|") + "|"
        return [line(cells[0]), rule] + cells.dropFirst().map(line)
    }
}
