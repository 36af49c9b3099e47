// SPDX-License-Identifier: Apache-2.0

/// Smooth noise over a plane, made from a hash of the lattice points: no table, no state, the same bits everywhere.
package struct LatticeNoise: Sendable {
    private let key: UInt64

    /// Noise of its own for every key.
    package init(key: UInt64) {
        self.key = SplitMix64.mix(key ^ 0xA24B_AED4_963E_E407)
    }

    /// The value at a lattice point, in `[-1, 1)`.
    private func corner(_ x: Int, _ y: Int) -> Float {
        let mixed = SplitMix64.mix(
            key ^ (UInt64(bitPattern: Int64(x)) &* 0x9E37_79B9_7F4A_7C15)
                ^ (UInt64(bitPattern: Int64(y)) &* 0xC2B2_AE3D_27D4_EB4F))
        return Float(mixed >> 40) * 0x1p-23 - 1
    }

    /// Noise at `(x, y)` in units of the lattice, in `[-1, 1]`, continuous with a continuous slope.
    package func value(_ x: Float, _ y: Float) -> Float {
        let left = x.rounded(.down)
        let top = y.rounded(.down)
        let column = Int(left)
        let row = Int(top)
        let u = LatticeNoise.ease(x - left)
        let v = LatticeNoise.ease(y - top)
        let a = corner(column, row)
        let b = corner(column + 1, row)
        let c = corner(column, row + 1)
        let d = corner(column + 1, row + 1)
        let upper = a + (b - a) * u
        let lower = c + (d - c) * u
        return upper + (lower - upper) * v
    }

    /// Three octaves, each twice as fine and half as strong, in `[-1, 1]`.
    package func cloud(_ x: Float, _ y: Float) -> Float {
        let sum = value(x, y) * 4 + value(x * 2 + 17.3, y * 2 - 5.1) * 2 + value(x * 4 - 31.7, y * 4 + 11.9)
        return sum * (1.0 / 7.0)
    }

    private static func ease(_ t: Float) -> Float {
        t * t * (3 - 2 * t)
    }
}

/// 0 below `low`, 1 above `high`, a soft step between; `low < high`.
func softStep(_ low: Float, _ high: Float, _ x: Float) -> Float {
    let t = clamp((x - low) / (high - low))
    return t * t * (3 - 2 * t)
}

/// `x` kept inside `[low, high]`.
func clamp(_ x: Float, _ low: Float = 0, _ high: Float = 1) -> Float {
    min(max(x, low), high)
}
