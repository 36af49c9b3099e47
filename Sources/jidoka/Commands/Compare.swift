// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Calibration
import Recipes

struct Compare: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Hold a recipe's integers against float32, on parts whose truth is known.",
        discussion: "Both engines get statistics of their own from the select parts; nothing is written.")

    @Argument(help: "Data set: test/good and test/<defect>, or OK and NG.")
    var data: String
    @Option(help: "Name of the recipe.")
    var recipe: String
    @Option(help: "Where the good parts are now (default: where they were at training).")
    var parts: String?
    @OptionGroup var place: RecipesOption
    @OptionGroup var output: JSONOption

    func run() throws {
        let comparison = try EngineComparison(
            try RecipeFolder(recipe, in: place.recipes), on: try DataSet(data), parts: parts,
            progress: TrainingDisplay.reporter.step)
        Terminal.shared.clear()
        if output.isJSON { return try printJSON(comparison) }
        func places(_ value: Double?) -> String { value.map { "\(($0 * 100_000).rounded() / 100_000)" } ?? "-" }
        print(
            """
            \(comparison.nGood) good and \(comparison.nDefect) defective parts
            image AUROC      float32 \(places(comparison.imageAUROC.float32))   int8 \(places(comparison.imageAUROC.int8))   \
            difference \(places(comparison.imageAUROCDifference))
            map correlation  mean \(places(comparison.mapCorrelation))   lowest \(places(comparison.lowestCorrelation)) \
            (\(comparison.lowestPart))
            """)
    }
}
