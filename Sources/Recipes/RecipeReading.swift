// SPDX-License-Identifier: Apache-2.0

import Inspection
import Pictures

extension Recipe {
    /// Reads `recipe.yaml`, strictly: unknown keys, wrong types and values out of range are errors with their line.
    ///
    /// - Throws: `RecipeError`.
    public static func read(_ path: String) throws(RecipeError) -> Recipe {
        try recipe(try StrictYAML.read(path))
    }

    /// Reads the text of a `recipe.yaml`; `file` is for errors.
    public static func parse(_ text: String, file: String) throws(RecipeError) -> Recipe {
        try recipe(try StrictYAML.parse(text, file: file))
    }

    private static func recipe(_ root: YAMLMapping) throws(RecipeError) -> Recipe {
        let name = try root.required("name", as: String.self)
        guard isName(name) else {
            throw root.error(
                .outOfRange, "name", expected: "up to 64 letters, digits, '-', '_', '.'", found: "'\(name)'")
        }
        guard root.contains("engine") else {
            throw root.error(
                .missingKey, "engine", expected: "int8 or float32", found: "nothing",
                hint: "the recipe is older than the integer engine: add 'engine: float32', then run 'jidoka quantize'")
        }
        let engine = try root.required("engine", oneOf: Engine.self)
        let detector = try root.optional("detector", oneOf: Detector.self) ?? .reducedStudent
        guard detector.engines.contains(engine) else {
            throw root.error(
                .contradiction, "engine", expected: detector.enginesText, found: engine.rawValue,
                hint: Detector.enginesHint)
        }
        let input = try input(try root.requiredMapping("input"))
        let map = try map(try root.requiredMapping("map"))
        guard detector == .reducedStudent || map.weights == [1] else {
            throw root.error(
                .contradiction, "map", expected: "one level of weight 1: detector \(detector.rawValue) makes one map",
                found: "\(map.levels.map(\.rawValue)) with \(map.weights)",
                hint: "other levels of features need 'jidoka train --levels'")
        }
        try root.finish()
        return Recipe(name: name, input: input, detector: detector, engine: engine, map: map)
    }

    private static func input(_ mapping: YAMLMapping) throws(RecipeError) -> InputRule {
        var rule = InputRule()
        rule.size = try mapping.required("size", as: Int.self, in: 32...2048)
        guard rule.size % 32 == 0 else {
            throw mapping.error(
                .outOfRange, "size", expected: "a multiple of 32", found: "\(rule.size)", hint: "256 is usual")
        }
        rule.resize = try mapping.required("resize", oneOf: ResizeRule.self)
        if let place = try mapping.optionalMapping("region") {
            let side = 1...65_536
            rule.region = Region(
                x: try place.required("x", as: Int.self, in: 0...65_535),
                y: try place.required("y", as: Int.self, in: 0...65_535),
                width: try place.required("width", as: Int.self, in: side),
                height: try place.required("height", as: Int.self, in: side))
            try place.finish()
        }
        try mapping.finish()
        return rule
    }

    private static func map(_ mapping: YAMLMapping) throws(RecipeError) -> MapSettings {
        var levels: [Level] = []
        for word in try mapping.requiredList("levels", of: String.self) {
            guard let level = Level(rawValue: word), !levels.contains(level) else {
                throw mapping.error(
                    .notAChoice, "levels",
                    expected: "each of \(Level.allCases.map(\.rawValue).joined(separator: ", ")) at most once",
                    found: word)
            }
            levels.append(level)
        }
        let weights = try mapping.requiredList("weights", of: Double.self).map { Float($0) }
        guard !levels.isEmpty, levels == levels.sorted(), weights.count == levels.count,
            weights.allSatisfy({ $0 > 0 && $0.isFinite })
        else {
            throw mapping.error(
                .outOfRange, "weights", expected: "levels from shallow to deep, and one weight above 0 for each",
                found: "\(levels.map(\.rawValue)) with \(weights)")
        }
        let settings = MapSettings(
            levels: levels, weights: weights,
            normalisation: try mapping.required("normalisation", oneOf: MapSettings.Normalisation.self),
            smoothing: Float(try mapping.required("smoothing", as: Double.self, in: 0...32)),
            score: try mapping.required("score", oneOf: MapSettings.ScoreRule.self))
        try mapping.finish()
        return settings
    }
}
