// SPDX-License-Identifier: Apache-2.0

import Calibration
import Inspection
import Recipes

/// Milliseconds of many recipes, one picture of each in turn, so that whatever disturbs the machine disturbs all of them.
struct AccuracyTiming {
    /// Pictures of each recipe that are timed.
    static let rounds = 60
    /// Pictures before, which bring code and weights into the caches.
    private static let warmUp = 3

    /// Median milliseconds of each recipe from pixels to score, one thread; in the order of the folders.
    ///
    /// - Parameters:
    ///   - folders: calibrated recipes.
    ///   - data: a data set for each, whose first parts are looked at.
    /// - Throws: `RecipeError`, `CalibrationError`, `InspectionError`.
    static func medians(
        _ folders: [RecipeFolder], data: [String], progress: (Int, Int) -> Void, shouldStop: () -> Bool
    ) throws -> [Double]? {
        var inspectors: [(inspector: Inspector, pictures: [[UInt8]])] = []
        for (folder, path) in zip(folders, data) {
            let recipe = try LoadedRecipe(folder)
            let parts = try PreparedPart.load(
                try DataSet(path).test.prefix(8).map(\.path), rule: recipe.recipe.input)
            inspectors.append((try Inspector(model: recipe.model), parts.map(\.pixels)))
        }
        var times = [[Double]](repeating: [], count: inspectors.count)
        for round in 0..<(rounds + warmUp) {
            guard !shouldStop() else { return nil }
            progress(round, rounds + warmUp)
            for (index, one) in inspectors.enumerated() {
                let pixels = one.pictures[round % one.pictures.count]
                // Once for its caches, which the others have emptied, as a line looks at one part after the other.
                _ = one.inspector.score(pixels)
                let start = ContinuousClock.now
                _ = one.inspector.score(pixels)
                if round >= warmUp { times[index].append((ContinuousClock.now - start) / .milliseconds(1)) }
            }
        }
        return times.map { $0.sorted()[$0.count / 2] }
    }
}
