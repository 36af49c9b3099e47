// SPDX-License-Identifier: Apache-2.0

import Calibration
import Inspection
import Recipes

/// Milliseconds of many recipes, one picture of each in turn, so that whatever disturbs the machine disturbs all of them.
struct AccuracyTiming {
    /// Pictures of each recipe that are timed.
    private static let rounds = 60
    /// Pictures before, which bring code and weights into the caches.
    private static let warmUp = 3

    private var recipes: [(inspector: Inspector, pictures: [[UInt8]])] = []

    /// Adds a recipe.
    ///
    /// - Parameters:
    ///   - folder: calibrated.
    ///   - data: a data set whose first parts are looked at.
    /// - Throws: `RecipeError`, `CalibrationError`, `InspectionError`.
    mutating func add(_ folder: RecipeFolder, data: DataSet) throws {
        let recipe = try LoadedRecipe(folder)
        let parts = try PreparedPart.load(data.test.prefix(8).map(\.path), rule: recipe.recipe.input)
        recipes.append((try Inspector(model: recipe.model), parts.map(\.pixels)))
    }

    /// Median milliseconds of each recipe from pixels to score, one thread, in the order in which they were added; nil when it
    /// was stopped.
    func medians(progress: (Int, Int) -> Void, shouldStop: () -> Bool) -> [Double]? {
        var times = [[Double]](repeating: [], count: recipes.count)
        for round in 0..<(Self.rounds + Self.warmUp) {
            guard !shouldStop() else { return nil }
            progress(round + 1, Self.rounds + Self.warmUp)
            for (index, one) in recipes.enumerated() {
                let pixels = one.pictures[round % one.pictures.count]
                // Once for its caches, which the others have emptied, as a line looks at one part after the other.
                _ = one.inspector.score(pixels)
                let start = ContinuousClock.now
                _ = one.inspector.score(pixels)
                if round >= Self.warmUp { times[index].append((ContinuousClock.now - start) / .milliseconds(1)) }
            }
        }
        return times.map { $0.sorted()[$0.count / 2] }
    }
}
