// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A named thread of its own for work that blocks, which structured concurrency must not be made to wait for.
struct Thread {
    private let name: String
    private let body: @Sendable () -> Void

    init(name: String, body: @escaping @Sendable () -> Void) {
        self.name = name
        self.body = body
    }

    /// Starts the thread, detached. Names are cut to 15 bytes by the kernel.
    func start() {
        final class Box {
            let name: String
            let body: @Sendable () -> Void
            init(name: String, body: @escaping @Sendable () -> Void) {
                self.name = name
                self.body = body
            }
        }
        var thread = pthread_t()
        let box = Unmanaged.passRetained(Box(name: name, body: body))
        let status = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                let box = Unmanaged<Box>.fromOpaque(argument).takeRetainedValue()
                Thread.setName(box.name)
                box.body()
                return nil
            }, box.toOpaque())
        guard status == 0 else { preconditionFailure("pthread_create: \(String(cString: strerror(status)))") }
        pthread_detach(thread)
    }

    /// Names the calling thread for `top -H` and debuggers; a failure is of no consequence.
    private static func setName(_ name: String) {
        let file = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { return }
        _ = write(file, name, name.utf8.count)
        close(file)
    }
}
