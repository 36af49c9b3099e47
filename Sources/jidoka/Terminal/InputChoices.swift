// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Pictures
import Recipes

/// How a picture becomes network input.
struct InputChoices: ParsableArguments {
    @Option(help: "Side of the network's input in pixels, a multiple of 32 (default: 256).")
    var size: Int?
    @Option(help: "What happens to the aspect ratio: stretch, crop or letterbox (default: stretch).")
    var resize: ResizeRule?
    @Option(help: "Part of the picture to look at: X,Y,WIDTH,HEIGHT in pixels.")
    var region: String?

    func validate() throws {
        guard (32...1024).contains(size ?? 256), (size ?? 256) % 32 == 0 else {
            throw ValidationError("size must be a multiple of 32 from 32 to 1024, found \(size ?? 0)")
        }
        _ = try parsedRegion()
    }

    /// The rule that was chosen.
    func rule() throws -> InputRule {
        InputRule(region: try parsedRegion(), resize: resize ?? .stretch, size: size ?? 256)
    }

    /// The rule of a recipe; the one that was chosen when there is no recipe yet.
    func rule(for recipe: RecipeFolder) throws -> InputRule {
        guard SafeFile.exists(recipe.recipe) else { return try rule() }
        let there = try Recipe.read(recipe.recipe).input
        guard size ?? there.size == there.size, resize ?? there.resize == there.resize,
            try region == nil || parsedRegion() == there.region
        else {
            throw RecipeError(
                .contradiction, recipe.recipe, key: "input", expected: there.fingerprint,
                found: try rule().fingerprint, hint: "leave --size, --resize and --region out")
        }
        return there
    }

    private func parsedRegion() throws -> Region? {
        guard let region else { return nil }
        let numbers = region.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
        guard numbers.count == 4, let x = numbers[0], let y = numbers[1], let width = numbers[2],
            let height = numbers[3], x >= 0, y >= 0, width > 0, height > 0
        else {
            throw ValidationError("region must be X,Y,WIDTH,HEIGHT in pixels, found '\(region)'")
        }
        return Region(x: x, y: y, width: width, height: height)
    }
}
