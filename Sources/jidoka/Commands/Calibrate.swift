// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Calibration
import Daemon
import Recipes

struct Calibrate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Take the threshold from the calibrate parts again, e.g. for another false-stop rate.",
        discussion: "Also needed after a change below 'map' in recipe.yaml.")

    @Argument(help: "Name of the recipe.")
    var name: String
    @Option(help: "False-stop rate, above 0 and below 1 (default: the smallest that the parts support).")
    var alpha: Double?
    @Option(help: "Rate of good parts that may raise the andon, above alpha (default: no warn threshold).")
    var warnAlpha: Double?
    @Option(help: "Where the good parts are now (default: where they were at training).")
    var data: String?
    @OptionGroup var place: RecipesOption
    @OptionGroup var output: JSONOption

    func run() throws {
        let calibration = try RecipeCalibration(
            try RecipeFolder(name, in: place.recipes), data: data, alpha: alpha, warnAlpha: warnAlpha,
            tool: DaemonVersion.tool,
            progress: TrainingDisplay.reporter.step)
        Terminal.shared.clear()
        if output.isJSON { return try printJSON(calibration.file) }
        print(calibration.threshold.statement)
        if let warn = calibration.warn {
            print("warn " + warn.statement.replacing("stops the line", with: "is called suspicious"))
        }
    }
}
