// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Runs a closure a moment later on a thread of its own: tests that block must not wait for a task to get a thread.
func later(_ body: @escaping @Sendable () -> Void) {
    final class Box: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    var thread = pthread_t()
    let box = Unmanaged.passRetained(Box(body))
    let failed = pthread_create(
        &thread, nil,
        { pointer in
            guard let pointer else { return nil }
            let box = Unmanaged<Box>.fromOpaque(pointer).takeRetainedValue()
            // Long enough for the test to be waiting nearly always; right as well when it is not yet.
            usleep(2000)
            box.body()
            return nil
        }, box.toOpaque())
    if failed == 0 {
        pthread_detach(thread)
    } else {
        box.release()
        body()
    }
}
