// SPDX-License-Identifier: Apache-2.0

import Inspection
import Pictures

/// What makes one kind of part inspectable: `recipe.yaml`.
public struct Recipe: Sendable, Equatable {
    /// Name of the recipe: the name of its folder.
    public var name: String
    /// How any picture becomes network input.
    public var input: InputRule
    /// What looks at the teacher's features.
    public var detector: Detector
    /// In which numbers the networks are run.
    public var engine: Engine
    /// How feature differences become a score.
    public var map: MapSettings

    /// In which numbers the networks are run.
    public enum Engine: String, Codable, Sendable, CaseIterable {
        /// 8-bit integers, `int8.safetensors`: what a line runs.
        case int8
        /// float32, `teacher.safetensors` and `student.safetensors`: the reference.
        case float32
    }

    /// A recipe.
    public init(
        name: String, input: InputRule, detector: Detector = .reducedStudent, engine: Engine, map: MapSettings
    ) {
        self.name = name
        self.input = input
        self.detector = detector
        self.engine = engine
        self.map = map
    }

    /// Whether a name can be a folder's: letters, digits, `-`, `_`, `.`, not starting with a dot, at most 64.
    public static func isName(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count) && !text.hasPrefix(".")
            && text.utf8.allSatisfy {
                switch $0 {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
                    true
                default: false
                }
            }
    }

    /// Writes `recipe.yaml`.
    ///
    /// - Throws: `RecipeError` when the file can't be written.
    public func write(to folder: RecipeFolder) throws(RecipeError) {
        try SafeFile.write(Array(yaml.utf8), to: folder.recipe)
    }

    /// The text of `recipe.yaml`.
    public var yaml: String {
        var text = """
            # Jidoka recipe. After a change below 'map' run 'jidoka calibrate' again, below 'input' 'jidoka train'.
            name: "\(name)"
            # int8, or float32 for the reference; after a change run 'jidoka calibrate' again.
            engine: \(engine.rawValue)

            """
        // Left out where it is the default: older programs read the recipe, too.
        if detector != .reducedStudent { text += "detector: \(detector.rawValue)\n" }
        text += """
            input:
              size: \(input.size)
              resize: \(input.resize.rawValue)

            """
        if let region = input.region {
            text += """
                  region:
                    x: \(region.x)
                    y: \(region.y)
                    width: \(region.width)
                    height: \(region.height)

                """
        }
        text += """
            map:
              levels: [\(map.levels.map(\.rawValue).joined(separator: ", "))]
              weights: [\(map.weights.map { "\($0)" }.joined(separator: ", "))]
              normalisation: \(map.normalisation.rawValue)
              smoothing: \(map.smoothing)
              score: \(map.score.rawValue)

            """
        return text
    }
}
