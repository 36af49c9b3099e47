// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Synchronization
import Threads

/// Writes evidence on a thread of its own. Whoever offers an item never waits: what does not fit is left out and counted.
public final class EvidenceWriter: Sendable {
    /// How much may wait.
    public struct Bounds: Sendable {
        /// Items.
        public var count = 32
        /// Bytes of all of them.
        public var bytes = 64 << 20

        /// Room for a burst of large pictures.
        public init() {}
    }

    /// What became of the items since the start.
    public struct Counts: Sendable, Equatable {
        /// On the disk.
        public var written: UInt64 = 0
        /// Left out, because too much waited: the disk is too slow, or hangs.
        public var dropped: UInt64 = 0
        /// Could not be written.
        public var failed: UInt64 = 0
        /// What was wrong the last time; nil when that worked.
        public var failure: String?

        /// All zero.
        public init() {}
    }

    /// Something to do for the thread.
    private enum Job: Sendable {
        case keep(EvidenceItem)
        /// Before the first part that a recipe decides: its files may change later.
        case archive(@Sendable (EvidenceStore) throws -> Void)
    }

    private struct State {
        var jobs: [Job] = []
        var bytes = 0
        var counts = Counts()
        var isEnded = false
    }

    private let bounds: Bounds
    private let state = Mutex(State())
    private let posted = DispatchSemaphore(value: 0)
    private let ended = DispatchSemaphore(value: 0)
    private let open: @Sendable () throws -> EvidenceStore
    private let report: @Sendable (String) -> Void

    /// Starts the thread; the store is opened there, so that a disk that hangs keeps nobody waiting.
    ///
    /// - Parameters:
    ///   - open: opens the store; tried again for each item until it works.
    ///   - report: told in words what can't be written, once until it works again.
    public init(
        bounds: Bounds = Bounds(), open: @escaping @Sendable () throws -> EvidenceStore,
        report: @escaping @Sendable (String) -> Void
    ) {
        self.bounds = bounds
        self.open = open
        self.report = report
        let failure = PosixThread.startDetached(name: "evidence") { self.work() }
        if failure != 0 { report("no thread for the evidence: errno \(failure)") }
    }

    /// Counts so far.
    public var counts: Counts { state.withLock(\.counts) }

    /// Hands an item over; false when there is no room for it. Never waits.
    @discardableResult
    public func offer(_ item: EvidenceItem) -> Bool {
        let isTaken = state.withLock { state in
            guard !state.isEnded, state.jobs.count < bounds.count, state.bytes + item.bytes <= bounds.bytes else {
                state.counts.dropped += 1
                return false
            }
            state.jobs.append(.keep(item))
            state.bytes += item.bytes
            return true
        }
        if isTaken { posted.signal() }
        return isTaken
    }

    /// Has something done with the store before whatever is offered later, such as a copy of the recipe.
    public func archive(_ body: @escaping @Sendable (EvidenceStore) throws -> Void) {
        state.withLock { $0.jobs.append(.archive(body)) }
        posted.signal()
    }

    /// Ends the thread when everything that waits is written, but waits at most so long.
    public func close(seconds: Double = 3) {
        state.withLock { $0.isEnded = true }
        posted.signal()
        _ = ended.wait(timeout: .now() + seconds)
    }

    private func work() {
        PosixThread.workInTheBackground()
        var store: EvidenceStore?
        while true {
            posted.wait()
            let (job, isOver) = state.withLock { state -> (Job?, Bool) in
                guard !state.jobs.isEmpty else { return (nil, state.isEnded) }
                return (state.jobs.removeFirst(), false)
            }
            guard let job else {
                guard isOver else { continue }
                ended.signal()
                return
            }
            do {
                if store == nil { store = try open() }
                switch job {
                case .keep(let item):
                    defer { state.withLock { $0.bytes -= item.bytes } }
                    _ = try store?.keep(item)
                    _ = store?.prune(now: UTCTime.now)
                    state.withLock {
                        $0.counts.written += 1
                        $0.counts.failure = nil
                    }
                case .archive(let body): if let store { try body(store) }
                }
            } catch {
                if case .keep = job { state.withLock { $0.counts.failed += 1 } }
                let isNews = state.withLock { state in
                    defer { state.counts.failure = "\(error)" }
                    return state.counts.failure == nil
                }
                if isNews { report("evidence can't be kept: \(error)") }
            }
            // The end comes after everything that waits.
            if state.withLock({ $0.isEnded }) { posted.signal() }
        }
    }
}
