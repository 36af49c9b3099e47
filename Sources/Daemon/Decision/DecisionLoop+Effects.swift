// SPDX-License-Identifier: Apache-2.0

import Glibc
import Line
import Logging
import Outputs
import Records

/// What follows from a decision: permit, lamps, record, news, in the order that the machine asks for.
extension DecisionLoop {
    /// Asks the machine and carries its effects out, in their order.
    ///
    /// An output that fails keeps nothing from being recorded, except a start: without its permit it is a fault. After an
    /// event that could not be recorded, only what is safe is carried out.
    /// - Returns: the refusal, if there was one, or why the command could not be carried out.
    @discardableResult
    func handle(_ input: LineInput) -> CommandAnswer? {
        var refusal: CommandAnswer?
        var failure: OutputsError?
        var unrecorded: (event: LineEvent, why: String)?
        let now = Moment(wall: UTCTime.now, monotonic: Self.monotonic())
        carrying: for effect in machine.handle(input, at: now) where unrecorded == nil || effect.isSafe {
            switch effect {
            case .permit(let on):
                guard let error = set(permit: on) else { continue }
                failure = failure ?? error
                if on { break carrying }
            case .lamp(let lamp):
                do throws(OutputsError) { try outputs.set(lamp: lamp) } catch { failure = failure ?? error }
            case .escalation(let on):
                do throws(OutputsError) { try outputs.set(escalation: on) } catch { failure = failure ?? error }
            case .reject:
                // What is known already is left to `watchOutputs`.
                guard !machine.activeCauses.contains(.outputFailed) else { continue }
                do throws(OutputsError) { try outputs.reject() } catch { failure = failure ?? error }
            case .load(let name): load(name)
            case .refuse(_, let why, let hint): refusal = .refused(why: why, hint: hint)
            case .record(let event, let latch):
                if let why = record(event, latch) { unrecorded = (event, why) }
            }
        }
        if let unrecorded {
            // The machine answers with the permit off; what it wants recorded then is tried once and may fail too.
            if unrecorded.event.kind == .fault { _ = set(permit: false) }
            handle(.recordFailed(unrecorded.event, detail: unrecorded.why))
            refusal = .refused(
                why: "the event could not be recorded", hint: "see the daemon's log; make room on the disk")
        }
        // What is known already keeps nobody from acknowledging it.
        if let failure, !machine.activeCauses.contains(.outputFailed) {
            outputFailed(failure)
            refusal = refusal ?? .refused(why: "an output failed: \(failure)", hint: "repair it, acknowledge and reset")
        }
        update()
        return refusal
    }

    /// - Returns: why it could not be recorded, or nil.
    private func record(_ event: LineEvent, _ latch: Latch) -> String? {
        do throws(RecordsError) {
            let recorded = try history.append(event, latch: latch)
            seq = recorded.seq
            recordedNow?.append((recorded, history.anchor))
            // Who reads the event and then asks for the status must not meet an older one.
            update()
            publish(recorded)
            note(recorded)
            // The journal gets to know where the chain of the parts is, when the part itself is in it.
            if [.stop, .fault, .shutdown].contains(event.kind) { mustSeal = true }
            return nil
        } catch {
            log.critical("event not recorded", metadata: ["detail": "\(error)", "event": "\(event.kind.rawValue)"])
            return "\(error)"
        }
    }

    /// Deletes the oldest events beyond what is kept, a few at a time every few seconds, while the line stands.
    func pruneHistory() {
        let now = Self.monotonic()
        guard permit != true, now >= nextPruning else { return }
        nextPruning = now + 10_000_000_000
        do throws(RecordsError) {
            let pruned = try history.prune(keep: settings.keptEvents, at: UTCTime.now)
            pruningFailure = nil
            guard let recorded = pruned else { return }
            seq = recorded.seq
            update()
            publish(recorded)
            note(recorded)
        } catch {
            // Once: it is tried again and again.
            if pruningFailure == nil { log.warning("old events can't be deleted", metadata: ["detail": "\(error)"]) }
            pruningFailure = "\(error)"
        }
    }

    /// Sets the permit; what it is after a failure is not known.
    func set(permit on: Bool) -> OutputsError? {
        do throws(OutputsError) {
            try outputs.set(permit: on)
            if !on, permit != false { permitOffAt = Self.monotonic() }
            permit = on
            guard on else {
                gate.set(open: false)
                return nil
            }
            permitSince = Self.monotonic()
            lastSign = permitSince
            gate.set(open: true)
            return nil
        } catch {
            permit = nil
            gate.set(open: false)
            return error
        }
    }

    /// Reported once; while it lasts, `run` goes on driving the permit off.
    func outputFailed(_ error: OutputsError) {
        guard !machine.activeCauses.contains(.outputFailed) else { return }
        handle(.fault(.outputFailed, detail: "\(error)"))
    }

    /// State changes and bad parts are logged always; a good part never.
    private func note(_ recorded: RecordedEvent) {
        let event = recorded.event
        let level: Logger.Level =
            switch event.kind {
            case .stop, .stopPending, .fault, .uncleanEnd, .escalation: .error
            case .warn, .drift, .bypass, .defectWhileBypassed, .partUnjudged: .warning
            case .configurationRejected, .refused, .defectWhileNotRunning: .warning
            case .summary: .info
            default: .notice
            }
        log.log(
            // Without it in the journal what is left could not prove itself, whatever is logged otherwise.
            level: event.kind == .historyPruned ? max(level, log.logLevel) : level, "\(LogText.sentence(for: event))",
            metadata: LogText.fields(of: recorded, anchor: history.anchor))
    }

    func update() {
        let bound = threshold?.stop
        let status = Status(
            state: machine.state, permit: permit, recipe: machine.recipe, model: machine.model, threshold: bound,
            source: settings.source, counters: machine.counters, part: last?.part, score: last?.score,
            latency: last?.milliseconds, reason: machine.reason ?? challengeObstacle ?? machine.obstacle,
            stoppedPart: machine.stoppedPart,
            warn: threshold?.warn, escalated: machine.isEscalated, until: machine.ends, detection: heartbeat?.test,
            seq: seq)
        snapshot.withLock { $0 = status }
    }

    /// The line in one sentence for `systemctl status`: news at once, numbers every second.
    func tellManager() {
        let now = Self.monotonic()
        let state = machine.state.rawValue
        guard now >= told.at + 1_000_000_000 || !told.text.hasPrefix(state) else { return }
        let text = LogText.status(snapshot.withLock { $0 })
        if text != told.text { manager.status(text) }
        told = (text, now)
    }

    static func monotonic() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
