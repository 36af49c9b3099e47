// SPDX-License-Identifier: Apache-2.0

import Calibration
import FoundationEssentials
import Inspection
import Recipes

/// Trains and evaluates every detector × data set × teacher × size × seed, and keeps what is finished.
///
/// Nothing flows from an evaluation into a training: each case is what `jidoka train` and `jidoka evaluate` would give.
public struct AccuracyBenchmark: Sendable {
    /// What is to be compared.
    public struct Choices: Sendable {
        /// Folders of data sets.
        public var data: [String] = []
        /// Folder whose folders are MVTec AD's categories.
        public var mvtec: String?
        /// Paths of teachers; nil is the built-in one.
        public var teachers: [String?] = [nil]
        /// Detectors.
        public var detectors: [Recipe.Detector] = Recipe.Detector.allCases
        /// Seeds.
        public var seeds: [UInt64] = [1, 2, 3]
        /// Sides of the input in pixels.
        public var sizes = [256]
        /// Passes over the train parts.
        public var epochs = DistillationSettings().epochs
        /// Width of the reduced student.
        public var width = DistillationSettings().width
        /// Share of a step's places that the reduced student learns from, the worst ones.
        public var hardest = DistillationSettings().hardest
        /// Levels of the features; nil is what `jidoka train` takes with the teacher and the detector.
        public var levels: [Level]?
        /// Do finished runs again.
        public var restart = false
        /// Keep trained recipes.
        public var keepsRecipes = false
        /// Also judge all map settings on the parts that are reported on: what the choice cost.
        public var hindsight = false
        /// Do not train finished runs whose recipe was kept: choose their map settings again and judge them anew.
        public var choosesAgain = false
        /// Time the kept recipes in turn when all runs are finished.
        public var times = false

        /// Everything as `jidoka train` has it.
        public init() {}
    }

    /// Told how far things are.
    public struct Reporter: Sendable {
        /// A case begins: its number from 1, of how many, and what it is. Steps of the training follow.
        public var begin: @Sendable (Int, Int, String) -> RecipeTraining.Reporter
        /// A sentence worth keeping.
        public var note: @Sendable (String) -> Void

        /// A reporter.
        public init(
            begin: @escaping @Sendable (Int, Int, String) -> RecipeTraining.Reporter,
            note: @escaping @Sendable (String) -> Void
        ) {
            self.begin = begin
            self.note = note
        }
    }

    /// Every case, seed by seed, so that an early end has all detectors.
    public let cases: [AccuracyCase]
    /// What is not there, and why.
    public let skipped: [String]
    let choices: Choices
    let out: String

    /// Finds data sets and teachers. A missing data set is skipped and said so; a missing teacher is an error.
    ///
    /// - Parameter out: folder of the runs and the report.
    /// - Throws: `RecipeError` for a teacher that can't be read; `CalibrationError` when no data set is left.
    public init(_ choices: Choices, out: String) throws {
        self.choices = choices
        self.out = out
        var skipped: [String] = []
        var sets: [AccuracySource] = []
        func add(_ path: String) {
            do {
                let data = try DataSet(path)
                let learned = Set(data.good)
                let judged = (
                    good: data.test.count { $0.defect == nil && !learned.contains($0.path) },
                    defective: data.test.count { $0.defect != nil }
                )
                guard !learned.isEmpty, judged.good > 0, judged.defective > 0 else {
                    throw CalibrationError(
                        .badData, path,
                        expected: "good parts to learn from, and other good and defective ones to judge",
                        found: "\(learned.count), \(judged.good) and \(judged.defective)",
                        hint: "train/good, test/good and test/<defect>: see 'Data sets' in the README")
                }
                let set = try AccuracySource(dataSet: path)
                guard !sets.contains(where: { $0.path == set.path }) else { return }
                sets.append(sets.contains { $0.name == set.name } ? set.withFolderInName : set)
            } catch { skipped.append("\(error)") }
        }
        // First, so that its categories keep their names.
        if let mvtec = choices.mvtec {
            let categories = Folder.folders(mvtec).filter { Folder.exists("\(mvtec)/\($0)/train/good") }
            if categories.isEmpty {
                skipped.append(
                    "\(mvtec): expected categories with train/good, found "
                        + (Folder.exists(mvtec) ? "none" : "no such folder")
                        + " (give the folder that holds carpet, grid, leather …)")
            }
            categories.forEach { add("\(mvtec)/\($0)") }
        }
        choices.data.forEach(add)
        guard !sets.isEmpty else {
            throw CalibrationError(
                .badData, "benchmark", expected: "a data set",
                found: skipped.isEmpty ? "none" : skipped.joined(separator: "; "),
                hint: "set JIDOKA_DATA to a folder of data sets, or give --data or --mvtec")
        }
        self.skipped = skipped
        var teachers: [(path: String?, source: AccuracySource)] = []
        for path in choices.teachers {
            let teacher = try AccuracySource(teacher: path)
            guard !teachers.contains(where: { $0.source.digest == teacher.digest }) else { continue }
            teachers.append(
                (path, teachers.contains { $0.source.name == teacher.name } ? teacher.withDigestInName : teacher))
        }
        var cases: [AccuracyCase] = []
        for seed in choices.seeds {
            for set in sets {
                for size in choices.sizes {
                    for (path, teacher) in teachers {
                        for detector in choices.detectors {
                            cases.append(
                                AccuracyCase(
                                    set: set.name, data: set.path, dataDigest: set.digest, detector: detector,
                                    teacher: teacher.name, teacherPath: path, teacherDigest: teacher.digest,
                                    size: size, epochs: detector.hasStudent ? choices.epochs : 0,
                                    width: detector == .reducedStudent ? choices.width : 1,
                                    hardest: detector == .reducedStudent ? choices.hardest : 1, seed: seed,
                                    engine: detector.engines[0],
                                    levels: choices.levels ?? detector.defaultLevels(of: DistillationSettings().levels))
                            )
                        }
                    }
                }
            }
        }
        self.cases = cases
    }

    /// Runs what is not finished yet. A case that fails is noted and the others go on.
    ///
    /// - Parameters:
    ///   - tool: name and version of the program, for the recipes.
    ///   - shouldStop: asked after every step of a training; what is finished by then is kept.
    /// - Throws: `RecipeError` when results can't be written or read.
    public func run(tool: String, reporter: Reporter, shouldStop: () -> Bool) throws -> AccuracyReport {
        skipped.forEach { reporter.note("skipped: \($0)") }
        let program = try AccuracyRun.program()
        var runs: [AccuracyRun] = []
        var failures: [AccuracyFailure] = []
        var strangers = 0
        for (index, one) in cases.enumerated() where !shouldStop() {
            let file = "\(out)/runs/\(one.key)/results.json"
            let finished = choices.restart ? nil : try AccuracyRun.read(file, of: one)
            if let finished, !choices.choosesAgain, finished.hindsight != nil || !choices.hindsight {
                strangers += finished.program == program ? 0 : 1
                runs.append(finished)
                continue
            }
            let title = "\(one.set) \(one.detector.rawValue) \(one.teacher) \(one.size) seed \(one.seed)"
            let steps = reporter.begin(index + 1, cases.count, title)
            do {
                guard let run = try measure(one, finished, title, program, tool, steps, shouldStop) else { break }
                runs.append(run)
            } catch {
                reporter.note("failed: \(title): \(error)")
                failures.append(AccuracyFailure(one: one, reason: "\(error)"))
            }
        }
        if choices.times, !shouldStop() { try time(&runs, reporter, shouldStop) }
        if strangers > 0 {
            reporter.note("\(strangers) finished runs are another build's; --restart does them again")
        }
        return AccuracyReport(
            runs: runs, failures: failures, skipped: skipped, planned: cases.count, otherBuilds: strangers,
            instructionSet: try InstructionSet.current().name, core: OpenBLASCore.name)
    }
}
