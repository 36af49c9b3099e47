// SPDX-License-Identifier: Apache-2.0

import Inspection
import Recipes

/// How a recipe's integers do beside float32 on parts whose truth is known. Nothing of this flows back into the recipe.
public struct EngineComparison: Codable, Sendable {
    /// Image AUROC of both engines; null without good or without defective parts.
    public let imageAUROC: Pair
    /// int8's less float32's.
    public let imageAUROCDifference: Double?
    /// Pearson's correlation of the anomaly maps, mean over all parts.
    public let mapCorrelation: Double
    /// The lowest of any part.
    public let lowestCorrelation: Double
    /// The part with the lowest.
    public let lowestPart: String
    /// Number of good parts.
    public let nGood: Int
    /// Number of defective parts.
    public let nDefect: Int

    /// One figure of each engine.
    public struct Pair: Codable, Sendable {
        /// The reference's.
        public let float32: Double?
        /// The integers'.
        public let int8: Double?
    }

    enum CodingKeys: String, CodingKey {
        case imageAUROC = "image_auroc"
        case imageAUROCDifference = "image_auroc_difference"
        case mapCorrelation = "map_correlation"
        case lowestCorrelation = "lowest_correlation"
        case lowestPart = "lowest_part"
        case nGood = "n_good"
        case nDefect = "n_defect"
    }

    /// Runs both engines over a data set's test parts, each with statistics of its own from the select parts.
    ///
    /// - Parameters:
    ///   - folder: a recipe that has float32 files and integers.
    ///   - data: the test parts.
    ///   - parts: where the good parts are now; nil is where they were at training.
    /// - Throws: `RecipeError`, `CalibrationError`, `InspectionError`.
    public init(
        _ folder: RecipeFolder, on data: DataSet, parts root: String? = nil, progress: RecipeCalibration.Progress? = nil
    ) throws {
        let list = try PartList.read(folder.parts)
        let seen = Set(list.parts.map(\.sha256))
        let recipe = try Recipe.read(folder.recipe)
        let loaded = try PreparedPart.load(data.test.map(\.path), rule: recipe.input) { progress?("pictures", $0, $1) }
        let pairs = zip(data.test, loaded).filter { $0.defect != nil || !seen.contains($1.sha256) }
        guard !pairs.isEmpty else {
            throw CalibrationError(
                .badData, data.root, expected: "test parts that the recipe has not seen", found: "none",
                hint: "name a folder with test/good and test/<defect>, or OK and NG")
        }
        let select = try RecipeCalibration.pictures(
            list.of(.select), root: root ?? list.data, rule: recipe.input, "select parts", progress)
        let pictures = pairs.map { $1.pixels }
        let scored = try [Recipe.Engine.float32, .int8].map { engine in
            let networks = try RecipeNetworks(folder, engine: engine)
            let levels = recipe.map.levels
            let maps = try PartScorer.distances(networks.networks, levels: levels, pictures: select) {
                progress?("\(engine.rawValue): statistics", $0, $1)
            }
            let statistics = try PartScorer.statistics(of: maps, levels: levels, size: recipe.input.size)
            let model = try networks.model(settings: recipe.map, statistics: statistics)
            return try PartScorer(model).scores(pictures, maps: true) { progress?("\(engine.rawValue): maps", $0, $1) }
        }
        let correlations = zip(scored[0], scored[1]).map { RankMeasures.correlation($0.map, $1.map) }
        let lowest = correlations.indices.min { correlations[$0] < correlations[$1] } ?? 0
        let areas = scored.map { results in
            RankMeasures.auroc(
                good: zip(pairs, results).filter { $0.0.0.defect == nil }.map { $1.score },
                defective: zip(pairs, results).filter { $0.0.0.defect != nil }.map { $1.score })
        }
        imageAUROC = Pair(float32: areas[0], int8: areas[1])
        imageAUROCDifference = areas[0].flatMap { reference in areas[1].map { $0 - reference } }
        mapCorrelation = correlations.reduce(0, +) / Double(correlations.count)
        lowestCorrelation = correlations[lowest]
        lowestPart = pairs[lowest].0.path
        nGood = pairs.count { $0.0.defect == nil }
        nDefect = pairs.count - nGood
    }
}
