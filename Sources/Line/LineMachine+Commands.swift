// SPDX-License-Identifier: Apache-2.0

/// What a person may do: acknowledge, reset and start are three different acts, each allowed in its own state only.
extension LineMachine {
    mutating func acknowledge(
        _ user: String, _ verdict: AcknowledgeVerdict, _ reason: String, _ time: UInt64
    ) -> [LineEffect] {
        switch state {
        case .stopped, .fault:
            break
        case .acknowledged:
            return refuse(.acknowledge, user, "it is acknowledged already", "reset the line", time)
        case .running, .ready, .blocked:
            return refuse(
                .acknowledge, user, "the line is \(state.rawValue): there is no stop to acknowledge", hint, time)
        }
        guard !isBlank(user) else {
            return refuse(.acknowledge, user, "no name was given", "say who acknowledges", time)
        }
        guard !isBlank(reason) else {
            return refuse(.acknowledge, user, "no reason was given", "say what was found at the part", time)
        }
        let part = stoppedPart
        return enter(.acknowledged, .acknowledge, time) {
            $0.part = part
            $0.user = user
            $0.verdict = verdict
            $0.detail = reason
        }
    }

    mutating func reset(_ user: String, _ time: UInt64) -> [LineEffect] {
        guard state == .acknowledged else {
            let why =
                switch state {
                case .stopped, .fault: "the \(state == .fault ? "fault" : "stop") is not acknowledged"
                default: "the line is \(state.rawValue): nothing is latched"
                }
            return refuse(.reset, user, why, hint, time)
        }
        guard !isBlank(user) else {
            return refuse(.reset, user, "no name was given", "say who resets", time)
        }
        guard activeCauses.isEmpty else {
            let causes = activeCauses.map(\.rawValue).sorted().joined(separator: ", ")
            return refuse(.reset, user, "the cause is still there: \(causes)", "remove it, then reset", time)
        }
        return enter(recipe != nil && sourceIsReady ? .ready : .blocked, .reset, time) { $0.user = user }
    }

    mutating func start(_ user: String, _ time: UInt64) -> [LineEffect] {
        guard state == .ready, recipe != nil, sourceIsReady, activeCauses.isEmpty else {
            let why = state == .running ? "the line is running already" : "the line is \(state.rawValue), not ready"
            return refuse(.start, user, why, hint, time)
        }
        guard !isBlank(user) else {
            return refuse(.start, user, "no name was given", "say who starts", time)
        }
        counters = Counters()
        return enter(.running, .start, time) { $0.user = user }
    }

    /// The next thing to do in this state.
    private var hint: String {
        switch state {
        case .running: "nothing has to be done"
        case .ready: "start the line"
        case .stopped, .fault: "look at the part or the cause, then acknowledge"
        case .acknowledged: "reset the line, then start it"
        case .blocked:
            if recipe == nil {
                "provide a recipe (\(recipeMissingReason ?? "none was loaded yet"))"
            } else {
                "bring the picture source back (\(sourceLostReason ?? "it was never there"))"
            }
        }
    }

    private mutating func refuse(
        _ command: LineCommand, _ user: String, _ why: String, _ hint: String, _ time: UInt64
    ) -> [LineEffect] {
        [.refuse(command, why: why, hint: hint)]
            + note(.refused, time) {
                $0.user = user
                $0.detail = "\(command.rawValue): \(why)"
            }
    }

    private func isBlank(_ text: String) -> Bool {
        text.allSatisfy(\.isWhitespace)
    }
}
