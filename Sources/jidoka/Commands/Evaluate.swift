// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Calibration
import Recipes

struct Evaluate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure a recipe on parts whose truth is known; nothing is learned from them.")

    @Argument(help: "Data set: test/good and test/<defect>, or OK and NG.")
    var data: String
    @Option(help: "Name of the recipe.")
    var recipe: String
    @Option(help: "Folder for roc.svg, pr.svg, histogram.svg, results.json and scores.csv.")
    var out: String?
    @OptionGroup var place: RecipesOption
    @OptionGroup var output: JSONOption

    func run() throws {
        let folder = try RecipeFolder(recipe, in: place.recipes)
        let set = try DataSet(data)
        let evaluation = try Evaluation(
            try LoadedRecipe(folder), on: set, known: try PartList.read(folder.parts),
            progress: TrainingDisplay.reporter.step)
        Terminal.shared.clear()
        if let out {
            let title = "\(recipe) on \(set.root.split(separator: "/").last ?? "/")"
            try EvaluationReport(evaluation, title: title).write(to: out, results: try JSONText.of(evaluation))
        }
        if output.isJSON { return try printJSON(evaluation) }
        print(text(evaluation))
    }

    private func text(_ e: Evaluation) -> String {
        func percent(_ value: Double?) -> String { value.map { "\(($0 * 1000).rounded() / 10) %" } ?? "-" }
        func share(_ value: Double?) -> String { value.map { NumberText.fixed($0, 4) } ?? "-" }
        let interval = e.imageAUROCInterval.map { " (95 %: \(share($0.lower)) to \(share($0.upper)))" } ?? ""
        var lines = [
            "\(e.nGood) good and \(e.nDefect) defective parts, threshold \(e.threshold)",
            "image AUROC \(share(e.imageAUROC))\(interval)   average precision \(share(e.averagePrecision))",
            "pixel AUROC \(share(e.pixelAUROC))   AUPRO(0.3) \(share(e.aupro))"
                + (e.nRegions > 0 ? "   \(e.nRegions) regions" : "   no masks")
                + (e.nMasksLost > 0 ? ", \(e.nMasksLost) masks too small for the map" : ""),
            "precision \(percent(e.precision))   recall \(percent(e.recall))   F1 \(share(e.f1))   "
                + "false stops \(percent(e.falseStopRate))   recall at zero false stops \(percent(e.recallAtZeroFP))",
            "latency \((e.latencyMS * 100).rounded() / 100) ms (median, one thread)",
        ]
        if e.nLeftOut > 0 { lines.append("\(e.nLeftOut) good parts left out: the recipe was made from them") }
        for (kind, one) in e.perDefect.sorted(by: { $0.key < $1.key }) {
            lines.append(
                "  \(kind): \(one.n) parts, image AUROC \(share(one.imageAUROC)), recall \(percent(one.recall))")
        }
        return lines.joined(separator: "\n")
    }
}
