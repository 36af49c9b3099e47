// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Glibc
import Recipes

/// The recipe that a person has changed over to: `STATE/recipe.json`, in force as long as the configuration's stays the same.
struct ChosenRecipe: Codable {
    /// What the configuration said then.
    var configured: String
    /// What was asked for.
    var chosen: String

    private static func path(_ state: String) -> String { state + "/recipe.json" }

    /// The recipe in force for a configuration. A choice that was made under another configuration is over, for good.
    static func inForce(_ configuration: Configuration) -> String {
        let path = path(configuration.state)
        guard SafeFile.exists(path) else { return configuration.recipe }
        guard let bytes = try? SafeFile.read(path, limit: 4096),
            let found = try? JSONDecoder().decode(ChosenRecipe.self, from: Data(bytes)),
            found.configured == configuration.recipe, Recipe.isName(found.chosen)
        else {
            unlink(path)
            return configuration.recipe
        }
        return found.chosen
    }

    /// Keeps the choice over restarts.
    ///
    /// - Parameter configured: what the configuration file says.
    func remember(in state: String) throws(RecipeError) {
        guard let data = try? JSONEncoder().encode(self) else { return }
        try SafeFile.write([UInt8](data) + [UInt8(ascii: "\n")], to: Self.path(state))
    }
}
