// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Synchronization

/// Lets the replay source through while the line runs: with the permit off no parts come, as on a real conveyor.
final class Gate: Sendable {
    private enum State { case shut, open, ended }

    private let state = Mutex(State.shut)
    private let changed = DispatchSemaphore(value: 0)

    /// Opens or shuts the gate.
    func set(open: Bool) {
        let opens = state.withLock { state in
            guard state != .ended else { return false }
            let opens = open && state == .shut
            state = open ? .open : .shut
            return opens
        }
        if opens { changed.signal() }
    }

    /// Lets everybody go for good.
    func end() {
        state.withLock { $0 = .ended }
        changed.signal()
    }

    /// Waits until the gate is open; one thread may wait.
    ///
    /// - Returns: false when it has ended.
    func pass() -> Bool {
        while true {
            switch state.withLock({ $0 }) {
            case .open: return true
            case .ended: return false
            case .shut: changed.wait()
            }
        }
    }
}
