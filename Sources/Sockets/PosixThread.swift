// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Threads of the system for work that blocks, which has no place in Swift's thread pool.
enum PosixThread {
    private final class Work {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    /// Starts a thread that takes no signals, they belong to the main thread.
    ///
    /// - Returns: 0 and the thread's handle for `pthread_join`, or the error number.
    static func start(_ body: @escaping @Sendable () -> Void) -> (number: Int32, handle: pthread_t) {
        // The mask is inherited: set before, so that there is no moment without it.
        var all = sigset_t()
        var before = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_SETMASK, &all, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        var handle = pthread_t()
        let work = Unmanaged.passRetained(Work(body))
        let number = pthread_create(
            &handle, nil,
            { argument in
                if let argument { Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().body() }
                return nil
            }, work.toOpaque())
        if number != 0 { work.release() }
        return (number, handle)
    }

    /// Starts a thread that nobody waits for; 0 or the error number.
    static func startDetached(_ body: @escaping @Sendable () -> Void) -> Int32 {
        let (number, handle) = start(body)
        if number == 0 { pthread_detach(handle) }
        return number
    }
}
