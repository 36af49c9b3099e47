// SPDX-License-Identifier: Apache-2.0

/// Finds the word that somebody probably meant.
package enum Spelling {
    /// The nearest of some words, or `nil` when none is near: at most a third of the letters, and at least one, may differ.
    package static func nearest(to word: String, among words: [String]) -> String? {
        let typed = Array(word.lowercased().utf8.prefix(64))
        var best: (word: String, distance: Int)?
        for candidate in words {
            let distance = distance(typed, Array(candidate.lowercased().utf8.prefix(64)))
            guard distance <= max(1, candidate.utf8.count / 3) else { continue }
            if best.map({ distance < $0.distance }) ?? true { best = (candidate, distance) }
        }
        return best?.word
    }

    /// Letters to insert, delete, replace or swap with their neighbour to get from `a` to `b`.
    ///
    /// Source: Damerau, "A technique for computer detection and correction of spelling errors", CACM 1964; the variant
    /// that edits no part twice.
    package static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
        var before: [Int] = []
        var above = Array(0...b.count)
        for i in 0..<a.count {
            var row = [i + 1] + [Int](repeating: 0, count: b.count)
            for j in 0..<b.count {
                let replaced = above[j] + (a[i] == b[j] ? 0 : 1)
                row[j + 1] = min(replaced, above[j + 1] + 1, row[j] + 1)
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
                    row[j + 1] = min(row[j + 1], before[j - 1] + 1)
                }
            }
            before = above
            above = row
        }
        return above[b.count]
    }
}
