// SPDX-License-Identifier: Apache-2.0

import Inspection

/// The files of one recipe, `RECIPES/NAME/`.
public struct RecipeFolder: Sendable, Equatable {
    /// Path of the folder.
    public let path: String

    /// The folder of a recipe below the folder of all recipes.
    ///
    /// - Throws: `RecipeError` for a name that can't be a folder's.
    public init(_ name: String, in recipes: String) throws(RecipeError) {
        guard Recipe.isName(name) else {
            throw RecipeError(
                .outOfRange, "recipe name", expected: "up to 64 letters, digits, '-', '_', '.'", found: "'\(name)'",
                hint: "a simple word is best")
        }
        path = recipes + "/" + name
    }

    /// `recipe.yaml`: what to look at and how.
    public var recipe: String { path + "/recipe.yaml" }
    /// `camera.yaml`: how the camera takes the pictures; need not be there.
    public var camera: String { path + "/camera.yaml" }
    /// `camera-override.json`: who lets it inspect with a camera that is set otherwise than at calibration.
    public var cameraOverride: String { path + "/camera-override.json" }
    /// `good/`: pictures of good parts, as `jidoka capture` takes them.
    public var good: String { path + "/good" }
    /// `challenge/`: pictures of known parts, in `bad` and `good`; need not be there.
    public var challenge: String { path + "/challenge" }
    /// `teacher.safetensors`: the frozen network, as it was imported.
    public var teacher: String { path + "/teacher.safetensors" }
    /// `student.safetensors`: the trained network.
    public var student: String { path + "/student.safetensors" }
    /// `padim.safetensors`: the Gaussians of detector `padim`.
    public var padim: String { path + "/padim.safetensors" }
    /// `memory.safetensors`: the patches of detector `patch-memory`.
    public var memory: String { path + "/memory.safetensors" }
    /// What a detector learned from good parts, in float32.
    public func learned(by detector: Recipe.Detector) -> String {
        switch detector {
        case .reducedStudent, .stpm: student
        case .padim: padim
        case .patchMemory: memory
        }
    }
    /// `int8.safetensors`: both networks in integers; all that the integer engine reads.
    public var integer: String { path + "/int8.safetensors" }
    /// `maps.safetensors`: statistics of the select parts.
    public var maps: String { path + "/maps.safetensors" }
    /// `choice.json`: how well which map settings found synthetic defects, if they were chosen.
    public var choice: String { path + "/choice.json" }
    /// `calibration.json`: the thresholds.
    public var calibration: String { path + "/calibration.json" }
    /// `parts.json`: which good part was dealt to what.
    public var parts: String { path + "/parts.json" }
    /// `exclusions.json`: good pictures that a person has taken out; need not be there.
    public var exclusions: String { path + "/exclusions.json" }
    /// `checkpoint.safetensors`: an unfinished training.
    public var checkpoint: String { path + "/checkpoint.safetensors" }
    /// `unfinished`: empty; there while a training has replaced the networks and not yet chosen the map settings.
    public var unfinished: String { path + "/unfinished" }
}
