// SPDX-License-Identifier: Apache-2.0

import Digests
import Inspection

/// What training leaves behind: the recipe, its networks, and proof that they belong together. Not yet calibrated.
public struct RecipeNetworks: Sendable {
    /// `recipe.yaml`.
    public let recipe: Recipe
    /// Levels that there is a map of, shallow first.
    public let levels: [Level]
    /// Teacher and student or whatever else the detector is made of, in the numbers that they are run in.
    public let networks: InspectionModel.Networks
    /// SHA-256 of the file that inspects: `int8.safetensors`, or what the detector learned in float32.
    public let digest: String
    /// SHA-256 of `teacher.safetensors`.
    public let teacherDigest: String
    /// What the inspecting file says about itself, graphs and scales left out.
    public let metadata: [String: String]

    /// Reads the recipe and what its engine needs.
    ///
    /// - Parameters:
    ///   - engine: another engine than the recipe's, for comparisons.
    ///   - calibration: the files must be the ones that it was made with; nil before calibration.
    ///   - everyLevel: give the maps of all levels that were trained, also of those that the recipe leaves out.
    ///   - checkingOrigin: with integers, also hash the float32 files where they are present: they must be those that the
    ///     integers were made from. The daemon needs none of them.
    /// - Throws: `RecipeError`, also when the student learned from another teacher or from pictures made by another rule.
    public init(
        _ folder: RecipeFolder, engine: Recipe.Engine? = nil, calibration: CalibrationFile? = nil,
        everyLevel: Bool = false, checkingOrigin: Bool = true
    ) throws(RecipeError) {
        recipe = try Recipe.read(folder.recipe)
        let engine = engine ?? recipe.engine
        try recipe.detector.check(engine, in: folder.recipe)
        switch engine {
        case .float32 where !recipe.detector.hasStudent:
            let models = try DetectorModels(folder, recipe: recipe, calibration: calibration)
            levels = recipe.map.levels
            networks = models.networks
            digest = models.digest
            teacherDigest = models.teacherDigest
            metadata = models.metadata
        case .float32:
            let pair = try FloatModels(folder, recipe: recipe, everyLevel: everyLevel, calibration: calibration)
            levels = recipe.detector == .reducedStudent ? pair.levels : recipe.map.levels
            networks = try recipe.detector.networks(
                of: .float32(
                    teacher: try pair.teacher.plan(inputSize: recipe.input.size, name: folder.teacher),
                    student: try pair.student.plan(inputSize: recipe.input.size, name: folder.student)),
                levels: pair.levels, name: folder.student)
            digest = pair.student.digest
            teacherDigest = pair.teacher.digest
            metadata = pair.student.metadata.filter { $0.key != "graph" }
        case .int8:
            let bytes = try SafeFile.read(folder.integer)
            // Before anything is made of the bytes, so that a damaged file is blamed and not its neighbour.
            try calibration?.check(bytes, of: folder.integer, against: \.model)
            let file = try IntegerModelFile.parse(bytes, name: folder.integer)
            try FloatModels.check(rule: file.input, of: recipe, folder)
            if checkingOrigin {
                for (path, digest) in [(folder.teacher, file.origin.teacher), (folder.student, file.origin.student)]
                where SafeFile.exists(path) {
                    let found = Digest.sha256(try SafeFile.read(path))
                    guard found == digest else {
                        throw RecipeError(
                            .mismatch, path, expected: "sha256 \(digest), which the integers were made from",
                            found: found, hint: "restore the file or run 'jidoka quantize' again")
                    }
                }
            }
            guard Set(file.levels).isSuperset(of: recipe.map.levels) else {
                throw RecipeError(
                    .mismatch, folder.recipe, key: "map.levels",
                    expected: "some of \(file.levels.map(\.rawValue).joined(separator: ", "))",
                    found: recipe.map.levels.map(\.rawValue).joined(separator: ", "),
                    hint: "the networks give no others: train again")
            }
            let features = recipe.detector == .reducedStudent && !everyLevel ? recipe.map.levels : file.levels
            levels = recipe.detector == .reducedStudent ? features : recipe.map.levels
            networks = try recipe.detector.networks(
                of: .int8(try file.plan(levels: features, inputSize: recipe.input.size, name: folder.integer)),
                levels: features, name: folder.integer)
            digest = Digest.sha256(bytes)
            teacherDigest = file.origin.teacher
            guard calibration == nil || calibration?.teacher == teacherDigest else {
                throw RecipeError(
                    .mismatch, folder.calibration, key: "teacher", expected: teacherDigest,
                    found: calibration?.teacher ?? "none", hint: "run 'jidoka calibrate' again")
            }
            metadata = [
                "teacher_sha256": file.origin.teacher, "student_sha256": file.origin.student,
                "parts_sha256": file.origin.parts, "tool": file.origin.tool, "method": file.origin.method,
                "activation_maximum": "\(file.teacher.activationMaximum)", "format": IntegerModelFile.format,
            ]
        }
    }

    /// A model with given settings and statistics.
    ///
    /// - Throws: `InspectionError` when networks, settings and statistics don't fit.
    public func model(
        settings: MapSettings, statistics: [LevelStatistics]
    ) throws(InspectionError) -> InspectionModel {
        let model = try InspectionModel(networks: networks, settings: settings, statistics: statistics)
        _ = try AnomalyMapper(settings: settings, statistics: statistics, size: model.inputSize)
        return model
    }
}

/// The float32 files of a recipe, checked against each other.
public struct FloatModels: Sendable {
    /// The frozen network.
    public let teacher: ModelFile
    /// The network that has only seen good parts.
    public let student: ModelFile
    /// Levels that the detector looks at, shallow first.
    public let levels: [Level]

    /// Reads both files.
    ///
    /// - Parameters:
    ///   - everyLevel: all levels that were trained, also those that the recipe leaves out.
    ///   - calibration: the files must be the ones that it was made with; nil before calibration.
    /// - Throws: `RecipeError`, also when the student learned from another teacher or from pictures made by another rule.
    public init(
        _ folder: RecipeFolder, recipe: Recipe, everyLevel: Bool = false, calibration: CalibrationFile? = nil
    ) throws(RecipeError) {
        let (teacherBytes, studentBytes) = (try SafeFile.read(folder.teacher), try SafeFile.read(folder.student))
        // Before anything is made of the bytes, so that a damaged file is blamed and not its neighbour.
        try calibration?.check(studentBytes, of: folder.student, against: \.model)
        try calibration?.check(teacherBytes, of: folder.teacher, against: \.teacher)
        student = try ModelFile.ours(studentBytes, name: folder.student)
        let detector = student.metadata["detector"] ?? Recipe.Detector.reducedStudent.rawValue
        guard detector == recipe.detector.rawValue else {
            throw RecipeError(
                .mismatch, folder.recipe, key: "detector", expected: "\(detector), which the student was trained for",
                found: recipe.detector.rawValue, hint: "restore recipe.yaml or train again")
        }
        // A product needs all levels that were trained; a sum is of those that the recipe names.
        levels =
            recipe.detector == .reducedStudent && !everyLevel ? recipe.map.levels : student.graph.outputs.keys.sorted()
        teacher = try ModelFile.teacher(teacherBytes, name: folder.teacher, levels: levels)
        let learned = student.metadata["teacher_sha256"] ?? "none"
        guard learned == teacher.digest else {
            throw RecipeError(
                .mismatch, folder.teacher, expected: "sha256 \(learned), which the student learned from",
                found: teacher.digest, hint: "restore the teacher's file or train again")
        }
        try Self.check(rule: student.metadata["input"] ?? "none", of: recipe, folder)
    }

    static func check(rule: String, of recipe: Recipe, _ folder: RecipeFolder) throws(RecipeError) {
        guard rule == recipe.input.fingerprint else {
            throw RecipeError(
                .mismatch, folder.recipe, key: "input", expected: "'\(rule)', which the student learned from",
                found: "'\(recipe.input.fingerprint)'", hint: "restore recipe.yaml or train again")
        }
    }
}
