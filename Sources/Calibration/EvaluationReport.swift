// SPDX-License-Identifier: Apache-2.0

import Glibc
import Recipes

/// An evaluation as files: curves, histogram, figures and the score of every part.
public struct EvaluationReport: Sendable {
    /// `roc.svg` and `pr.svg` (where there are good and defective parts), `histogram.svg` and `scores.csv`.
    public let files: [(name: String, text: String)]

    /// Draws and lists an evaluation.
    ///
    /// - Parameters:
    ///   - evaluation: with its parts, as it was measured.
    ///   - title: what was measured: the recipe and the data set.
    public init(_ evaluation: Evaluation, title: String) {
        let parts = evaluation.parts
        let good = parts.filter { $0.kind == nil }.map(\.score)
        let defective = parts.filter { $0.kind != nil }.map(\.score)
        var files: [(name: String, text: String)] = []
        if let curve = OperatingCurve(good: good, defective: defective) {
            files.append(
                (
                    "roc.svg",
                    CurvePlot.roc(
                        curve, interval: evaluation.imageAUROCInterval, threshold: evaluation.threshold, title: title)
                ))
            let share = Double(defective.count) / Double(parts.count)
            files.append(
                (
                    "pr.svg",
                    CurvePlot.precisionRecall(
                        curve, defectiveShare: share, threshold: evaluation.threshold, title: title)
                ))
        }
        let kinds = Set(parts.compactMap(\.kind)).sorted()
        let groups =
            (good.isEmpty ? [] : [HistogramPlot.Group(name: "good", isGood: true, scores: good)])
            + kinds.map { kind in
                HistogramPlot.Group(
                    name: kind, isGood: false, scores: parts.filter { $0.kind == kind }.map(\.score))
            }
        files.append(
            ("histogram.svg", HistogramPlot.svg(groups, threshold: evaluation.threshold, title: title)))
        let rows = parts.map { part in
            "\(Self.field(part.path)),\(Self.field(part.kind ?? "good")),\(part.score),"
                + (part.score > evaluation.threshold ? "stop" : "pass")
        }
        files.append(
            ("scores.csv", (["part,kind,score,verdict"] + rows).joined(separator: "\n") + "\n"))
        self.files = files
    }

    /// Writes all files into a folder, which is made; of an older report nothing is left over.
    ///
    /// - Parameter results: the JSON for `results.json`.
    /// - Throws: `RecipeError` with `errno` and the path.
    public func write(to folder: String, results: String) throws(RecipeError) {
        try SafeFile.makeFolder(folder)
        for name in ["roc.svg", "pr.svg"] where !files.contains(where: { $0.name == name }) {
            unlink(folder + "/" + name)
        }
        for file in files { try SafeFile.write(Array(file.text.utf8), to: folder + "/" + file.name) }
        try SafeFile.write(Array((results + "\n").utf8), to: folder + "/results.json")
    }

    /// A field of a comma-separated list (RFC 4180).
    private static func field(_ text: String) -> String {
        guard text.contains(where: { $0 == "," || $0 == "\"" || $0.isNewline }) else { return text }
        return "\"" + text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }
}
