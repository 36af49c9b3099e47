// SPDX-License-Identifier: Apache-2.0

import Capture
import Dispatch
import Inspection
import Sockets
import Synchronization

/// A thread that opens the source, takes frames from it and hands them over; a lost source is opened again for ever.
final class SourceFeed: Sendable {
    private let open: @Sendable () throws(CaptureError) -> any FrameSource
    private let inbox: Inbox
    private let gate: Gate
    private let current = Mutex<(any FrameSource)?>(nil)
    private let isEnded = Atomic(false)
    private let ended = DispatchSemaphore(value: 0)
    private let entry = Inbox.Entry()

    /// First and longest pause before a lost source is opened again, in seconds.
    private static let pause = (first: 0.25, longest: 5.0)

    init(inbox: Inbox, gate: Gate, open: @escaping @Sendable () throws(CaptureError) -> any FrameSource) {
        self.inbox = inbox
        self.gate = gate
        self.open = open
    }

    /// Starts the thread.
    func start() {
        inbox.open(entry)
        let failure = PosixThread.startDetached(name: "source") { self.work() }
        if failure != 0 { inbox.post(.sourceLost(reason: "no thread for it: errno \(failure)"), through: entry) }
    }

    /// Ends the thread; returns at once, and from then on nothing more comes from this source.
    func stop() {
        isEnded.store(true, ordering: .sequentiallyConsistent)
        inbox.shut(entry)
        gate.wake()
        current.withLock { $0 }?.stop()
        ended.signal()
    }

    private func work() {
        var pause = Self.pause.first
        while !isEnded.load(ordering: .sequentiallyConsistent) {
            do throws(CaptureError) {
                let source = try open()
                current.withLock { $0 = source }
                // Ended while it was being opened: `stop` may have come before there was anything to stop.
                guard !isEnded.load(ordering: .sequentiallyConsistent) else { return }
                inbox.post(.sourceReady, through: entry)
                pause = Self.pause.first
                try drain(source)
                guard !isEnded.load(ordering: .sequentiallyConsistent) else { return }
                // It is opened again like any lost source, but nothing comes from it before a person starts the line.
                inbox.post(.sourceLost(reason: "\(source.name) has no more parts"), through: entry)
            } catch {
                inbox.post(.sourceLost(reason: "\(error)"), through: entry)
            }
            current.withLock { $0 = nil }
            if ended.wait(timeout: .now() + pause) == .success { return }
            pause = min(2 * pause, Self.pause.longest)
        }
    }

    /// Hands frames over until the source ends.
    ///
    /// - Throws: `CaptureError` when the source is lost; a picture that can't be used is reported and skipped.
    private func drain(_ source: any FrameSource) throws(CaptureError) {
        while gate.pass(unless: { isEnded.load(ordering: .sequentiallyConsistent) }) {
            do throws(CaptureError) {
                guard let frame = try source.next() else { return }
                guard inbox.offer(frame, through: entry) else { return }
            } catch {
                guard error.code == .badPicture else { throw error }
                // A part that was on its way when the line stopped is not judged before the next start.
                guard gate.pass(unless: { isEnded.load(ordering: .sequentiallyConsistent) }) else { return }
                inbox.post(.badPicture(part: error.thing, detail: "\(error)"), through: entry)
            }
        }
    }
}
