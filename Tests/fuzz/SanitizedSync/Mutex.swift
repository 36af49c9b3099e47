// SPDX-License-Identifier: Apache-2.0

import Glibc

@_exported import struct Synchronization.Atomic
@_exported import struct Synchronization.AtomicLoadOrdering
@_exported import struct Synchronization.AtomicStoreOrdering
@_exported import struct Synchronization.AtomicUpdateOrdering

/// The library's `Mutex` over a lock that the thread sanitizer knows.
///
/// The one of `Synchronization` is a futex that Swift 6.3's sanitizer does not see: it reports a race in any program that uses it. Only
/// `daemon.sh thread` builds with this one; everything else about the sources stays as it is.
public struct Mutex<Value: ~Copyable>: ~Copyable, @unchecked Sendable {
    // Sendable, as the value is reached through the lock only.
    private let lock: UnsafeMutablePointer<pthread_mutex_t>
    private let value: UnsafeMutablePointer<Value>

    /// A lock around a value.
    public init(_ initial: consuming sending Value) {
        lock = .allocate(capacity: 1)
        lock.initialize(to: pthread_mutex_t())
        pthread_mutex_init(lock, nil)
        value = .allocate(capacity: 1)
        value.initialize(to: initial)
    }

    deinit {
        pthread_mutex_destroy(lock)
        lock.deallocate()
        value.deinitialize(count: 1)
        value.deallocate()
    }

    /// Runs the body with the value while nobody else has it.
    public borrowing func withLock<Result: ~Copyable, Failure: Error>(
        _ body: (inout sending Value) throws(Failure) -> sending Result
    ) throws(Failure) -> sending Result {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        return try body(&value.pointee)
    }
}
