// SPDX-License-Identifier: Apache-2.0

import Inspection

/// What training leaves behind: the recipe, both networks, and proof that they belong together. Not yet calibrated.
public struct RecipeNetworks: Sendable {
    /// `recipe.yaml`.
    public let recipe: Recipe
    /// The frozen network.
    public let teacher: NetworkPlan
    /// The network that has only seen good parts.
    public let student: NetworkPlan
    /// SHA-256 of `teacher.safetensors`.
    public let teacherDigest: String
    /// SHA-256 of `student.safetensors`.
    public let studentDigest: String
    /// What the student's file says about its training.
    public let studentMetadata: [String: String]

    /// Reads recipe, teacher and student.
    ///
    /// - Parameter calibration: the files must be the ones that it was made with; nil before calibration.
    /// - Throws: `RecipeError`, also when the student learned from another teacher or from pictures made by another rule.
    public init(_ folder: RecipeFolder, calibration: CalibrationFile? = nil) throws(RecipeError) {
        recipe = try Recipe.read(folder.recipe)
        let (teacherBytes, studentBytes) = (try SafeFile.read(folder.teacher), try SafeFile.read(folder.student))
        // Before anything is made of the bytes, so that a damaged file is blamed and not its neighbour.
        try calibration?.check(studentBytes, of: folder.student, against: \.model)
        try calibration?.check(teacherBytes, of: folder.teacher, against: \.teacher)
        let teacher = try ModelFile.teacher(teacherBytes, name: folder.teacher, levels: recipe.map.levels)
        let student = try ModelFile.ours(studentBytes, name: folder.student)
        let learned = student.metadata["teacher_sha256"] ?? "none"
        guard learned == teacher.digest else {
            throw RecipeError(
                .mismatch, folder.teacher, expected: "sha256 \(learned), which the student learned from",
                found: teacher.digest, hint: "restore the teacher's file or train again")
        }
        let rule = student.metadata["input"] ?? "none"
        guard rule == recipe.input.fingerprint else {
            throw RecipeError(
                .mismatch, folder.recipe, key: "input", expected: "'\(rule)', which the student learned from",
                found: "'\(recipe.input.fingerprint)'", hint: "restore recipe.yaml or train again")
        }
        self.teacher = try teacher.plan(inputSize: recipe.input.size, name: folder.teacher)
        self.student = try student.plan(inputSize: recipe.input.size, name: folder.student)
        teacherDigest = teacher.digest
        studentDigest = student.digest
        studentMetadata = student.metadata
    }

    /// A model with given settings and statistics.
    ///
    /// - Throws: `InspectionError` when networks, settings and statistics don't fit.
    public func model(
        settings: MapSettings, statistics: [LevelStatistics]
    ) throws(InspectionError) -> InspectionModel {
        let model = try InspectionModel(teacher: teacher, student: student, settings: settings, statistics: statistics)
        _ = try AnomalyMapper(settings: settings, statistics: statistics, size: model.inputSize)
        return model
    }
}
