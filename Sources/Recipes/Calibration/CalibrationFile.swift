// SPDX-License-Identifier: Apache-2.0

import Digests
import FoundationEssentials
import Inspection

/// `calibration.json`: the thresholds and everything needed to check where they came from.
///
/// Its JSON Schema is `calibration/calibration.schema.json`.
public struct CalibrationFile: Codable, Sendable, Equatable {
    /// Bounds for scores.
    public struct Thresholds: Codable, Sendable, Equatable {
        /// A part stops the line when its score is above this.
        public var stop: Float
        /// A pixel of the anomaly map is part of a defect when above this.
        public var pixel: Float
        /// A part is suspicious when its score is above this; nil: none is.
        public var warn: Float?

        /// Bounds; all finite, `warn` at most `stop`.
        public init(stop: Float, pixel: Float, warn: Float? = nil) {
            self.stop = stop
            self.warn = warn
            self.pixel = pixel
        }
    }

    /// The score of one calibrate part.
    public struct Score: Codable, Sendable, Equatable {
        /// Path below the data folder.
        public var part: String
        /// Its score.
        public var score: Float
        /// What its picture says of camera and light, see `PictureStatistics`; nil in files older than that.
        public var exposure: Float?
        /// Likewise.
        public var focus: Float?
        /// Red over green, likewise.
        public var red: Float?
        /// Blue over green, likewise.
        public var blue: Float?

        /// A part's score, and what its picture says of camera and light.
        public init(part: String, score: Float, statistics: PictureStatistics? = nil) {
            self.part = part
            self.score = score
            exposure = statistics?.exposure
            focus = statistics?.focus
            red = statistics?.red
            blue = statistics?.blue
        }

        /// What the part's picture says of camera and light; nil unless all four are known.
        public var statistics: PictureStatistics? {
            guard let exposure, let focus, let red, let blue else { return nil }
            return PictureStatistics(exposure: exposure, focus: focus, red: red, blue: blue)
        }
    }

    /// Who was content with less than was asked for.
    public struct Accepted: Codable, Sendable, Equatable {
        /// The person's name.
        public var by: String
        /// The false-stop rate that was asked for.
        public var alpha: Double

        /// A person and a rate.
        public init(by: String, alpha: Double) {
            self.by = by
            self.alpha = alpha
        }
    }

    /// Parts that were taken out by a person after they were dealt: they count as exceedances.
    public struct Excluded: Codable, Sendable, Equatable {
        /// Their number, at least 1.
        public var parts: Int
        /// Who has excluded them.
        public var by: [String]

        /// Parts and persons.
        public init(parts: Int, by: [String]) {
            self.parts = parts
            self.by = by
        }
    }

    /// Version of this format.
    public var version = 1
    /// SHA-256 of the file that inspects: `int8.safetensors` or what the detector learned, as the recipe's engine wants.
    public var model: String
    /// SHA-256 of `teacher.safetensors`.
    public var teacher: String
    /// SHA-256 of `maps.safetensors`.
    public var maps: String
    /// What made the maps; nil is `reduced-student`. Must equal the recipe's.
    public var detector: Recipe.Detector?
    /// How the scores were made; must equal the recipe's.
    public var settings: MapSettings
    /// How the camera was set (`camera.yaml`); nil in files older than it.
    public var camera: CameraSettings?
    /// `split-conformal`: the rate is kept on average over calibrations; `order-statistics`: with `confidence`.
    public var method = "split-conformal"
    /// The false-stop rate that the threshold keeps.
    public var alpha: Double
    /// How surely; nil is on average over calibrations.
    public var confidence: Double?
    /// A stronger promise that was asked for, and who was content with this one; nil: none was.
    public var accepted: Accepted?
    /// The rate of good parts above the warn threshold, likewise; nil without one.
    public var warnAlpha: Double?
    /// Which of the sorted scores is the threshold, counted from 1.
    public var order: Int
    /// Number of calibrate parts, those that are excluded among them.
    public var parts: Int
    /// Those without a score, which a person has excluded; nil: none.
    public var excluded: Excluded?
    /// The bounds.
    public var thresholds: Thresholds
    /// Scores of the calibrate parts.
    public var scores: [Score]
    /// Picture statistics in the order of ``scores``; nil unless they are known for every part, as in older files.
    public var pictureStatistics: [PictureStatistics]? {
        let known = scores.compactMap(\.statistics)
        return known.count == scores.count ? known : nil
    }
    /// Blended defects that were missed; nil in files older than it.
    public var detection: Detection?
    /// When it was made, RFC 3339, UTC.
    public var date: String
    /// The program that made it.
    public var tool: String

    enum CodingKeys: String, CodingKey {
        case version, model, teacher, maps, detector, settings, camera, method, alpha, confidence, accepted, order,
            parts, excluded, thresholds, scores,
            date
        case tool, detection
        case warnAlpha = "warn_alpha"
    }

    /// A calibration with all its facts.
    public init(
        model: String, teacher: String, maps: String, settings: MapSettings, alpha: Double, order: Int,
        thresholds: Thresholds, scores: [Score], date: String, tool: String, camera: CameraSettings? = nil,
        detector: Recipe.Detector = .reducedStudent, warnAlpha: Double? = nil, confidence: Double? = nil,
        accepted: Accepted? = nil, detection: Detection? = nil, excluded: Excluded? = nil
    ) {
        self.model = model
        self.teacher = teacher
        self.maps = maps
        self.settings = settings
        self.alpha = alpha
        self.confidence = confidence
        self.accepted = accepted
        method = confidence == nil ? "split-conformal" : "order-statistics"
        self.warnAlpha = warnAlpha
        self.order = order
        self.parts = scores.count + (excluded?.parts ?? 0)
        self.excluded = excluded
        self.thresholds = thresholds
        self.scores = scores
        self.date = date
        self.tool = tool
        self.camera = camera
        self.detector = detector == .reducedStudent ? nil : detector
        self.detection = detection
    }

    /// Reads and checks the file, the threshold against the scores included.
    ///
    /// - Throws: `RecipeError` that names what is wrong.
    public static func read(_ path: String) throws(RecipeError) -> CalibrationFile {
        let bytes = try SafeFile.read(path, limit: 1 << 28)
        let sealed: Sealed
        do {
            sealed = try JSONDecoder().decode(Sealed.self, from: Data(bytes))
        } catch {
            throw damaged(path, "a calibration in JSON", "\(error)")
        }
        let file = sealed.content
        let digest = file.digest ?? "none"
        guard digest == sealed.sha256 else {
            throw damaged(path, "content of sha256 \(sealed.sha256)", "sha256 \(digest)")
        }
        guard file.version == 1 else { throw damaged(path, "version 1", "\(file.version)") }
        let sorted = file.scores.map(\.score).sorted()
        let excluded = file.excluded?.parts ?? 0
        guard file.excluded == nil || (1...1_000_000_000).contains(excluded) else {
            throw damaged(path, "at least one excluded part, where the key is there", "\(excluded)")
        }
        // An excluded part is above every threshold, so the threshold is found among the scores alone.
        guard file.parts == sorted.count + excluded, (1...max(1, sorted.count)).contains(file.order), !sorted.isEmpty,
            sorted.allSatisfy(\.isFinite), file.thresholds.pixel.isFinite
        else {
            throw damaged(
                path, "\(file.parts.subtractingReportingOverflow(excluded).partialValue) finite scores",
                "\(sorted.count)")
        }
        guard sorted[file.order - 1] == file.thresholds.stop else {
            throw damaged(
                path, "a stop threshold equal to score number \(file.order), \(sorted[file.order - 1])",
                "\(file.thresholds.stop)")
        }
        if let detection = file.detection, !detection.isPossible {
            throw damaged(path, "a count of missed defects and its limit", "\(detection)")
        }
        if let warn = file.thresholds.warn {
            guard warn <= file.thresholds.stop, sorted.contains(warn) else {
                throw damaged(path, "a warn threshold that is a score of at most \(file.thresholds.stop)", "\(warn)")
            }
        }
        return file
    }

    /// Writes the file so that it is whole or absent.
    public func write(to path: String) throws(RecipeError) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        guard let digest, let data = try? encoder.encode(Sealed(content: self, sha256: digest)) else {
            throw RecipeError(
                .outOfRange, path, expected: "finite numbers", found: "NaN or infinity", hint: "train the recipe again")
        }
        try SafeFile.write([UInt8](data) + [UInt8(ascii: "\n")], to: path)
    }

    /// SHA-256 of everything in the file but this digest itself, as JSON with sorted keys and no blanks; nil for NaN in it.
    private var digest: String? {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(self)).map { Digest.sha256([UInt8]($0)) }
    }

    /// The file with the digest of its content among the other keys: a bit that falls over, or a hand that edits, is seen.
    private struct Sealed: Codable {
        var content: CalibrationFile
        var sha256: String

        enum CodingKeys: String, CodingKey { case sha256 }

        init(content: CalibrationFile, sha256: String) {
            self.content = content
            self.sha256 = sha256
        }

        init(from decoder: any Decoder) throws {
            content = try CalibrationFile(from: decoder)
            sha256 = try decoder.container(keyedBy: CodingKeys.self).decode(String.self, forKey: .sha256)
        }

        func encode(to encoder: any Encoder) throws {
            try content.encode(to: encoder)
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(sha256, forKey: .sha256)
        }
    }

    /// Refuses the bytes of a file that is not the one that was calibrated.
    func check(
        _ bytes: [UInt8], of path: String, against digest: KeyPath<CalibrationFile, String>
    ) throws(RecipeError) {
        let found = Digest.sha256(bytes)
        guard found == self[keyPath: digest] else {
            throw RecipeError(
                .mismatch, path, expected: "sha256 \(self[keyPath: digest]), which was calibrated",
                found: "sha256 \(found)",
                hint: "the file was changed after calibration: restore it or run 'jidoka calibrate' again")
        }
    }

    private static func damaged(_ path: String, _ expected: String, _ found: String) -> RecipeError {
        RecipeError(
            .badFile, path, expected: expected, found: found,
            hint: "it was changed or damaged: run 'jidoka calibrate' again")
    }
}
