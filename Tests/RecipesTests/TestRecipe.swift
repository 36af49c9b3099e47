// SPDX-License-Identifier: Apache-2.0

import Digests
import Inspection
import Pictures
import Recipes

/// A recipe of random networks, small and complete: 32 pixels, level layer1.
struct TestRecipe {
    let scratch: ScratchFolder
    let folder: RecipeFolder
    var recipe: Recipe

    init() throws {
        scratch = try ScratchFolder()
        folder = try RecipeFolder("flange", in: scratch.path)
        recipe = Recipe(
            name: "flange", input: InputRule(size: 32), engine: .float32,
            map: MapSettings(levels: [.layer1], smoothing: 4, score: .topPercent))
        try SafeFile.makeFolder(folder.path)
        try write()
    }

    /// Writes every file anew, fitting together.
    func write() throws {
        let (teacher, weights) = (Self.trunk(1), Self.trunk(2))
        let teacherBytes = Safetensors(tensors: teacher).encoded()
        let studentBytes = ModelFile.encoded(
            weights: weights, graph: try ResidualTrunk.graph(of: weights, levels: recipe.map.levels),
            metadata: ["teacher_sha256": Digest.sha256(teacherBytes), "input": recipe.input.fingerprint])
        let statistics = try recipe.map.levels.map { level in
            let side = recipe.input.size / level.reduction
            return try LevelStatistics(
                level: level, side: side, mean: .init(repeating: 0.4, count: side * side),
                deviation: .init(repeating: 0.1, count: side * side))
        }
        let maps = StatisticsFile.encoded(statistics, metadata: ["model_sha256": Digest.sha256(studentBytes)])
        try SafeFile.write(Array(recipe.yaml.utf8), to: folder.recipe)
        try SafeFile.write(teacherBytes, to: folder.teacher)
        try SafeFile.write(studentBytes, to: folder.student)
        try SafeFile.write(maps, to: folder.maps)
        try calibration(
            model: Digest.sha256(studentBytes), teacher: Digest.sha256(teacherBytes), maps: Digest.sha256(maps)
        ).write(to: folder.calibration)
    }

    /// A calibration by 19 scores.
    func calibration(model: String, teacher: String, maps: String) -> CalibrationFile {
        CalibrationFile(
            model: model, teacher: teacher, maps: maps, settings: recipe.map, alpha: 0.05, order: 19,
            thresholds: .init(stop: 1.9, pixel: 3.25),
            scores: (1...19).map { .init(part: "good/\($0).png", score: Float($0) / 10) }, date: "2026-11-21T04:00:00Z",
            tool: "jidoka test")
    }

    /// Random weights of a one-unit trunk up to layer1.
    static func trunk(_ seed: UInt64) -> Weights {
        var random = SeededRandom(seed)
        var weights: Weights = [:]
        for (name, into, kernel) in [
            ("conv1", 3, 7), ("layer1.0.downsample.0", 64, 1), ("layer1.0.conv1", 64, 3), ("layer1.0.conv2", 64, 3),
        ] {
            let bound = (6 / Float(into * kernel * kernel)).squareRoot()
            weights[name + ".weight"] = WeightTensor(
                shape: [64, into, kernel, kernel], values: random.floats(64 * into * kernel * kernel, -bound...bound))
            weights[name + ".bias"] = WeightTensor(shape: [64], values: random.floats(64, -0.1...0.1))
        }
        return weights
    }

    /// The error of loading the recipe, nil when it loads.
    var error: RecipeError? { recipeError { _ = try LoadedRecipe(folder) } }
}

/// The `RecipeError` of some work, nil when it went through.
func recipeError(_ body: () throws -> Void) -> RecipeError? {
    do {
        try body()
        return nil
    } catch {
        return error as? RecipeError
    }
}
