// SPDX-License-Identifier: Apache-2.0

import Inspection

extension Recipe {
    /// What looks at the teacher's features: `detector` in `recipe.yaml`.
    public enum Detector: String, Codable, Sendable, CaseIterable {
        /// A student of one unit a stage; distances of all levels are added up (METHODS 1). The default.
        case reducedStudent = "reduced-student"
        /// A student of the teacher's shape; distances of all levels are multiplied (METHODS 2).
        case stpm
        /// A Gaussian for every place (PaDiM, METHODS 9).
        case padim
        /// A memory of good patches and the nearest of them (PatchCore, METHODS 9).
        case patchMemory = "patch-memory"

        /// Numbers that it can run in; the first is the default.
        public var engines: [Engine] {
            switch self {
            case .reducedStudent, .stpm: [.int8, .float32]
            case .padim, .patchMemory: [.float32]
            }
        }

        /// Whether a second network is trained against the teacher.
        public var hasStudent: Bool { self == .reducedStudent || self == .stpm }

        /// Feature levels unless others are asked for, of those that a teacher is good at.
        ///
        /// PatchCore leaves out the shallowest level: it finds grain that every good part has its own of.
        public func defaultLevels(of teacher: [Level]) -> [Level] {
            self == .patchMemory ? Array(teacher.sorted().suffix(2)) : teacher.sorted()
        }

        /// Normalisation where none is asked for and none can be chosen.
        ///
        /// A product is compared as it is, as published; statistics, where asked for, are those of the product. Distances to
        /// Gaussians and patches are normalised like everybody's, although published without.
        public var defaultNormalisation: MapSettings.Normalisation { self == .stpm ? .none : .perLocation }

        /// Settings for the maps that the detector makes of features.
        ///
        /// The reduced student makes a map of each level. The others make one map, at the shallowest level's grid, which
        /// stands under that level's name; its weight is 1, since a factor changes no verdict.
        public func mapSettings(_ settings: MapSettings, features: [Level]) -> MapSettings {
            guard self != .reducedStudent, let grid = features.min() else { return settings }
            var result = settings
            result.levels = [grid]
            result.weights = [1]
            return result
        }

        /// Refuses numbers that the detector can't run in.
        ///
        /// - Throws: `RecipeError`.
        public func check(_ engine: Engine, in thing: String) throws(RecipeError) {
            guard engines.contains(engine) else {
                throw RecipeError(
                    .contradiction, thing, key: "engine", expected: enginesText, found: engine.rawValue,
                    hint: Self.enginesHint)
            }
        }

        var enginesText: String { engines.map(\.rawValue).joined(separator: " or ") + " with detector \(rawValue)" }
        static let enginesHint = "only detectors with a student run in integers"
    }
}
