// SPDX-License-Identifier: Apache-2.0

import Inspection

/// Teacher and detector's file of a recipe without student, checked against each other.
struct DetectorModels {
    let networks: InspectionModel.Networks
    let digest: String
    let teacherDigest: String
    let metadata: [String: String]

    /// Reads both files.
    ///
    /// - Parameter calibration: the files must be the ones that it was made with; nil before calibration.
    /// - Throws: `RecipeError`, also when the detector learned from another teacher or from pictures made by another rule.
    init(_ folder: RecipeFolder, recipe: Recipe, calibration: CalibrationFile?) throws(RecipeError) {
        let path = folder.learned(by: recipe.detector)
        let (teacherBytes, bytes) = (try SafeFile.read(folder.teacher), try SafeFile.read(path))
        // Before anything is made of the bytes, so that a damaged file is blamed and not its neighbour.
        try calibration?.check(bytes, of: path, against: \.model)
        try calibration?.check(teacherBytes, of: folder.teacher, against: \.teacher)
        let file =
            switch recipe.detector {
            case .padim: try GaussianFile.open(bytes, name: path)
            case .reducedStudent, .stpm, .patchMemory: try MemoryFile.open(bytes, name: path)
            }
        let teacher = try ModelFile.teacher(teacherBytes, name: folder.teacher, levels: file.levels)
        let learned = file.content.metadata["teacher_sha256"] ?? "none"
        guard learned == teacher.digest else {
            throw RecipeError(
                .mismatch, folder.teacher, expected: "sha256 \(learned), which the detector learned from",
                found: teacher.digest, hint: "restore the teacher's file or train again")
        }
        try FloatModels.check(rule: file.content.metadata["input"] ?? "none", of: recipe, folder)
        let plan = try teacher.plan(inputSize: recipe.input.size, name: folder.teacher)
        let detector =
            switch recipe.detector {
            case .padim: try GaussianFile.detector(file, teacher: plan)
            case .reducedStudent, .stpm, .patchMemory: try MemoryFile.detector(file, teacher: plan)
            }
        networks = .oneMap(detector)
        digest = file.digest
        teacherDigest = teacher.digest
        metadata = file.content.metadata
    }
}

extension Recipe.Detector {
    /// The networks as the detector uses them: alone, or multiplied.
    ///
    /// - Parameters:
    ///   - pair: teacher and student.
    ///   - levels: of the features.
    ///   - name: of the student's file, for errors.
    /// - Throws: `RecipeError` that names the file.
    public func networks(
        of pair: InspectionModel.Networks, levels: [Level], name: String
    ) throws(RecipeError) -> InspectionModel.Networks {
        guard self == .stpm else { return pair }
        do throws(InspectionError) {
            return .oneMap(try StudentProduct(pair, features: levels))
        } catch {
            throw RecipeError(
                .badFile, "\(name): \(error.thing)", expected: error.expected, found: error.found, hint: error.hint)
        }
    }
}
