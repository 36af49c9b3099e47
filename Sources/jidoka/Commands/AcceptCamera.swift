// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import FoundationEssentials
import Recipes

struct AcceptCamera: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "accept-camera",
        abstract: "Let a recipe inspect with a camera that is set otherwise than at calibration.",
        discussion: """
            A recipe whose camera.yaml is not the one that was calibrated is refused. A named person may answer for the settings that are \
            there now; the journal says so at every load, and 'jidoka doctor' too. The certificate does not hold meanwhile. Another \
            calibration or other settings need another word.
            """)

    @Argument(help: "Name of the recipe.")
    var name: String
    @Option(help: "Who answers for it.")
    var by: String?
    @Option(help: "Why the settings may differ.")
    var reason: String?
    @Flag(help: "Take it back: the recipe is refused again.")
    var withdraw = false
    @OptionGroup var place: RecipesOption
    @OptionGroup var output: JSONOption

    func validate() throws {
        guard withdraw != (by != nil && reason != nil), !withdraw || (by == nil && reason == nil) else {
            throw ValidationError("give --by and --reason, or --withdraw alone")
        }
    }

    func run() throws {
        let folder = try RecipeFolder(name, in: place.recipes)
        guard !withdraw else {
            let had = try CameraOverride.of(folder)
            try CameraOverride.withdraw(from: folder)
            if output.isJSON { return try printJSON(["withdrawn": had != nil]) }
            return print(had.map { "no longer: \($0.text)" } ?? "\(name): nothing was accepted")
        }
        let accepted = try CameraOverride(folder, by: by ?? "", reason: reason ?? "", date: Date().ISO8601Format())
        try accepted.write(to: folder)
        // The rest of the recipe must be right all the same.
        _ = try LoadedRecipe(folder)
        if output.isJSON { return try printJSON(accepted) }
        print("\(name): \(accepted.text)")
        print("the daemon takes it when it loads the recipe: systemctl reload jidokad")
    }
}
