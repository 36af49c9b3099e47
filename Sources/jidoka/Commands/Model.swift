// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Inspection
import Recipes

struct Model: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show what a recipe's model is and where it came from.")

    @Argument(help: "Name of the recipe.")
    var name: String
    @OptionGroup var place: RecipesOption
    @OptionGroup var output: JSONOption

    struct Description: Encodable {
        let recipe: String
        let model: String
        let teacher: String
        let input: String
        let levels: [String]
        let map: MapSettings
        let multiplyAccumulates: Int
        let training: [String: String]
        let calibration: CalibrationFile?

        enum CodingKeys: String, CodingKey {
            case recipe, model, teacher, input, levels, map, training, calibration
            case multiplyAccumulates = "multiply_accumulates"
        }
    }

    func run() throws {
        let folder = try RecipeFolder(name, in: place.recipes)
        let networks = try RecipeNetworks(folder)
        // A recipe that is trained but not calibrated can be looked at, too.
        let calibration = SafeFile.exists(folder.calibration) ? try LoadedRecipe(folder).calibration : nil
        let macs = networks.teacher.multiplyAccumulates + networks.student.multiplyAccumulates
        let levels = networks.recipe.map.levels.map(\.rawValue)
        let training = networks.studentMetadata.filter { $0.key != "graph" }
        if output.isJSON {
            return try printJSON(
                Description(
                    recipe: name, model: networks.studentDigest, teacher: networks.teacherDigest,
                    input: networks.recipe.input.fingerprint, levels: levels, map: networks.recipe.map,
                    multiplyAccumulates: macs, training: training, calibration: calibration))
        }
        print(
            """
            recipe       \(name)
            model        \(networks.studentDigest)
            teacher      \(networks.teacherDigest)
            input        \(networks.recipe.input.fingerprint)
            map          \(levels.joined(separator: " + ")), \(networks.recipe.map.normalisation.rawValue), \
            smoothing \(networks.recipe.map.smoothing), \(networks.recipe.map.score.rawValue)
            arithmetic   \(macs) multiply-accumulates a picture
            training     seed \(training["seed"] ?? "?"), best epoch \(training["best_epoch"] ?? "?") of \
            \(training["epochs"] ?? "?"), select loss \(training["select_loss"] ?? "?"), by \(training["tool"] ?? "?")
            calibration  \(calibration.map(Self.text) ?? "none: run 'jidoka calibrate'")
            """)
    }

    private static func text(_ calibration: CalibrationFile) -> String {
        "\(calibration.date): stop above \(calibration.thresholds.stop), false-stop rate at most \(calibration.alpha), "
            + "score \(calibration.order) of \(calibration.parts)"
    }
}
