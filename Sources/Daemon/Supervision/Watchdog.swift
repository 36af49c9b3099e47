// SPDX-License-Identifier: Apache-2.0

/// Feeds systemd's watchdog often enough, and never more often than that.
struct Watchdog: Sendable {
    private let manager: ServiceManager
    private let interval: UInt64?
    private var lastFed: UInt64 = 0

    init(_ manager: ServiceManager) {
        self.manager = manager
        // A third of the period: one late turn of the loop is no hang.
        interval = manager.watchdogPeriod.map { $0 / 3 }
    }

    /// Nanoseconds of `CLOCK_MONOTONIC` at which it has to be fed at the latest.
    var due: UInt64 { interval.map { lastFed + $0 } ?? .max }

    /// Says that the decision path has just done its work.
    mutating func feed(now: UInt64) {
        guard now >= due else { return }
        lastFed = now
        manager.watchdog()
    }
}
