// SPDX-License-Identifier: Apache-2.0

/// The order in which a person sorts file names: `part2` before `part10`, folder by folder.
package enum NaturalOrder {
    /// True when path `a` comes before path `b`.
    ///
    /// Runs of digits compare as numbers of any length, everything else by its UTF-8 bytes, and `/` comes before all
    /// else so that a folder stays together. Paths that differ only in leading zeros are told apart by their bytes: the
    /// order is total.
    package static func precedes(_ a: String, _ b: String) -> Bool {
        let left = Array(a.utf8)
        let right = Array(b.utf8)
        var i = 0
        var j = 0
        while i < left.count && j < right.count {
            if isDigit(left[i]) && isDigit(right[j]) {
                let x = number(left, &i)
                let y = number(right, &j)
                if x.count != y.count { return x.count < y.count }
                if x != y { return x.lexicographicallyPrecedes(y) }
                continue
            }
            let x = rank(left[i])
            let y = rank(right[j])
            if x != y { return x < y }
            i += 1
            j += 1
        }
        if left.count - i != right.count - j { return left.count - i < right.count - j }
        return left.lexicographicallyPrecedes(right)
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
    }

    private static func rank(_ byte: UInt8) -> Int {
        byte == UInt8(ascii: "/") ? -1 : Int(byte)
    }

    /// The digits from `index` on, without leading zeros; moves `index` behind them.
    private static func number(_ bytes: [UInt8], _ index: inout Int) -> ArraySlice<UInt8> {
        var start = index
        while index < bytes.count && isDigit(bytes[index]) { index += 1 }
        while start < index && bytes[start] == UInt8(ascii: "0") { start += 1 }
        return bytes[start..<index]
    }
}
