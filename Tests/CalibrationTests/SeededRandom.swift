// SPDX-License-Identifier: Apache-2.0

import Glibc

/// SplitMix64 (Steele, Lea, Flood 2014): the same numbers in every run.
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func floats(_ count: Int, _ range: ClosedRange<Float> = -1...1) -> [Float] {
        (0..<count).map { _ in Float.random(in: range, using: &self) }
    }

    mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) } }
}

/// Long counts in full only when JIDOKA_THOROUGH=1; says which.
func repetitions(_ usual: Int, thorough: Int, of what: String) -> Int {
    let full = getenv("JIDOKA_THOROUGH").map { String(cString: $0) } == "1"
    print("\(what): \(full ? thorough : usual)\(full ? "" : " (\(thorough) under JIDOKA_THOROUGH=1)")")
    return full ? thorough : usual
}
