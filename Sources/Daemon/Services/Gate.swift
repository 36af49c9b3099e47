// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Synchronization

/// Lets the replay source through while the line runs: with the permit off no parts come, as on a real conveyor.
///
/// Any number of threads may wait: after a reload the thread of the source before may still be on its way out.
final class Gate: Sendable {
    private struct Content {
        var isOpen = false
        var waiting: [DispatchSemaphore] = []
    }

    private let content = Mutex(Content())
    private let changed: @Sendable (Bool) -> Void

    /// A gate that is shut.
    ///
    /// - Parameter changed: called after every `set`, for sources that don't wait at the gate.
    init(changed: @escaping @Sendable (Bool) -> Void = { _ in }) { self.changed = changed }

    /// Whether the line runs.
    var isOpen: Bool { content.withLock { $0.isOpen } }

    /// Opens or shuts the gate.
    func set(open: Bool) {
        content.withLock { $0.isOpen = open }
        if open { wake() }
        changed(open)
    }

    /// Lets everybody who waits look again, e.g. whether it is the end.
    func wake() {
        let waiting = content.withLock { content in
            defer { content.waiting = [] }
            return content.waiting
        }
        for one in waiting { one.signal() }
    }

    /// Waits until the gate is open.
    ///
    /// - Parameter ended: whether the caller is not wanted any more; whoever makes it true calls `wake` afterwards.
    /// - Returns: false when it has ended.
    func pass(unless ended: () -> Bool) -> Bool {
        while true {
            let place = DispatchSemaphore(value: 0)
            let mayPass: Bool? = content.withLock { content in
                if ended() { return false }
                if content.isOpen { return true }
                content.waiting.append(place)
                return nil
            }
            if let mayPass { return mayPass }
            place.wait()
        }
    }
}
