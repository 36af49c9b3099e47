// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Calibration
import Daemon
import Glibc
import Recipes
import Training

struct BenchAccuracy: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "accuracy",
        abstract: "Train and evaluate every detector on every data set with several seeds; print a table.",
        discussion: """
            Each run is what 'jidoka train' and 'jidoka evaluate' would give; nothing is chosen by a real defect. Finished runs \
            are kept below --out, so the same command goes on where it was interrupted, and a further detector or seed costs \
            only itself. --mvtec takes the folder of MVTec AD as it is unpacked and prints the textures beside published figures.
            """)

    @Option(
        parsing: .upToNextOption,
        help: "Data sets with defective parts (default: every folder of JIDOKA_DATA, unless --mvtec is given).")
    var data: [String] = []
    @Option(help: "Folder that holds MVTec AD's categories: carpet, grid, leather …")
    var mvtec: String?
    @Option(help: "Teacher's safetensors, or 'built-in' (the default); may be given several times.")
    var teacher: [String] = []
    @Option(help: "Detectors, separated by commas (default: all).")
    var detectors: DetectorList?
    @Option(help: "Seeds, separated by commas.")
    var seeds = NumberList([1, 2, 3])
    @Option(help: "Sides of the network's input, multiples of 32, separated by commas.")
    var sizes = NumberList([256])
    @Option(help: "Passes over the train parts.")
    var epochs = DistillationSettings().epochs
    @Option(help: "Width of the reduced student, as in 'jidoka train'.")
    var width = DistillationSettings().width
    @Option(help: "Share of a step's places that the reduced student learns from, as in 'jidoka train'.")
    var hardest = DistillationSettings().hardest
    @Option(help: "Levels of the features (default: what 'jidoka train' takes).")
    var levels: LevelList?
    @Option(help: "Milliseconds that a picture may cost: a line in the plots.")
    var budget = 5.0
    @Option(help: "Folder of the runs, the table and the plots.")
    var out = "bench-accuracy"
    @Option(help: "Threads of the training (default: all cores).")
    var threads: Int?
    @Flag(help: "Do finished runs again.")
    var restart = false
    @Flag(help: "Keep the trained recipes below OUT/recipes; some MB each.")
    var keepRecipes = false
    @Flag(help: "Also judge every map setting on the test parts: what the choice cost. Nothing is chosen by it.")
    var hindsight = false
    @Flag(help: "Do not train finished runs whose recipe was kept: choose their map settings and judge them again.")
    var chooseAgain = false
    @Flag(help: "At the end time all kept recipes, a picture of each in turn. Needs --keep-recipes.")
    var time = false
    @OptionGroup var output: JSONOption

    func validate() throws {
        guard (1...100_000).contains(epochs), (1...64).contains(threads ?? 1), budget > 0 else {
            throw ValidationError("epochs must be 1 to 100000, threads 1 to 64, budget above 0")
        }
        guard DistillationSettings.widths.contains(width) else {
            throw ValidationError("width must be 0.125 to 4")
        }
        guard hardest > 0, hardest <= 1 else { throw ValidationError("hardest must be above 0, at most 1") }
        guard keepRecipes || !time, keepRecipes || !chooseAgain else {
            throw ValidationError(
                "--time and --choose-again need the recipes: add --keep-recipes, also to the runs before")
        }
        guard sizes.numbers.allSatisfy({ (32...1024).contains($0) && $0 % 32 == 0 }) else {
            throw ValidationError("sizes must be multiples of 32 from 32 to 1024")
        }
    }

    func run() throws {
        OpenBLASCore.reexecuteWithBestCore()
        if let threads { Workers.threads = threads }
        Interrupt.watch()
        let benchmark = try AccuracyBenchmark(choices, out: out)
        let report = try benchmark.run(
            tool: DaemonVersion.tool, reporter: Self.reporter, shouldStop: { Interrupt.isRequested })
        Terminal.shared.clear()
        try report.write(to: out, budget: budget)
        if output.isJSON { try printJSON(report) } else { print(report.markdown) }
        guard !Interrupt.isRequested else {
            Terminal.shared.say("interrupted; the same command goes on from there")
            throw ExitCode(130)
        }
        guard report.isComplete else { throw ExitCode(1) }
    }

    private var choices: AccuracyBenchmark.Choices {
        var choices = AccuracyBenchmark.Choices()
        choices.data = data
        if data.isEmpty, mvtec == nil, let root = getenv("JIDOKA_DATA").map({ String(cString: $0) }), !root.isEmpty {
            choices.data = Folder.folders(root).map { root + "/" + $0 }
            if choices.data.isEmpty { choices.data = [root] }
        }
        choices.mvtec = mvtec
        if !teacher.isEmpty { choices.teachers = teacher.map { $0 == "built-in" ? nil : $0 } }
        if let detectors { choices.detectors = detectors.detectors }
        choices.seeds = seeds.numbers.map(UInt64.init)
        choices.sizes = sizes.numbers
        choices.epochs = epochs
        choices.width = width
        choices.hardest = hardest
        choices.levels = levels?.levels
        choices.restart = restart
        choices.keepsRecipes = keepRecipes
        choices.hindsight = hindsight
        choices.choosesAgain = chooseAgain
        choices.times = time
        return choices
    }

    /// A training's own progress behind the number of the run.
    private static var reporter: AccuracyBenchmark.Reporter {
        AccuracyBenchmark.Reporter(
            begin: { number, count, title in
                let prefix = "\(number)/\(count) \(title)  "
                return RecipeTraining.Reporter(
                    step: { what, done, total in
                        Terminal.shared.show("\(prefix)\(what) \(done)/\(total)", isLast: done == total)
                    },
                    training: { progress in
                        Terminal.shared.show(
                            "\(prefix)epoch \(progress.epoch + 1)/\(progress.epochs)  "
                                + "\(TrainingDisplay.time(progress.secondsLeft)) left")
                    },
                    note: { Terminal.shared.show(prefix + $0) })
            }, note: { Terminal.shared.say($0) })
    }
}

/// `reduced-student,stpm` as a list of detectors.
struct DetectorList: ExpressibleByArgument {
    let detectors: [Recipe.Detector]

    init?(argument: String) {
        let words = argument.split(separator: ",").map(String.init)
        let found = words.compactMap(Recipe.Detector.init)
        guard !found.isEmpty, found.count == words.count, Set(found).count == found.count else { return nil }
        detectors = found
    }
}

/// `1,2,3` as a list of different whole numbers, 0 or more.
struct NumberList: ExpressibleByArgument {
    let numbers: [Int]

    init(_ numbers: [Int]) { self.numbers = numbers }

    init?(argument: String) {
        let words = argument.split(separator: ",", omittingEmptySubsequences: false)
        let found = words.compactMap { Int($0) }.filter { $0 >= 0 }
        guard !found.isEmpty, found.count == words.count, Set(found).count == found.count else { return nil }
        numbers = found
    }

    var defaultValueDescription: String { numbers.map(String.init).joined(separator: ",") }
}
