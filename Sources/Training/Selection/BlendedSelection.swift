// SPDX-License-Identifier: Apache-2.0

import Pictures
import SyntheticParts

/// Good select parts and the same parts with synthetic defects blended in: what choices may be made with, since no real
/// defect is among them (DESIGN, 'Good parts are dealt once').
///
/// Cross-fitted: statistics come from one half of the parts, the other half is judged; then the halves change places.
/// Pictures of one part stay together. There are several ways to halve, since with few parts one odd one decides a lot.
package struct BlendedSelection {
    /// Pictures of good parts.
    package let parts: Int
    /// Those that show the same part, part by part; below ``parts``.
    package let groups: [[Int]]
    /// The good parts, then round after round each of them with another defect; `(size, size, 3)` bytes each.
    package let pictures: [[UInt8]]

    /// Blends defects into parts.
    ///
    /// - Parameters:
    ///   - good: `(size, size, 3)` bytes each.
    ///   - groups: a number for each picture, the same for pictures of the same part; nil: all are different parts.
    ///   - defectsPerPart: rounds; from round to round and part to part the defects' size class moves on by one.
    package init(_ good: [[UInt8]], groups: [Int]? = nil, size: Int, defectsPerPart: Int, seed: UInt64) {
        parts = good.count
        let numbers = groups ?? Array(good.indices)
        self.groups = Dictionary(grouping: good.indices) { numbers[$0] }.values.sorted { $0[0] < $1[0] }
        pictures =
            good
            + (0..<defectsPerPart).flatMap { round in
                good.enumerated().map { index, pixels in
                    let picture = Picture(width: size, height: size, pixels: pixels)
                    let number = UInt64(round * good.count + index)
                    return BlendedDefect.apply(
                        to: picture, seed: seed &* 1_000_000 &+ number,
                        sizeClass: (round + index) % BlendedDefect.shares.count
                    ).0.pixels
                }
            }
    }

    /// Size class of the defect of a picture; nil for a good part.
    package func sizeClass(_ index: Int) -> Int? {
        isGood(index) ? nil : (index / parts - 1 + index % parts) % BlendedDefect.shares.count
    }

    /// Ways to deal the parts into those that give the statistics and those that are judged: every second part, the others,
    /// then by chance and the other way round. Fewer than four parts can't be halved: all are learned from and judged.
    ///
    /// - Parameter count: how many, at least 2, even.
    package func halves(_ count: Int = 2) -> [Half] {
        guard groups.count >= 4 else { return [Half(learned: Array(0..<parts), judged: Array(pictures.indices))] }
        var random = SplitMix64(seed: UInt64(parts))
        return (0..<count / 2).flatMap { way -> [Half] in
            var order = groups
            if way > 0 { for place in order.indices.reversed() { order.swapAt(place, random.below(place + 1)) } }
            // Even places are judged first; shuffled, that is a half by chance.
            let first = Set(order.indices.filter { $0 % 2 == 0 }.flatMap { order[$0] })
            return [first, Set(0..<parts).subtracting(first)].map { judged in
                Half(
                    learned: (0..<parts).filter { !judged.contains($0) },
                    judged: pictures.indices.filter { judged.contains($0 % parts) })
            }
        }
    }

    /// One way to deal the parts.
    package struct Half {
        /// Good parts that give the statistics.
        package let learned: [Int]
        /// Pictures that are judged, good and blended.
        package let judged: [Int]
    }

    /// At most so many places of `count`, spread evenly.
    package static func spread(_ count: Int, _ most: Int) -> [Int] {
        count <= most ? Array(0..<count) : (0..<most).map { $0 * count / most }
    }

    /// Whether a picture shows a good part.
    package func isGood(_ index: Int) -> Bool { index < parts }
}
