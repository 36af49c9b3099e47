// SPDX-License-Identifier: Apache-2.0

/// The line as a pure state machine: an input and a time go in, effects come out in the order to carry them out.
///
/// It does no I/O and has no clock, so every way through it can be tested. What it promises, in every order of inputs:
/// - the permit is on in `running` only, and `running` is entered from `ready` by a start that is recorded first;
/// - whatever ends `running` drops the permit before anything else, the record of it too;
/// - after a bad or invalid verdict while running it takes acknowledge, reset and start to run again;
/// - no recorded latch and no kind of end makes a boot switch the permit on.
///
/// A good verdict while running has no effect, it is counted; a bad one while not running is recorded as
/// `defect_while_not_running` and never touches the latch: the line is not moving, and nobody should have to
/// acknowledge a picture of a hand that loads the fixture.
public struct LineMachine: Sendable {
    enum Phase: Sendable { case beforeBoot, alive, ended }

    /// The state after the last input; `blocked` before boot.
    public internal(set) var state = LineState.blocked
    /// Parts since the last start.
    public internal(set) var counters = Counters()
    /// Name of the recipe in force.
    public internal(set) var recipe: String?
    /// Hash or name of the model in force.
    public internal(set) var model: String?
    /// Whether pictures come.
    public internal(set) var sourceIsReady = false
    /// Causes of faults that are still there; a reset waits until there are none.
    public internal(set) var activeCauses: Set<FaultCode> = []
    /// Why the line is `stopped`, `acknowledged` or in `fault`.
    public internal(set) var reason: String?
    /// The part that stopped the line, if one did.
    public internal(set) var stoppedPart: String?

    /// What is missing while the line is `blocked`; `nil` in every other state.
    public var obstacle: String? {
        guard state == .blocked else { return nil }
        return recipe == nil ? recipeMissingReason : sourceLostReason
    }

    var phase = Phase.beforeBoot
    var sinceSummary = Counters()
    /// Last reasons told, so that a source that is tried again every second is recorded once.
    var recipeMissingReason: String?
    var sourceLostReason: String?

    /// A machine before boot: it learns facts (recipe, source, faults), refuses commands and has no effects.
    public init() {}

    /// What has to be found again after a power cut.
    public var latch: Latch {
        Latch(state: state, cleanEnd: phase == .ended, reason: reason, part: stoppedPart)
    }

    /// Takes one input.
    ///
    /// - Parameter time: wall clock, nanoseconds since 1970, UTC; it is copied into the events and decides nothing.
    /// - Returns: what to do, in this order; see `LineEffect` for what to do when a record fails.
    public mutating func handle(_ input: LineInput, time: UInt64) -> [LineEffect] {
        switch phase {
        case .beforeBoot: handleBeforeBoot(input, time)
        case .alive: handleAlive(input, time)
        case .ended: handleEnded(input)
        }
    }

    private mutating func handleAlive(_ input: LineInput, _ time: UInt64) -> [LineEffect] {
        switch input {
        case .boot: bootAgain(time)
        case .recipeReady(let recipe, let model): takeRecipe(recipe, model, time)
        case .recipeMissing(let reason): loseRecipe(reason, time)
        case .sourceReady: takeSource(time)
        case .sourceLost(let reason): loseSource(reason, time)
        case .verdict(let verdict): judge(verdict, time)
        case .fault(let code, let detail): fault(code, detail, time)
        case .faultCleared(let code): clear(code, time)
        case .acknowledge(let user, let verdict, let reason): acknowledge(user, verdict, reason, time)
        case .reset(let user): reset(user, time)
        case .start(let user): start(user, time)
        case .configurationChanged(let affectsVerdicts): changeConfiguration(affectsVerdicts, time)
        case .configurationRejected(let detail): note(.configurationRejected, time) { $0.detail = detail }
        case .recordFailed(let event, let detail): failToRecord(event, detail, time)
        case .summaryDue: summarise(time)
        case .shutdown: shutDown(time)
        }
    }

    // MARK: - Making events

    /// Goes to a state (the same one, too) and records why, in the order that keeps the promises above.
    mutating func enter(
        _ next: LineState, _ kind: LineEvent.Kind, _ time: UInt64, _ fill: (inout LineEvent) -> Void = { _ in }
    ) -> [LineEffect] {
        let previous = state
        state = next
        if next == .blocked || next == .ready || next == .running {
            reason = nil
            stoppedPart = nil
        }
        var event = LineEvent(
            kind: kind, time: time, recipe: recipe, state: next, stateFrom: previous == next ? nil : previous,
            model: model)
        fill(&event)
        let record = LineEffect.record(event, latch)
        if next == .running && previous != .running {
            return [record, .permit(true), .lamp(next.lamp)]
        }
        var effects: [LineEffect] = []
        if previous == .running && next != .running { effects.append(.permit(false)) }
        if previous.lamp != next.lamp { effects.append(.lamp(next.lamp)) }
        effects.append(record)
        return effects
    }

    /// Records something that leaves the state alone.
    mutating func note(
        _ kind: LineEvent.Kind, _ time: UInt64, _ fill: (inout LineEvent) -> Void = { _ in }
    ) -> [LineEffect] {
        enter(state, kind, time, fill)
    }

    // MARK: - Recipe and source

    private mutating func takeRecipe(_ recipe: String, _ model: String, _ time: UInt64) -> [LineEffect] {
        let changed = self.recipe != recipe || self.model != model
        self.recipe = recipe
        self.model = model
        recipeMissingReason = nil
        if activeCauses.contains(.recipeMissing) { return clear(.recipeMissing, time) }
        guard changed else { return [] }
        if state == .running {
            // Another model judges differently: the person who starts has to know which one.
            return enter(.ready, .configurationReloaded, time) { $0.detail = "another recipe or model: start again" }
        }
        if state == .blocked && sourceIsReady { return enter(.ready, .ready, time) }
        return note(.recipeReady, time)
    }

    private mutating func takeSource(_ time: UInt64) -> [LineEffect] {
        let changed = !sourceIsReady
        sourceIsReady = true
        sourceLostReason = nil
        if activeCauses.contains(.sourceLost) { return clear(.sourceLost, time) }
        guard changed else { return [] }
        if state == .blocked && recipe != nil { return enter(.ready, .ready, time) }
        return note(.sourceReady, time)
    }

    private mutating func loseRecipe(_ reason: String, _ time: UInt64) -> [LineEffect] {
        let isNews = recipe != nil || recipeMissingReason != reason
        recipeMissingReason = reason
        // The event still says which recipe was lost.
        defer {
            recipe = nil
            model = nil
        }
        return isNews ? lose(.recipeMissing, .recipeMissing, reason, time) : []
    }

    private mutating func loseSource(_ reason: String, _ time: UInt64) -> [LineEffect] {
        let isNews = sourceIsReady || sourceLostReason != reason
        sourceLostReason = reason
        sourceIsReady = false
        return isNews ? lose(.sourceLost, .sourceLost, reason, time) : []
    }

    /// Running → fault; ready → blocked; in fault one more cause. A latched line stays as it is: its reset will lead
    /// to `blocked` instead of `ready`.
    private mutating func lose(
        _ code: FaultCode, _ kind: LineEvent.Kind, _ reason: String, _ time: UInt64
    ) -> [LineEffect] {
        switch state {
        case .running, .fault:
            fault(code, reason, time)
        case .ready:
            enter(.blocked, .blocked, time) { $0.detail = "\(code.rawValue): \(reason)" }
        case .blocked, .stopped, .acknowledged:
            note(kind, time) { $0.detail = reason }
        }
    }

    // MARK: - Verdicts

    private mutating func judge(_ verdict: Verdict, _ time: UInt64) -> [LineEffect] {
        func fill(_ event: inout LineEvent) {
            event.part = verdict.part
            event.score = verdict.score
            event.threshold = verdict.threshold
        }
        let outcome = verdict.outcome
        guard state == .running else {
            counters.notRunning += 1
            sinceSummary.notRunning += 1
            guard outcome != .good else { return [] }
            return note(.defectWhileNotRunning, time) {
                fill(&$0)
                if outcome == .invalid { $0.detail = FaultCode.nonFiniteScore.rawValue }
            }
        }
        counters.count(outcome)
        sinceSummary.count(outcome)
        switch outcome {
        case .good:
            return []
        case .bad:
            reason = "part \(verdict.part): score \(verdict.score) above threshold \(verdict.threshold)"
            stoppedPart = verdict.part
            return enter(.stopped, .stop, time, fill)
        case .invalid:
            stoppedPart = verdict.part
            return fault(
                .nonFiniteScore, "part \(verdict.part): score \(verdict.score), threshold \(verdict.threshold)", time,
                fill)
        }
    }

    private mutating func summarise(_ time: UInt64) -> [LineEffect] {
        guard let text = takeSummary() else { return [] }
        return note(.summary, time) { $0.detail = text }
    }

    mutating func takeSummary() -> String? {
        let counts = sinceSummary
        sinceSummary = Counters()
        guard counts != Counters() else { return nil }
        return "parts=\(counts.parts) good=\(counts.good) bad=\(counts.bad) not_running=\(counts.notRunning)"
    }

    // MARK: - Faults and configuration

    /// Taking another latch now could release this one, so it is not even looked at.
    private mutating func bootAgain(_ time: UInt64) -> [LineEffect] {
        let effects = fault(.internal, "boot came twice", time)
        return effects.isEmpty ? [.permit(false)] : effects
    }

    /// A cause that is known already is not recorded again, and does not undo an acknowledgement.
    mutating func fault(
        _ code: FaultCode, _ detail: String, _ time: UInt64, _ fill: (inout LineEvent) -> Void = { _ in }
    ) -> [LineEffect] {
        if !code.isMomentary {
            guard activeCauses.insert(code).inserted else { return [] }
        }
        let text = "\(code.rawValue): \(detail)"
        // The first reason explains the others, until a person has judged it.
        if state == .acknowledged { stoppedPart = nil }
        if reason == nil || !(state == .fault || state == .stopped) { reason = text }
        let effects = enter(.fault, .fault, time) {
            fill(&$0)
            $0.detail = text
        }
        return effects.first == .permit(false) ? effects : [.permit(false)] + effects
    }

    private mutating func clear(_ code: FaultCode, _ time: UInt64) -> [LineEffect] {
        guard activeCauses.remove(code) != nil else { return [] }
        return note(.faultCleared, time) { $0.detail = code.rawValue }
    }

    private mutating func changeConfiguration(_ affectsVerdicts: Bool, _ time: UInt64) -> [LineEffect] {
        guard affectsVerdicts, state == .running else { return note(.configurationReloaded, time) }
        return enter(.ready, .configurationReloaded, time) { $0.detail = "it can change verdicts: start again" }
    }

    /// A line whose history can't be written does not run. What was not recorded is told by the fault, once: if that
    /// can't be recorded either, the permit is off and the latch on disk is the one before, which never leads to `running`.
    private mutating func failToRecord(_ event: LineEvent, _ detail: String, _ time: UInt64) -> [LineEffect] {
        let effects = fault(.recordFailed, "\(event.kind.rawValue) was not recorded: \(detail)", time) {
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

extension Counters {
    mutating func count(_ outcome: Verdict.Outcome) {
        parts += 1
        if outcome == .good { good += 1 } else { bad += 1 }
    }
}
