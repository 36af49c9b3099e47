// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Waits for a moment of `CLOCK_MONOTONIC`, unless it is closed: closing wakes whoever waits, at once and for good.
///
/// A condition variable with an absolute deadline: no descriptor that could run out, and a clock that nobody sets.
// @unchecked: the pointers never change, and everything behind them is only touched under the mutex.
package final class DeadlineGate: @unchecked Sendable {
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>
    private let closed: UnsafeMutablePointer<Bool>

    /// An open gate.
    package init() {
        mutex = .allocate(capacity: 1)
        condition = .allocate(capacity: 1)
        closed = .allocate(capacity: 1)
        mutex.initialize(to: pthread_mutex_t())
        condition.initialize(to: pthread_cond_t())
        closed.initialize(to: false)
        pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(condition, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
        closed.deallocate()
    }

    /// True once `close` was called.
    package var isClosed: Bool {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return closed.pointee
    }

    /// Waits until `deadline`, in nanoseconds of `CLOCK_MONOTONIC`.
    ///
    /// - Returns: false when the gate is or was closed meanwhile.
    package func wait(until deadline: UInt64) -> Bool {
        var moment = timespec(
            tv_sec: Int(deadline / 1_000_000_000), tv_nsec: Int(deadline % 1_000_000_000))
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        // Wakes without a reason are allowed by POSIX: only the clock or `close` ends the wait.
        while !closed.pointee {
            if pthread_cond_timedwait(condition, mutex, &moment) != 0 { break }
        }
        return !closed.pointee
    }

    /// Closes the gate; every later or present wait returns false.
    package func close() {
        pthread_mutex_lock(mutex)
        closed.pointee = true
        pthread_cond_broadcast(condition)
        pthread_mutex_unlock(mutex)
    }

    /// Now, in nanoseconds of `CLOCK_MONOTONIC`.
    package static func now() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
