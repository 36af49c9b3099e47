// SPDX-License-Identifier: Apache-2.0
import Glibc

/// xoshiro256**, seeded by SplitMix64: the same numbers on every machine for the same seed.
///
/// Source: Blackman and Vigna, "Scrambled linear pseudorandom number generators", ACM TOMS 47 (2021).
public struct RandomSource: RandomNumberGenerator, Sendable, Equatable {
    /// Four words that determine all that follows; save them to resume.
    public private(set) var state: [UInt64]

    /// A source for a seed.
    public init(seed: UInt64) {
        var word = seed
        state = (0..<4).map { _ in
            word &+= 0x9E37_79B9_7F4A_7C15
            var mixed = word
            mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
    }

    /// Continues from a saved ``state``.
    ///
    /// - Throws: `TrainingError` unless there are four words and one of them is not zero.
    public init(state: [UInt64]) throws(TrainingError) {
        guard state.count == 4, state.contains(where: { $0 != 0 }) else {
            throw TrainingError(
                .value, "random state", expected: "4 words, not all zero", found: "\(state.count) words")
        }
        self.state = state
    }

    /// 64 random bits.
    public mutating func next() -> UInt64 {
        func rotated(_ word: UInt64, _ bits: UInt64) -> UInt64 { (word << bits) | (word >> (64 - bits)) }
        let result = rotated(state[1] &* 5, 7) &* 9
        let shifted = state[1] << 17
        state[2] ^= state[0]
        state[3] ^= state[1]
        state[1] ^= state[2]
        state[0] ^= state[3]
        state[2] ^= shifted
        state[3] = rotated(state[3], 45)
        return result
    }

    /// Uniform in `[0, 1)`, a multiple of 2⁻⁵³.
    public mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// Uniform in `0..<bound`, without bias (rejection).
    public mutating func below(_ bound: Int) -> Int {
        precondition(bound > 0, "an empty range has no element")
        let bound = UInt64(bound)
        let limit = UInt64.max - UInt64.max % bound
        var word = next()
        while word >= limit { word = next() }
        return Int(word % bound)
    }

    /// Normal with mean 0 and deviation 1 (Box and Muller's cosine branch; two words each).
    public mutating func normal() -> Double {
        let radius = (-2 * log(1 - uniform())).squareRoot()
        return radius * cos(2 * Double.pi * uniform())
    }

    /// Shuffles in place (Fisher and Yates, from the end).
    public mutating func shuffle<Element>(_ elements: inout [Element]) {
        guard elements.count > 1 else { return }
        for last in stride(from: elements.count - 1, to: 0, by: -1) { elements.swapAt(last, below(last + 1)) }
    }
}
