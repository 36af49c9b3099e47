// SPDX-License-Identifier: Apache-2.0

import Capture
import Dispatch
import Outputs
import Synchronization
import Threads

/// A thread that waits for the trigger and the acknowledge button; lost inputs are claimed again for ever.
final class InputFeed: Sendable {
    /// The names of the inputs.
    enum Name {
        static let trigger = "trigger"
        static let acknowledge = "acknowledge"
        static let encoder = "encoder"
    }

    private let lines: [GPIOInputs.Line]
    private let inbox: Inbox
    private let fire: @Sendable (UInt64) -> FireAnswer?
    private let current = Mutex<GPIOInputs?>(nil)
    private let isEnded = Atomic(false)
    private let ended = DispatchSemaphore(value: 0)
    /// Counts of the encoder, and whether the deciding thread was told that there are new ones.
    private let counts = Atomic<UInt64>(0)
    private let isTold = Atomic(false)
    /// Whether a press of the button waits for its answer.
    private let isPressed = Atomic(false)

    /// Seconds before lost inputs are claimed again.
    private static let pause = 1.0

    init(_ lines: [GPIOInputs.Line], inbox: Inbox, fire: @escaping @Sendable (UInt64) -> FireAnswer?) {
        self.lines = lines
        self.inbox = inbox
        self.fire = fire
    }

    /// Claims the lines before anybody waits for them.
    func claim() throws(OutputsError) {
        guard !lines.isEmpty else { return }
        let inputs = try GPIOInputs(lines)
        current.withLock { $0 = inputs }
    }

    /// Starts the thread, if there is anything to wait for.
    func start() {
        guard !lines.isEmpty else { return }
        let failure = PosixThread.startDetached(name: "inputs") { self.work() }
        if failure != 0 { inbox.post(.inputs(failure: "no thread for them: errno \(failure)")) }
    }

    /// Counts of the encoder since the start; from now on new ones are told again.
    func encoderCount() -> UInt64 {
        isTold.store(false, ordering: .sequentiallyConsistent)
        return counts.load(ordering: .sequentiallyConsistent)
    }

    /// Ends the thread; returns at once.
    func stop() {
        isEnded.store(true, ordering: .sequentiallyConsistent)
        current.withLock { $0 }?.stop()
        ended.signal()
    }

    private func work() {
        while !isEnded.load(ordering: .sequentiallyConsistent) {
            do throws(OutputsError) {
                if current.withLock({ $0 == nil }) { try claim() }
                guard let inputs = current.withLock({ $0 }) else { return }
                guard !isEnded.load(ordering: .sequentiallyConsistent) else { return }
                inbox.post(.inputs(failure: nil))
                while let edge = try inputs.next() { take(edge) }
            } catch {
                inbox.post(.inputs(failure: "\(error)"))
            }
            current.withLock { $0 = nil }
            if ended.wait(timeout: .now() + Self.pause) == .success { return }
        }
    }

    private func take(_ edge: GPIOInputs.Edge) {
        switch edge.name {
        case Name.trigger:
            switch fire(UInt64(max(0, edge.time))) {
            case .taken, .bounced, .notArmed: return
            case .full:
                missed("parts come faster than they can be judged: give the line more time, or the box more threads")
            case nil:
                missed("the camera is not open")
            }
        case Name.acknowledge:
            // A contact that chatters presses once.
            guard !isPressed.exchange(true, ordering: .relaxed) else { return }
            let command = Command.acknowledge(
                user: "acknowledge button", verdict: .unclear, reason: "the button at the line was pressed")
            let isTaken = inbox.post(.command(command) { [self] _ in isPressed.store(false, ordering: .relaxed) })
            if !isTaken { isPressed.store(false, ordering: .relaxed) }
        case Name.encoder:
            counts.add(1, ordering: .sequentiallyConsistent)
            // However fast it counts, one message waits.
            guard !isTold.exchange(true, ordering: .sequentiallyConsistent) else { return }
            inbox.post(.encoder)
        default: break
        }
    }

    private func missed(_ why: String) {
        inbox.post(.badPart(part: "trigger", code: .partMissed, detail: why))
    }
}
