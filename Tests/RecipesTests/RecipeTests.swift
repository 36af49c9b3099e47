// SPDX-License-Identifier: Apache-2.0

import Glibc
import Inspection
import Pictures
import Recipes
import Testing

/// Removes a file.
func unlinked(_ path: String) -> Bool { unlink(path) == 0 }

@Suite struct RecipeTests {
    private let recipe = Recipe(
        name: "r", input: InputRule(), engine: .int8, map: MapSettings(levels: [.layer1, .layer2]))

    private func error(_ change: (String) -> String) -> RecipeError? {
        recipeError { _ = try Recipe.parse(change(recipe.yaml), file: "recipe.yaml") }
    }

    @Test("every setting goes through recipe.yaml unchanged")
    func roundTrip() throws {
        var random = SeededRandom(2)
        for resize in ResizeRule.allCases {
            for normalisation in MapSettings.Normalisation.allCases {
                for score in MapSettings.ScoreRule.allCases {
                    for _ in 0..<20 {
                        let levels = Level.allCases.filter { _ in Bool.random(using: &random) } + [.layer3]
                        let unique = Array(Set(levels)).sorted()
                        // All magnitudes: the text must hold every bit of the weight.
                        let weights = unique.map { _ in
                            Float(bitPattern: UInt32.random(in: 1..<0x7F80_0000, using: &random))
                        }
                        let number = Int.random(in: 0...65_535, using: &random)
                        let one = Recipe(
                            name: "part-\(number)",
                            input: InputRule(
                                region: Bool.random(using: &random)
                                    ? Region(x: number, y: 0, width: number + 1, height: 65_536) : nil,
                                resize: resize, size: 32 * Int.random(in: 1...64, using: &random)),
                            engine: Bool.random(using: &random) ? .int8 : .float32,
                            map: MapSettings(
                                levels: unique, weights: weights, normalisation: normalisation,
                                smoothing: Float.random(in: 0...32, using: &random), score: score))
                        #expect(try Recipe.parse(one.yaml, file: "recipe.yaml") == one)
                    }
                }
            }
        }
    }

    @Test(
        "names that YAML would take for something else come back as names",
        arguments: [
            "1", "007", "1e5", "true", "no", "null", "0x10", "1.5", "-", "---", "-a", "a.b", "nan", "_", "2026-11-21",
        ])
    func names(name: String) throws {
        var one = recipe
        one.name = name
        #expect(Recipe.isName(name))
        #expect(try Recipe.parse(one.yaml, file: "recipe.yaml").name == name)
    }

    @Test(
        "names that can't be a folder's are refused",
        arguments: ["", ".", "..", ".a", "a/b", "a b", "ä", "a\n", String(repeating: "a", count: 65), "a\u{0}"])
    func badNames(name: String) {
        #expect(!Recipe.isName(name))
        #expect(recipeError { _ = try RecipeFolder(name, in: "/tmp") }?.code == .outOfRange)
    }

    @Test("a recipe that makes no sense is refused with file, line and key")
    func refused() {
        for (old, new, code) in [
            ("size: 256", "size: 250", RecipeError.Code.outOfRange), ("size: 256", "size: 0", .outOfRange),
            ("size: 256", "size: big", .wrongType), ("resize: stretch", "resize: squash", .notAChoice),
            ("[layer1, layer2]", "[layer2, layer1]", .outOfRange),
            ("[layer1, layer2]", "[layer1, layer1]", .notAChoice),
            ("[layer1, layer2]", "[layer1, layer9]", .notAChoice), ("[layer1, layer2]", "[]", .outOfRange),
            ("[1.0, 1.0]", "[1.0]", .outOfRange), ("[1.0, 1.0]", "[1.0, 0]", .outOfRange),
            ("[1.0, 1.0]", "[1.0, -1]", .outOfRange), ("[1.0, 1.0]", "[1.0, 1e300]", .outOfRange),
            ("smoothing: 4.0", "smoothing: 33", .outOfRange), ("smoothing: 4.0", "smoothing: .nan", .wrongType),
            ("score: maximum", "score: best", .notAChoice),
            ("engine: int8", "engine: int4", .notAChoice), ("engine: int8\n", "", .missingKey),
            ("score:", "scor:", .unknownKey), ("  score: maximum\n", "", .missingKey),
            ("resize: stretch", "resize: stretch\n  colour: red", .unknownKey),
        ] {
            let error = error { text in text.replacing(old, with: new) }
            #expect(
                error?.code == code && error?.thing == "recipe.yaml", "\(new): \(error.map { "\($0)" } ?? "accepted")")
        }
        #expect(error { _ in "" }?.code == .empty)
    }

    @Test("a recipe from before the integer engine is told what to add")
    func missingEngine() {
        let error = error { $0.replacing("engine: int8\n", with: "") }
        #expect(error?.code == .missingKey && error?.key == "engine")
        #expect(error?.hint.contains("engine: float32") == true && error?.hint.contains("jidoka quantize") == true)
    }

    @Test("a recipe.yaml that is not UTF-8 is refused, not repaired")
    func notText() throws {
        let folder = try ScratchFolder()
        let path = folder.path + "/recipe.yaml"
        try SafeFile.write(Array(recipe.yaml.utf8), to: path)
        #expect(try Recipe.read(path) == recipe)
        try SafeFile.write(Array(recipe.yaml.utf8) + [UInt8(ascii: "#"), 0xFF, 0x0A], to: path)
        let error = recipeError { _ = try Recipe.read(path) }
        #expect(error?.code == .notText && error?.thing == path)
        #expect(recipeError { _ = try Recipe.read(folder.path + "/none") }?.code == .unreadable)
    }
}
