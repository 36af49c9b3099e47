// SPDX-License-Identifier: Apache-2.0

/// What parts do to the line: andon, stop, reject.
extension LineMachine {
    mutating func judge(_ verdict: Verdict, _ now: Moment) -> [LineEffect] {
        let outcome = verdict.outcome
        guard state.isInspecting else { return judgeOutside(verdict, outcome, now) }
        count(outcome)
        switch outcome {
        case .good where verdict.isLate, .suspicious where verdict.isLate:
            let effects = miss(
                verdict.part, .lateVerdicts, "its verdict came too late", now, since: verdict.seenAt, verdict.fill)
            return effects + countAndonPart(now)
        case .good:
            recent.add(suspicious: false)
            return relieve(now) + countAndonPart(now)
        case .suspicious:
            recent.add(suspicious: true)
            let why = "part \(verdict.part): score \(verdict.score) above the warn threshold \(verdict.warn ?? 0)"
            let effects = raise(why, byDrift: false, .warn, now, verdict.fill)
            guard pendingStop == nil, let share = policy.suspicious, recent.count(in: share) >= share.count else {
                return effects + countAndonPart(now)
            }
            let text = "\(recent.count(in: share)) of the last \(share.window) parts above the warn threshold"
            return effects + stop(.accumulation, verdict.part, text, detail: text, now, verdict.fill)
        case .bad:
            recent.add(suspicious: true)
            return stop(verdict, now) + countAndonPart(now)
        case .invalid:
            stoppedPart = verdict.part
            let effects = fault(
                .nonFiniteScore, "part \(verdict.part): score \(verdict.score), threshold \(verdict.threshold)", now,
                verdict.fill)
            return effects + reject(verdict.part, now, since: verdict.seenAt)
        }
    }

    /// Nobody waits for the verdict on a part while the line stands. While it is bypassed the part is still sorted out, and
    /// so is one that came past a line whose andon, stop or bypass was due just now.
    private mutating func judgeOutside(
        _ verdict: Verdict, _ outcome: Verdict.Outcome, _ now: Moment
    ) -> [LineEffect] {
        counters.notRunning += 1
        sinceSummary.notRunning += 1
        guard outcome == .bad || outcome == .invalid else { return [] }
        let isBypassed = state == .bypass
        let rejects = wasMoving ? reject(verdict.part, now, since: verdict.seenAt) : []
        return rejects
            + note(isBypassed ? .defectWhileBypassed : .defectWhileNotRunning, now) {
                verdict.fill(&$0)
                if outcome == .invalid { $0.detail = FaultCode.nonFiniteScore.rawValue }
            }
    }

    mutating func failPart(_ part: String, _ code: FaultCode, _ detail: String, _ now: Moment) -> [LineEffect] {
        guard wasMoving else { return [] }
        guard state.isInspecting else {
            countUnjudged(1)
            return reject(part, now)
                + note(.partUnjudged, now) {
                    $0.part = part
                    $0.detail = "\(code.rawValue): \(detail)"
                }
        }
        return miss(part, code, detail, now) { $0.part = part } + countAndonPart(now)
    }

    /// A part without a verdict in time is sorted out, and so many in a row are a fault.
    private mutating func miss(
        _ part: String, _ code: FaultCode, _ detail: String, _ now: Moment, since: UInt64? = nil,
        _ fill: (inout LineEvent) -> Void
    ) -> [LineEffect] {
        countUnjudged(1)
        recent.unjudgedInRow += 1
        guard recent.unjudgedInRow >= policy.unjudgedLimit else {
            return reject(part, now, since: since)
                + note(.partUnjudged, now) {
                    fill(&$0)
                    $0.detail = "\(code.rawValue): \(detail)"
                }
        }
        let times = policy.unjudgedLimit > 1 ? " (\(recent.unjudgedInRow) in a row)" : ""
        recent.unjudgedInRow = 0
        let effects = fault(code, "\(part): \(detail)\(times)", now, fill)
        return effects + reject(part, now, since: since)
    }

    mutating func sortOut(_ parts: Int, _ now: Moment) -> [LineEffect] {
        guard parts > 0 else { return [] }
        countUnjudged(UInt64(parts))
        let text = parts == 1 ? "one part has" : "\(parts) parts have"
        var rejects: [LineEffect] = []
        for _ in 0..<min(parts, PendingReject.limit) { rejects += reject("after the stop", now) }
        return rejects
            + note(.partUnjudged, now) {
                $0.detail = "\(text) passed the camera as the line stopped and will not be judged: take them out"
            }
    }

    // MARK: - Andon

    mutating func drift(_ detail: String, _ now: Moment) -> [LineEffect] {
        guard state.isInspecting else { return note(.drift, now) { $0.detail = detail } }
        return raise("drift: \(detail)", byDrift: true, .drift, now) { $0.detail = detail }
    }

    /// Raises the andon, or notes one more reason: the timer of the first one goes on.
    private mutating func raise(
        _ why: String, byDrift: Bool, _ kind: LineEvent.Kind, _ now: Moment, _ fill: (inout LineEvent) -> Void
    ) -> [LineEffect] {
        if state == .running {
            andon = Andon(end: now.monotonic &+ policy.andonTime, partsLeft: policy.andonParts)
            reason = why
        }
        andon?.goodInRow = 0
        if byDrift { andon?.isByDrift = true }
        return go(.warning, kind, now, fill)
    }

    /// Good parts may end an andon that parts have raised.
    private mutating func relieve(_ now: Moment) -> [LineEffect] {
        andon?.goodInRow += 1
        guard let andon, let enough = policy.goodParts, !andon.isByDrift, pendingStop == nil, andon.goodInRow >= enough
        else { return [] }
        return go(.relief, .andonCleared, now) { $0.detail = "\(andon.goodInRow) good parts in a row" }
    }

    private mutating func countAndonPart(_ now: Moment) -> [LineEffect] {
        guard state == .andon, pendingStop == nil, let left = andon?.partsLeft else { return [] }
        andon?.partsLeft = left - 1
        guard left <= 1 else { return [] }
        return endAndon("nobody has looked within its \(policy.andonParts ?? 0) parts", now)
    }

    /// The time is up and nobody has looked.
    mutating func endAndon(_ why: String, _ now: Moment) -> [LineEffect] {
        let text = reason.map { "andon: \(why); \($0)" } ?? "andon: \(why)"
        reason = text
        return go(.andonOver, .stop, now) { $0.detail = text }
    }

    // MARK: - Stop and reject

    /// The line stops at once, or when the part is where people can take it; the first one on its way decides where.
    private mutating func stop(_ verdict: Verdict, _ now: Moment) -> [LineEffect] {
        guard let travel = policy.stopTravel else {
            let effects = stop(.defect, verdict.part, verdict.reasonToStop, detail: nil, now, verdict.fill)
            return effects + reject(verdict.part, now, since: verdict.seenAt)
        }
        let effects = reject(verdict.part, now, since: verdict.seenAt)
        if pendingStop == nil {
            // Before the record, so that the latch names the part.
            reason = verdict.reasonToStop
            pendingStop = PendingStop(
                verdict, arrival: Arrival(travel, since: verdict.seenAt ?? now.monotonic, encoder: encoderCount))
        }
        return effects + raise(verdict.reasonToStop, byDrift: false, .stopPending, now, verdict.fill)
    }

    private mutating func stop(
        _ trigger: LineTable.Trigger, _ part: String, _ why: String, detail: String?, _ now: Moment,
        _ fill: (inout LineEvent) -> Void
    ) -> [LineEffect] {
        reason = why
        stoppedPart = part
        return go(trigger, .stop, now) {
            fill(&$0)
            $0.detail = detail
        }
    }

    /// The bad part is where it can be stopped.
    mutating func stopPending(_ pending: PendingStop, isLost: Bool, _ now: Moment) -> [LineEffect] {
        let remark = isLost ? "stopped before its place: the encoder does not count" : nil
        return stop(.defect, pending.part, pending.reason, detail: remark, now, pending.fill)
    }

    /// Sorts a part out here, or when it is where that is done.
    ///
    /// - Parameter since: when it was in front of the camera; nil is now.
    private mutating func reject(_ part: String, _ now: Moment, since: UInt64? = nil) -> [LineEffect] {
        guard let travel = policy.rejectTravel else { return [.reject(part: part)] }
        var arrival = Arrival(travel, since: since ?? now.monotonic, encoder: encoderCount)
        if !state.permit { arrival.halt(now.monotonic) }
        pendingRejects.append(PendingReject(part: part, arrival: arrival))
        guard pendingRejects.count > PendingReject.limit else { return [] }
        let lost = pendingRejects.removeFirst().part
        return fault(
            .partMissed, "\(lost): not sorted out, more than \(PendingReject.limit) parts are on their way", now)
    }

    private mutating func countUnjudged(_ parts: UInt64) {
        counters.unjudged += parts
        sinceSummary.unjudged += parts
    }

    private mutating func count(_ outcome: Verdict.Outcome) {
        counters.count(outcome)
        sinceSummary.count(outcome)
    }
}

extension Counters {
    mutating func count(_ outcome: Verdict.Outcome) {
        parts += 1
        switch outcome {
        case .good: good += 1
        case .suspicious: (good, suspicious) = (good + 1, suspicious + 1)
        case .bad, .invalid: bad += 1
        }
    }
}

extension Verdict {
    /// Why such a part stops the line, in words.
    var reasonToStop: String { "part \(part): score \(score) above threshold \(threshold)" }

    func fill(_ event: inout LineEvent) {
        event.part = part
        event.score = score
        event.threshold = threshold
    }
}
