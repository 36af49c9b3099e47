// SPDX-License-Identifier: Apache-2.0

/// How many values have been seen of every size: ranks in O(log bins), memory that never grows.
///
/// A value's bin is the head of its float32 pattern: sign, the exponents −16 to 15, ten bits of the mantissa. So bins are
/// 0.05 to 0.1 % wide between 2⁻¹⁶ and 2¹⁶, and everything beyond falls into the outermost ones. The map is monotone and,
/// above all, fixed before any value is seen: edges made from the calibration values would treat these and later ones
/// differently, and ranks would no longer be exchangeable. Counts are kept as a Fenwick tree (Fenwick, "A new data
/// structure for cumulative frequency tables", Software: Practice and Experience 24, 1994), 512 KiB.
struct RankCounts: Sendable {
    /// Number of bins.
    static let bins = 1 << 16
    /// Number of values counted.
    private(set) var total = 0
    /// Node i holds the sum of the last `i & −i` bins up to i, counted from 1.
    private var tree = [Int](repeating: 0, count: bins + 1)

    /// The bin of a finite value; a greater value is never in a lower bin.
    static func bin(_ value: Float) -> Int {
        let smallest: UInt32 = (127 - 16) << 23
        let bits = value.magnitude.bitPattern
        let place = bits < smallest ? 0 : min(Int((bits - smallest) >> 13), bins / 2 - 1)
        return value < 0 ? bins / 2 - 1 - place : bins / 2 + place
    }

    /// Counts one value more in a bin.
    mutating func add(_ bin: Int) {
        total += 1
        var node = bin + 1
        while node <= Self.bins {
            tree[node] += 1
            node += node & -node
        }
    }

    /// Forgets everything; keeps the memory.
    mutating func removeAll() {
        total = 0
        for node in tree.indices { tree[node] = 0 }
    }

    /// How many values are in higher bins, and how many in this one.
    func rank(_ bin: Int) -> (greater: Int, equal: Int) {
        let below = sum(bin)
        let upTo = sum(bin + 1)
        return (total - upTo, upTo - below)
    }

    /// The number of values in the first `count` bins.
    private func sum(_ count: Int) -> Int {
        var (sum, node) = (0, count)
        while node > 0 {
            sum += tree[node]
            node &= node - 1
        }
        return sum
    }
}
