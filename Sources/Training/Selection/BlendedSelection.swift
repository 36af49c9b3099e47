// SPDX-License-Identifier: Apache-2.0

import Pictures
import SyntheticParts

/// Good select parts and the same parts with synthetic defects blended in: what choices may be made with, since no real
/// defect is among them (DESIGN, 'Good parts are dealt once').
///
/// Cross-fitted: statistics come from one half of the parts, the other half is judged; then the halves change places.
struct BlendedSelection {
    /// Good parts.
    let parts: Int
    /// The good parts, then round after round each of them with another defect; `(size, size, 3)` bytes each.
    let pictures: [[UInt8]]

    /// Blends defects into parts.
    ///
    /// - Parameters:
    ///   - good: `(size, size, 3)` bytes each.
    ///   - defectsPerPart: rounds.
    init(_ good: [[UInt8]], size: Int, defectsPerPart: Int, seed: UInt64) {
        parts = good.count
        pictures =
            good
            + (0..<defectsPerPart).flatMap { round in
                good.enumerated().map { index, pixels in
                    let picture = Picture(width: size, height: size, pixels: pixels)
                    let number = UInt64(round * good.count + index)
                    return BlendedDefect.apply(to: picture, seed: seed &* 1_000_000 &+ number).0.pixels
                }
            }
    }

    /// Good parts that give the statistics when a half is judged.
    func learned(forHalf half: Int) -> [Int] { (0..<parts).filter { $0 % 2 != half } }

    /// Pictures of a half, good and blended.
    func judged(half: Int) -> [Int] { pictures.indices.filter { $0 % parts % 2 == half } }

    /// Whether a picture shows a good part.
    func isGood(_ index: Int) -> Bool { index < parts }
}
