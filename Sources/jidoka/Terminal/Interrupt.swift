// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization

/// Ctrl-C and SIGTERM ask for an orderly end; a second one ends at once.
enum Interrupt {
    private static let wasAsked = Atomic(false)

    /// Whether somebody asked.
    static var isRequested: Bool { wasAsked.load(ordering: .relaxed) }

    /// Catches both signals from now on.
    static func watch() {
        for number in [SIGINT, SIGTERM] {
            signal(number) { number in
                Interrupt.wasAsked.store(true, ordering: .relaxed)
                signal(number, SIG_DFL)
            }
        }
    }
}
