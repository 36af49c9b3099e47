// SPDX-License-Identifier: Apache-2.0

import Digests
import FoundationEssentials
import Glibc
import Inspection

/// `camera-override.json`: a named person lets a recipe inspect with a camera that is set otherwise than at calibration.
///
/// It holds for these settings and this calibration; with others the recipe is refused again. The certificate does not hold meanwhile: pictures
/// that are taken otherwise are not exchangeable with the calibrate parts. There is no such thing for another model or other map settings,
/// whose scores have nothing to do with the threshold.
public struct CameraOverride: Codable, Sendable, Equatable {
    /// Version of this format.
    public var version = 1
    /// Who answers for it.
    public var by: String
    /// Why.
    public var reason: String
    /// When, RFC 3339, UTC.
    public var date: String
    /// SHA-256 of `calibration.json`.
    public var calibration: String
    /// The settings that are accepted.
    public var camera: CameraSettings

    /// Accepts the settings that are in `camera.yaml` now.
    ///
    /// - Parameters:
    ///   - date: RFC 3339, UTC.
    /// - Throws: `RecipeError` when files can't be read, somebody has no name or no reason, or there is nothing to accept.
    public init(_ folder: RecipeFolder, by: String, reason: String, date: String) throws(RecipeError) {
        for (key, text) in [("by", by), ("reason", reason)] where text.allSatisfy(\.isWhitespace) {
            throw RecipeError(
                .outOfRange, folder.cameraOverride, key: key, expected: "a text", found: "'\(text)'",
                hint: key == "by" ? "the name of the person who answers for it" : "why the settings may differ")
        }
        let calibrated = try CalibrationFile.read(folder.calibration).camera
        let camera = try CameraSettings.of(folder)
        guard let calibrated, !camera.takesSamePictures(as: calibrated) else {
            throw RecipeError(
                .mismatch, folder.camera, expected: "settings that differ from the calibration's",
                found: calibrated == nil ? "a calibration that names none" : "the same",
                hint: "there is nothing to accept")
        }
        self.by = by
        self.reason = reason
        self.date = date
        calibration = Digest.sha256(try SafeFile.read(folder.calibration, limit: 1 << 28))
        self.camera = camera
    }

    /// The override of a recipe; nil without one.
    ///
    /// - Throws: `RecipeError` for a file that is damaged.
    public static func of(_ folder: RecipeFolder) throws(RecipeError) -> CameraOverride? {
        let path = folder.cameraOverride
        guard SafeFile.exists(path) else { return nil }
        let bytes = try SafeFile.read(path, limit: 1 << 20)
        do {
            let found = try JSONDecoder().decode(CameraOverride.self, from: Data(bytes))
            if found.version == 1, ![found.by, found.reason].contains(where: { $0.allSatisfy(\.isWhitespace) }) {
                return found
            }
        } catch {}
        throw RecipeError(
            .badFile, path, expected: "version 1 with by, reason, date, calibration and camera",
            found: "something else",
            hint: "remove it, or run 'jidoka accept-camera' again")
    }

    /// Writes the file so that it is whole or absent.
    public func write(to folder: RecipeFolder) throws(RecipeError) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(self) else {
            throw RecipeError(
                .outOfRange, folder.cameraOverride, expected: "finite numbers", found: "others",
                hint: "correct camera.yaml")
        }
        try SafeFile.write([UInt8](data) + [UInt8(ascii: "\n")], to: folder.cameraOverride)
    }

    /// Takes the word back; nothing happens without one.
    ///
    /// - Throws: `RecipeError` when the file can't be removed.
    public static func withdraw(from folder: RecipeFolder) throws(RecipeError) {
        guard unlink(folder.cameraOverride) != 0, errno != ENOENT else { return }
        throw RecipeError(
            .writeFailed, folder.cameraOverride, expected: "removed", found: String(cString: strerror(errno)),
            errno: errno,
            hint: "check the folder, its owner and its permissions")
    }

    /// Whether it is about these settings and this calibration.
    func covers(_ camera: CameraSettings, calibration bytes: [UInt8]) -> Bool {
        camera.takesSamePictures(as: self.camera) && Digest.sha256(bytes) == calibration
    }

    /// One sentence for journal and doctor.
    public var text: String {
        "the camera is set otherwise than at calibration, accepted by \(by) on \(date): \(reason); the certificate does not hold"
    }
}
