// SPDX-License-Identifier: Apache-2.0

/// A named person lets the line run without Jidoka, for a limited time. What was latched stays so underneath.
extension LineMachine {
    mutating func bypass(
        _ user: String, _ reason: String, _ duration: UInt64, _ now: Moment
    ) -> [LineEffect] {
        guard state != .bypass else {
            return refuse(.bypass, user, "the line is bypassed already", hint, now)
        }
        guard !isBlank(user) else {
            return refuse(.bypass, user, "no name was given", "say who lets the line run without inspection", now)
        }
        guard !isBlank(reason) else {
            return refuse(.bypass, user, "no reason was given", "say why nobody inspects", now)
        }
        let longest = policy.bypassLimit / 60_000_000_000
        guard duration > 0, duration <= policy.bypassLimit else {
            return refuse(
                .bypass, user, "\(duration / 60_000_000_000) minutes were asked for, 1 to \(longest) are allowed",
                "ask for less, and again when it is over", now)
        }
        let blocking = activeCauses.filter(\.endsBypass).map(\.rawValue).sorted()
        guard blocking.isEmpty else {
            return refuse(
                .bypass, user, "no bypass can run with \(blocking.joined(separator: ", "))", "remove the cause", now)
        }
        if let pending = pendingStop {
            self.reason = pending.reason
            stoppedPart = pending.part
            underneath = .stopped
        } else if state == .andon || state == .running {
            self.reason = nil
            underneath = .ready
        } else {
            underneath = state
        }
        let below = underneath
        bypassEnd = now.monotonic &+ duration
        return go(.bypass, .bypass, now) {
            $0.user = user
            $0.detail = "\(duration / 1_000_000_000) s: \(reason)" + (below.map { ", over \($0.rawValue)" } ?? "")
        }
    }

    mutating func endBypass(_ user: String, _ now: Moment) -> [LineEffect] {
        guard state == .bypass else {
            return refuse(.bypass, user, "the line is \(state.rawValue): there is no bypass to end", hint, now)
        }
        guard !isBlank(user) else {
            return refuse(.bypass, user, "no name was given", "say who ends the bypass", now)
        }
        return leaveBypass(now) { $0.user = user }
    }

    /// The permit goes off, and the line is what it was underneath.
    mutating func leaveBypass(_ now: Moment, _ fill: (inout LineEvent) -> Void) -> [LineEffect] {
        let trigger: LineTable.Trigger =
            switch underneath {
            case .stopped: .bypassOverStopped
            case .acknowledged: .bypassOverAcknowledged
            case .fault: .bypassOverFault
            default: isComplete && activeCauses.isEmpty ? .bypassOver : .bypassOverIncomplete
            }
        return go(trigger, .bypassEnded, now, fill)
    }
}
