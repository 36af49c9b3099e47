// SPDX-License-Identifier: Apache-2.0

import Recipes

extension PartList {
    /// What is left of dealt parts when excluded pictures are taken out.
    public struct Remaining: Sendable, Equatable {
        /// The pictures that may be used.
        public let list: PartList
        /// Calibrate parts that may not, and count as exceedances; nil: none.
        public let excluded: CalibrationFile.Excluded?

        /// Their number.
        public var excludedParts: Int { excluded?.parts ?? 0 }
    }

    /// Takes excluded pictures out, after the deal: who gets what never depends on them.
    ///
    /// A calibrate part is out as a whole when one of its pictures is: its score is the highest of them, and that counts as
    /// infinite.
    public func without(_ exclusions: Exclusions) -> Remaining {
        let out = exclusions.inForce
        guard !out.isEmpty else { return Remaining(list: self, excluded: nil) }
        let calibrate = of(.calibrate)
        let lost = partsOf(.calibrate).filter { group in group.contains { out[calibrate[$0].sha256] != nil } }
        var persons: [String] = []
        for index in lost.joined() {
            guard let by = out[calibrate[index].sha256]?.excluded.by, !persons.contains(by) else { continue }
            persons.append(by)
        }
        let gone = Set(lost.joined().map { calibrate[$0].path })
        var list = self
        list.parts.removeAll { $0.role == .calibrate ? gone.contains($0.path) : out[$0.sha256] != nil }
        return Remaining(
            list: list, excluded: lost.isEmpty ? nil : CalibrationFile.Excluded(parts: lost.count, by: persons))
    }

    /// The parts of a recipe that nobody has excluded.
    ///
    /// - Throws: `RecipeError` for a missing or damaged list of parts or of exclusions.
    public static func remaining(_ folder: RecipeFolder) throws(RecipeError) -> Remaining {
        try read(folder.parts).without(try Exclusions.read(folder))
    }
}
