// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Collects progress calls from many threads.
final class PartCounter: Sendable {
    private let calls = Mutex<Set<Int>>([])

    func take(_ done: Int, _ total: Int) { calls.withLock { _ = $0.insert(done) } }

    var seen: Set<Int> { calls.withLock { $0 } }
}
