// SPDX-License-Identifier: Apache-2.0

import Pictures

/// The fine structure of a picture, small: to find pictures of the same part taken twice.
///
/// Parts in a fixture all look alike at a glance, so the coarse picture says nothing. What tells two parts apart is
/// texture: the likeness is high-passed, and what all parts of a set share is taken out before two are compared.
public struct Fingerprint: Sendable, Equatable {
    /// Side of the likeness.
    static let side = 64
    /// Radius of the window whose mean is taken out.
    static let radius = 3
    /// Two pictures are near-duplicates when what is left of them correlates above this.
    public static let likeness: Float = 0.9

    /// Pictures from which on a set has a structure in common.
    static let fewest = 10

    /// `(64, 64)` grey values less their local mean.
    let values: [Float]

    /// The fine structure of a picture scaled to 64×64.
    public init(_ picture: Picture) {
        let side = Self.side
        let grey = picture.resized(width: side, height: side).grey
        var values = [Float](repeating: 0, count: side * side)
        for y in 0..<side {
            for x in 0..<side {
                var sum = 0
                var count = 0
                for ny in max(0, y - Self.radius)...min(side - 1, y + Self.radius) {
                    for nx in max(0, x - Self.radius)...min(side - 1, x + Self.radius) {
                        sum += Int(grey[ny * side + nx])
                        count += 1
                    }
                }
                values[y * side + x] = Float(grey[y * side + x]) - Float(sum) / Float(count)
            }
        }
        self.values = values
    }

    /// Connected groups of near-duplicates, as indices in ascending order; a part on its own is a group.
    ///
    /// O(n²) comparisons of 4,096 values.
    public static func groups(_ fingerprints: [Fingerprint]) -> [[Int]] {
        let own = residuals(fingerprints)
        var parent = Array(fingerprints.indices)
        func root(_ index: Int) -> Int {
            var index = index
            while parent[index] != index { index = parent[index] }
            return index
        }
        for a in own.indices {
            for b in own.indices.dropFirst(a + 1)
            where dot(own[a], own[b]) > likeness || fingerprints[a] == fingerprints[b] {
                let (one, other) = (root(a), root(b))
                parent[max(one, other)] = min(one, other)
            }
        }
        var members: [Int: [Int]] = [:]
        for index in fingerprints.indices { members[root(index), default: []].append(index) }
        return members.values.sorted { $0[0] < $1[0] }
    }

    /// What each picture has of its own, of length 1: what all have in common is taken out.
    static func residuals(_ fingerprints: [Fingerprint]) -> [[Float]] {
        let count = side * side
        var common = [Float](repeating: 0, count: count)
        var spread = [Float](repeating: 1, count: count)
        // A handful of parts has no structure "of the set" to speak of; taking their mean out would make them opposites.
        if fingerprints.count >= fewest {
            let share = 1 / Float(fingerprints.count)
            for one in fingerprints { for i in 0..<count { common[i] += one.values[i] * share } }
            spread = .init(repeating: 0, count: count)
            for one in fingerprints {
                for i in 0..<count { spread[i] += (one.values[i] - common[i]) * (one.values[i] - common[i]) * share }
            }
            // Edges that move a little from part to part would drown the texture: every place counts alike.
            for i in 0..<count { spread[i] = spread[i].squareRoot() + 0.5 }
        }
        return fingerprints.map { one in
            let rest = (0..<count).map { (one.values[$0] - common[$0]) / spread[$0] }
            let norm = rest.reduce(0) { $0 + $1 * $1 }.squareRoot()
            return norm > 0 ? rest.map { $0 / norm } : rest
        }
    }

    /// The cosine of two residuals.
    static func dot(_ a: [Float], _ b: [Float]) -> Float {
        a.withUnsafeBufferPointer { a in
            b.withUnsafeBufferPointer { b in
                var sums = SIMD16<Float>.zero
                for i in stride(from: 0, to: a.count, by: 16) {
                    for lane in 0..<16 { sums[lane] += a[i + lane] * b[i + lane] }
                }
                return sums.sum()
            }
        }
    }
}
