// SPDX-License-Identifier: Apache-2.0

import Digests
import Inspection
import Pictures
import Recipes

/// What a calibrated recipe gives to its report.
extension ReportContent {
    /// Gathers it.
    ///
    /// - Parameters:
    ///   - folder: of the recipe.
    ///   - loaded: the same recipe, checked.
    ///   - judged: known defects; nil: none were given.
    ///   - production: recent parts by this model; nil: there are none.
    ///   - perShift: good parts in a shift; nil says nothing of shifts.
    ///   - made: now, RFC 3339, UTC.
    ///   - tool: name and version of the program.
    /// - Throws: `RecipeError` when a file can't be read or is larger than any of ours, `CalibrationError` for scores that give no threshold.
    public init(
        _ folder: RecipeFolder, _ loaded: LoadedRecipe, judged: Judged? = nil, production: ProductionRecord? = nil,
        perShift: Double? = nil, made: String, tool: String
    ) throws {
        let calibration = loaded.calibration
        // In the order in which the parts came.
        let scores = calibration.scores.sorted { NaturalOrder.precedes($0.part, $1.part) }
        let threshold = try ConformalThreshold(
            scores: scores.map(\.score), alpha: calibration.alpha, confidence: calibration.confidence,
            excluded: calibration.excluded?.parts ?? 0)
        guard threshold.order == calibration.order else {
            throw RecipeError(
                .badFile, folder.calibration, expected: "score \(threshold.order) of \(threshold.count) for its alpha",
                found: "score \(calibration.order)", hint: "run 'jidoka calibrate' again")
        }
        let warn = try calibration.warnAlpha.map {
            try ConformalThreshold(
                scores: scores.map(\.score), alpha: $0, excluded: calibration.excluded?.parts ?? 0)
        }
        let certificate = Certificate(
            scores: scores.map(\.score), threshold: threshold, wanted: calibration.accepted?.alpha,
            excludedBy: calibration.excluded?.by ?? [])
        self.init(
            recipe: loaded.recipe.name, made: made, tool: tool, calibrated: calibration.date, certificate: certificate,
            lines: certificate.lines(perShift: perShift, acceptedBy: calibration.accepted?.by),
            warn: warn, pixel: calibration.thresholds.pixel,
            acceptedBy: calibration.accepted?.by, scores: scores.map { ($0.part, $0.score) }, judged: judged,
            production: production, versions: Self.versions(loaded, tool: tool), camera: Self.camera(loaded.camera),
            files: try Self.files(folder))
        exclusions = try Exclusions.read(folder).pictures.map { picture in
            Exclusion(
                part: picture.part, by: picture.excluded.by, reason: picture.excluded.reason,
                date: picture.excluded.date, includedBy: picture.included?.by)
        }
        if let accepted = loaded.cameraOverride {
            warnings.append(
                "the camera is set otherwise than at calibration; the promise is not for its pictures. Accepted by "
                    + "\(accepted.by): \(accepted.reason)")
        }
    }

    private static func versions(_ loaded: LoadedRecipe, tool: String) -> [Fact] {
        let (map, calibration) = (loaded.recipe.map, loaded.calibration)
        let levels = zip(map.levels, map.weights).map { "\($0.rawValue) × \(NumberText.short(Double($1), 4))" }
        return [
            Fact("report by", tool), Fact("calibrated by", calibration.tool), Fact("calibrated", calibration.date),
            Fact("method", calibration.method), Fact("detector", loaded.recipe.detector.rawValue),
            Fact("engine", loaded.recipe.engine.rawValue), Fact("model", loaded.digest),
            Fact("teacher", calibration.teacher), Fact("maps", calibration.maps),
            Fact("input", loaded.recipe.input.fingerprint), Fact("levels and weights", levels.joined(separator: ", ")),
            Fact("normalisation", map.normalisation.rawValue),
            Fact("smoothing", NumberText.short(Double(map.smoothing), 4)), Fact("score", map.score.rawValue),
        ]
    }

    private static func camera(_ settings: CameraSettings) -> [Fact] {
        guard settings != CameraSettings() else { return [] }
        var facts: [Fact] = []
        if let format = settings.format { facts.append(Fact("format", format.rawValue)) }
        if let size = settings.size { facts.append(Fact("size", "\(size.width) × \(size.height)")) }
        if let rate = settings.rate { facts.append(Fact("frames per second", NumberText.short(rate, 3))) }
        facts += settings.controls.map { Fact($0.name, "\($0.value)") }
        let limits = settings.limits
        return facts + [
            Fact("dark below", "\(limits.dark)"), Fact("saturated from", "\(limits.saturated)"),
            Fact("frozen after, s", NumberText.short(limits.frozenSeconds, 3)),
            Fact("hangs after, s", NumberText.short(limits.staleSeconds, 3)),
        ]
    }

    /// Those that are there.
    private static func files(_ folder: RecipeFolder) throws(RecipeError) -> [File] {
        var files: [File] = []
        for path in [
            folder.recipe, folder.camera, folder.teacher, folder.student, folder.padim, folder.memory, folder.integer,
            folder.maps, folder.choice, folder.calibration, folder.parts, folder.exclusions, folder.cameraOverride,
        ] where SafeFile.exists(path) {
            let bytes = try SafeFile.read(path)
            files.append(
                File(
                    name: String(path.dropFirst(folder.path.count + 1)), sha256: Digest.sha256(bytes),
                    bytes: bytes.count))
        }
        return files
    }
}

extension ReportContent.Judged {
    /// What an evaluation found.
    ///
    /// - Parameter warn: the recipe's warn threshold; nil without one.
    public init(_ evaluation: Evaluation, data: String, warn: Float?) {
        let good = evaluation.parts.filter { $0.kind == nil }.map(\.score)
        let kinds = Set(evaluation.parts.compactMap(\.kind)).sorted()
        self.init(
            data: data,
            groups: (good.isEmpty ? [] : [HistogramPlot.Group(name: "good, not seen", isGood: true, scores: good)])
                + kinds.map { kind in
                    HistogramPlot.Group(
                        name: kind, isGood: false, scores: evaluation.parts.filter { $0.kind == kind }.map(\.score))
                },
            stop: evaluation.threshold, warn: warn)
    }
}
