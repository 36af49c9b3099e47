// SPDX-License-Identifier: Apache-2.0

import Inspection

/// A made-up picture that takes the way of a part when no part is due: it keeps heartbeat and watchdog honest, and since
/// its score must be the same bits every time, it finds a machine that has begun to calculate wrongly.
package struct SelfTest {
    /// Nanoseconds without a decision after which one is made: the heartbeat toggles at least twice a second.
    package static let pause: UInt64 = 380_000_000
    /// A part that is expected within this time is waited for, so that it finds the network idle.
    private static let shyness: UInt64 = 30_000_000
    /// The last moment for a test, a part expected or not.
    private static let latest: UInt64 = 440_000_000

    private let pixels: [UInt8]
    private let expected: Float

    /// Takes the expected score with the inspector that will be tested; nil when it is not a number.
    init?(_ inspector: Inspector) {
        let size = inspector.model.inputSize
        var state: UInt32 = 0x9E37_79B9
        pixels = (0..<size * size * 3).map { _ in
            // Numerical Recipes' linear congruential generator: any fixed pattern will do.
            state = state &* 1_664_525 &+ 1_013_904_223
            return UInt8(state >> 24)
        }
        expected = inspector.score(pixels)
        guard expected.isFinite else { return nil }
    }

    /// Scores the picture again; what is wrong, or nil.
    func failure(_ inspector: Inspector) -> String? {
        let found = inspector.score(pixels)
        guard found.bitPattern != expected.bitPattern else { return nil }
        return "the self-test picture scores \(found), it scored \(expected) when the recipe was loaded"
    }

    /// When the next test is due, in nanoseconds of `CLOCK_MONOTONIC`.
    ///
    /// - Parameters:
    ///   - last: the last decision.
    ///   - part: when a part is expected, nil when nobody knows.
    package static func due(after last: UInt64, expecting part: UInt64?) -> UInt64 {
        let due = last + pause
        guard let part, part < due + shyness, part + shyness > due else { return due }
        return min(part + shyness, last + latest)
    }
}
