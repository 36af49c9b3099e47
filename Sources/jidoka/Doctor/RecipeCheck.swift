// SPDX-License-Identifier: Apache-2.0

import Daemon
import Inspection
import Recipes

/// The configuration file.
enum ConfigurationCheck {
    /// The configuration, if it is good, and what there is to say about it.
    static func findings(_ path: String) -> (configuration: Configuration?, findings: [Finding]) {
        do throws(RecipeError) {
            let configuration = try Configuration.load(path)
            return (configuration, [.ok("configuration", "\(path): recipe \(configuration.recipe)")])
        } catch {
            let advice =
                SafeFile.exists(path)
                ? "correct it and check it with 'jidokad --check'"
                : "write one: 'jidokad --example' prints a commented one; or name it with --config"
            return (nil, [.error("configuration", "\(error)", advice)])
        }
    }
}

/// The recipe in the configuration: every file and every hash.
enum RecipeCheck {
    static func findings(_ configuration: Configuration) -> [Finding] {
        do throws(RecipeError) {
            let folder = try RecipeFolder(configuration.recipe, in: configuration.recipes)
            guard SafeFile.exists(folder.recipe) else {
                return [
                    .error(
                        "recipe", "\(folder.path): no recipe of that name",
                        "take pictures with 'jidoka capture \(configuration.recipe) --device ...', then "
                            + "'jidoka train \(configuration.recipe)'")
                ]
            }
            let loaded = try LoadedRecipe(folder)
            // The line does without the float32 files; where they are, they must be the right ones.
            _ = try RecipeNetworks(folder, calibration: loaded.calibration)
            var findings = [
                Finding.ok(
                    "recipe",
                    "\(loaded.recipe.name): \(loaded.recipe.engine.rawValue), every hash is right\n"
                        + "model \(loaded.digest)\n"
                        + "calibrated \(loaded.calibration.date) with \(loaded.calibration.parts) parts, stop above "
                        + "\(loaded.calibration.thresholds.stop)")
            ]
            if let accepted = loaded.cameraOverride {
                findings.append(
                    .warning(
                        "recipe", accepted.text,
                        "take pictures of good parts and run 'jidoka train' or 'jidoka calibrate \(loaded.recipe.name)'"
                    ))
            }
            if loaded.calibration.camera == nil, SafeFile.exists(folder.camera) {
                findings.append(
                    .warning(
                        "recipe", "the calibration does not say how the camera was set",
                        "run 'jidoka calibrate \(loaded.recipe.name)': then camera.yaml can't be changed unnoticed"))
            }
            return findings
        } catch {
            return [.error("recipe", "\(error)", error.hint.isEmpty ? "train it again" : error.hint)]
        }
    }

    /// How the recipe's camera is to be set; nil when that can't be read, which `findings` tells.
    static func camera(_ configuration: Configuration) -> CameraSettings? {
        (try? RecipeFolder(configuration.recipe, in: configuration.recipes)).flatMap { try? CameraSettings.of($0) }
    }
}
