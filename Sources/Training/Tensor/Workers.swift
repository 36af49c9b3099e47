// SPDX-License-Identifier: Apache-2.0
import CTraining
import Glibc
import Synchronization

/// The threads that share the work of one operation.
///
/// An operation is cut into shards by its shapes alone, never by the number of threads, and partial sums are added in
/// shard order; so results have the same bits on 1, 2 or more threads.
public enum Workers {
    private static let count = Atomic<Int>(max(1, min(64, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))))

    /// Threads used, the caller included, 1...64; the number of online processors unless set.
    public static var threads: Int {
        get { count.load(ordering: .relaxed) }
        set {
            precondition((1...64).contains(newValue), "threads must be 1...64, not \(newValue)")
            count.store(newValue, ordering: .relaxed)
        }
    }

    private typealias Body = (Int, Int) -> Void

    /// Calls `body(shard, worker)` for every shard and returns when all are done; `worker` is below `threads`.
    package static func forEach(
        _ shards: Int, threads: Int = Workers.threads, _ body: (_ shard: Int, _ worker: Int) -> Void
    ) {
        withoutActuallyEscaping(body) { escaping in
            var body: Body = escaping
            withUnsafeMutablePointer(to: &body) { context in
                ct_run(
                    Int32(shards), Int32(threads),
                    { context, shard, worker in
                        context?.assumingMemoryBound(to: Body.self).pointee(Int(shard), Int(worker))
                    }, context)
            }
        }
    }

    /// As ``forEach(_:threads:_:)``, with scratch memory of `scratch` floats per worker.
    static func forEach(
        _ shards: Int, scratch: Int, _ body: (_ shard: Int, _ scratch: UnsafeMutablePointer<Float>) -> Void
    ) {
        let threads = max(1, min(Workers.threads, shards))
        // Whole cache lines per worker.
        let stride = (scratch + 15) & ~15
        let storage = Storage(count: stride * threads)
        forEach(shards, threads: threads) { shard, worker in body(shard, storage.pointer + worker * stride) }
    }

    /// Calls `body` for consecutive runs that cover `0..<count`; their length depends on `count` and `grain` only.
    static func forEachRun(of count: Int, grain: Int, _ body: (_ start: Int, _ count: Int) -> Void) {
        let runs = (count + grain - 1) / grain
        forEach(runs) { run, _ in body(run * grain, min(grain, count - run * grain)) }
    }
}
