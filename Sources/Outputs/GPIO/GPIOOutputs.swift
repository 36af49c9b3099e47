// SPDX-License-Identifier: Apache-2.0

import Glibc
import Line
import Synchronization

/// The wires to the line on GPIO lines of Linux (character device, second version).
///
/// | output | on means |
/// |---|---|
/// | permit | the line may run |
/// | andon | steady: acknowledged; 1 Hz: stopped; two short flashes a second: fault; one: andon; one short gap: bypass |
/// | stop | the daemon has stopped the line: `redFlashing`, `red`, `faultCode` |
/// | escalation | nobody has acknowledged a stop in time |
/// | heartbeat | toggles with each completed decision |
/// | reject | one pulse for each part to be sorted out, gaps of at least 20 ms |
///
/// Each line is a request of its own to the kernel. Lamp and pulses run on a thread of their own that has no access to
/// permit and heartbeat. A reject that comes during a pulse waits for its own pulse: at most 16 wait, more are an error.
///
/// When a chip was lost and is back, `set(permit: false)` claims every line again, off, and gives the lamp back what it
/// showed; it looks for the chip at most once a second.
public final class GPIOOutputs: LineOutputs {
    private struct Drive: Sendable {
        var claimed: ClaimedOutputs?
        var permit = false
        var heartbeat = false
        var isLost = false
        var isReleased = false
        /// Why the last attempt to claim again failed, and when the next one may be made.
        var failure: OutputsError?
        var nextClaim: Int64 = 0
    }

    private let settings: GPIOOutputLines
    private let calls: GPIOCalls
    private let signals: SignalLines
    private let drive: Mutex<Drive>

    /// Claims every line, all off, under the name `jidokad`; all or nothing. The permit is off first, whatever follows.
    ///
    /// - Throws: `.settings`, `.noChip`, `.noLine`, `.ambiguous`, `.denied`, `.busy`, `.notAnOutput`, `.mismatch` when a
    ///   line doesn't read back as off, `.lost`, `.open`.
    public init(_ lines: GPIOOutputLines, calls: GPIOCalls = .system) throws(OutputsError) {
        var claimed = try ClaimedOutputs(lines, calls: calls)
        let signals: SignalLines
        do throws(OutputsError) {
            signals = try SignalLines(pulseMilliseconds: lines.rejectMilliseconds, calls: calls)
        } catch {
            claimed.close(calls: calls)
            throw error
        }
        self.signals = signals
        settings = lines
        self.calls = calls
        drive = Mutex(Drive(claimed: claimed))
        // The lines are off and so is the lamp: there is nothing to drive that could fail.
        do throws(OutputsError) { try signals.attach(claimed) } catch {
            release()
            throw error
        }
    }

    deinit { release() }

    /// Drives every line off, lets all go and ends the thread. Calls after that throw `.released`; a second one does
    /// nothing.
    public func release() {
        drive.withLock { drive in
            guard !drive.isReleased else { return }
            drive.isReleased = true
            // The permit first, before the lamp's lock is waited for. A line that can't be driven any more is let go all
            // the same; the PLC misses the heartbeat.
            try? drive.claimed?[.permit]?.set(false, calls: calls)
            signals.detach()
            for (_, line) in drive.claimed?.lines ?? [] { try? line.set(false, calls: calls) }
            drive.claimed?.close(calls: calls)
            drive.claimed = nil
        }
        signals.stop()
    }

    /// Claims every line off and lets it go, for `ExecStopPost=`: everything that can be off is off afterwards.
    ///
    /// - Throws: the first failure, after every line was tried; `.busy` names who holds the line.
    public static func driveOff(_ lines: GPIOOutputLines, calls: GPIOCalls = .system) throws(OutputsError) {
        try ClaimedOutputs.driveOff(lines, calls: calls)
    }

    /// Sets the permit at once, with one ioctl, and reads it back.
    ///
    /// - Throws: `.lost`, `.write`, `.mismatch`; a permit that should have gone on is driven off again.
    public func set(permit: Bool) throws(OutputsError) {
        // The lamp's lock is not waited for while there is a permit to drop.
        if permit, signals.isLost { throw Self.lost }
        try drive.withLock { (drive) throws(OutputsError) in
            guard !drive.isReleased else { throw OutputsError.released("permit") }
            if drive.isLost || drive.claimed == nil {
                guard !permit else { throw drive.failure ?? Self.lost }
                return try claimAgain(&drive)
            }
            guard let line = drive.claimed?[.permit] else { throw OutputsError.released("permit") }
            do throws(OutputsError) {
                drive.permit = permit
                try line.set(permit, calls: calls)
                try line.verify(permit, calls: calls)
            } catch {
                drive.permit = false
                if permit { try? line.set(false, calls: calls) }
                guard error.errno == ENODEV else { throw error }
                drive.isLost = true
                guard !permit else { throw error }
                return try claimAgain(&drive)
            }
            if !permit, signals.isLost { try claimAgain(&drive) }
        }
    }

    /// Sets lamp and stop.
    public func set(lamp: Lamp) throws(OutputsError) { try signals.set(lamp) }

    /// Sets the escalation.
    public func set(escalation: Bool) throws(OutputsError) { try signals.set(escalation: escalation) }

    /// Toggles the heartbeat; one ioctl, nothing without such a line.
    public func heartbeat() throws(OutputsError) {
        try drive.withLock { (drive) throws(OutputsError) in
            guard !drive.isReleased else { throw OutputsError.released("heartbeat") }
            guard !drive.isLost else { throw drive.failure ?? Self.lost }
            guard let line = drive.claimed?[.heartbeat] else { return }
            do throws(OutputsError) {
                try line.set(!drive.heartbeat, calls: calls)
                drive.heartbeat.toggle()
            } catch {
                if error.errno == ENODEV { drive.isLost = true }
                throw error
            }
        }
    }

    /// One pulse of its own, now or when those before are over.
    public func reject() throws(OutputsError) { try signals.pulse() }

    /// Reads every line back and compares it with what was set.
    ///
    /// - Throws: `.lost`, `.mismatch`, `.write`; also what went wrong on the lamp's thread since the last call.
    public func check() throws(OutputsError) {
        try drive.withLock { (drive) throws(OutputsError) in
            guard !drive.isReleased else { throw OutputsError.released("GPIO outputs") }
            guard !drive.isLost, let claimed = drive.claimed else { throw drive.failure ?? Self.lost }
            do throws(OutputsError) {
                try claimed[.permit]?.verify(drive.permit, calls: calls)
                try claimed[.heartbeat]?.verify(drive.heartbeat, calls: calls)
            } catch {
                if error.errno == ENODEV { drive.isLost = true }
                throw error
            }
        }
        try signals.check()
    }

    /// Lets everything go and claims it again, off.
    private func claimAgain(_ drive: inout Drive) throws(OutputsError) {
        let now = calls.now()
        guard now >= drive.nextClaim else { throw drive.failure ?? Self.lost }
        drive.nextClaim = now + 1_000_000_000
        drive.isLost = true
        (drive.permit, drive.heartbeat) = (false, false)
        signals.detach()
        drive.claimed?.close(calls: calls)
        drive.claimed = nil
        do throws(OutputsError) {
            let claimed = try ClaimedOutputs(settings, calls: calls)
            drive.claimed = claimed
            drive.isLost = false
            drive.failure = nil
            try signals.attach(claimed)
        } catch {
            var error = error
            // The settings were right before: what is missing now has gone.
            if error.code == .noChip || error.code == .noLine {
                error.code = .lost
                error.hint = Self.lost.hint
            }
            drive.failure = error
            throw error
        }
    }

    private static let lost = OutputsError(
        code: .lost, thing: "GPIO outputs", expected: "every chip in its place", found: "a chip that went away",
        errno: ENODEV, hint: "plug it in again; the permit is driven off as soon as it is back")
}
