// SPDX-License-Identifier: Apache-2.0

import Digests
import FoundationEssentials
import Inspection
import Pictures
import Recipes

/// Turns a trained recipe into one that can inspect: statistics from the select parts, threshold from the calibrate parts.
public struct RecipeCalibration: Sendable {
    /// What was written to `calibration.json`.
    public let file: CalibrationFile
    /// The threshold and its promise.
    public let threshold: ConformalThreshold
    /// The warn threshold and its promise, where one was asked for.
    public let warn: ConformalThreshold?

    /// What may be said of the threshold.
    public let certificate: Certificate

    /// What is being done, for a progress line.
    public typealias Progress = @Sendable (_ what: String, _ done: Int, _ total: Int) -> Void

    /// Calibrates and writes `maps.safetensors` and `calibration.json`.
    ///
    /// - Parameters:
    ///   - folder: a recipe with a trained student.
    ///   - data: where the good parts are now; nil is where they were at training, or the recipe's own.
    ///   - alpha: false-stop rate; nil is the smallest that the number of calibrate parts supports.
    ///   - confidence: how surely the rate is kept; nil is on average over calibrations.
    ///   - acceptedBy: who is content with what the parts support where that is less than `alpha`; nil: it is refused then.
    ///   - warnAlpha: rate of good parts that may be called suspicious, above `alpha`; nil is no warn threshold.
    ///   - tool: name and version of the program, for the file.
    /// - Throws: `RecipeError`, `CalibrationError`, `InspectionError`; nothing is written unless all went well.
    public init(
        _ folder: RecipeFolder, data: String? = nil, alpha: Double? = nil, confidence: Double? = nil,
        acceptedBy: String? = nil, warnAlpha: Double? = nil, tool: String,
        progress: Progress? = nil
    ) throws {
        try Self.checkFinished(folder)
        let networks = try RecipeNetworks(folder)
        let remaining = try PartList.remaining(folder)
        let (list, excluded) = (remaining.list, remaining.excludedParts)
        let root = list.root(data, in: folder)
        let camera = try CameraSettings.of(folder)
        // Before any work: a rate that can't be had is refused at once.
        let calibrate = list.of(.calibrate)
        let groups = list.partsOf(.calibrate)
        let wanted = alpha
        let alpha = try ConformalThreshold.supported(
            alpha, confidence: confidence, parts: groups.count, excluded: excluded, isWeakerAccepted: acceptedBy != nil)
        try Self.check(warnAlpha: warnAlpha, alpha: alpha, confidence, parts: groups.count, excluded: excluded)
        let select = try Self.pictures(
            list.of(.select), root: root, rule: networks.recipe.input, "select parts", progress)
        let levels = networks.recipe.map.levels
        let maps = try PartScorer.distances(networks.networks, levels: levels, pictures: select) {
            progress?("statistics of the select parts", $0, $1)
        }
        let statistics = try PartScorer.statistics(of: maps, levels: levels, size: networks.recipe.input.size)
        let model = try networks.model(settings: networks.recipe.map, statistics: statistics)
        let pictures = try Self.pictures(
            calibrate, root: root, rule: networks.recipe.input, "calibrate parts", progress)
        let scored = try PartScorer(model).scores(pictures) { progress?("scores of the calibrate parts", $0, $1) }
        if let blind = zip(calibrate, scored).first(where: { !$1.score.isFinite }) {
            throw CalibrationError(
                .notFinite, blind.0.path, expected: "a finite score", found: "\(blind.1.score)",
                hint: "the student is blind there: train it again, longer or with a lower rate")
        }
        // Pictures of one part are no independent witnesses: the part counts once, with its highest score.
        let worst = groups.map { group in group.max { scored[$0].score < scored[$1].score } ?? group[0] }
        let scores = worst.map { scored[$0].score }
        threshold = try ConformalThreshold(scores: scores, alpha: alpha, confidence: confidence, excluded: excluded)
        warn = try warnAlpha.map { try ConformalThreshold(scores: scores, alpha: $0, excluded: excluded) }
        let inOrder = worst.sorted { NaturalOrder.precedes(calibrate[$0].path, calibrate[$1].path) }
        certificate = Certificate(
            scores: inOrder.map { scored[$0].score }, threshold: threshold, wanted: wanted,
            excludedBy: remaining.excluded?.by ?? [])
        let accepted = certificate.wanted.flatMap { wanted in
            acceptedBy.map { CalibrationFile.Accepted(by: $0, alpha: wanted) }
        }
        let peaks = groups.map { group in group.map { scored[$0].peak }.max() ?? .nan }
        let pixel = try ConformalThreshold(
            scores: peaks, alpha: threshold.alpha, confidence: confidence, excluded: excluded)
        let detection = try DetectionTrials.count(
            model, select: select, pictures: pictures, scores: scored.map(\.score), threshold: threshold.value
        ) { progress?("blended defects", $0, $1) }
        let bytes = StatisticsFile.encoded(statistics, metadata: ["model_sha256": networks.digest])
        let size = networks.recipe.input.size
        file = CalibrationFile(
            model: networks.digest, teacher: networks.teacherDigest, maps: Digest.sha256(bytes),
            settings: networks.recipe.map, alpha: threshold.alpha, order: threshold.order,
            thresholds: .init(stop: threshold.value, pixel: pixel.value, warn: warn?.value),
            scores: worst.map {
                .init(
                    part: calibrate[$0].path, score: scored[$0].score,
                    statistics: PictureStatistics(pictures[$0], size: size))
            },
            date: Date().ISO8601Format(), tool: tool, camera: camera,
            detector: networks.recipe.detector, warnAlpha: warnAlpha, confidence: confidence,
            accepted: accepted, detection: detection, excluded: remaining.excluded)
        try SafeFile.write(bytes, to: folder.maps)
        try file.write(to: folder.calibration)
    }

    /// Fewer parts stop the line than are called suspicious.
    private static func check(
        warnAlpha: Double?, alpha: Double?, _ confidence: Double?, parts: Int, excluded: Int
    ) throws(CalibrationError) {
        guard let warnAlpha else { return }
        _ = try ConformalThreshold(scores: .init(repeating: 0, count: parts), alpha: warnAlpha, excluded: excluded)
        let all = parts + excluded
        let stop = alpha ?? ConformalThreshold.smallestAlpha(parts: all, confidence: confidence, excluded: excluded)
        let orders = (
            ConformalThreshold.order(alpha: warnAlpha, parts: all),
            ConformalThreshold.order(alpha: stop, parts: all, confidence: confidence)
        )
        guard warnAlpha > stop, confidence == nil || orders.0 < orders.1 else {
            throw CalibrationError(
                .badSetting, "warn-alpha", expected: "a rate above the false-stop rate, \(stop)", found: "\(warnAlpha)",
                hint: "more parts are suspicious than stop the line: 0.05 is 5 %")
        }
    }

    /// Refuses networks whose map settings are not chosen yet: calibrated, they would run with settings that nobody chose.
    ///
    /// - Throws: `RecipeError` for a recipe whose training ended before its map settings were chosen.
    public static func checkFinished(_ folder: RecipeFolder) throws(RecipeError) {
        guard !SafeFile.exists(folder.unfinished) else {
            throw RecipeError(
                .mismatch, folder.path, expected: "a finished training",
                found: "one that ended before its map settings were chosen",
                hint: "run the same 'jidoka train' again")
        }
    }

    /// Reads parts that were dealt before; a file that changed since is an error, since its role may no longer be its own.
    package static func pictures(
        _ parts: [PartList.Part], root: String, rule: InputRule, _ what: String, _ progress: Progress?
    ) throws -> [[UInt8]] {
        let loaded = try PreparedPart.load(parts.map { root + "/" + $0.path }, rule: rule) { progress?(what, $0, $1) }
        try PreparedPart.check(loaded, against: parts, in: root)
        return loaded.map(\.pixels)
    }
}
