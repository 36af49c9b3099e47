// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Synchronization
import Threads

/// Records parts on a thread of its own. Whoever offers one never waits: what does not fit is left out and counted.
public final class PartWriter: Sendable {
    /// What became of the parts since the start.
    public struct Counts: Sendable, Equatable {
        /// On the disk.
        public var written: UInt64 = 0
        /// Left out, because too many waited: the disk is too slow, full, or hangs.
        public var dropped: UInt64 = 0
        /// What was wrong the last time; nil when that worked.
        public var failure: String?

        /// All zero.
        public init() {}
    }

    private struct State {
        var rows: [PartRow] = []
        /// Parts that the thread has taken and not yet recorded.
        var taken = 0
        var counts = Counts()
        var mustSeal = false
        var isEnded = false
    }

    private let bound: Int
    private let pause: Double
    private let state = Mutex(State())
    private let posted = DispatchSemaphore(value: 0)
    private let ended = DispatchSemaphore(value: 0)
    private let open: @Sendable () throws -> PartHistory
    private let sealed: @Sendable (HistoryAnchor) -> Void
    private let report: @Sendable (String) -> Void

    /// Parts in one block at most, and how many may go by until the journal is told where the chain is.
    private static let block = 1_000, sealEvery: UInt64 = 10_000

    /// Starts the thread; the history is opened there, so that a disk that hangs keeps nobody waiting.
    ///
    /// - Parameters:
    ///   - bound: parts that may wait.
    ///   - pause: seconds that parts wait for others, to be recorded with them.
    ///   - open: opens the history; tried again until it works.
    ///   - sealed: told the chain's end at every stop and every 10,000 parts, for the journal.
    ///   - report: told in words what can't be recorded, once until it works again.
    public init(
        bound: Int = 50_000, pause: Double = 2, open: @escaping @Sendable () throws -> PartHistory,
        sealed: @escaping @Sendable (HistoryAnchor) -> Void, report: @escaping @Sendable (String) -> Void
    ) {
        (self.bound, self.pause) = (bound, pause)
        (self.open, self.sealed, self.report) = (open, sealed, report)
        let failure = PosixThread.startDetached(name: "parts") { self.work() }
        if failure != 0 { report("no thread for the parts: errno \(failure)") }
    }

    /// Counts so far.
    public var counts: Counts { state.withLock(\.counts) }

    /// Hands a part over. Never waits.
    public func offer(_ row: PartRow) { offer(CollectionOfOne(row)) }

    /// Hands several parts over. Never waits.
    public func offer(_ rows: some Collection<PartRow>) {
        state.withLock { state in
            let room = state.isEnded ? 0 : max(0, bound - state.rows.count - state.taken)
            state.rows += rows.prefix(room)
            state.counts.dropped += UInt64(rows.count - min(room, rows.count))
        }
    }

    /// Has everything that was offered recorded now, and the journal told. Never waits.
    public func seal() {
        state.withLock { $0.mustSeal = true }
        posted.signal()
    }

    /// Ends the thread when everything that waits is written, but waits at most so long.
    public func close(seconds: Double = 3) {
        state.withLock {
            $0.mustSeal = true
            $0.isEnded = true
        }
        posted.signal()
        _ = ended.wait(timeout: .now() + seconds)
    }

    private func work() {
        PosixThread.workInTheBackground()
        var history: PartHistory?
        var last: HistoryAnchor?
        var unsealed: UInt64 = 0
        var isSealDue = false
        var waiting: ArraySlice<PartRow> = []
        while true {
            // All at once: whoever offers must not wait while they are moved.
            let (mustSeal, isEnded) = state.withLock { state in
                if waiting.isEmpty {
                    waiting = state.rows[...]
                    state.rows = []
                    state.taken = waiting.count
                }
                defer { state.mustSeal = false }
                return (state.mustSeal, state.isEnded)
            }
            isSealDue = isSealDue || mustSeal
            var hasFailed = false
            do {
                if history == nil {
                    history = try open()
                    // A daemon may have been killed before it told the journal.
                    if let pruning = try history?.lastPruning() { sealed(pruning) }
                }
                while let history, !waiting.isEmpty {
                    let rows = Array(waiting.prefix(Self.block))
                    let (anchor, pruned) = try history.append(rows)
                    waiting = waiting.dropFirst(rows.count)
                    (last, unsealed) = (anchor, unsealed + UInt64(rows.count))
                    state.withLock { state in
                        state.taken -= rows.count
                        state.counts.written += UInt64(rows.count)
                        state.counts.failure = nil
                    }
                    guard pruned || unsealed >= Self.sealEvery else { continue }
                    sealed(anchor)
                    unsealed = 0
                }
            } catch {
                hasFailed = true
                tell(error)
            }
            if let last, unsealed > 0, isSealDue {
                sealed(last)
                unsealed = 0
            }
            // What could not be recorded is told when it is.
            isSealDue = isSealDue && !waiting.isEmpty
            if isEnded, hasFailed || state.withLock(\.rows.isEmpty) { break }
            _ = posted.wait(timeout: .now() + pause)
        }
        try? history?.close()
        ended.signal()
    }

    /// Once, until it works again.
    private func tell(_ error: any Error) {
        let isNews = state.withLock { state in
            defer { state.counts.failure = "\(error)" }
            return state.counts.failure == nil
        }
        if isNews { report("parts can't be recorded: \(error)") }
    }
}
