// SPDX-License-Identifier: Apache-2.0

/// Any number of parts as a limited number of columns of a chart; no highest and no lowest score is lost.
///
/// Each column starts as one part. When there are too many, neighbours are joined, so all columns but the last hold the same number.
package struct PartColumns: Sendable {
    /// Parts that came one after the other.
    package struct Column: Sendable, Equatable {
        /// When the first of them was decided: nanoseconds since 1970.
        package var time: UInt64
        /// Their number.
        package var count = 1
        /// Lowest and highest finite score; nil where there is none.
        package var low: Float?, high: Float?
        /// Whether the lowest came first.
        package var isRising = true
        /// Parts above the threshold, parts whose score is no number, and parts after which the line was in andon.
        package var bad = 0, invalid = 0, andon = 0

        /// One part.
        ///
        /// - Parameter score: nil where it has no finite one.
        package init(time: UInt64, score: Float?, isBad: Bool, isInvalid: Bool, isAndon: Bool) {
            (self.time, low, high) = (time, score, score)
            (bad, invalid, andon) = (isBad ? 1 : 0, isInvalid ? 1 : 0, isAndon ? 1 : 0)
        }

        mutating func join(_ next: Column) {
            count += next.count
            bad += next.bad
            invalid += next.invalid
            andon += next.andon
            guard let (nextLow, nextHigh) = next.range else { return }
            guard let (ownLow, ownHigh) = range else {
                (low, high, isRising) = (next.low, next.high, next.isRising)
                return
            }
            let (isLower, isHigher) = (nextLow < ownLow, nextHigh > ownHigh)
            isRising = isLower && isHigher ? next.isRising : isHigher ? true : isLower ? false : isRising
            (low, high) = (min(ownLow, nextLow), max(ownHigh, nextHigh))
        }

        /// Lowest and highest score.
        package var range: (low: Float, high: Float)? {
            if let low, let high { (low, high) } else { nil }
        }
    }

    /// At most so many columns.
    package let limit: Int
    /// The columns so far.
    package private(set) var columns: [Column] = []
    /// Parts in each column but the last.
    package private(set) var width = 1
    /// Parts in all columns.
    package private(set) var count = 0

    /// No parts yet.
    ///
    /// - Parameter limit: an even number, at least 2.
    package init(limit: Int = 1_400) { self.limit = limit }

    /// Takes the next part.
    package mutating func add(_ column: Column) {
        count += 1
        if let last = columns.indices.last, columns[last].count < width {
            columns[last].join(column)
            return
        }
        if columns.count == limit {
            columns = stride(from: 0, to: limit, by: 2).map { place in
                var joined = columns[place]
                if place + 1 < limit { joined.join(columns[place + 1]) }
                return joined
            }
            width *= 2
        }
        columns.append(column)
    }
}
