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
    /// Who lets it inspect with a camera that is set otherwise than at calibration; nil: it is set as it was then.
    public let cameraOverride: CameraOverride?
    /// Pass or stop.
    public let threshold: Threshold
    /// SHA-256 of the file that inspects (the integers, the student, the memory), 64 hexadecimal digits: it names the teacher's in turn.
    public let digest: String
    /// Pictures of known parts; none unless they were read, too.
    public private(set) var challenge = ChallengePictures(folder: "")

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
        cameraOverride = try Self.accepted(camera, calibration, folder)
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

    /// Refuses a camera that is set otherwise than at calibration, unless a named person has accepted just that.
    private static func accepted(
        _ camera: CameraSettings, _ calibration: CalibrationFile, _ folder: RecipeFolder
    ) throws(RecipeError) -> CameraOverride? {
        guard let calibrated = calibration.camera, !camera.takesSamePictures(as: calibrated) else { return nil }
        let accepted = try CameraOverride.of(folder)
        if let accepted, accepted.covers(camera, calibration: try SafeFile.read(folder.calibration, limit: 1 << 28)) {
            return accepted
        }
        throw RecipeError(
            .mismatch, folder.camera, expected: "the camera settings that were calibrated",
            found: !SafeFile.exists(folder.camera)
                ? "no such file"
                : accepted == nil ? "others" : "others, which nobody has accepted for this calibration",
            hint: "restore the file, or take the pictures again and run 'jidoka train' or 'jidoka calibrate'; "
                + "'jidoka accept-camera' lets a named person answer for it")
    }
}

extension LoadedRecipe {
    /// The same with its challenge pictures. Ones that can't be read, or too many, are a challenge that is not passed.
    public func reading(challenge folder: RecipeFolder) -> LoadedRecipe {
        var recipe = self
        do throws(RecipeError) {
            recipe.challenge = try ChallengePictures(folder, rule: self.recipe.input)
        } catch {
            recipe.challenge = ChallengePictures(folder: folder.challenge, problem: "\(error)")
        }
        return recipe
    }

    /// Changes exactly when something changes that a verdict depends on: networks, statistics, settings, threshold,
    /// camera.
    public var identity: String {
        "\(digest) \(calibration.teacher) \(calibration.maps) \(recipe.input.fingerprint) \(recipe.map) "
            + "\(calibration.thresholds) \(camera)" + (cameraOverride.map { " \($0)" } ?? "")
    }
}
