// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Calibration
import Daemon
import Glibc
import Inspection
import Pictures
import Recipes
import Training

extension ResizeRule: ExpressibleByArgument {}
extension Recipe.Engine: ExpressibleByArgument {}
extension Recipe.Detector: ExpressibleByArgument {}
extension DistillationSettings.Optimiser: ExpressibleByArgument {}

struct Train: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Learn good parts, turn the networks into integers, calibrate a threshold.",
        discussion: """
            Good parts are dealt once: 60 % train the student, 20 % select the best weights and give the statistics, 20 % \
            calibrate the threshold. The line runs 8-bit integers unless asked otherwise. An interrupted training goes on where it was when the same command is given again.
            """)

    @Argument(help: "Name of the recipe.")
    var name: String
    @Option(
        help: "Folder of good parts: MVTec layout, OK/NG, or pictures only (default: what 'jidoka capture' has taken).")
    var data: String?
    @Option(
        help: "Teacher: what 'jidoka model import' has written, or another ResNet trunk (default: the built-in one).")
    var teacher: String?
    @Option(
        help:
            "Levels to compare, from stem,layer1,layer2,layer3 (default: chosen from layer1,layer2,layer3)."
    )
    var levels: LevelList?
    @OptionGroup var input: InputChoices
    @Option(help: "What looks at the teacher's features: reduced-student, stpm, padim or patch-memory.")
    var detector = Recipe.Detector.reducedStudent
    @Option(
        help:
            "What the line runs: int8, or float32 for the reference (default: int8; padim and patch-memory have float32 only)."
    )
    var engine: Recipe.Engine?
    @Option(help: "Passes over the train parts.")
    var epochs: Int?
    @Option(help: "Pictures per step.")
    var batch = DistillationSettings().batch
    @Option(help: "Optimiser: adam or sgd.")
    var optimiser = DistillationSettings().optimiser
    @Option(help: "Highest learning rate (default: 0.004, with sgd 0.4).")
    var rate: Double?
    @Option(help: "Share of a step's places that a student learns from, the worst ones; 1 is all (stpm: always).")
    var hardest = DistillationSettings().hardest
    @Option(help: "Width of the reduced student: channels between a block's two convolutions, against those it gives.")
    var width = DistillationSettings().width
    @Option(help: "Seed of deal, weights and order.")
    var seed: UInt64 = 1
    @Option(help: "Normalisation of the maps: none, global or per-location (default: chosen).")
    var normalisation: MapSettings.Normalisation?
    @Option(help: "Score of the map: maximum, top-0.3-percent, top-1-percent or top-3-percent (default: chosen).")
    var score: MapSettings.ScoreRule?
    @Option(help: "Gaussian smoothing of the map in pixels at 256 (default: chosen).")
    var smoothing: Float?
    @Option(help: "False-stop rate to calibrate for (default: the smallest that the parts support).")
    var alpha: Double?
    @Option(help: "Threads (default: all cores).")
    var threads: Int?
    @Flag(help: "Begin anew even if there is a checkpoint.")
    var restart = false
    @OptionGroup var place: RecipesOption
    @OptionGroup var output: JSONOption

    func validate() throws {
        guard (1...100_000).contains(epochs ?? 1), (2...512).contains(batch), (rate ?? 1) > 0,
            (1...64).contains(threads ?? 1), hardest > 0, hardest <= 1
        else {
            throw ValidationError(
                "epochs must be 1 to 100000, batch 2 to 512, rate above 0, threads 1 to 64, hardest above 0, at most 1"
            )
        }
        guard DistillationSettings.widths.contains(width) else { throw ValidationError("width must be 0.125 to 4") }
        guard engine.map(detector.engines.contains) ?? true else {
            throw ValidationError("detector \(detector.rawValue) runs in float32 only")
        }
    }

    func run() throws {
        OpenBLASCore.reexecuteWithBestCore()
        if let threads { Workers.threads = threads }
        Interrupt.watch()
        let outcome = try RecipeTraining.run(
            try plan(), tool: DaemonVersion.tool, reporter: TrainingDisplay.reporter,
            shouldStop: { Interrupt.isRequested })
        Terminal.shared.clear()
        switch outcome {
        case .interrupted(let epoch):
            Terminal.shared.say("stopped after epoch \(epoch); the same command goes on from there")
            throw ExitCode(130)
        case .calibrated(let result):
            let calibration = result.calibration
            let summary = TrainingSummary(
                recipe: name, bestEpoch: result.bestEpoch, selectLoss: result.selectLoss,
                train: result.counts[.train] ?? 0, select: result.counts[.select] ?? 0,
                calibrate: result.counts[.calibrate] ?? 0, differentParts: result.groups, detector: detector.rawValue,
                engine: chosenEngine.rawValue,
                quantisation: result.quantisation, alpha: calibration.threshold.alpha,
                threshold: calibration.threshold.value, model: calibration.file.model, openblas: OpenBLASCore.name)
            if output.isJSON { return try printJSON(summary) }
            print(summary.text)
            if let quantisation = result.quantisation { print(quantisation.summary) }
            if let choice = result.choice { print(choice.summary) }
            print(calibration.threshold.statement)
        }
    }

    private var chosenEngine: Recipe.Engine { engine ?? detector.engines[0] }

    private func plan() throws -> RecipeTraining.Plan {
        var distillation = DistillationSettings(size: input.size ?? 256, batch: batch, optimiser: optimiser, seed: seed)
        distillation.levels = detector.defaultLevels(of: distillation.levels)
        if let levels { distillation.levels = levels.levels }
        if let epochs { distillation.epochs = epochs }
        // The paper's rate for SGD; the default is Adam's.
        if optimiser == .sgd { distillation.learningRate = 0.4 }
        if let rate { distillation.learningRate = rate }
        distillation.hardest = hardest
        distillation.width = width
        var map = MapSettings(
            levels: distillation.levels, normalisation: normalisation ?? detector.defaultNormalisation,
            score: score ?? .maximum)
        if let smoothing { map.smoothing = smoothing }
        return RecipeTraining.Plan(
            name: name, recipes: place.recipes, data: try folderOfGoodParts(), teacher: teacher,
            input: try input.rule(), detector: detector, engine: chosenEngine, map: map,
            choice: MapChoice.Given(
                levels: levels?.levels, normalisation: normalisation, smoothing: smoothing, score: score),
            distillation: distillation, alpha: alpha, restart: restart)
    }

    /// The pictures that were captured, unless others are named.
    private func folderOfGoodParts() throws -> String {
        if let data { return data }
        let folder = try RecipeFolder(name, in: place.recipes)
        guard !Folder.pictures(folder.good).isEmpty else {
            throw ValidationError(
                "there are no pictures in \(folder.good): take some with 'jidoka capture \(name)', or give --data")
        }
        return folder.good
    }
}
