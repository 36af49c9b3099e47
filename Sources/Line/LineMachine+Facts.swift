// SPDX-License-Identifier: Apache-2.0

/// Recipe, source, configuration and faults: what the line can do at all.
extension LineMachine {
    // MARK: - Recipe and source

    mutating func takeRecipe(_ recipe: String, _ model: String, _ now: Moment) -> [LineEffect] {
        let changed = self.recipe != recipe || self.model != model
        self.recipe = recipe
        self.model = model
        recipeMissingReason = nil
        if changed { forgetChallenge() }
        if activeCauses.contains(.recipeMissing) { return clear(.recipeMissing, now) }
        guard changed else { return [] }
        if state.isInspecting {
            // Another model judges differently: the person who starts has to know which one.
            return change("another recipe or model: start again", .configurationReloaded, now) + settle(now)
        }
        if state == .blocked && isComplete { return go(.complete, .ready, now) }
        let effects = note(.recipeReady, now)
        return effects + settle(now)
    }

    mutating func takeSource(_ now: Moment) -> [LineEffect] {
        let changed = !sourceIsReady
        sourceIsReady = true
        sourceLostReason = nil
        if activeCauses.contains(.sourceLost) { return clear(.sourceLost, now) }
        guard changed else { return [] }
        if state == .blocked && isComplete { return go(.complete, .ready, now) }
        return note(.sourceReady, now)
    }

    mutating func loseRecipe(_ reason: String, _ now: Moment) -> [LineEffect] {
        let isNews = recipe != nil || recipeMissingReason != reason
        recipeMissingReason = reason
        // The event still says which recipe was lost.
        defer {
            recipe = nil
            model = nil
        }
        return isNews ? lose(.recipeMissing, .recipeMissing, reason, now) : []
    }

    mutating func loseSource(_ reason: String, _ now: Moment) -> [LineEffect] {
        let isNews = sourceIsReady || sourceLostReason != reason
        sourceLostReason = reason
        sourceIsReady = false
        return isNews ? lose(.sourceLost, .sourceLost, reason, now) : []
    }

    /// Inspecting → fault; ready → blocked; in fault one more cause. A latched or bypassed line stays as it is: its reset
    /// will lead to `blocked` instead of `ready`.
    private mutating func lose(
        _ code: FaultCode, _ kind: LineEvent.Kind, _ reason: String, _ now: Moment
    ) -> [LineEffect] {
        switch state {
        case .running, .andon, .fault:
            fault(code, reason, now)
        case .ready:
            go(.incomplete, .blocked, now) { $0.detail = "\(code.rawValue): \(reason)" }
        case .blocked, .stopped, .acknowledged, .bypass:
            note(kind, now) { $0.detail = reason }
        }
    }

    /// Between ready and blocked, as the facts are.
    mutating func settle(_ now: Moment) -> [LineEffect] {
        if state == .blocked && isComplete { return go(.complete, .ready, now) }
        if state == .ready && !isComplete { return becomeIncomplete(obstacleOf(.blocked), now) }
        return []
    }

    /// Something is missing that the line can't run without.
    mutating func becomeIncomplete(_ why: String?, _ now: Moment) -> [LineEffect] {
        if pendingStop != nil { return change(why ?? "something is missing", .stop, now) }
        guard state == .ready || state.isInspecting else { return [] }
        return go(.incomplete, .blocked, now) { $0.detail = why }
    }

    private func obstacleOf(_ state: LineState) -> String? {
        var other = self
        other.state = state
        return other.obstacle
    }

    // MARK: - Configuration

    /// Inspecting ends, and a person has to start again; a bad part on its way is not forgotten.
    mutating func change(_ why: String, _ kind: LineEvent.Kind, _ now: Moment) -> [LineEffect] {
        guard let pending = pendingStop else { return go(.change, kind, now) { $0.detail = why } }
        stoppedPart = pending.part
        return go(.changeAfterDefect, .stop, now) {
            pending.fill(&$0)
            $0.detail = why
        }
    }

    mutating func changeConfiguration(_ affectsVerdicts: Bool, _ now: Moment) -> [LineEffect] {
        guard affectsVerdicts, state.isInspecting else { return note(.configurationReloaded, now) }
        return change("it can change verdicts: start again", .configurationReloaded, now)
    }

    mutating func take(_ policy: LinePolicy, _ now: Moment) -> [LineEffect] {
        let wasChallenged = self.policy.challengePeriod
        self.policy = policy
        if wasChallenged != policy.challengePeriod { forgetChallenge() }
        return isComplete ? settle(now) : becomeIncomplete(Self.challengeIsDue, now)
    }

    /// What the box has shown with another recipe says nothing.
    private mutating func forgetChallenge() {
        isChallenged = false
        challengeEnd = nil
    }

    // MARK: - Faults

    /// Taking another latch now could release this one, so it is not even looked at.
    mutating func bootAgain(_ now: Moment) -> [LineEffect] {
        let effects = fault(.internal, "boot came twice", now)
        return effects.isEmpty ? [.permit(false)] : effects
    }

    /// A cause that is known already is not recorded again, and does not undo an acknowledgement.
    mutating func fault(
        _ code: FaultCode, _ detail: String, _ now: Moment, _ fill: (inout LineEvent) -> Void = { _ in }
    ) -> [LineEffect] {
        if !code.isMomentary {
            guard activeCauses.insert(code).inserted else { return [] }
        }
        let text = "\(code.rawValue): \(detail)\(loseRejects(code))"
        if state == .bypass { return faultUnderBypass(code, text, now, fill) }
        // The first reason explains the others, until a person has judged it; a bad part on its way is one.
        if state == .acknowledged { stoppedPart = nil }
        if let pending = pendingStop {
            stoppedPart = pending.part
            reason = "\(pending.reason); \(text)"
        } else if reason == nil || !(state == .fault || state == .stopped) {
            reason = text
        }
        let effects = go(.fault, .fault, now) {
            fill(&$0)
            $0.detail = text
        }
        return effects.first == .permit(false) ? effects : [.permit(false)] + effects
    }

    /// A bypass is there because the box does not work; only what nobody would ever know of ends it.
    private mutating func faultUnderBypass(
        _ code: FaultCode, _ text: String, _ now: Moment, _ fill: (inout LineEvent) -> Void
    ) -> [LineEffect] {
        if underneath == .acknowledged { stoppedPart = nil }
        if underneath != .stopped && underneath != .fault { reason = text }
        underneath = .fault
        func tell(_ event: inout LineEvent) {
            fill(&event)
            event.detail = text
        }
        return code.endsBypass ? go(.bypassOverFault, .fault, now, tell) : note(.fault, now, tell)
    }

    mutating func clear(_ code: FaultCode, _ now: Moment) -> [LineEffect] {
        guard activeCauses.remove(code) != nil else { return [] }
        return note(.faultCleared, now) { $0.detail = code.rawValue }
    }

    /// A line whose history can't be written does not run. What was not recorded is told by the fault, once: if that
    /// can't be recorded either, the permit is off and the latch on disk is the one before, which never leads to `running`.
    mutating func failToRecord(_ event: LineEvent, _ detail: String, _ now: Moment) -> [LineEffect] {
        let effects = fault(.recordFailed, "\(event.kind.rawValue) was not recorded: \(detail)", now) {
            $0.part = event.part
            $0.score = event.score
            $0.threshold = event.threshold
            $0.user = event.user
            $0.verdict = event.verdict
        }
        guard event.kind == .fault else { return effects }
        return effects.filter { !$0.isRecord }
    }
}
