// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Calibration
import Daemon
import Recipes
import Training

extension RangeMethod: ExpressibleByArgument {}

struct Quantize: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Turn a trained recipe's networks into 8-bit integers and calibrate again.",
        discussion: """
            Tries the ways to choose ranges on the select parts and synthetic defects blended into them, keeps the best, sets \
            'engine: int8' in recipe.yaml and takes the threshold again. 'jidoka train' does it by itself.
            """)

    @Argument(help: "Name of the recipe.")
    var name: String
    @Option(help: "Bits of an activation: 7 or 8.")
    var bits = RecipeQuantisation.defaultBits
    @Option(help: "How ranges are chosen (default: the best of all).")
    var method: RangeMethod?
    @Option(help: "False-stop rate (default: as calibrated before, else the smallest that the parts support).")
    var alpha: Double?
    @Option(help: "Where the good parts are now (default: where they were at training).")
    var data: String?
    @Option(help: "Seed of the synthetic defects.")
    var seed: UInt64 = 1
    @OptionGroup var place: RecipesOption
    @OptionGroup var output: JSONOption

    struct Report: Encodable {
        let recipe: String
        let quantisation: RecipeQuantisation
        let calibration: CalibrationFile
    }

    func validate() throws {
        guard bits == 7 || bits == 8 else { throw ValidationError("bits must be 7 or 8, found \(bits)") }
    }

    func run() throws {
        OpenBLASCore.reexecuteWithBestCore()
        let folder = try RecipeFolder(name, in: place.recipes)
        try RecipeCalibration.checkFinished(folder)
        let before = SafeFile.exists(folder.calibration) ? try? CalibrationFile.read(folder.calibration).alpha : nil
        let progress = TrainingDisplay.reporter.step
        Interrupt.watch()
        guard
            let quantisation = try RecipeQuantisation(
                folder, data: data, bits: bits, method: method, seed: seed, tool: DaemonVersion.tool,
                progress: progress, shouldStop: { Interrupt.isRequested })
        else {
            Terminal.shared.say("interrupted; the recipe is as it was")
            throw ExitCode(130)
        }
        let calibration = try RecipeCalibration(
            folder, data: data, alpha: alpha ?? before, tool: DaemonVersion.tool, progress: progress)
        Terminal.shared.clear()
        if output.isJSON {
            return try printJSON(Report(recipe: name, quantisation: quantisation, calibration: calibration.file))
        }
        print(quantisation.table)
        print(quantisation.summary)
        print(calibration.threshold.statement)
    }
}

extension RecipeQuantisation {
    /// One line: what was chosen and how close it comes.
    var summary: String {
        let chosen = trials.first { $0.method == method }
        return "integers: \(bits)-bit activations, ranges by \(method.rawValue); maps correlate with float32's as "
            + "\(Self.places(chosen?.mapCorrelation)), model \(model.prefix(12))"
    }

    /// Every candidate on the select parts with synthetic defects.
    var table: String {
        let lines = trials.map { trial in
            let name = trial.method.map { "\(trial.bits) bits, \($0.rawValue)" } ?? "float32"
            let mark = trial.method == method ? "  <- chosen" : ""
            return name + String(repeating: " ", count: max(1, 26 - name.count))
                + "map correlation \(Self.places(trial.mapCorrelation)), lowest \(Self.places(trial.lowestCorrelation)); "
                + "AUROC \(Self.places(trial.auroc)), recall at zero false stops \(Self.places(trial.recallAtZeroFP))"
                + mark
        }
        return lines.joined(separator: "\n")
    }

    private static func places(_ value: Double?) -> String {
        value.map { "\(($0 * 100_000).rounded() / 100_000)" } ?? "-"
    }
}
