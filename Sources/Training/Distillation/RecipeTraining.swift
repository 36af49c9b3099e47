// SPDX-License-Identifier: Apache-2.0

import Calibration
import Glibc
import Inspection
import Pictures
import Recipes

/// From a folder of good parts to a calibrated recipe, in integers unless asked otherwise: the whole of `jidoka train`.
public struct RecipeTraining: Sendable {
    /// What is to be trained.
    public struct Plan: Sendable {
        /// Name of the recipe.
        public var name: String
        /// Folder of all recipes.
        public var recipes: String
        /// Folder of good parts.
        public var data: String
        /// Path of a teacher's safetensors; nil is the built-in one.
        public var teacher: String?
        /// How any picture becomes network input.
        public var input: InputRule
        /// What looks at the teacher's features.
        public var detector: Recipe.Detector
        /// In which numbers the recipe is to run.
        public var engine: Recipe.Engine
        /// How differences become a score; with `choice` what a trained recipe is tried from.
        public var map: MapSettings
        /// What of `map` is given; the rest is chosen on synthetic defects. Nil: all of it is given.
        public var choice: MapChoice.Given?
        /// How the student is trained.
        public var distillation: DistillationSettings
        /// False-stop rate; nil is the smallest that the number of parts supports.
        public var alpha: Double?
        /// Begin anew even if there is a checkpoint.
        public var restart: Bool

        /// A plan.
        public init(
            name: String, recipes: String, data: String, teacher: String?, input: InputRule,
            detector: Recipe.Detector = .reducedStudent, engine: Recipe.Engine = .int8, map: MapSettings,
            choice: MapChoice.Given? = nil, distillation: DistillationSettings, alpha: Double?, restart: Bool
        ) {
            self.name = name
            self.recipes = recipes
            self.data = data
            self.teacher = teacher
            self.input = input
            self.detector = detector
            self.engine = engine
            self.map = map
            self.choice = choice
            self.distillation = distillation
            self.alpha = alpha
            self.restart = restart
        }
    }

    /// What happened.
    public enum Outcome: Sendable {
        /// The recipe is trained and calibrated.
        case calibrated(Result)
        /// Stopped on request after this many passes; the same command goes on.
        case interrupted(epoch: Int)
    }

    /// What a training gave.
    public struct Result: Sendable {
        /// Threshold and statistics.
        public let calibration: RecipeCalibration
        /// How the integers were made; nil in float32.
        public let quantisation: RecipeQuantisation?
        /// How the map settings were chosen; nil when all were given.
        public let choice: MapChoice?
        /// The pass that gave the weights; nil without a student.
        public let bestEpoch: Int?
        /// Its loss on the select parts; nil without a student.
        public let selectLoss: Float?
        /// Different good parts.
        public let groups: Int
        /// Pictures by what they were dealt to.
        public let counts: [PartDeal.Role: Int]
    }

    /// Told how far things are.
    public struct Reporter: Sendable {
        /// A step with a known number of items.
        public var step: RecipeCalibration.Progress
        /// The training itself.
        public var training: @Sendable (DistillationProgress) -> Void
        /// A sentence worth keeping.
        public var note: @Sendable (String) -> Void

        /// A reporter.
        public init(
            step: @escaping RecipeCalibration.Progress, training: @escaping @Sendable (DistillationProgress) -> Void,
            note: @escaping @Sendable (String) -> Void
        ) {
            self.step = step
            self.training = training
            self.note = note
        }
    }

    /// Trains and calibrates.
    ///
    /// - Parameters:
    ///   - tool: name and version of the program, for the files.
    ///   - shouldStop: asked after every step.
    /// - Throws: `RecipeError`, `CalibrationError`, `TrainingError`, `InspectionError`.
    public static func run(
        _ plan: Plan, tool: String, reporter: Reporter, shouldStop: () -> Bool
    ) throws -> Outcome {
        let folder = try RecipeFolder(plan.name, in: plan.recipes)
        try plan.detector.check(plan.engine, in: folder.recipe)
        let map = plan.detector.mapSettings(plan.map, features: plan.distillation.levels)
        let teacherBytes =
            try plan.teacher.map { path throws(RecipeError) in try SafeFile.read(path) } ?? ModelFile.embeddedTeacher
        let teacherName = plan.teacher ?? "built-in teacher"
        let teacher = try ModelFile.teacher(teacherBytes, name: teacherName, levels: plan.distillation.levels)
        let network = try teacher.plan(inputSize: plan.input.size, name: teacherName)
        // Fails here rather than after minutes of training.
        _ = try AnomalyMapper(
            settings: MapSettings(
                levels: map.levels, weights: map.weights, normalisation: .none, smoothing: map.smoothing,
                score: map.score), statistics: [], size: plan.input.size)
        let data = try DataSet(plan.data)
        let parts = try PreparedPart.load(data.good, rule: plan.input) { reporter.step("reading good parts", $0, $1) }
        let list = try deal(parts, root: data.root, seed: plan.distillation.seed)
        let remaining = try remaining(list, in: folder, reporter)
        let used = remaining.list
        if let alpha = plan.alpha {
            _ = try ConformalThreshold(
                scores: .init(repeating: 0, count: used.partsOf(.calibrate).count), alpha: alpha,
                excluded: remaining.excludedParts)
        }
        guard !shouldStop() else { return .interrupted(epoch: 0) }
        try SafeFile.makeFolder(folder.path)
        let kept = Set(used.parts.map(\.path))
        let usable = zip(list.parts, parts).filter { kept.contains($0.0.path) }
        let train = usable.filter { $0.0.role == .train }.map(\.1.pixels)
        let select = usable.filter { $0.0.role == .select }.map(\.1.pixels)
        let lesson = Lesson(
            plan: plan, folder: folder, teacher: teacher, network: network, train: train, select: select,
            parts: used.digest, tool: tool)
        let bytes: [UInt8], bestEpoch: Int?, selectLoss: Float?
        switch try lesson.learn(reporter: reporter, shouldStop: shouldStop) {
        case .interrupted(let epoch): return .interrupted(epoch: epoch)
        case .learned(let file, let epoch, let loss): (bytes, bestEpoch, selectLoss) = (file, epoch, loss)
        }
        try SafeFile.write([], to: folder.unfinished)
        // An old calibration must not meet a new student, so it goes first.
        unlink(folder.calibration)
        unlink(folder.integer)
        for other in Recipe.Detector.allCases where folder.learned(by: other) != folder.learned(by: plan.detector) {
            unlink(folder.learned(by: other))
        }
        try SafeFile.write(teacherBytes, to: folder.teacher)
        try SafeFile.write(bytes, to: folder.learned(by: plan.detector))
        try list.write(to: folder.parts)
        unlink(folder.choice)
        let recipe = Recipe(
            name: plan.name, input: plan.input, detector: plan.detector, engine: plan.engine, map: map)
        try recipe.write(to: folder)
        var quantisation: RecipeQuantisation?
        if plan.engine == .int8 {
            quantisation = try RecipeQuantisation(
                folder, seed: plan.distillation.seed, tool: tool, progress: reporter.step, shouldStop: shouldStop)
            guard quantisation != nil else { return .interrupted(epoch: plan.distillation.epochs) }
        }
        var choice: MapChoice?
        if let given = plan.choice, MapChoice.isPossible(with: used) {
            guard
                let made = try MapChoice(
                    folder, given: given, progress: reporter.step, shouldStop: shouldStop)
            else { return .interrupted(epoch: plan.distillation.epochs) }
            try made.adopt(in: folder)
            choice = made
        } else if plan.choice != nil {
            reporter.note(
                "too few good parts to choose map settings (\(used.partsOf(.select).count) select parts, "
                    + "\(MapChoice.fewestParts) are needed): \(map.summary)")
        }
        unlink(folder.unfinished)
        let calibration = try RecipeCalibration(folder, alpha: plan.alpha, tool: tool, progress: reporter.step)
        unlink(folder.checkpoint)
        return .calibrated(
            Result(
                calibration: calibration, quantisation: quantisation, choice: choice, bestEpoch: bestEpoch,
                selectLoss: selectLoss,
                groups: list.groups,
                counts: Dictionary(uniqueKeysWithValues: PartDeal.Role.allCases.map { ($0, used.of($0).count) })))
    }

    /// Dealt parts without those that a person has excluded.
    ///
    /// - Throws: `CalibrationError` when too few are left for a role, `RecipeError` for a damaged list of exclusions.
    private static func remaining(
        _ list: PartList, in folder: RecipeFolder, _ reporter: Reporter
    ) throws -> PartList.Remaining {
        let exclusions = try Exclusions.read(folder)
        let remaining = list.without(exclusions)
        let known = Set(list.parts.map(\.sha256))
        let gone = exclusions.inForce.values.filter { !known.contains($0.sha256) }.map(\.part).sorted()
        if !gone.isEmpty {
            reporter.note(
                "\(gone.count) excluded pictures are no longer among the good parts and can't be counted as exceedances: "
                    + gone.prefix(5).joined(separator: ", "))
        }
        for (role, needed) in [(PartDeal.Role.train, 2), (.select, 2), (.calibrate, 1)] {
            let count = remaining.list.of(role).count
            guard count < needed else { continue }
            throw CalibrationError(
                .tooFewParts, "\(role.rawValue) parts", expected: "at least \(needed)",
                found: "\(count), \(list.of(role).count - count) are excluded", hint: "show more good parts")
        }
        return remaining
    }

    private static func deal(_ parts: [PreparedPart], root: String, seed: UInt64) throws -> PartList {
        let deal = try PartDeal(parts.map(\.fingerprint), seed: seed)
        let absolute = realpath(root, nil).map { pointer in
            defer { free(pointer) }
            return String(cString: pointer)
        }
        return PartList(
            data: absolute ?? root, seed: seed, groups: deal.groups,
            parts: parts.indices.map {
                PartList.Part(
                    path: String(parts[$0].path.dropFirst(root.count + 1)), sha256: parts[$0].sha256,
                    role: deal.roles[$0], group: deal.groupNumbers[$0])
            })
    }
}
