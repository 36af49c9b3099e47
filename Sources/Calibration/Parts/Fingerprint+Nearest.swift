// SPDX-License-Identifier: Apache-2.0

extension Fingerprint {
    /// Which of some pictures is most like this one.
    public struct Nearest: Sendable, Equatable {
        /// Its index.
        public let index: Int
        /// How alike the two are, −1 to 1, as `groups` counts it.
        public let likeness: Float
        /// Whether they show the same part.
        public let isSamePart: Bool
    }

    /// Two of fewer than ten pictures show the same part when they differ by less than this, in grey values of 255.
    ///
    /// Fixtured parts correlate above 0.9 as long as too few are there to know what they have in common, so the first are
    /// compared by their difference. Measured at 64×64 on three sets: two pictures of one part with noise of 2 of 255
    /// a pixel differ by 0.43 to 0.47, two different good parts by at least 1.8.
    static let leastDifference: Float = 1

    /// The picture that is most like this one; nil when there is none.
    ///
    /// From ten pictures on (this one included) by what each has of its own, as `groups` does; O(n).
    public func nearest(among others: [Fingerprint]) -> Nearest? {
        guard !others.isEmpty else { return nil }
        let own = Self.residuals(others + [self])
        var best = (index: 0, likeness: -Float.infinity)
        for index in others.indices {
            let likeness = self == others[index] ? 1 : Self.dot(own[index], own[others.count])
            if likeness > best.likeness { best = (index, likeness) }
        }
        let isSame =
            others.count + 1 >= Self.fewest
            ? best.likeness > Self.likeness : difference(from: others[best.index]) < Self.leastDifference
        return Nearest(index: best.index, likeness: best.likeness, isSamePart: isSame)
    }

    /// Mean absolute difference of the fine structure, in grey values.
    public func difference(from other: Fingerprint) -> Float {
        var sum: Float = 0
        for index in values.indices { sum += abs(values[index] - other.values[index]) }
        return sum / Float(values.count)
    }
}
