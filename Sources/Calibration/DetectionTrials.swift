// SPDX-License-Identifier: Apache-2.0

import Inspection
import Pictures
import Recipes
import SyntheticParts

/// Blends defects into calibrate parts and counts which are missed: what the detection heartbeat compares the line with.
///
/// Defects are as the heartbeat blends them, of one size, each with a seed of its own. The limit takes trials as independent; those
/// in one part are a little alike, so with few parts it is a little too low.
public enum DetectionTrials {
    /// Size of the defects: about 6 % of the picture, from hardly visible to plain.
    public static let sizeClass = 3
    /// The fewest and the most trials: with few parts several in each, with many one in some.
    private static let range = (fewest: 200, most: 400)
    /// How surely the limit is not exceeded.
    private static let confidence = 0.99

    /// Counts missed defects.
    ///
    /// - Parameters:
    ///   - pictures: `(size, size, 3)` bytes of good parts, at least one.
    ///   - threshold: of the calibration that is being made; parts above it would have stopped the line and get no defect.
    /// - Returns: nil when no part passes.
    /// - Throws: `InspectionError` when settings and statistics don't fit.
    public static func count(
        _ model: InspectionModel, pictures: [[UInt8]], scores: [Float], threshold: Float,
        progress: (@Sendable (Int, Int) -> Void)? = nil
    ) throws(InspectionError) -> CalibrationFile.Detection? {
        _ = try Inspector(model: model)
        let passing = pictures.indices.filter { scores[$0] <= threshold }
        guard !passing.isEmpty else { return nil }
        let count = min(max(range.fewest, passing.count), range.most)
        let size = model.inputSize
        let outcomes = Parallel.map(Array(0..<count), progress: progress, context: { try? Inspector(model: model) }) {
            trial, inspector in
            let part = passing.count <= count ? trial % passing.count : trial * passing.count / count
            let picture = Picture(width: size, height: size, pixels: pictures[passing[part]])
            let (blended, _) = BlendedDefect.apply(to: picture, seed: seed(trial), sizeClass: sizeClass)
            // A score that is not a number is no pass.
            return (inspector?.score(blended.pixels)).map { $0 <= threshold } ?? false
        }
        let missed = outcomes.count { $0 }
        return CalibrationFile.Detection(
            sizeClass: sizeClass, trials: count, missed: missed,
            limit: BinomialTail.upperRate(missed, of: count, confidence: confidence))
    }

    /// Seeds that the line's own, which count from 0 in every run, do not meet.
    private static func seed(_ trial: Int) -> UInt64 { 0xCA11_B4A7_0000_0000 | UInt64(trial) }
}
