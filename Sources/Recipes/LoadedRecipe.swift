// SPDX-License-Identifier: Apache-2.0

import Inspection

/// A recipe that is ready to inspect: every file read, every hash checked.
public struct LoadedRecipe: Sendable {
    /// `recipe.yaml`.
    public let recipe: Recipe
    /// `camera.yaml`: how the camera takes the pictures.
    public let camera: CameraSettings
    /// Networks or detector, and the statistics.
    public let model: InspectionModel
    /// `calibration.json`.
    public let calibration: CalibrationFile
    /// Pass or stop.
    public let threshold: Threshold
    /// SHA-256 of the file that inspects (the integers, the student, the memory), 64 hexadecimal digits: it names the teacher's in turn.
    public let digest: String

    /// Reads a recipe and refuses one whose parts don't belong together.
    ///
    /// - Throws: `RecipeError` that names the file, what was expected and found.
    public init(_ folder: RecipeFolder) throws(RecipeError) {
        let calibration = try CalibrationFile.read(folder.calibration)
        // On the line the inspecting file is enough: it names what it was made from.
        let networks = try RecipeNetworks(folder, calibration: calibration, checkingOrigin: false)
        let maps = try SafeFile.read(folder.maps)
        try calibration.check(maps, of: folder.maps, against: \.maps)
        guard folder.path.hasSuffix("/" + networks.recipe.name) else {
            throw RecipeError(
                .mismatch, folder.recipe, key: "name", expected: "the name of its folder", found: networks.recipe.name,
                hint: "a recipe that was copied needs its new name in recipe.yaml")
        }
        guard calibration.detector ?? .reducedStudent == networks.recipe.detector else {
            throw RecipeError(
                .mismatch, folder.recipe, key: "detector",
                expected: (calibration.detector ?? .reducedStudent).rawValue + ", which was calibrated",
                found: networks.recipe.detector.rawValue, hint: "restore recipe.yaml or train again")
        }
        guard calibration.settings == networks.recipe.map else {
            throw RecipeError(
                .mismatch, folder.recipe, key: "map", expected: "the settings that were calibrated", found: "others",
                hint: "run 'jidoka calibrate' again")
        }
        let camera = try CameraSettings.of(folder)
        if let calibrated = calibration.camera, !camera.takesSamePictures(as: calibrated) {
            throw RecipeError(
                .mismatch, folder.camera, expected: "the camera settings that were calibrated",
                found: SafeFile.exists(folder.camera) ? "others" : "no such file",
                hint: "restore the file, or take the pictures again and run 'jidoka train' or 'jidoka calibrate'")
        }
        let statistics = try StatisticsFile.parse(maps, name: folder.maps, levels: networks.recipe.map.levels)
        do throws(InspectionError) {
            model = try networks.model(settings: networks.recipe.map, statistics: statistics)
            threshold = try Threshold(stop: calibration.thresholds.stop, warn: calibration.thresholds.warn)
        } catch {
            throw RecipeError(
                .badFile, "\(folder.path): \(error.thing)", expected: error.expected, found: error.found,
                hint: error.hint)
        }
        recipe = networks.recipe
        self.camera = camera
        self.calibration = calibration
        digest = networks.digest
    }
}

extension LoadedRecipe {
    /// Changes exactly when something changes that a verdict depends on: networks, statistics, settings, threshold,
    /// camera.
    public var identity: String {
        "\(digest) \(calibration.teacher) \(calibration.maps) \(recipe.input.fingerprint) \(recipe.map) "
            + "\(calibration.thresholds) \(camera)"
    }
}
