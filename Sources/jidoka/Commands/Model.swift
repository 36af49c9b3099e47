// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Digests
import Inspection
import Recipes

struct Model: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what a recipe's model is and where it came from; import a teacher.",
        subcommands: [ModelShow.self, ModelImport.self, ModelDumpPlan.self], defaultSubcommand: ModelShow.self)
}

struct ModelDumpPlan: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dump-plan", abstract: "Write the compiled integer plan, as the engine runs it, into a file.")

    @Argument(help: "Name of the recipe.")
    var name: String
    @Option(help: "The file.")
    var out: String
    @OptionGroup var place: RecipesOption

    func run() throws {
        let folder = try RecipeFolder(name, in: place.recipes)
        guard let plan = try RecipeNetworks(folder, engine: .int8).networks.integerPlan else { return }
        let bytes = plan.bytes
        try SafeFile.write(bytes, to: out)
        print("\(out): \(bytes.count) bytes, sha256 \(Digest.sha256(bytes))")
    }
}

struct ModelShow: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show what a recipe's model is and where it came from.")

    @Argument(help: "Name of the recipe.")
    var name: String
    @OptionGroup var place: RecipesOption
    @OptionGroup var output: JSONOption

    struct Description: Encodable {
        let recipe: String
        let detector: Recipe.Detector
        let engine: Recipe.Engine
        let model: String
        let teacher: String
        let input: String
        let levels: [String]
        let map: MapSettings
        let multiplyAccumulates: Int
        let training: [String: String]
        let integers: [String: String]?
        let calibration: CalibrationFile?

        enum CodingKeys: String, CodingKey {
            case recipe, detector, engine, model, teacher, input, levels, map, training, integers, calibration
            case multiplyAccumulates = "multiply_accumulates"
        }
    }

    func run() throws {
        let folder = try RecipeFolder(name, in: place.recipes)
        let networks = try RecipeNetworks(folder)
        // A recipe that is trained but not calibrated can be looked at, too.
        let calibration = SafeFile.exists(folder.calibration) ? try LoadedRecipe(folder).calibration : nil
        let macs = networks.networks.multiplyAccumulates
        let levels = networks.recipe.map.levels.map(\.rawValue)
        let learned = networks.recipe.detector.hasStudent ? nil : networks.metadata
        // The integers name the student that they were made from; what is known of its training stands there.
        let training =
            learned ?? (try? FloatModels(folder, recipe: networks.recipe).student.metadata)?.filter {
                $0.key != "graph"
            } ?? [:]
        let integers = networks.recipe.engine == .int8 ? networks.metadata : nil
        if output.isJSON {
            return try printJSON(
                Description(
                    recipe: name, detector: networks.recipe.detector, engine: networks.recipe.engine,
                    model: networks.digest,
                    teacher: networks.teacherDigest,
                    input: networks.recipe.input.fingerprint, levels: levels, map: networks.recipe.map,
                    multiplyAccumulates: macs, training: training, integers: integers, calibration: calibration))
        }
        print(
            """
            recipe       \(name)
            detector     \(networks.recipe.detector.rawValue)
            engine       \(networks.recipe.engine.rawValue)\(integers.map { ": \($0["method"] ?? "?")" } ?? "")
            model        \(networks.digest)
            teacher      \(networks.teacherDigest)
            input        \(networks.recipe.input.fingerprint)
            map          \(levels.joined(separator: " + ")), \(networks.recipe.map.normalisation.rawValue), \
            smoothing \(networks.recipe.map.smoothing), \(networks.recipe.map.score.rawValue)
            arithmetic   \(macs) multiply-accumulates a picture
            training     \(Self.text(training))
            calibration  \(calibration.map(Self.text) ?? "none: run 'jidoka calibrate'")
            """)
    }

    /// Seed, what was learned, and by which program.
    private static func text(_ training: [String: String]) -> String {
        func known(_ key: String) -> String { training[key] ?? "?" }
        let what =
            switch training["format"] {
            case GaussianFile.format:
                "\(known("dimensions")) channels of \(known("levels")), \(known("pictures")) parts"
            case MemoryFile.format: "\(known("vectors")) patches of \(known("levels")), \(known("pictures")) parts"
            default:
                "features \(known("levels")), best epoch \(known("best_epoch")) of \(known("epochs")), "
                    + "select loss \(known("select_loss"))"
            }
        return "seed \(known("seed")), \(what), by \(known("tool"))"
    }

    private static func text(_ calibration: CalibrationFile) -> String {
        "\(calibration.date): stop above \(calibration.thresholds.stop), false-stop rate at most \(calibration.alpha), "
            + "score \(calibration.order) of \(calibration.parts)"
    }
}
