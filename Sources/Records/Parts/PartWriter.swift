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
    public func offer(_ row: PartRow) {
        state.withLock { state in
            guard !state.isEnded, state.rows.count < bound else { return state.counts.dropped += 1 }
            state.rows.append(row)
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
        while true {
            _ = posted.wait(timeout: .now() + pause)
            let (rows, mustSeal, isEnded) = state.withLock { state in
                defer { state.mustSeal = false }
                return (Array(state.rows.prefix(Self.block)), state.mustSeal, state.isEnded)
            }
            do {
                if history == nil, !rows.isEmpty { history = try open() }
                if let history, !rows.isEmpty {
                    let (anchor, pruned) = try history.append(rows)
                    (last, unsealed) = (anchor, unsealed + UInt64(rows.count))
                    let isMore = state.withLock { state in
                        state.rows.removeFirst(rows.count)
                        state.counts.written += UInt64(rows.count)
                        state.counts.failure = nil
                        if mustSeal, !state.rows.isEmpty { state.mustSeal = true }
                        return !state.rows.isEmpty
                    }
                    if pruned { unsealed = max(unsealed, Self.sealEvery) }
                    if isMore { posted.signal() }
                }
            } catch {
                let isNews = state.withLock { state in
                    defer { state.counts.failure = "\(error)" }
                    return state.counts.failure == nil
                }
                if isNews { report("parts can't be recorded: \(error)") }
                guard !isEnded else { break }
                continue
            }
            if let last, unsealed > 0, mustSeal || unsealed >= Self.sealEvery {
                sealed(last)
                unsealed = 0
            }
            if isEnded, state.withLock(\.rows.isEmpty) { break }
        }
        try? history?.close()
        ended.signal()
    }
}
