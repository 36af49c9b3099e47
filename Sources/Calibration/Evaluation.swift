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

    /// Probability that a defective part scores above a good one; null without good or without defective parts.
    public let imageAUROC: Double?
    /// The same for pixels of the map; null where there are no masks.
    public let pixelAUROC: Double?
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

    enum CodingKeys: String, CodingKey {
        case imageAUROC = "image_auroc"
        case pixelAUROC = "pixel_auroc"
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
        try container.encode(pixelAUROC, forKey: .pixelAUROC)
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
        imageAUROC = RankMeasures.auroc(good: good, defective: defective)
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
        pixelAUROC = hasMasks ? try Self.pixelAUROC(items, scored, rule: recipe.recipe.input) : nil
        latencyMS = try Self.latency(recipe.model, parts.prefix(50).map(\.pixels))
    }

    private static func pixelAUROC(
        _ items: [DataSet.Item], _ scored: [PartScorer.Scored], rule: InputRule
    ) throws -> Double? {
        var histogram = PixelHistogram()
        for (item, score) in zip(items, scored) {
            if item.defect == nil {
                histogram.add(score.map, mask: nil)
            } else if let mask = item.mask {
                // Scaled like the picture, then cut at the middle.
                let picture = try Picture.read(mask).prepared(by: rule)
                histogram.add(score.map, mask: picture.grey.map { $0 > 127 ? 1 : 0 })
            }
        }
        return histogram.auroc
    }

    private static func latency(_ model: InspectionModel, _ pictures: [[UInt8]]) throws -> Double {
        let times = try PartScorer(model).scores(pictures, threads: 1).map(\.milliseconds).sorted()
        return times.isEmpty ? 0 : times[times.count / 2]
    }
}
