// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Calibration
import Inspection
import Recipes
import Training

struct BenchChoices: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "choices",
        abstract: "Which map settings find synthetic defects in a recipe's own select parts best.",
        discussion: """
            Looks at good parts and blended defects only, never at a real one (unless --judge asks for that), so the choice \
            does not spoil a later evaluation. Put the winner into recipe.yaml and run 'jidoka calibrate'.
            """)

    @Argument(help: "Name of the recipe.")
    var name: String
    @Option(help: "Where the good parts are now (default: where they were at training).")
    var data: String?
    @Option(help: "How many of the best settings to print; 0 is all.")
    var top = 12
    @Option(
        help: ArgumentHelp(
            "Judge all settings on the parts of this data set, whose truth is known: what the choice is worth in hindsight.",
            valueName: "data set"))
    var judge: String?
    @OptionGroup var place: RecipesOption
    @OptionGroup var output: JSONOption

    func run() throws {
        Interrupt.watch()
        if let judge { return try printHindsight(try DataSet(judge)) }
        let choice = try MapChoice(
            try RecipeFolder(name, in: place.recipes), data: data, progress: TrainingDisplay.reporter.step,
            shouldStop: { Interrupt.isRequested })
        guard let trials = choice?.trials else { throw ExitCode(130) }
        Terminal.shared.clear()
        let shown = top > 0 ? Array(trials.prefix(top)) : trials
        if output.isJSON { return try printJSON(shown) }
        for trial in shown {
            print(
                "AUROC \(TrainingDisplay.rounded(Float(trial.auroc), 4))  recall at zero false stops "
                    + "\(TrainingDisplay.rounded(Float(100 * trial.recallAtZeroFP), 1)) %  \(trial.settings.summary)"
            )
        }
    }

    private func printHindsight(_ judged: DataSet) throws {
        let folder = try RecipeFolder(name, in: place.recipes)
        let used = try Recipe.read(folder.recipe).map
        guard
            let hindsight = try MapHindsight(
                folder, on: judged, good: data, progress: TrainingDisplay.reporter.step,
                shouldStop: { Interrupt.isRequested })
        else { throw ExitCode(130) }
        Terminal.shared.clear()
        let ranked = hindsight.verdicts.sorted { $0.imageAUROC > $1.imageAUROC }
        let shown = top > 0 ? Array(ranked.prefix(top)) : ranked
        if output.isJSON { return try printJSON(shown) }
        for verdict in shown {
            print("AUROC \(TrainingDisplay.rounded(Float(verdict.imageAUROC), 4))  \(verdict.settings.summary)")
        }
        let own = hindsight.verdicts.first { $0.settings == used }
        print(
            "the recipe's: \(own.map { "\(TrainingDisplay.rounded(Float($0.imageAUROC), 4))" } ?? "not among them")"
                + "  \(used.summary)")
    }
}
