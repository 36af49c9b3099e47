// SPDX-License-Identifier: Apache-2.0

import Calibration
import FoundationEssentials
import Glibc
import Inspection
import Recipes

/// Which map settings suit a trained recipe: a grid of them, tried on synthetic defects in its own select parts.
///
/// Shallow levels suit some parts and deep ones others, and textures that move want other statistics than parts that lie
/// still. Good parts with defects blended in tell which, without a real defect; where they can't tell, the mean of what
/// they can't tell apart is taken. The seed is that of the deal.
public struct MapChoice: Codable, Sendable {
    /// What was asked for; the rest is free.
    public struct Given: Sendable, Equatable {
        /// Levels to compare.
        public var levels: [Level]?
        /// What makes maps comparable.
        public var normalisation: MapSettings.Normalisation?
        /// Gaussian over both axes, pixels at 256.
        public var smoothing: Float?
        /// How the map becomes one number.
        public var score: MapSettings.ScoreRule?

        /// Nothing is given unless named.
        public init(
            levels: [Level]? = nil, normalisation: MapSettings.Normalisation? = nil, smoothing: Float? = nil,
            score: MapSettings.ScoreRule? = nil
        ) {
            self.levels = levels?.sorted()
            self.normalisation = normalisation
            self.smoothing = smoothing
            self.score = score
        }
    }

    /// All trials, the winner first: where levels can't be told apart, those of their mean, the best first, then all single
    /// sets of levels, the best first.
    public let trials: [MapTrial]

    /// The winner.
    public var settings: MapSettings { trials[0].settings }

    /// Blended defects per select part: two of each size.
    static let defectsPerPart = 10
    /// Most pixels of select parts that are judged.
    private static let judgedPixels = 64 * 256 * 256
    /// Ways to deal the select parts into those that give statistics and those that are judged.
    static let halves = 8
    /// Different select parts below which nothing is chosen: too few to tell settings apart.
    package static let fewestParts = 8

    /// Whether there are select parts enough.
    static func isPossible(with list: PartList) -> Bool { list.partsOf(.select).count >= fewestParts }

    /// Tries all settings that what is given leaves open.
    ///
    /// - Parameters:
    ///   - folder: a trained recipe, calibrated or not; its networks must give every level that may be chosen.
    ///   - data: where the good parts are now; nil is where they were at training.
    ///   - shouldStop: asked before every setting.
    /// - Returns: nil when it was stopped.
    /// - Throws: `RecipeError`, `CalibrationError`, `InspectionError`.
    public init?(
        _ folder: RecipeFolder, given: Given = Given(), data: String? = nil,
        progress: RecipeCalibration.Progress? = nil, shouldStop: () -> Bool = { false }
    ) throws {
        let networks = try RecipeNetworks(folder, everyLevel: true)
        let (recipe, list) = (networks.recipe, try PartList.remaining(folder).list)
        let good = try RecipeCalibration.pictures(
            list.of(.select), root: data ?? list.data, rule: recipe.input, "select parts", progress)
        let (size, numbers) = (recipe.input.size, list.groupNumbers(.select))
        let judged = BlendedSelection.spread(good.count, max(16, Self.judgedPixels / (size * size)))
        let selection = BlendedSelection(
            judged.map { good[$0] }, groups: judged.map { numbers[$0] }, size: size,
            defectsPerPart: Self.defectsPerPart, seed: list.seed)
        guard !shouldStop() else { return nil }
        let maps = try PartScorer.distances(
            networks.networks, levels: networks.levels, pictures: selection.pictures
        ) { progress?("choosing: distances", $0, $1) }
        var given = given
        // One map of all levels together: there are none to choose from.
        if recipe.detector != .reducedStudent { given.levels = nil }
        let rules = given.score.map { [$0] } ?? MapSettings.ScoreRule.allCases
        let grid = Self.grid(networks.levels, given: given)
        func tried(_ settings: [MapSettings]) throws -> [MapTrial]? {
            var trials: [MapTrial] = []
            for (done, one) in settings.enumerated() {
                guard !shouldStop() else { return nil }
                progress?("choosing: settings", done, settings.count)
                trials += try Self.trials(one, rules: rules, maps: maps, selection: selection, size: size)
            }
            return trials
        }
        guard let single = try tried(grid) else { return nil }
        guard let mean = Self.mean(of: single) else {
            trials = Self.ranked(single)
            return
        }
        guard let weighted = try tried(Self.grid(of: mean, given: given)) else { return nil }
        trials = Self.ranked(weighted) + Self.ranked(single)
    }

    /// One sentence for a person.
    public var summary: String {
        "map: \(settings.summary), of \(trials.count) settings; finds \((1000 * trials[0].recallAtZeroFP).rounded() / 10) % of synthetic "
            + "defects without a false stop, AUROC \((trials[0].auroc * 1000).rounded() / 1000)"
    }

    /// Puts the winner into `recipe.yaml` and all trials into `choice.json`, the best first. What was calibrated before is not
    /// any more.
    ///
    /// - Throws: `RecipeError` when a file can't be read or written.
    func adopt(in folder: RecipeFolder) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        var recipe = try Recipe.read(folder.recipe)
        recipe.map = settings
        unlink(folder.calibration)
        try recipe.write(to: folder)
        try SafeFile.write(Array(try encoder.encode(self)) + [0x0A], to: folder.choice)
    }

    /// AUROCs on synthetic defects that are no further apart than this can't tell which settings find real ones.
    package static let tolerance = 0.02

    /// The highest AUROC first; of equals the one that was tried first.
    package static func ranked(_ trials: [MapTrial]) -> [MapTrial] {
        trials.enumerated().sorted { a, b in
            a.element.auroc == b.element.auroc ? a.offset < b.offset : a.element.auroc > b.element.auroc
        }.map(\.element)
    }

    /// The mean of the sets of levels that synthetic defects can't tell apart.
    ///
    /// A set's say is 1 for the best and falls to 0 at the tolerance below it, by its best trial; every level more halves it, since
    /// a level that adds nothing does no harm on synthetic defects either. It is shared equally among the set's levels. The largest
    /// sum becomes the weight 1, and what is below a twentieth is left out. Taking one of the sets would be a throw of dice,
    /// which can cost 0.1 AUROC on real defects (models/RESULTS.md).
    ///
    /// - Returns: nil where one set or one level is left: then the best trial of all is the winner.
    package static func mean(of trials: [MapTrial]) -> (levels: [Level], weights: [Float])? {
        var best: [[Level]: Double] = [:]
        for trial in trials { best[trial.settings.levels] = max(trial.auroc, best[trial.settings.levels] ?? 0) }
        let highest = best.values.max() ?? 0
        let say = Dictionary(
            uniqueKeysWithValues: best.map { levels, auroc in
                (levels, max(0, 1 - (highest - auroc) / tolerance) / Double(1 << levels.count))
            }
        ).filter { $0.value > 0 }
        guard say.count > 1 else { return nil }
        var sums: [Level: Double] = [:]
        // In a fixed order, so that the sums have the same bits every time.
        for levels in best.keys.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            for level in levels { sums[level, default: 0] += (say[levels] ?? 0) / Double(levels.count) }
        }
        let most = sums.values.max() ?? 1
        let kept = sums.mapValues { $0 / most }.filter { $0.value >= 0.05 }
        let levels = kept.keys.sorted()
        guard levels.count > 1 else { return nil }
        // Hundredths: exact in recipe.yaml and enough.
        return (levels, levels.map { Float(((kept[$0] ?? 0) * 100).rounded() / 100) })
    }

    /// Every combination that is left open for a mean of levels. Raw distances of several levels have no common scale that shares
    /// could be of, so they are left out unless they are asked for.
    package static func grid(of mean: (levels: [Level], weights: [Float]), given: Given) -> [MapSettings] {
        var given = given
        given.levels = mean.levels
        return grid(mean.levels, given: given).compactMap { one in
            guard one.normalisation != .none || given.normalisation != nil else { return nil }
            var one = one
            one.weights = mean.weights
            return one
        }
    }

    /// One map serves all rules that make a score of it.
    private static func trials(
        _ settings: MapSettings, rules: [MapSettings.ScoreRule], maps: [[Level: [Float]]], selection: BlendedSelection,
        size: Int
    ) throws -> [MapTrial] {
        var halves = [[BlendedScores]](repeating: [], count: rules.count)
        // Raw distances need no statistics: each picture has the same score in every half.
        let raw =
            settings.normalisation == .none
            ? try Self.scores(settings, rules: rules, statistics: [], maps: maps, size: size) : nil
        for half in selection.halves(Self.halves) {
            let judged = half.judged
            let scores =
                try raw.map { all in judged.map { all[$0] } }
                ?? Self.scores(
                    settings, rules: rules,
                    statistics: PartScorer.statistics(
                        of: half.learned.map { maps[$0] }, levels: settings.levels, size: size),
                    maps: judged.map { maps[$0] }, size: size)
            for rule in rules.indices {
                var result = BlendedScores()
                for (index, score) in zip(judged, scores) {
                    if let sizeClass = selection.sizeClass(index) {
                        result.blended.append((sizeClass, score[rule]))
                    } else {
                        result.good.append(score[rule])
                    }
                }
                halves[rule].append(result)
            }
        }
        return zip(rules, halves).map { rule, halves in
            var tried = settings
            tried.score = rule
            return MapTrial(tried, halves: halves)
        }
    }

    /// The scores of some pictures by each of some rules; NaN where a map is not finite.
    ///
    /// - Parameter maps: raw distances of each picture, of all levels of the settings.
    static func scores(
        _ settings: MapSettings, rules: [MapSettings.ScoreRule], statistics: [LevelStatistics],
        maps: [[Level: [Float]]], size: Int
    ) throws(InspectionError) -> [[Float]] {
        _ = try AnomalyMapper(settings: settings, statistics: statistics, size: size)
        return Parallel.map(
            maps, context: { try? AnomalyMapper(settings: settings, statistics: statistics, size: size) }
        ) { distances, mapper in
            guard let mapper else { return rules.map { _ in .nan } }
            for level in settings.levels { mapper.setDistances(distances[level] ?? [], of: level) }
            _ = mapper.score()
            return rules.map { mapper.score(by: $0) }
        }
    }

    /// Every combination that is left open but for the score, which is taken last.
    package static func grid(_ levels: [Level], given: Given) -> [MapSettings] {
        let all = (1..<(1 << levels.count)).map { bits in
            levels.indices.filter { bits >> $0 & 1 == 1 }.map { levels[$0] }
        }
        let subsets = given.levels.map { [$0] } ?? all
        let normalisations: [MapSettings.Normalisation] =
            given.normalisation.map { [$0] } ?? [.perLocation, .global, .none]
        let smoothings: [Float] = given.smoothing.map { [$0] } ?? [4, 2, 8]
        var grid: [MapSettings] = []
        for subset in subsets {
            for normalisation in normalisations {
                grid += smoothings.map {
                    MapSettings(levels: subset, normalisation: normalisation, smoothing: $0)
                }
            }
        }
        return grid
    }
}
