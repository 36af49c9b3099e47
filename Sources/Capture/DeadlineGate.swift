// SPDX-License-Identifier: Apache-2.0

import Glibc
import Threads

/// Waits for a moment of `CLOCK_MONOTONIC`, unless it is closed: closing wakes whoever waits, at once and for good.
package final class DeadlineGate: Sendable {
    private let closed = Monitor(false)

    /// An open gate.
    package init() {}

    /// True once `close` was called.
    package var isClosed: Bool { closed.read { $0 } }

    /// Waits until `deadline`, in nanoseconds of `CLOCK_MONOTONIC`.
    ///
    /// - Returns: false when the gate is or was closed meanwhile.
    package func wait(until deadline: UInt64) -> Bool {
        closed.wait(until: deadline) { $0 ? true : nil } == nil
    }

    /// Closes the gate; every later or present wait returns false.
    package func close() {
        closed.change { $0 = true }
    }

    /// Now, in nanoseconds of `CLOCK_MONOTONIC`.
    package static func now() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
