// SPDX-License-Identifier: Apache-2.0

/// When the next part is due: a grid of deadlines, in nanoseconds of `CLOCK_MONOTONIC`.
///
/// Deadlines are counted from the first one, so small delays don't add up. After a stall of more than one period the
/// grid starts anew at once: time is skipped, parts are not, and no burst follows.
package struct Pace: Sendable, Equatable {
    /// Nanoseconds between two parts; 0 is as fast as can be.
    package let period: UInt64
    private var last: UInt64?

    /// A pace of `rate` parts per second; 0 is as fast as can be.
    package init(rate: Double) {
        period = rate > 0 ? UInt64((1e9 / rate).rounded()) : 0
    }

    /// The deadline of the next part, asked for at `now`; it may lie in the past.
    package mutating func deadline(now: UInt64) -> UInt64 {
        guard period > 0, let last else {
            self.last = now
            return now
        }
        let due = last + period
        let deadline = now > due + period ? now : due
        self.last = deadline
        return deadline
    }

    /// Checks a rate that a person wrote.
    static func check(_ rate: Double, of source: String) throws(CaptureError) {
        // Below one part an hour the period no longer means anything; above 10,000 it is never kept.
        guard rate == 0 || (rate >= 1.0 / 3600 && rate <= 10_000) else {
            throw CaptureError(
                .badArgument, source, expected: "a rate of 1/3600 to 10000 parts per second, or 0", found: "\(rate)",
                hint: "0 is as fast as it can")
        }
    }
}
