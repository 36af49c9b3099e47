// SPDX-License-Identifier: Apache-2.0

import Glibc
import Pictures

/// A picture whose exposure or focus is unlike that of the others.
///
/// Robust deviations: the distance from the median over 1.4826 times the median distance, so that the odd ones do not widen what
/// they are measured with (Iglewicz, Hoaglin, "How to Detect and Handle Outliers", 1993, who take 3.5 as the limit).
public struct ConditionOutlier: Sendable, Equatable, Encodable {
    /// What is unlike the others, and in which direction.
    public enum Kind: String, Sendable, Encodable, CaseIterable {
        /// Less light than the others.
        case dark
        /// More light.
        case bright
        /// Less fine structure.
        case blurred
        /// More fine structure, or more noise.
        case sharp
    }

    /// Index of the picture.
    public let picture: Int
    /// What is unlike the others.
    public let kind: Kind
    /// Mean luminance of 255, or the sharpness in grey values squared.
    public let value: Double
    /// The others' median of it.
    public let median: Double
    /// Robust deviations from it, positive: more.
    public let deviations: Double

    /// Robust deviations from which on a picture is named.
    public static let limit = 3.5
    /// The least deviation that is told from none: half a grey value, and 5 % of the sharpness. Sets of the same picture have less.
    static let leastDeviation = (exposure: 0.5, sharpness: 0.05)

    /// What is measured of one picture.
    public struct Condition: Sendable, Equatable {
        /// Mean luminance of the network's input, 0 to 255.
        public let exposure: Double
        /// `Sharpness` of the network's input.
        public let sharpness: Double

        /// Measures a picture.
        public init(_ picture: Picture) {
            let grey = picture.grey
            exposure = Double(grey.reduce(0) { $0 + Int($1) }) / Double(grey.count)
            sharpness = Sharpness.of(picture)
        }
    }

    /// The outliers of a set, in the order of its pictures; none with fewer than ten.
    public static func find(_ conditions: [Condition]) -> [ConditionOutlier] {
        guard conditions.count >= Sharpness.fewest else { return [] }
        let light = deviations(conditions.map(\.exposure), least: leastDeviation.exposure)
        // By ratio: sharpness has no natural unit.
        let focus = deviations(conditions.map { log(max($0.sharpness, 1e-6)) }, least: leastDeviation.sharpness)
        var outliers: [ConditionOutlier] = []
        for (index, condition) in conditions.enumerated() {
            if abs(light.values[index]) > limit {
                outliers.append(
                    ConditionOutlier(
                        picture: index, kind: light.values[index] < 0 ? .dark : .bright, value: condition.exposure,
                        median: light.median, deviations: light.values[index]))
            }
            if abs(focus.values[index]) > limit {
                outliers.append(
                    ConditionOutlier(
                        picture: index, kind: focus.values[index] < 0 ? .blurred : .sharp, value: condition.sharpness,
                        median: exp(focus.median), deviations: focus.values[index]))
            }
        }
        return outliers
    }

    private static func deviations(_ values: [Double], least: Double) -> (values: [Double], median: Double) {
        let median = Sharpness.median(values)
        let deviation = max(1.4826 * Sharpness.median(values.map { abs($0 - median) }), least)
        return (values.map { ($0 - median) / deviation }, median)
    }
}
