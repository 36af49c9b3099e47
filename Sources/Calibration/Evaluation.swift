// SPDX-License-Identifier: Apache-2.0

import Inspection
import Pictures
import Recipes

/// How a recipe does on parts whose truth is known. Nothing of this flows back into the recipe.
public struct Evaluation: Codable, Sendable {
    /// One kind of defect.
    public struct Kind: Codable, Sendable {
        /// Number of parts.
        public let n: Int
        /// Image AUROC against all good parts.
        public let imageAUROC: Double?
        /// Share above the threshold.
        public let recall: Double

        enum CodingKeys: String, CodingKey {
            case n
            case imageAUROC = "image_auroc"
            case recall
        }
    }

    /// One part and what the recipe made of it.
    public struct Part: Sendable {
        /// Path below the data set's folder.
        public let path: String
        /// Kind of defect; nil for a good part.
        public let kind: String?
        /// Its score; stop is score > threshold.
        public let score: Float
    }

    /// Probability that a defective part scores above a good one; null without good or without defective parts.
    public let imageAUROC: Double?
    /// Where it may lie for other parts of the same kinds, 95 %.
    public let imageAUROCInterval: AUROCInterval?
    /// Mean precision over the recalls; null without good or without defective parts.
    public let averagePrecision: Double?
    /// The same as the image AUROC for pixels of the map; null where there are no masks.
    public let pixelAUROC: Double?
    /// Per-region overlap up to a false-positive rate of 0.3; null where there are no masks.
    public let aupro: Double?
    /// Connected regions of the masks at the map's size.
    public let nRegions: Int
    /// Masks that vanish at the map's size: their pictures are in no pixel measure.
    public let nMasksLost: Int
    /// Share of stops that were right; null when nothing stopped.
    public let precision: Double?
    /// Share of defective parts that stop the line.
    public let recall: Double?
    /// Harmonic mean of precision and recall.
    public let f1: Double?
    /// Share of defective parts above the highest good one.
    public let recallAtZeroFP: Double?
    /// By kind of defect.
    public let perDefect: [String: Kind]
    /// Median milliseconds from pixels to score, one thread, nothing else running in this program.
    public let latencyMS: Double
    /// Number of good parts.
    public let nGood: Int
    /// Number of defective parts.
    public let nDefect: Int
    /// The calibrated threshold.
    public let threshold: Float
    /// Share of good parts above the threshold.
    public let falseStopRate: Double?
    /// Good parts that were left out because the recipe was made from them.
    public let nLeftOut: Int
    /// The parts that were judged, for curves and lists; not in the JSON.
    public private(set) var parts: [Part] = []

    enum CodingKeys: String, CodingKey {
        case imageAUROC = "image_auroc"
        case imageAUROCInterval = "image_auroc_interval"
        case averagePrecision = "average_precision"
        case pixelAUROC = "pixel_auroc"
        case aupro = "aupro_30"
        case nRegions = "n_regions"
        case nMasksLost = "n_masks_lost"
        case precision, recall, f1
        case recallAtZeroFP = "recall_at_zero_fp"
        case perDefect = "per_defect"
        case latencyMS = "latency_ms"
        case nGood = "n_good"
        case nDefect = "n_defect"
        case threshold
        case falseStopRate = "false_stop_rate"
        case nLeftOut = "n_left_out"
    }

    /// Every key is written, null where there is no value.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(imageAUROC, forKey: .imageAUROC)
        try container.encode(imageAUROCInterval, forKey: .imageAUROCInterval)
        try container.encode(averagePrecision, forKey: .averagePrecision)
        try container.encode(pixelAUROC, forKey: .pixelAUROC)
        try container.encode(aupro, forKey: .aupro)
        try container.encode(nRegions, forKey: .nRegions)
        try container.encode(nMasksLost, forKey: .nMasksLost)
        try container.encode(precision, forKey: .precision)
        try container.encode(recall, forKey: .recall)
        try container.encode(f1, forKey: .f1)
        try container.encode(recallAtZeroFP, forKey: .recallAtZeroFP)
        try container.encode(perDefect, forKey: .perDefect)
        try container.encode(latencyMS, forKey: .latencyMS)
        try container.encode(nGood, forKey: .nGood)
        try container.encode(nDefect, forKey: .nDefect)
        try container.encode(threshold, forKey: .threshold)
        try container.encode(falseStopRate, forKey: .falseStopRate)
        try container.encode(nLeftOut, forKey: .nLeftOut)
    }

    /// Scores a data set's test parts with a calibrated recipe.
    ///
    /// - Throws: `CalibrationError` when there is nothing to judge, a picture is bad, or a score is not finite.
    ///
    /// - Parameter known: good parts that the recipe was made from; they prove nothing and are left out.
    public init(
        _ recipe: LoadedRecipe, on data: DataSet, known: PartList?,
        progress: (@Sendable (String, Int, Int) -> Void)? = nil
    ) throws {
        guard !data.test.isEmpty else {
            throw CalibrationError(
                .badData, data.root, expected: "parts to judge: test/good and test/<defect>, or OK and NG",
                found: "good parts only", hint: "see 'Data sets' in the README")
        }
        let loaded = try PreparedPart.load(data.test.map(\.path), rule: recipe.recipe.input) {
            progress?("pictures", $0, $1)
        }
        let seen = Set(known?.parts.map(\.sha256) ?? [])
        let pairs = zip(data.test, loaded).filter { $0.defect != nil || !seen.contains($1.sha256) }
        let (items, parts) = (pairs.map(\.0), pairs.map(\.1))
        nLeftOut = loaded.count - parts.count
        guard !items.isEmpty else {
            throw CalibrationError(
                .badData, data.root, expected: "parts that the recipe has not seen",
                found: "\(nLeftOut) good parts that it was made from", hint: "name a folder with other parts")
        }
        let hasMasks = items.contains { $0.mask != nil }
        let scored = try PartScorer(recipe.model).scores(parts.map(\.pixels), maps: hasMasks) {
            progress?("scores", $0, $1)
        }
        for (item, score) in zip(items, scored) where !score.score.isFinite {
            throw CalibrationError(
                .notFinite, item.path, expected: "a finite score", found: "\(score.score)", hint: "the model is broken")
        }
        let good = zip(items, scored).filter { $0.0.defect == nil }.map(\.1.score)
        let defective = zip(items, scored).filter { $0.0.defect != nil }.map(\.1.score)
        threshold = recipe.threshold.stop
        (precision, recall, f1) = RankMeasures.atThreshold(threshold, good: good, defective: defective)
        let area = RankMeasures.auroc(good: good, defective: defective)
        imageAUROC = area
        imageAUROCInterval = area.flatMap {
            AUROCInterval(auroc: $0, good: good.count, defective: defective.count)
        }
        averagePrecision = OperatingCurve(good: good, defective: defective)?.averagePrecision
        recallAtZeroFP = RankMeasures.recallAtZeroFalseStops(good: good, defective: defective)
        var kinds: [String: Kind] = [:]
        for kind in Set(items.compactMap(\.defect)) {
            let scores = zip(items, scored).filter { $0.0.defect == kind }.map(\.1.score)
            kinds[kind] = Kind(
                n: scores.count, imageAUROC: RankMeasures.auroc(good: good, defective: scores),
                recall: Double(scores.count { $0 > recipe.threshold.stop }) / Double(scores.count))
        }
        perDefect = kinds
        nGood = good.count
        nDefect = defective.count
        let bound = threshold
        falseStopRate = good.isEmpty ? nil : Double(good.count { $0 > bound }) / Double(good.count)
        let pixels = hasMasks ? try PixelMeasures(items, scored, rule: recipe.recipe.input) : PixelMeasures()
        pixelAUROC = pixels.auroc
        aupro = pixels.aupro
        nRegions = pixels.regions
        nMasksLost = pixels.lost
        latencyMS = try Self.latency(recipe.model, parts.prefix(50).map(\.pixels))
        self.parts = zip(items, scored).map {
            Part(path: String($0.0.path.dropFirst(data.root.count + 1)), kind: $0.0.defect, score: $0.1.score)
        }
    }

    private static func latency(_ model: InspectionModel, _ pictures: [[UInt8]]) throws -> Double {
        let times = try PartScorer(model).scores(pictures, threads: 1).map(\.milliseconds).sorted()
        return times.isEmpty ? 0 : times[times.count / 2]
    }
}

/// What the masks say; nothing where there are none.
private struct PixelMeasures {
    var auroc: Double?
    var aupro: Double?
    var regions = 0
    var lost = 0

    init() {}

    init(_ items: [DataSet.Item], _ scored: [PartScorer.Scored], rule: InputRule) throws(PictureError) {
        var histogram = PixelHistogram()
        for (item, score) in zip(items, scored) {
            if item.defect == nil {
                histogram.add(score.map, mask: nil, width: rule.size)
            } else if let path = item.mask {
                // Scaled like the picture, then cut at the middle.
                let mask = try Picture.read(path).prepared(by: rule).grey.map { $0 > 127 ? UInt8(1) : 0 }
                // Without its mask every pixel of the defect would count as good.
                guard mask.contains(1) else {
                    lost += 1
                    continue
                }
                histogram.add(score.map, mask: mask, width: rule.size)
            }
        }
        auroc = histogram.auroc
        aupro = histogram.aupro()
        regions = histogram.regions
    }
}
