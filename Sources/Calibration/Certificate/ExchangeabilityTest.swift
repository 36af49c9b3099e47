// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Whether scores look as if their order meant nothing, which every claim on the threshold assumes.
///
/// Two permutation tests on the ranks, in the order in which the parts came: serial correlation (neighbours are alike) and trend
/// (later ones are higher or lower). A permutation test is exact for exchangeable scores: each fires with at most its level.
public struct ExchangeabilityTest: Sendable, Equatable, Encodable {
    /// Correlation of the ranks of neighbours, −1 to 1.
    public let serialCorrelation: Double
    /// How often a permutation has as much, one-sided: small is a sign of dependence.
    public let serialP: Double
    /// Correlation of the ranks with their place (Spearman).
    public let trend: Double
    /// How often a permutation has as much, two-sided.
    public let trendP: Double

    /// The level at which a test speaks, of the two together.
    public static let level = 0.02

    /// Whether something speaks against the assumption.
    public var isSuspicious: Bool { min(serialP, trendP) < Self.level / 2 }

    enum CodingKeys: String, CodingKey {
        case serialCorrelation = "serial_correlation", serialP = "serial_p"
        case trend
        case trendP = "trend_p"
    }

    /// Tests; nil with fewer than ten scores, or when all are the same.
    ///
    /// - Parameters:
    ///   - scores: in the order in which the parts came.
    ///   - permutations: with a seed that never changes.
    public init?(scores: [Float], permutations: Int = 1_999) {
        guard scores.count >= 10 else { return nil }
        var ranks = Self.ranks(scores)
        let mean = Double(scores.count + 1) / 2
        for place in ranks.indices { ranks[place] -= mean }
        let square = ranks.reduce(0) { $0 + $1 * $1 }
        guard square > 0 else { return nil }
        func neighbours(_ values: [Double]) -> Double {
            var sum = 0.0
            for place in 1..<values.count { sum += values[place] * values[place - 1] }
            return sum
        }
        func slope(_ values: [Double]) -> Double {
            var sum = 0.0
            for place in values.indices { sum += values[place] * (Double(place) + 1 - mean) }
            return sum
        }
        let (serial, rising) = (neighbours(ranks), slope(ranks))
        var (asSerial, asRising) = (1, 1)
        // As many as there is time for: 199 are enough for the level.
        let permutations = min(permutations, max(199, 20_000_000 / scores.count))
        var generator = SplitMixOrder(seed: 0x6F72_6465)
        var shuffled = ranks
        for _ in 0..<permutations {
            for place in stride(from: shuffled.count - 1, to: 0, by: -1) {
                shuffled.swapAt(place, generator.below(place + 1))
            }
            // A hair less counts as as much: the sums round differently.
            if neighbours(shuffled) >= serial - 1e-9 * square { asSerial += 1 }
            if abs(slope(shuffled)) >= abs(rising) - 1e-9 * square { asRising += 1 }
        }
        let places = Double(scores.count) * (Double(scores.count) * Double(scores.count) - 1) / 12
        serialCorrelation = serial / square
        trend = rising / (square * places).squareRoot()
        serialP = Double(asSerial) / Double(permutations + 1)
        trendP = Double(asRising) / Double(permutations + 1)
    }

    /// Mid-ranks from 1 on: scores that are equal share theirs.
    static func ranks(_ scores: [Float]) -> [Double] {
        let order = scores.indices.sorted { scores[$0] < scores[$1] }
        var ranks = [Double](repeating: 0, count: scores.count)
        var start = 0
        while start < order.count {
            var end = start
            while end + 1 < order.count, scores[order[end + 1]] == scores[order[start]] { end += 1 }
            for place in start...end { ranks[order[place]] = Double(start + end) / 2 + 1 }
            start = end + 1
        }
        return ranks
    }
}
