// SPDX-License-Identifier: Apache-2.0

/// What happens because time has passed, or the conveyor has moved.
extension LineMachine {
    /// When the machine wants to be asked again (`LineInput.tick`), `CLOCK_MONOTONIC`; nil when nothing is due.
    public var nextDeadline: UInt64? {
        guard phase == .alive else { return nil }
        var due = [bypassEnd, isEscalated ? nil : escalationDue, challengeEnd]
        if let pendingStop { due.append(pendingStop.arrival.due) } else { due.append(andon?.end) }
        due += pendingRejects.map(\.arrival.due)
        return due.compactMap(\.self).min()
    }

    /// Everything that was due.
    mutating func expire(_ now: Moment) -> [LineEffect] {
        var effects = rejectArrived(now)
        if let pendingStop {
            switch pendingStop.arrival.progress(now.monotonic, encoder: encoderCount) {
            case .onItsWay: break
            case .there: effects += stopPending(pendingStop, isLost: false, now)
            case .lost: effects += stopPending(pendingStop, isLost: true, now)
            }
        } else if let andon, now.monotonic >= andon.end {
            effects += endAndon("nobody has looked in time", now)
        }
        if let bypassEnd, now.monotonic >= bypassEnd { effects += leaveBypass(now) { $0.detail = "expired" } }
        if let escalationDue, !isEscalated, now.monotonic >= escalationDue {
            isEscalated = true
            effects += [.escalation(true)]
            let part = stoppedPart
            effects += note(.escalation, now) { [reason] in
                $0.part = part
                $0.detail = reason
            }
        }
        if let challengeEnd, now.monotonic >= challengeEnd { effects += challengeIsOver(now) }
        return effects
    }

    mutating func takeCount(_ count: UInt64, _ now: Moment) -> [LineEffect] {
        encoderCount = max(count, encoderCount)
        return expire(now)
    }

    private mutating func rejectArrived(_ now: Moment) -> [LineEffect] {
        var effects: [LineEffect] = []
        var lost: [String] = []
        pendingRejects.removeAll { pending in
            switch pending.arrival.progress(now.monotonic, encoder: encoderCount) {
            case .onItsWay: return false
            case .there: effects.append(.reject(part: pending.part))
            case .lost: lost.append(pending.part)
            }
            return true
        }
        guard let first = lost.first else { return effects }
        let others = lost.count > 1 ? " and \(lost.count - 1) more" : ""
        return fault(
            .partMissed, "\(first)\(others): not sorted out, the encoder does not count while the line may run", now)
            + effects
    }

    /// The conveyor stands: parts on their way wait with it.
    mutating func haltRejects(_ now: Moment) {
        for index in pendingRejects.indices { pendingRejects[index].arrival.halt(now.monotonic) }
    }

    /// The conveyor moves again.
    mutating func moveRejects(_ now: Moment) {
        for index in pendingRejects.indices { pendingRejects[index].arrival.move(now.monotonic) }
    }

    /// Forgets parts on their way that can't be followed any more, and names them.
    mutating func loseRejects(_ code: FaultCode) -> String {
        let lost = pendingRejects.filter { code == .outputFailed || $0.arrival.isCounted }.map(\.part)
        guard [.inputFailed, .outputFailed].contains(code), !lost.isEmpty else { return "" }
        pendingRejects.removeAll { code == .outputFailed || $0.arrival.isCounted }
        return "; on their way and not sorted out: \(lost.joined(separator: ", "))"
    }

    // MARK: - Challenge

    mutating func passChallenge(_ now: Moment) -> [LineEffect] {
        isChallenged = true
        challengeEnd = policy.challengePeriod.map { now.monotonic &+ $0 }
        let effects = note(.challengePassed, now)
        return effects + clear(.challengeFailed, now) + settle(now)
    }

    mutating func failChallenge(_ detail: String, _ now: Moment) -> [LineEffect] {
        isChallenged = false
        challengeEnd = nil
        return fault(.challengeFailed, detail, now)
    }

    private mutating func challengeIsOver(_ now: Moment) -> [LineEffect] {
        isChallenged = false
        challengeEnd = nil
        return becomeIncomplete(Self.challengeIsDue, now)
    }
}
