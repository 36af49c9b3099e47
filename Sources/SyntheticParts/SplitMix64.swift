// SPDX-License-Identifier: Apache-2.0

/// A small generator of pseudo-random numbers: integers only, so that every machine draws the same ones.
///
/// Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014 (`SplitMix64`).
package struct SplitMix64: Sendable {
    private var state: UInt64

    /// A generator that starts at `seed`; every seed is as good as another.
    package init(seed: UInt64) {
        state = seed
    }

    /// The finaliser on its own: a one-to-one scrambling of 64 bits.
    package static func mix(_ value: UInt64) -> UInt64 {
        var z = value
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// The next 64 bits.
    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        return SplitMix64.mix(state)
    }

    /// A number in `[0, 1)` with 24 bits.
    package mutating func unit() -> Float {
        Float(next() >> 40) * 0x1p-24
    }

    /// A number in `[low, high)`.
    package mutating func between(_ low: Float, _ high: Float) -> Float {
        low + (high - low) * unit()
    }

    /// A whole number in `0..<count`; `count ≥ 1`.
    package mutating func below(_ count: Int) -> Int {
        Int(truncatingIfNeeded: next().multipliedFullWidth(by: UInt64(count)).high)
    }

    /// True half of the time.
    package mutating func coin() -> Bool {
        next() >> 63 == 1
    }

    /// A bell-shaped number, mean 0, deviation 1, never beyond ±3.5: four 16-bit draws summed (no logarithm needed).
    package mutating func bell() -> Float {
        let bits = next()
        let sum = (bits & 0xFFFF) + (bits >> 16 & 0xFFFF) + (bits >> 32 & 0xFFFF) + (bits >> 48)
        // The sum of four uniforms has variance 4/12, so √3 scales it to 1.
        return (Float(sum) * 0x1p-16 - 2) * 1.7320508
    }
}
