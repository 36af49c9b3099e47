// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A value that threads share, and wait for changes of (Hoare's monitor).
///
/// `Mutex` has no way to wait; a condition variable here counts by `CLOCK_MONOTONIC`, which nobody sets.
// @unchecked: the pointers never change, and everything behind them is only touched under the mutex.
package final class Monitor<State: Sendable>: @unchecked Sendable {
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>
    private let state: UnsafeMutablePointer<State>

    /// A monitor of a first value.
    package init(_ initial: State) {
        mutex = .allocate(capacity: 1)
        condition = .allocate(capacity: 1)
        state = .allocate(capacity: 1)
        mutex.initialize(to: pthread_mutex_t())
        condition.initialize(to: pthread_cond_t())
        state.initialize(to: initial)
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
        state.deinitialize(count: 1)
        condition.deallocate()
        mutex.deallocate()
        state.deallocate()
    }

    /// Looks at the value.
    package func read<Result>(_ body: (State) -> Result) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return body(state.pointee)
    }

    /// Changes the value and wakes whoever waits.
    package func change<Result>(_ body: (inout State) -> Result) -> Result {
        pthread_mutex_lock(mutex)
        defer {
            pthread_cond_broadcast(condition)
            pthread_mutex_unlock(mutex)
        }
        return body(&state.pointee)
    }

    /// Waits for an answer: asks at once and after every change, at the latest at the deadline.
    ///
    /// - Parameters:
    ///   - deadline: nanoseconds of `CLOCK_MONOTONIC`.
    ///   - body: may change the value, which wakes nobody; `nil` is to wait on.
    /// - Returns: the answer, or `nil` when the deadline has passed without one.
    package func wait<Result>(until deadline: UInt64, _ body: (inout State) -> Result?) -> Result? {
        var moment = timespec(tv_sec: Int(deadline / 1_000_000_000), tv_nsec: Int(deadline % 1_000_000_000))
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while true {
            if let answer = body(&state.pointee) { return answer }
            // Wakes without a reason are allowed by POSIX: only the clock or an answer ends the wait.
            if pthread_cond_timedwait(condition, mutex, &moment) != 0 { return body(&state.pointee) }
        }
    }
}
