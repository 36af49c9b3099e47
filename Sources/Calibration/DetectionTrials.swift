// SPDX-License-Identifier: Apache-2.0

import Inspection
import Pictures
import Recipes
import SyntheticParts

/// Blends defects into good parts and counts which are missed: what the detection heartbeat compares the line with.
///
/// A defect that this recipe hardly finds says little about a box that has gone blind. So of many defects those are taken that are found best
/// in the select parts; how many of them are missed is counted in the calibrate parts, which have chosen nothing.
public enum DetectionTrials {
    /// Size of the defects: about 6 % of the picture.
    public static let sizeClass = 3
    /// Defects to choose from, and how many are chosen.
    private static let (offered, chosen) = (96, 16)
    /// Select parts that each of them is blended into, at most.
    private static let judges = 4
    /// The fewest and the most trials: with few parts several in each, with many one in some.
    private static let range = (fewest: 200, most: 400)
    /// How surely the limit is not exceeded.
    private static let confidence = 0.99

    /// Chooses defects and counts how many of them are missed.
    ///
    /// The limit takes trials as independent; those in one part are a little alike, so with few parts it is a little too low.
    ///
    /// - Parameters:
    ///   - select: `(size, size, 3)` bytes of the select parts, at least one.
    ///   - pictures: of the calibrate parts, at least one.
    ///   - scores: of `pictures`.
    ///   - threshold: of the calibration that is being made; parts above it would have stopped the line and get no defect.
    /// - Returns: nil when no part passes.
    /// - Throws: `InspectionError` when settings and statistics don't fit.
    public static func count(
        _ model: InspectionModel, select: [[UInt8]], pictures: [[UInt8]], scores: [Float], threshold: Float,
        progress: (@Sendable (Int, Int) -> Void)? = nil
    ) throws(InspectionError) -> CalibrationFile.Detection? {
        _ = try Inspector(model: model)
        let passing = pictures.indices.filter { scores[$0] <= threshold }.map { pictures[$0] }
        guard !passing.isEmpty else { return nil }
        let seeds = best(model, select, threshold, progress)
        // Never the same defect in the same part twice: that would say nothing new.
        let count = min(max(range.fewest, passing.count), range.most, passing.count * seeds.count)
        let trials = (0..<count).map { trial in
            (
                picture: passing.count <= count ? trial % passing.count : trial * passing.count / count,
                // Another defect each time that a part comes again.
                seed: seeds[(trial % passing.count + trial / passing.count) % seeds.count]
            )
        }
        let found = blended(model, passing, trials, progress)
        // A score that is not a number is no pass.
        let missed = found.count { $0 <= threshold }
        return CalibrationFile.Detection(
            sizeClass: sizeClass, seeds: seeds, trials: count, missed: missed,
            limit: BinomialTail.upperRate(missed, of: count, confidence: confidence))
    }

    /// The defects that are furthest above the threshold where they are lowest.
    private static func best(
        _ model: InspectionModel, _ select: [[UInt8]], _ threshold: Float, _ progress: (@Sendable (Int, Int) -> Void)?
    ) -> [UInt64] {
        let count = min(judges, select.count)
        let pictures = (0..<count).map { select[$0 * select.count / count] }
        let trials = (0..<offered * count).map { (picture: $0 % count, seed: UInt64($0 / count)) }
        let scores = blended(model, pictures, trials, progress)
        let lowest = (0..<offered).map { seed in
            scores[seed * count..<(seed + 1) * count].map { $0.isNaN ? -.infinity : $0 }.min() ?? 0
        }
        let order = lowest.indices.sorted { (-lowest[$0], $0) < (-lowest[$1], $1) }
        return order.prefix(chosen).map { UInt64($0) }
    }

    /// Scores of pictures with a defect in each; NaN for one that could not be judged.
    private static func blended(
        _ model: InspectionModel, _ pictures: [[UInt8]], _ trials: [(picture: Int, seed: UInt64)],
        _ progress: (@Sendable (Int, Int) -> Void)?
    ) -> [Float] {
        let size = model.inputSize
        return Parallel.map(Array(trials.indices), progress: progress, context: { try? Inspector(model: model) }) {
            index, inspector in
            let trial = trials[index]
            let picture = Picture(width: size, height: size, pixels: pictures[trial.picture])
            let (defective, _) = BlendedDefect.apply(to: picture, seed: trial.seed, sizeClass: sizeClass)
            return inspector?.score(defective.pixels) ?? .nan
        }
    }
}
