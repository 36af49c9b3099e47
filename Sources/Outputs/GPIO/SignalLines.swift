// SPDX-License-Identifier: Apache-2.0

import Glibc
import Line
import Synchronization
import Threads

/// Lamp, stop, escalation and reject, with the one thread that blinks and pulses them. It knows neither permit nor heartbeat.
final class SignalLines: Sendable {
    /// A line, what it has to be, and whether it was driven so.
    private struct Driven: Sendable {
        let line: ClaimedLine
        var isOn = false
        var isDriven = true

        mutating func drive(_ wanted: Bool, calls: GPIOCalls) throws(OutputsError) {
            guard wanted != isOn || !isDriven else { return }
            isOn = wanted
            isDriven = false
            try line.set(wanted, calls: calls)
            isDriven = true
        }
    }

    private struct State: Sendable {
        var andon: Driven?
        var stop: Driven?
        var escalation: Driven?
        var reject: Driven?
        var lamp = Lamp.off
        var isEscalated = false
        var since: Int64 = 0
        var pulses: PulseQueue
        /// What the thread met; the next caller is told.
        var failure: OutputsError?
        var isLost = false
        var isStopping = false
        private static let retry: Int64 = 100_000_000

        /// Drives everything to what it has to be now; when to do it again.
        mutating func drive(now: Int64, calls: GPIOCalls) throws(OutputsError) -> Int64? {
            var failure: OutputsError?
            func note(_ error: OutputsError) -> OutputsError { failure ?? error }
            do throws(OutputsError) {
                try stop?.drive(SignalPattern.isStopped(lamp), calls: calls)
            } catch { failure = note(error) }
            do throws(OutputsError) {
                try escalation?.drive(isEscalated, calls: calls)
            } catch { failure = note(error) }
            let flash = SignalPattern(lamp).level(at: now - since)
            do throws(OutputsError) { try andon?.drive(flash.isOn, calls: calls) } catch { failure = note(error) }
            let pulse = pulses.step(at: now)
            do throws(OutputsError) { try reject?.drive(pulse.isOn, calls: calls) } catch { failure = note(error) }
            if let failure {
                if failure.errno == ENODEV { isLost = true }
                throw failure
            }
            return next(after: now)
        }

        /// When the next change is due; `nil` for never.
        func next(after now: Int64) -> Int64? {
            guard !isLost else { return nil }
            // What could not be driven is tried again soon, whatever the rhythm.
            if hasUndriven { return now + Self.retry }
            var flash = andon == nil ? nil : SignalPattern(lamp).level(at: now - since).next.map { $0 + since }
            var pulses = pulses
            if let pulse = reject == nil ? nil : pulses.step(at: now).next {
                flash = min(flash ?? pulse, pulse)
            }
            return flash
        }

        /// The lines that there are; allocates, so not for the quiet path.
        var lines: [Driven] { [stop, andon, escalation, reject].compactMap { $0 } }

        private var hasUndriven: Bool {
            stop?.isDriven == false || andon?.isDriven == false || escalation?.isDriven == false
                || reject?.isDriven == false
        }
    }

    private let calls: GPIOCalls
    private let counter: Int32
    private let state: Mutex<State>
    private let thread = Mutex<pthread_t?>(nil)

    /// Starts the thread, with no lines yet.
    init(pulseMilliseconds: Int, calls: GPIOCalls) throws(OutputsError) {
        let counter = calls.eventCounter()
        guard counter >= 0 else { throw .resource("eventfd", "GPIO outputs", -counter) }
        self.calls = calls
        self.counter = counter
        state = Mutex(State(pulses: PulseQueue(length: Int64(pulseMilliseconds) * 1_000_000)))
        do throws(OutputsError) {
            let (number, handle) = PosixThread.start(name: "gpio-signals") { [self] in run() }
            guard number == 0 else { throw OutputsError.resource("pthread_create", "gpio-signals", number) }
            thread.withLock { $0 = handle }
        } catch {
            calls.close(counter)
            throw error
        }
    }

    /// Takes lines over that are claimed and off, and gives them what the old ones had; pulses that waited are gone.
    func attach(_ claimed: ClaimedOutputs) throws(OutputsError) {
        let now = calls.now()
        try change { (state) throws(OutputsError) in
            state.stop = claimed[.stop].map { Driven(line: $0) }
            state.andon = claimed[.andon].map { Driven(line: $0) }
            state.escalation = claimed[.escalation].map { Driven(line: $0) }
            state.reject = claimed[.reject].map { Driven(line: $0) }
            state.pulses = PulseQueue(length: state.pulses.length)
            // What the thread met on the old lines is settled.
            state.failure = nil
            state.isLost = false
            _ = try state.drive(now: now, calls: self.calls)
        }
    }

    /// Gives the lines up; whoever claimed them closes them.
    func detach() {
        state.withLock { state in
            (state.stop, state.andon, state.escalation, state.reject) = (nil, nil, nil, nil)
        }
    }

    /// Whether a chip went away.
    var isLost: Bool { state.withLock(\.isLost) }

    /// Sets lamp and stop; the first phase of a blink begins now.
    func set(_ lamp: Lamp) throws(OutputsError) {
        let now = calls.now()
        try change { (state) throws(OutputsError) in
            if lamp != state.lamp { (state.lamp, state.since) = (lamp, now) }
            _ = try state.drive(now: now, calls: self.calls)
        }
    }

    /// Sets the escalation.
    func set(escalation: Bool) throws(OutputsError) {
        let now = calls.now()
        try change { (state) throws(OutputsError) in
            state.isEscalated = escalation
            _ = try state.drive(now: now, calls: self.calls)
        }
    }

    /// One pulse, now or after those that wait.
    func pulse() throws(OutputsError) {
        let now = calls.now()
        try change { (state) throws(OutputsError) in
            guard let reject = state.reject else { return }
            guard state.pulses.add() else {
                throw OutputsError(
                    code: .overrun, thing: reject.line.thing, expected: "at most \(PulseQueue.limit) pulses that wait",
                    found: "one more", hint: "make the reject pulse shorter than the time between two parts")
            }
            _ = try state.drive(now: now, calls: self.calls)
        }
    }

    /// Reads every line back, after what could not be driven was tried again.
    func check() throws(OutputsError) {
        let now = calls.now()
        try change { (state) throws(OutputsError) in
            _ = try state.drive(now: now, calls: self.calls)
            for driven in state.lines {
                do throws(OutputsError) {
                    try driven.line.verify(driven.isOn, calls: self.calls)
                } catch {
                    if error.errno == ENODEV { state.isLost = true }
                    throw error
                }
            }
        }
    }

    /// Carries a change out and wakes the thread; tells what the thread met since the last call.
    private func change(_ edit: (inout State) throws(OutputsError) -> Void) throws(OutputsError) {
        try state.withLock { (state) throws(OutputsError) in
            // Inside the lock: the counter is closed only after `isStopping` was set.
            guard !state.isStopping else { throw OutputsError.released("GPIO outputs") }
            defer { calls.signal(counter) }
            defer { state.failure = nil }
            try edit(&state)
            if let earlier = state.failure { throw earlier }
        }
    }

    /// Ends the thread; once only, and never from the thread.
    func stop() {
        let handle = thread.withLock { handle in
            defer { handle = nil }
            return handle
        }
        guard let handle else { return }
        state.withLock { $0.isStopping = true }
        calls.signal(counter)
        pthread_join(handle, nil)
        calls.close(counter)
    }

    /// Sleeps until the next deadline or until woken; allocates nothing as long as nothing fails.
    private func run() {
        var wake = pollfd(fd: counter, events: Int16(POLLIN), revents: 0)
        var count: UInt64 = 0
        while true {
            let now = calls.now()
            let (isStopping, next): (Bool, Int64?) = state.withLock { state in
                guard !state.isStopping else { return (true, nil) }
                do throws(OutputsError) {
                    return (false, try state.drive(now: now, calls: calls))
                } catch {
                    state.failure = state.failure ?? error
                    return (false, state.next(after: now))
                }
            }
            if isStopping { return }
            wake.revents = 0
            _ = calls.poll(&wake, 1, Self.timeout(from: now, to: next))
            if wake.revents != 0 { _ = calls.read(counter, &count, 8) }
        }
    }

    /// Milliseconds rounded up, so that a deadline has passed when the wait ends.
    private static func timeout(from now: Int64, to next: Int64?) -> Int32 {
        guard let next else { return -1 }
        return Int32(clamping: max(0, (next - now + 999_999) / 1_000_000))
    }
}
