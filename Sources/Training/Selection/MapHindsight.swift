// SPDX-License-Identifier: Apache-2.0

import Calibration
import Inspection
import Recipes

/// What a choice of map settings is worth: all of them judged on parts whose truth is known.
///
/// For reports only: settings taken from here would be fitted to the parts they are reported on. Statistics come from the select
/// parts, as a calibration takes them.
public struct MapHindsight: Codable, Sendable {
    /// Settings and the image AUROC that they would have had.
    public struct Verdict: Codable, Sendable {
        /// What was tried.
        public let settings: MapSettings
        /// Probability that a defective part scores above a good one.
        public let imageAUROC: Double

        enum CodingKeys: String, CodingKey {
            case settings
            case imageAUROC = "image_auroc"
        }
    }

    /// All settings in the order of `MapChoice.grid`, scores innermost, then the recipe's own where they are not among them (weights
    /// other than 1).
    public let verdicts: [Verdict]

    /// The highest image AUROC; of equals the first.
    public var best: Verdict { verdicts.reduce(verdicts[0]) { $1.imageAUROC > $0.imageAUROC ? $1 : $0 } }

    /// Judges all settings.
    ///
    /// - Parameters:
    ///   - folder: a trained recipe.
    ///   - data: good and defective parts to judge; good ones that the recipe was made from are left out.
    ///   - good: where the recipe's good parts are now; nil is where they were at training.
    ///   - shouldStop: asked before every setting.
    /// - Returns: nil when it was stopped.
    /// - Throws: `RecipeError`, `CalibrationError`, `InspectionError`; also when good or defective parts to judge are missing or
    ///   a score is not finite.
    public init?(
        _ folder: RecipeFolder, on data: DataSet, good root: String? = nil, progress: RecipeCalibration.Progress? = nil,
        shouldStop: () -> Bool = { false }
    ) throws {
        let networks = try RecipeNetworks(folder, everyLevel: true)
        let (recipe, list) = (networks.recipe, try PartList.read(folder.parts))
        let size = recipe.input.size
        let select = try RecipeCalibration.pictures(
            list.without(try Exclusions.read(folder)).list.of(.select), root: root ?? list.data, rule: recipe.input,
            "select parts", progress)
        let seen = Set(list.parts.map(\.sha256))
        let judged = zip(data.test, try PreparedPart.load(data.test.map(\.path), rule: recipe.input))
            .filter { $0.defect != nil || !seen.contains($1.sha256) }
        let defective = judged.count { $0.0.defect != nil }
        guard defective > 0, defective < judged.count else {
            throw CalibrationError(
                .badData, data.root, expected: "good parts that the recipe has not seen, and defective ones",
                found: "\(judged.count - defective) and \(defective)", hint: "see 'Data sets' in the README")
        }
        guard !shouldStop() else { return nil }
        let maps = try PartScorer.distances(
            networks.networks, levels: networks.levels, pictures: select + judged.map(\.1.pixels)
        ) { progress?("in hindsight: distances", $0, $1) }
        let statistics = try PartScorer.statistics(
            of: Array(maps.prefix(select.count)), levels: networks.levels, size: size)
        var grid = MapChoice.grid(
            networks.levels, given: .init(levels: recipe.detector == .reducedStudent ? nil : recipe.map.levels))
        if !grid.contains(where: { $0.isSameMap(as: recipe.map) }) { grid.append(recipe.map) }
        var verdicts: [Verdict] = []
        for (done, settings) in grid.enumerated() {
            guard !shouldStop() else { return nil }
            progress?("in hindsight: settings", done, grid.count)
            let own = statistics.filter { settings.levels.contains($0.level) }
            let rules = MapSettings.ScoreRule.allCases
            let scores = try MapChoice.scores(
                settings, rules: rules, statistics: own, maps: Array(maps.dropFirst(select.count)), size: size)
            for (place, rule) in rules.enumerated() {
                let pairs = zip(judged, scores).map { ($0.0.defect == nil, $1[place]) }
                guard pairs.allSatisfy(\.1.isFinite) else {
                    throw CalibrationError(
                        .notFinite, "scores of \(settings.summary)", expected: "finite scores", found: "others",
                        hint: "the model is broken")
                }
                var tried = settings
                tried.score = rule
                verdicts.append(
                    Verdict(
                        settings: tried,
                        imageAUROC: RankMeasures.auroc(
                            good: pairs.filter(\.0).map(\.1), defective: pairs.filter { !$0.0 }.map(\.1)) ?? 0.5))
            }
        }
        self.verdicts = verdicts
    }
}
