// SPDX-License-Identifier: Apache-2.0

import Calibration
import Inspection

/// How close a way to quantise comes to float32 on the select parts and on synthetic defects blended into them.
public struct QuantisationTrial: Codable, Sendable {
    /// How ranges were chosen; nil for float32 itself.
    public let method: RangeMethod?
    /// Bits of an activation, 7 or 8; 32 for float32.
    public let bits: Int
    /// Pearson's correlation of the final anomaly map with float32's, mean over all pictures.
    public let mapCorrelation: Double
    /// The lowest of any picture.
    public let lowestCorrelation: Double
    /// Mean image AUROC of both halves, good against blended parts.
    public let auroc: Double
    /// Share of blended parts above the highest good part of their half, mean of both halves.
    public let recallAtZeroFP: Double

    /// A trial with all its figures.
    package init(
        method: RangeMethod?, bits: Int, mapCorrelation: Double, lowestCorrelation: Double, auroc: Double,
        recallAtZeroFP: Double
    ) {
        self.method = method
        self.bits = bits
        self.mapCorrelation = mapCorrelation
        self.lowestCorrelation = lowestCorrelation
        self.auroc = auroc
        self.recallAtZeroFP = recallAtZeroFP
    }

    enum CodingKeys: String, CodingKey {
        case method, bits, auroc
        case mapCorrelation = "map_correlation"
        case lowestCorrelation = "lowest_correlation"
        case recallAtZeroFP = "recall_at_zero_fp"
    }

    /// A candidate whose AUROC is further than this below the best is not chosen.
    static let tolerance = 0.01

    /// Which candidate wins: of those whose AUROC on synthetic defects is within 0.01 of the best candidate's, the one whose maps
    /// correlate most with float32's; the first of equals.
    package static func choice(_ trials: [QuantisationTrial]) -> Int? {
        guard let best = trials.map(\.auroc).max() else { return nil }
        var chosen: Int?
        for (index, trial) in trials.enumerated() where trial.auroc >= best - tolerance {
            if chosen.map({ trials[$0].mapCorrelation < trial.mapCorrelation }) ?? true { chosen = index }
        }
        return chosen
    }
}

/// What float32 makes of the pictures of a selection: the mark for every candidate.
struct QuantisationReference {
    private let selection: BlendedSelection
    private let settings: MapSettings
    private let size: Int
    /// The final map of each picture.
    private let maps: [[Float]]
    /// float32's own figures.
    let trial: QuantisationTrial

    /// Runs the float32 networks over all pictures.
    ///
    /// - Throws: `InspectionError`, `CalibrationError`.
    init(
        _ networks: InspectionModel.Networks, settings: MapSettings, size: Int, selection: BlendedSelection,
        progress: RecipeCalibration.Progress?
    ) throws {
        self.selection = selection
        self.settings = settings
        self.size = size
        let distances = try PartScorer.distances(networks, levels: settings.levels, pictures: selection.pictures) {
            progress?("float32 maps", $0, $1)
        }
        let judged = try Self.judge(distances, selection, settings, size)
        maps = judged.maps
        trial = QuantisationTrial(
            method: nil, bits: 32, mapCorrelation: 1, lowestCorrelation: 1, auroc: judged.auroc,
            recallAtZeroFP: judged.recall)
    }

    /// Tries a candidate.
    ///
    /// - Throws: `InspectionError`, `CalibrationError`.
    func judge(
        _ networks: InspectionModel.Networks, method: RangeMethod, bits: Int, progress: (@Sendable (Int, Int) -> Void)?
    ) throws -> QuantisationTrial {
        let distances = try PartScorer.distances(
            networks, levels: settings.levels, pictures: selection.pictures, progress: progress)
        let judged = try Self.judge(distances, selection, settings, size)
        let correlations = Parallel.map(Array(maps.indices)) { RankMeasures.correlation(maps[$0], judged.maps[$0]) }
        return QuantisationTrial(
            method: method, bits: bits, mapCorrelation: correlations.reduce(0, +) / Double(max(1, correlations.count)),
            lowestCorrelation: correlations.min() ?? 0, auroc: judged.auroc, recallAtZeroFP: judged.recall)
    }

    private static func judge(
        _ distances: [[Level: [Float]]], _ selection: BlendedSelection, _ settings: MapSettings, _ size: Int
    ) throws -> (maps: [[Float]], auroc: Double, recall: Double) {
        var maps = [[Float]](repeating: [], count: selection.pictures.count)
        var (area, recall) = (0.0, 0.0)
        for half in selection.halves() {
            let statistics = try PartScorer.statistics(
                of: half.learned.map { distances[$0] }, levels: settings.levels, size: size)
            let judged = half.judged
            _ = try AnomalyMapper(settings: settings, statistics: statistics, size: size)
            let results = Parallel.map(
                judged, context: { try? AnomalyMapper(settings: settings, statistics: statistics, size: size) }
            ) { index, mapper -> (score: Float, map: [Float]) in
                guard let mapper else { return (.nan, []) }
                for level in settings.levels { mapper.setDistances(distances[index][level] ?? [], of: level) }
                return (mapper.score(), mapper.values)
            }
            for (index, result) in zip(judged, results) { maps[index] = result.map }
            let good = zip(judged, results).filter { selection.isGood($0.0) }.map(\.1.score)
            let defective = zip(judged, results).filter { !selection.isGood($0.0) }.map(\.1.score)
            area += RankMeasures.auroc(good: good, defective: defective) ?? 0
            recall += RankMeasures.recallAtZeroFalseStops(good: good, defective: defective) ?? 0
        }
        return (maps, area / 2, recall / 2)
    }
}
