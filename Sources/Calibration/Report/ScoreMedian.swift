// SPDX-License-Identifier: Apache-2.0

/// The median of any number of scores, within 0.05 %, in memory that does not grow with them.
///
/// Scores are counted by the upper 20 bits of their order (sign, exponent, 11 bits of the fraction): two scores of one count differ by
/// less than 1/2048 of themselves.
package struct ScoreMedian: Sendable {
    private var counts: [UInt32: Int] = [:]
    /// Scores so far.
    package private(set) var count = 0

    /// No score yet.
    package init() {}

    /// Counts a finite score.
    package mutating func add(_ score: Float) {
        counts[Self.key(score), default: 0] += 1
        count += 1
    }

    /// The middle of the count that holds the lower median; nil of nothing.
    package var value: Double? {
        guard count > 0 else { return nil }
        var left = (count - 1) / 2
        for (key, number) in counts.sorted(by: { $0.key < $1.key }) {
            guard left >= number else { return Self.middle(key) }
            left -= number
        }
        return nil
    }

    /// The bits of a number in the order of the numbers.
    private static func key(_ score: Float) -> UInt32 {
        let bits = (score + 0).bitPattern
        return (bits >> 31 == 0 ? bits | 0x8000_0000 : ~bits) >> 12
    }

    private static func middle(_ key: UInt32) -> Double {
        func number(_ key: UInt32, _ rest: UInt32) -> Double {
            let ordered = key << 12 | rest
            return Double(Float(bitPattern: ordered >> 31 == 1 ? ordered & 0x7FFF_FFFF : ~ordered))
        }
        return (number(key, 0) + number(key, 0xFFF)) / 2
    }
}
