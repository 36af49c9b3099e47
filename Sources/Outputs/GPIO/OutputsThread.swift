// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A thread of the system for work that sleeps in `poll`, which has no place in Swift's thread pool.
enum OutputsThread {
    private final class Work {
        let name: String
        let body: @Sendable () -> Void
        init(_ name: String, _ body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }

    /// Starts a thread that takes no signals, they belong to the main thread.
    ///
    /// - Parameter name: what `top -H` shows, at most 15 bytes.
    /// - Returns: the handle for `pthread_join`.
    static func start(
        name: String, _ body: @escaping @Sendable () -> Void
    ) throws(OutputsError) -> pthread_t {
        // The mask is inherited: set before, so that there is no moment without it.
        var all = sigset_t()
        var before = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_SETMASK, &all, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        var handle = pthread_t()
        let work = Unmanaged.passRetained(Work(name, body))
        let number = pthread_create(
            &handle, nil,
            { argument in
                guard let argument else { return nil }
                let work = Unmanaged<Work>.fromOpaque(argument).takeRetainedValue()
                OutputsThread.setName(work.name)
                work.body()
                return nil
            }, work.toOpaque())
        guard number == 0 else {
            work.release()
            throw .resource("pthread_create", name, number)
        }
        return handle
    }

    /// Names the calling thread; a failure is of no consequence.
    private static func setName(_ name: String) {
        let file = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { return }
        _ = write(file, name, name.utf8.count)
        close(file)
    }
}
