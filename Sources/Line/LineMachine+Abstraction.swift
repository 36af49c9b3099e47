// SPDX-License-Identifier: Apache-2.0

/// What of a machine decides what it will do, without what only counts: for whoever explores its states.
extension LineMachine {
    /// The machine as it would be had the clock and the encoder begun now, with counters that say nothing.
    ///
    /// Two machines with the same abstraction answer every further sequence of inputs with the same effects, but for times and
    /// counts in the events.
    package func abstracted(at now: UInt64) -> LineMachine {
        var machine = self
        machine.counters = Counters()
        machine.sinceSummary = Counters()
        machine.reason = reason == nil ? nil : "…"
        machine.recent.keep(policy.suspicious)
        machine.encoderCount = 0
        machine.andon = andon.map { $0.abstracted(now, enough: policy.goodParts) }
        machine.pendingStop = pendingStop.map { $0.abstracted(now, encoderCount) }
        machine.pendingRejects = pendingRejects.map { $0.abstracted(now, encoderCount) }
        machine.bypassEnd = bypassEnd.map { timeLeft(until: $0, at: now) }
        // An escalation that is out is out.
        machine.escalationDue = escalationDue.map { isEscalated ? 0 : timeLeft(until: $0, at: now) }
        machine.challengeEnd = challengeEnd.map { timeLeft(until: $0, at: now) }
        return machine
    }
}

/// Time until then; what is over is over, however long ago.
package func timeLeft(until deadline: UInt64, at now: UInt64) -> UInt64 { deadline > now ? deadline - now : 0 }
