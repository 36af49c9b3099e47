// SPDX-License-Identifier: Apache-2.0

import Capture
import Dispatch
import Inspection
import Line
import Synchronization
import Threads

/// A thread that opens the source, takes frames from it and hands them over; a lost source is opened again for ever.
///
/// A replayed source stands still while the permit is off, as a stopped conveyor does. A live one goes on, so that a
/// camera that is lost, dark or frozen is known before somebody starts the line, but gives parts only while it is armed.
final class SourceFeed: Sendable {
    /// Opens the source; what it says of its pictures goes to the closure.
    typealias Opening =
        @Sendable (_ health: @escaping @Sendable (PictureHealth) -> Void) throws(CaptureError) -> any FrameSource

    private let open: Opening
    private let inbox: Inbox
    private let gate: Gate
    private let current = Mutex<(any FrameSource)?>(nil)
    private let isEnded = Atomic(false)
    private let ended = DispatchSemaphore(value: 0)
    private let entry = Inbox.Entry()
    /// Whether the present source has been of use.
    private let hasDelivered = Atomic(false)

    /// First and longest pause before a lost source is opened again, in seconds.
    private static let pause = (first: 0.25, longest: 5.0)

    init(inbox: Inbox, gate: Gate, open: @escaping Opening) {
        self.inbox = inbox
        self.gate = gate
        self.open = open
    }

    /// Starts the thread.
    func start() {
        inbox.open(entry)
        let failure = PosixThread.startDetached(name: "source") { self.work() }
        guard failure != 0 else { return }
        inbox.post(.sourceLost(reason: "no thread for it: errno \(failure)", kind: "thread"), through: entry)
    }

    /// Ends the thread; returns at once, and from then on nothing more comes from this source.
    func stop() {
        isEnded.store(true, ordering: .sequentiallyConsistent)
        inbox.shut(entry)
        gate.wake()
        current.withLock { $0 }?.stop()
        ended.signal()
    }

    /// A live source takes parts from now on, or no more.
    func setArmed(_ on: Bool) {
        let unjudged = (current.withLock { $0 } as? any LiveSource)?.setArmed(on) ?? 0
        if unjudged > 0 { inbox.post(.unjudged(parts: unjudged), through: entry) }
    }

    /// What has happened since the camera was opened; nil when the source is none, or not open.
    var counters: CameraCounters? { (current.withLock { $0 } as? CameraSource)?.counters }

    private func work() {
        // The source reports to this feed: whoever ends must not leave the two holding each other.
        defer { current.withLock { $0 = nil } }
        var pause = Self.pause.first
        while !isEnded.load(ordering: .sequentiallyConsistent) {
            do throws(CaptureError) {
                let source = try open { [self] health in
                    if health == .good { hasDelivered.store(true, ordering: .relaxed) }
                    inbox.post(.pictures(health), through: entry)
                }
                current.withLock { $0 = source }
                // Ended while it was being opened: `stop` may have come before there was anything to stop.
                guard !isEnded.load(ordering: .sequentiallyConsistent) else { return source.stop() }
                if let live = source as? any LiveSource {
                    // It delivers when its first picture has been looked at and is good.
                    try watch(live)
                } else {
                    inbox.post(.sourceReady, through: entry)
                    hasDelivered.store(true, ordering: .relaxed)
                    try drain(source)
                }
                guard !isEnded.load(ordering: .sequentiallyConsistent) else { return }
                // It is opened again like any lost source, but nothing comes from it before a person starts the line.
                inbox.post(.sourceLost(reason: "\(source.name) has no more parts", kind: "end"), through: entry)
            } catch {
                inbox.post(.sourceLost(reason: "\(error)", kind: error.code.rawValue), through: entry)
            }
            let lost = current.withLock { current in
                defer { current = nil }
                return current
            }
            lost?.stop()
            // One that opens and dies at once is not tried four times a second for ever.
            if hasDelivered.exchange(false, ordering: .relaxed) { pause = Self.pause.first }
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
                guard error.code.isOfOnePart else { throw error }
                // It took its time, but it does not hang.
                inbox.post(.sourceReady, through: entry)
                // A part that was on its way when the line stopped is not judged before the next start.
                guard gate.pass(unless: { isEnded.load(ordering: .sequentiallyConsistent) }) else { return }
                report(error)
            }
        }
    }

    /// Hands the parts of a camera over until it is lost.
    private func watch(_ source: any LiveSource) throws(CaptureError) {
        source.setArmed(gate.isOpen)
        while !isEnded.load(ordering: .sequentiallyConsistent) {
            do throws(CaptureError) {
                guard let frame = try source.next() else { return }
                guard inbox.offer(frame, through: entry) else { return }
            } catch {
                guard error.code.isOfOnePart else { throw error }
                report(error)
            }
        }
    }

    private func report(_ error: CaptureError) {
        inbox.post(.badPart(part: error.thing, code: error.code.fault, detail: "\(error)"), through: entry)
    }
}
