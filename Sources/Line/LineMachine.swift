// SPDX-License-Identifier: Apache-2.0

/// The line as a pure state machine: an input and a time go in, effects come out in the order to carry them out.
///
/// It does no I/O and has no clock, so every way through it can be tested. Which state leads to which is `LineTable`'s;
/// the conditions are here. What it promises, in every order of inputs:
/// - the permit is on in `running`, `andon` and `bypass` only, and is switched on by a person's start from `ready` or a
///   person's bypass only, which is recorded first;
/// - whatever ends them drops the permit before anything else, the record of it too;
/// - after a bad or invalid verdict while inspecting it takes acknowledge, reset and start to inspect again, whatever
///   comes between: a bypass, a restart, a change of the recipe;
/// - no recorded latch and no kind of end makes a boot switch the permit on.
///
/// A good verdict while running has no effect, it is counted; a bad one while not running is recorded as
/// `defect_while_not_running` and never touches the latch: the line is not moving, and nobody should have to
/// acknowledge a picture of a hand that loads the fixture.
public struct LineMachine: Sendable, Hashable {
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
    /// Why the line is in `andon`, `stopped`, `acknowledged` or `fault`, or was before a bypass.
    public internal(set) var reason: String?
    /// The part that stopped the line, if one did.
    public internal(set) var stoppedPart: String?
    /// The rules in force.
    public internal(set) var policy: LinePolicy

    /// What is missing while the line is `blocked`; `nil` in every other state.
    public var obstacle: String? {
        guard state == .blocked, !isComplete else { return nil }
        guard recipe != nil else { return recipeMissingReason }
        return sourceIsReady ? Self.challengeIsDue : sourceLostReason
    }

    /// When a bypass ends, or an andon stops the line, by the clock of `Moment.monotonic`; `nil` in other states.
    public var ends: UInt64? { bypassEnd ?? (pendingStop == nil ? andon?.end : nil) }

    var phase = Phase.beforeBoot
    var sinceSummary = Counters()
    /// Last reasons told, so that a source that is tried again every second is recorded once.
    var recipeMissingReason: String?
    var sourceLostReason: String?
    /// What the last parts were, while inspecting.
    var recent = RecentParts()
    /// Only in `andon`.
    var andon: Andon?
    /// Only in `andon`: a bad part on its way to where it can be stopped.
    var pendingStop: PendingStop?
    /// Parts on their way to where they are sorted out, the first one first.
    var pendingRejects: [PendingReject] = []
    /// Whether the line moved when the present input came, before what was due: a part that it is about really came past.
    var wasMoving = false
    /// The conveyor's encoder, as far as is known.
    var encoderCount: UInt64 = 0
    /// Only in `bypass`: when it ends, and what was latched or came meanwhile.
    var bypassEnd: UInt64?
    var underneath: LineState?
    /// Only in `stopped` and `fault`.
    var escalationDue: UInt64?
    /// Whether nobody has acknowledged a stop in time.
    public internal(set) var isEscalated = false
    /// Whether the box has shown that it finds known defects, and until when that counts.
    var isChallenged = false
    var challengeEnd: UInt64?

    static let challengeIsDue = "a challenge is due: the box has to show that it finds known defects"

    /// A machine before boot: it learns facts (recipe, source, faults), refuses commands and has no effects.
    public init(policy: LinePolicy = LinePolicy()) { self.policy = policy }

    /// What has to be found again after a power cut.
    public var latch: Latch {
        Latch(
            state: state, cleanEnd: phase == .ended, reason: reason, part: stoppedPart ?? pendingStop?.part,
            underneath: underneath)
    }

    /// Whether the line inspects at once when it is started: nothing is missing.
    var isComplete: Bool {
        recipe != nil && sourceIsReady && (policy.challengePeriod == nil || isChallenged)
    }

    /// Takes one input. What was due before it comes first, so that nobody acknowledges an andon that is over.
    ///
    /// - Returns: what to do, in this order; see `LineEffect` for what to do when a record fails.
    public mutating func handle(_ input: LineInput, at now: Moment) -> [LineEffect] {
        switch phase {
        case .beforeBoot: return handleBeforeBoot(input, now)
        case .alive:
            wasMoving = state.permit
            defer { wasMoving = false }
            let due = expire(now)
            return Self.rejectsFirst(due + handleAlive(input, now))
        case .ended: return handleEnded(input)
        }
    }

    /// Takes one input, with one number for both clocks: for tests.
    package mutating func handle(_ input: LineInput, time: UInt64) -> [LineEffect] {
        handle(input, at: Moment(wall: time, monotonic: time))
    }

    /// No part waits for the disk to be sorted out, and the permit does not wait for the part.
    private static func rejectsFirst(_ effects: [LineEffect]) -> [LineEffect] {
        let rejects = effects.filter(\.isReject)
        guard !rejects.isEmpty else { return effects }
        let others = effects.filter { !$0.isReject }
        let off = others.prefix { $0 == .permit(false) }
        return off + rejects + others.dropFirst(off.count)
    }

    private mutating func handleAlive(_ input: LineInput, _ now: Moment) -> [LineEffect] {
        switch input {
        case .boot: bootAgain(now)
        case .recipeReady(let recipe, let model): takeRecipe(recipe, model, now)
        case .recipeMissing(let reason): loseRecipe(reason, now)
        case .sourceReady: takeSource(now)
        case .sourceLost(let reason): loseSource(reason, now)
        case .verdict(let verdict): judge(verdict, now)
        case .partFailed(let part, let code, let detail): failPart(part, code, detail, now)
        case .partsUnjudged(let count): sortOut(count, now)
        case .drift(let detail): drift(detail, now)
        case .encoder(let count): takeCount(count, now)
        case .tick: []
        case .challengePassed: passChallenge(now)
        case .challengeFailed(let detail): failChallenge(detail, now)
        case .fault(let code, let detail): fault(code, detail, now)
        case .faultCleared(let code): clear(code, now)
        case .acknowledge(let user, let verdict, let reason): acknowledge(user, verdict, reason, now)
        case .reset(let user): reset(user, now)
        case .start(let user): start(user, now)
        case .bypass(let user, let reason, let duration): bypass(user, reason, duration, now)
        case .endBypass(let user): endBypass(user, now)
        case .changeRecipe(let user, let recipe): changeRecipe(user, recipe, now)
        case .policy(let policy): take(policy, now)
        case .configurationChanged(let affectsVerdicts): changeConfiguration(affectsVerdicts, now)
        case .configurationRejected(let detail): note(.configurationRejected, now) { $0.detail = detail }
        case .recordFailed(let event, let detail): failToRecord(event, detail, now)
        case .summaryDue: summarise(now)
        case .shutdown: shutDown(now)
        }
    }

    // MARK: - Making events

    /// Moves the line and records why. A way that is not in the table is a rule of our own that was broken.
    mutating func go(
        _ trigger: LineTable.Trigger, _ kind: LineEvent.Kind, _ now: Moment,
        _ fill: (inout LineEvent) -> Void = { _ in }
    ) -> [LineEffect] {
        guard let next = LineTable.next(state, trigger) else {
            let detail = "no way from \(state.rawValue) by \(trigger.rawValue)"
            return trigger == .fault ? [.permit(false)] : fault(.internal, detail, now)
        }
        return enter(next, kind, now, fill)
    }

    /// Goes to a state (the same one, too) and records why, in the order that keeps the promises above.
    mutating func enter(
        _ next: LineState, _ kind: LineEvent.Kind, _ now: Moment, _ fill: (inout LineEvent) -> Void = { _ in }
    ) -> [LineEffect] {
        let previous = state
        state = next
        forgetWhatIsOver(now)
        var event = LineEvent(
            kind: kind, time: now.wall, recipe: recipe, state: next, stateFrom: previous == next ? nil : previous,
            model: model)
        fill(&event)
        let record = LineEffect.record(event, latch)
        var signals: [LineEffect] = previous.lamp != next.lamp ? [.lamp(next.lamp)] : []
        if isEscalated, escalationDue == nil {
            isEscalated = false
            signals.append(.escalation(false))
        }
        if next.permit && !previous.permit {
            moveRejects(now)
            return [record, .permit(true)] + signals
        }
        guard previous.permit && !next.permit else { return signals + [record] }
        haltRejects(now)
        return [.permit(false)] + signals + [record]
    }

    /// Records something that leaves the state alone.
    mutating func note(
        _ kind: LineEvent.Kind, _ now: Moment, _ fill: (inout LineEvent) -> Void = { _ in }
    ) -> [LineEffect] {
        enter(state, kind, now, fill)
    }

    /// What belongs to one state ends with it.
    private mutating func forgetWhatIsOver(_ now: Moment) {
        if state == .blocked || state == .ready || state == .running {
            reason = nil
            stoppedPart = nil
        }
        if state != .andon {
            andon = nil
            pendingStop = nil
        }
        if state != .bypass {
            bypassEnd = nil
            underneath = nil
        }
        if state != .stopped && state != .fault {
            escalationDue = nil
        } else if escalationDue == nil {
            escalationDue = policy.escalationTime.map { now.monotonic &+ $0 }
        }
    }

    // MARK: - Summaries

    private mutating func summarise(_ now: Moment) -> [LineEffect] {
        guard let text = takeSummary() else { return [] }
        return note(.summary, now) { $0.detail = text }
    }

    mutating func takeSummary() -> String? {
        let counts = sinceSummary
        sinceSummary = Counters()
        guard counts != Counters() else { return nil }
        var text = "parts=\(counts.parts) good=\(counts.good) bad=\(counts.bad) not_running=\(counts.notRunning)"
        if counts.suspicious > 0 { text += " suspicious=\(counts.suspicious)" }
        if counts.unjudged > 0 { text += " unjudged=\(counts.unjudged)" }
        return text
    }
}
