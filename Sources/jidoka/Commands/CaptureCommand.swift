// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Capture
import Inspection
import Pictures
import Recipes

struct CaptureCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "capture",
        abstract: "Take pictures of good parts for a recipe, exactly as the daemon will take them.",
        discussion: """
            Pictures go into RECIPES/NAME/good, the camera's settings into camera.yaml. Blurred, dark, saturated and \
            frozen pictures and the same part again are refused, with the reason. Blurred is what is much less sharp than \
            the pictures taken so far: whether all are blurred only you can see. Exit status 0: as many as asked for; \
            1: fewer; 130: ended by Ctrl-C.
            """)

    @Argument(help: "Name of the recipe.")
    var name: String
    @Option(help: "The camera, best one below /dev/v4l/by-id or /dev/v4l/by-path.")
    var device: String?
    @Option(help: "Take the pictures of a folder instead of a camera's.")
    var folder: String?
    @Option(help: "Pictures to take (default: 100; with --folder all).")
    var count: Int?
    @Option(help: "Pictures per second; 0 is every frame.")
    var rate: Double?
    @Flag(help: "Take a picture whenever Enter is pressed; 'q' ends.")
    var interactive = false
    @OptionGroup(title: "Camera, unless the recipe has a camera.yaml") var camera: CameraChoices
    @OptionGroup(title: "Network input, unless the recipe has a recipe.yaml") var input: InputChoices
    @OptionGroup var place: RecipesOption
    @OptionGroup var output: JSONOption

    func validate() throws {
        guard (device == nil) != (folder == nil) else { throw ValidationError("give either --device or --folder") }
        guard (1...1_000_000).contains(count ?? 1) else { throw ValidationError("count must be 1 to 1000000") }
        guard !(interactive && rate != nil) else { throw ValidationError("give either --rate or --interactive") }
        guard rate ?? 1 >= 0, rate ?? 1 <= 10_000 else { throw ValidationError("rate must be 0 to 10000") }
        guard folder == nil || (camera.isEmpty && rate == nil && !interactive) else {
            throw ValidationError("camera options, --rate and --interactive don't go with --folder")
        }
    }

    func run() throws {
        Interrupt.watch()
        let recipe = try RecipeFolder(name, in: place.recipes)
        let rule = try input.rule(for: recipe)
        var session = try CaptureSession(
            recipe, rule: rule, supply: try supply(recipe, rule), count: count ?? (folder == nil ? 100 : nil))
        try session.run()
        let summary = session.summary
        if output.isJSON {
            try printJSON(summary)
        } else {
            print(summary.text(withRefusals: !Terminal.shared.isInteractive))
        }
        if let failure = summary.failure { Terminal.shared.say("jidoka: capture: \(failure)") }
        if summary.isInterrupted { throw ExitCode(130) }
        if summary.failure != nil || summary.taken < summary.asked ?? 1 { throw ExitCode(1) }
    }

    private func supply(_ recipe: RecipeFolder, _ rule: InputRule) throws -> any PictureSupply {
        let isNew = !SafeFile.exists(recipe.camera)
        var settings = isNew ? camera.settings : try CameraSettings.read(recipe.camera)
        if !isNew { try camera.check(against: settings, of: recipe.camera) }
        guard let device else {
            return try FolderSupply(folder: folder ?? "", rule: rule, limits: settings.limits)
        }
        let supply = try CameraSupply(
            device: device, settings: settings, rule: rule, moment: interactive ? .enter : .rate(rate ?? 2))
        if isNew, let granted = supply.negotiated {
            // What was left open is from now on what the camera gave: the next one must give the same.
            settings.format = granted.format
            settings.size = .init(width: granted.width, height: granted.height)
            try SafeFile.makeFolder(recipe.path)
            try SafeFile.write(Array(settings.yaml.utf8), to: recipe.camera)
        }
        Interrupt.whenRequested { [source = supply.source] in source.stop() }
        if interactive { Terminal.shared.say("Enter takes a picture, q and Enter end.") }
        return supply
    }
}
