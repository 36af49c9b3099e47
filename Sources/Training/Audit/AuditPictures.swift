// SPDX-License-Identifier: Apache-2.0

import Calibration
import SyntheticParts

/// A set's good pictures and, after them, the defective ones that an audit's benchmark slips in.
struct AuditPictures {
    /// `(size, size, 3)` bytes each.
    private(set) var pixels: [[UInt8]]
    /// The same number for the same part.
    private(set) var groups: [Int]
    /// Of each defective picture: its kind of defect, or about the share of the picture that a blended one covers.
    let kinds: [String]

    /// The set's own defective pictures, or each good one with a synthetic defect: a picture of the same part, so neither vouches for
    /// the other.
    ///
    /// - Throws: `CalibrationError` that lists bad files.
    init(
        _ data: DataSet, choices: AuditBenchmark.Choices, progress: (@Sendable (Int, Int) -> Void)?
    ) throws(CalibrationError) {
        let bad = choices.blended ? [] : data.test.filter { $0.defect != nil }
        let parts = try PreparedPart.load(data.good + bad.map(\.path), rule: choices.input, progress: progress)
        pixels = parts.map(\.pixels)
        groups = GoodSetAudit.numbers(Fingerprint.groups(parts.map(\.fingerprint)), count: parts.count)
        guard choices.blended else {
            kinds = bad.map { $0.defect ?? "" }
            return
        }
        let selection = BlendedSelection(
            pixels, groups: groups, size: choices.input.size, defectsPerPart: 1, seed: choices.seed)
        pixels = selection.pictures
        kinds = selection.pictures.indices.compactMap(selection.sizeClass).map {
            "\(NumberText.fixed(Double(100 * BlendedDefect.shares[$0]), 1)) % of the picture"
        }
        groups += groups
    }
}
