// SPDX-License-Identifier: Apache-2.0

/// What a person may do: acknowledge, reset and start are three different acts, each allowed in its own states only.
extension LineMachine {
    mutating func acknowledge(
        _ user: String, _ verdict: AcknowledgeVerdict, _ reason: String, _ now: Moment
    ) -> [LineEffect] {
        switch state {
        case .stopped, .fault: break
        case .andon:
            guard pendingStop == nil else {
                return refuse(
                    .acknowledge, user, "a bad part is on its way: the line stops when it has arrived",
                    "wait for the stop, then acknowledge", now)
            }
        case .acknowledged:
            return refuse(.acknowledge, user, "it is acknowledged already", "reset the line", now)
        case .running, .ready, .blocked, .bypass:
            return refuse(
                .acknowledge, user, "the line is \(state.rawValue): there is no stop to acknowledge", hint, now)
        }
        guard !isBlank(user) else {
            return refuse(.acknowledge, user, "no name was given", "say who acknowledges", now)
        }
        guard !isBlank(reason) else {
            return refuse(.acknowledge, user, "no reason was given", "say what was found at the part", now)
        }
        let part = stoppedPart
        // Suspicious parts that somebody has looked at do not count again.
        if state == .andon { recent.forgetSuspicious() }
        return go(state == .andon ? .relief : .acknowledge, .acknowledge, now) {
            $0.part = part
            $0.user = user
            $0.verdict = verdict
            $0.detail = reason
        }
    }

    mutating func reset(_ user: String, _ now: Moment) -> [LineEffect] {
        guard state == .acknowledged else {
            let why =
                switch state {
                case .stopped, .fault: "the \(state == .fault ? "fault" : "stop") is not acknowledged"
                default: "the line is \(state.rawValue): nothing is latched"
                }
            return refuse(.reset, user, why, hint, now)
        }
        guard !isBlank(user) else {
            return refuse(.reset, user, "no name was given", "say who resets", now)
        }
        guard activeCauses.isEmpty else {
            let causes = activeCauses.map(\.rawValue).sorted().joined(separator: ", ")
            return refuse(.reset, user, "the cause is still there: \(causes)", "remove it, then reset", now)
        }
        return go(isComplete ? .reset : .resetIncomplete, .reset, now) { $0.user = user }
    }

    mutating func start(_ user: String, _ now: Moment) -> [LineEffect] {
        guard state == .ready, isComplete, activeCauses.isEmpty else {
            let why = state.permit ? "the line is running already" : "the line is \(state.rawValue), not ready"
            return refuse(.start, user, why, hint, now)
        }
        guard !isBlank(user) else {
            return refuse(.start, user, "no name was given", "say who starts", now)
        }
        counters = Counters()
        recent = RecentParts()
        return go(.start, .start, now) { $0.user = user }
    }

    mutating func changeRecipe(_ user: String, _ name: String, _ now: Moment) -> [LineEffect] {
        switch state {
        case .blocked, .ready, .running, .andon: break
        case .stopped, .acknowledged, .fault:
            return refuse(.recipe, user, "the line is \(state.rawValue): that belongs to the recipe it has", hint, now)
        case .bypass:
            return refuse(.recipe, user, "the line is bypassed", hint, now)
        }
        guard pendingStop == nil else {
            return refuse(
                .recipe, user, "a bad part is on its way: the line stops when it has arrived", "wait for the stop", now)
        }
        guard !isBlank(user) else {
            return refuse(.recipe, user, "no name was given", "say who changes the recipe", now)
        }
        guard !isBlank(name) else {
            return refuse(.recipe, user, "no recipe was named", "say which one", now)
        }
        func fill(_ event: inout LineEvent) {
            event.user = user
            event.detail = "to \(name)"
        }
        var effects = state.isInspecting ? go(.change, .changeover, now, fill) : note(.changeover, now, fill)
        (recipe, model) = (nil, nil)
        recipeMissingReason = "recipe \(name) is being loaded"
        effects += settle(now)
        return effects + [.load(recipe: name)]
    }

    /// The next thing to do in this state.
    var hint: String {
        switch state {
        case .running: "nothing has to be done"
        case .andon: "look at the part, then acknowledge"
        case .ready: "start the line"
        case .stopped, .fault: "look at the part or the cause, then acknowledge"
        case .acknowledged: "reset the line, then start it"
        case .bypass: "end the bypass first"
        case .blocked:
            if recipe == nil {
                "provide a recipe (\(recipeMissingReason ?? "none was loaded yet"))"
            } else if !sourceIsReady {
                "bring the picture source back (\(sourceLostReason ?? "it was never there"))"
            } else {
                "show the box a known defect: a challenge is due"
            }
        }
    }

    mutating func refuse(
        _ command: LineCommand, _ user: String, _ why: String, _ hint: String, _ now: Moment
    ) -> [LineEffect] {
        [.refuse(command, why: why, hint: hint)]
            + note(.refused, now) {
                $0.user = user
                $0.detail = "\(command.rawValue): \(why)"
            }
    }

    func isBlank(_ text: String) -> Bool {
        text.allSatisfy(\.isWhitespace)
    }
}
