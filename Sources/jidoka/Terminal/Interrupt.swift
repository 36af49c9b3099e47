// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization
import Threads

/// Ctrl-C and SIGTERM ask for an orderly end; a second one ends at once.
enum Interrupt {
    private static let wasAsked = Atomic(false)
    private static let writeEnd = Atomic<Int32>(-1)
    private static let readEnd = Atomic<Int32>(-1)

    /// Whether somebody asked.
    static var isRequested: Bool { wasAsked.load(ordering: .relaxed) }

    /// Readable from the moment when somebody asked: for `poll`, which must not miss a signal that came just before it.
    static var descriptor: Int32 { readEnd.load(ordering: .relaxed) }

    /// Catches both signals from now on.
    static func watch() {
        var ends: [Int32] = [-1, -1]
        if descriptor < 0, pipe(&ends) == 0 {
            for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
            readEnd.store(ends[0], ordering: .relaxed)
            writeEnd.store(ends[1], ordering: .relaxed)
        }
        for number in [SIGINT, SIGTERM] {
            signal(number) { number in
                Interrupt.wasAsked.store(true, ordering: .relaxed)
                var byte: UInt8 = 0
                _ = write(Interrupt.writeEnd.load(ordering: .relaxed), &byte, 1)
                signal(number, SIG_DFL)
            }
        }
    }

    /// Calls something, on a thread of its own, when somebody asks; `watch` comes first.
    static func whenRequested(_ action: @escaping @Sendable () -> Void) {
        _ = PosixThread.startDetached(name: "interrupt") {
            var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            while poll(&waiting, 1, -1) < 0 {}
            action()
        }
    }
}
