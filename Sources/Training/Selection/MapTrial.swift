// SPDX-License-Identifier: Apache-2.0

import Calibration
import Inspection
import Recipes

/// How well map settings find synthetic defects that were blended into good select parts: the only measure by which
/// settings may be chosen, since it never sees a real defect (DESIGN, 'Good parts are dealt once').
///
/// Cross-fitted: statistics come from one half of the select parts, the other half is judged, good and blended; then the
/// halves change places.
public struct MapTrial: Codable, Sendable {
    /// What was tried.
    public let settings: MapSettings
    /// Mean image AUROC of both halves, good against blended parts.
    public let auroc: Double
    /// Share of blended parts above the highest good part of their half, mean of both halves.
    public let recallAtZeroFP: Double

    enum CodingKeys: String, CodingKey {
        case settings, auroc
        case recallAtZeroFP = "recall_at_zero_fp"
    }

    /// Blended defects per select part.
    static let defectsPerPart = 3

    /// Tries a grid of settings with a trained recipe: level subsets, normalisations, scores, smoothings.
    ///
    /// - Throws: `RecipeError`, `CalibrationError`, `InspectionError`.
    public static func grid(
        _ folder: RecipeFolder, data: String? = nil, seed: UInt64 = 1, progress: RecipeCalibration.Progress? = nil
    ) throws -> [MapTrial] {
        let networks = try RecipeNetworks(folder)
        let list = try PartList.read(folder.parts)
        let rule = networks.recipe.input
        let paths = list.of(.select).map { (data ?? list.data) + "/" + $0.path }
        let good = try PreparedPart.load(paths, rule: rule) { progress?("select parts", $0, $1) }.map(\.pixels)
        let selection = BlendedSelection(good, size: rule.size, defectsPerPart: defectsPerPart, seed: seed)
        let levels = networks.recipe.map.levels
        let maps = try PartScorer.distances(networks.networks, levels: levels, pictures: selection.pictures) {
            progress?("distance maps", $0, $1)
        }
        let candidates = candidates(levels)
        var trials: [MapTrial] = []
        for (done, settings) in candidates.enumerated() {
            progress?("settings", done, candidates.count)
            trials.append(try MapTrial(settings, maps: maps, selection: selection, size: rule.size))
        }
        return trials.sorted { $0.auroc > $1.auroc }
    }

    private init(
        _ settings: MapSettings, maps: [[Level: [Float]]], selection: BlendedSelection, size: Int
    ) throws {
        var area = 0.0
        var recall = 0.0
        for half in 0..<2 {
            let learned = selection.learned(forHalf: half).map { maps[$0] }
            let statistics = try PartScorer.statistics(of: learned, levels: settings.levels, size: size)
            let mapper = try AnomalyMapper(settings: settings, statistics: statistics, size: size)
            func score(_ index: Int) -> Float {
                for level in settings.levels { mapper.setDistances(maps[index][level] ?? [], of: level) }
                return mapper.score()
            }
            let judged = selection.judged(half: half)
            let good = judged.filter(selection.isGood).map(score)
            let defective = judged.filter { !selection.isGood($0) }.map(score)
            area += RankMeasures.auroc(good: good, defective: defective) ?? 0
            recall += RankMeasures.recallAtZeroFalseStops(good: good, defective: defective) ?? 0
        }
        self.settings = settings
        auroc = area / 2
        recallAtZeroFP = recall / 2
    }

    private static func candidates(_ levels: [Level]) -> [MapSettings] {
        let subsets = (1..<(1 << levels.count)).map { bits in
            levels.indices.filter { bits >> $0 & 1 == 1 }.map { levels[$0] }
        }
        return subsets.flatMap { subset in
            MapSettings.Normalisation.allCases.flatMap { normalisation in
                MapSettings.ScoreRule.allCases.flatMap { score in
                    [Float(2), 4, 8].map {
                        MapSettings(levels: subset, normalisation: normalisation, smoothing: $0, score: score)
                    }
                }
            }
        }
    }
}
