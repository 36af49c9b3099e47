// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Threads of the system for work that blocks, which has no place in Swift's thread pool.
package enum PosixThread {
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
    /// - Parameter name: what `top -H` and debuggers show, cut to 15 bytes by the kernel; empty is the program's name.
    /// - Returns: 0 and the thread's handle for `pthread_join`, or the error number.
    package static func start(
        name: String = "", _ body: @escaping @Sendable () -> Void
    ) -> (number: Int32, handle: pthread_t) {
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
                PosixThread.setName(work.name)
                work.body()
                return nil
            }, work.toOpaque())
        if number != 0 { work.release() }
        return (number, handle)
    }

    /// Starts a thread that nobody waits for; 0 or the error number.
    package static func startDetached(name: String = "", _ body: @escaping @Sendable () -> Void) -> Int32 {
        let (number, handle) = start(name: name, body)
        if number == 0 { pthread_detach(handle) }
        return number
    }

    /// Lets the calling thread work only when no thread that decides wants to (setpriority(2): on Linux, of the thread alone).
    package static func workInTheBackground() {
        _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 10)
    }

    /// Names the calling thread; a failure is of no consequence.
    private static func setName(_ name: String) {
        guard !name.isEmpty else { return }
        let file = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { return }
        _ = write(file, name, name.utf8.count)
        close(file)
    }
}
