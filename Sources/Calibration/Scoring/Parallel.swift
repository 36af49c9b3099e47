// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Glibc
import Synchronization

/// The same work on many independent things, on all cores.
public enum Parallel {
    /// Cores that this process may use.
    public static var cores: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

    /// Results in the order of the items, whatever the order of the work.
    ///
    /// - Parameter progress: called after each item with (done, total), from any thread.
    public static func map<Item: Sendable, Result: Sendable>(
        _ items: [Item], threads: Int = cores, progress: (@Sendable (Int, Int) -> Void)? = nil,
        _ body: @Sendable (Item) -> Result
    ) -> [Result] {
        map(items, threads: threads, progress: progress, context: { () }) { item, _ in body(item) }
    }

    /// The same with a context of its own for every thread, such as a network's buffers.
    public static func map<Item: Sendable, Context, Result: Sendable>(
        _ items: [Item], threads: Int = cores, progress: (@Sendable (Int, Int) -> Void)? = nil,
        context: @Sendable () -> Context, _ body: @Sendable (Item, Context) -> Result
    ) -> [Result] {
        let results = Mutex([Result?](repeating: nil, count: items.count))
        let next = Atomic(0)
        let done = Atomic(0)
        DispatchQueue.concurrentPerform(iterations: max(1, min(threads, items.count))) { _ in
            let own = context()
            while true {
                let index = next.add(1, ordering: .relaxed).oldValue
                guard index < items.count else { return }
                let result = body(items[index], own)
                results.withLock { $0[index] = result }
                progress?(done.add(1, ordering: .relaxed).newValue, items.count)
            }
        }
        return results.withLock { $0.compactMap(\.self) }
    }
}
