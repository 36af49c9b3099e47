// SPDX-License-Identifier: Apache-2.0

import Line

/// The world around the machine: carries effects out as the daemon would, on a disk that may be full, and remembers by
/// itself what must and what must not happen. Nothing here looks at the machine's own memory, but for its state.
struct LineWorld {
    var machine: LineMachine
    private(set) var now: UInt64 = 0
    /// The conveyor: a count for each tick that it may move.
    private var encoder: UInt64 = 0
    private var toldEncoder: UInt64 = 0
    var disk: Latch?
    var permit = false
    var problems: [String] = []
    private(set) var starts = 0
    private(set) var stops = 0
    private var facts = Facts()

    /// What somebody beside the line would know.
    struct Facts: Hashable {
        var needsAcknowledge = false
        var needsReset = false
        /// When the andon, the bypass and the unacknowledged stop began, and how long each may last.
        var andonEnd: UInt64?
        var bypassEnd: UInt64?
        var escalationDue: UInt64?
        /// A bad part on its way, and when the line must have stopped.
        var badPartDue: UInt64?
        var challengeEnd: UInt64?
        var suspicious: [Bool] = []
        var unjudged = 0
        var calls = false
        /// Whether the scores drift, which only a person answers, and parts of an andon so far.
        var isDrifting = false
        var andonParts = 0
        var goodInRow = 0
        /// How long each part that must be sorted out may still move.
        var rejects: [UInt64] = []
    }

    init(policy: LinePolicy) { machine = LineMachine(policy: policy) }

    /// Everything that what follows depends on.
    var key: Key {
        var facts = facts
        func relative(_ time: UInt64?) -> UInt64? { time.map { timeLeft(until: $0, at: now) } }
        facts.andonEnd = relative(facts.andonEnd)
        facts.bypassEnd = relative(facts.bypassEnd)
        facts.escalationDue = facts.calls ? 0 : relative(facts.escalationDue)
        facts.badPartDue = relative(facts.badPartDue)
        facts.challengeEnd = relative(facts.challengeEnd)
        return Key(
            machine: machine.abstracted(at: now), facts: facts, disk: disk?.state, underneath: disk?.underneath,
            isClean: disk?.cleanEnd, permit: permit,
            untold: isCounting ? min(encoder - toldEncoder, 8) : 0)
    }

    private var isCounting: Bool {
        func counts(_ travel: LinePolicy.Travel?) -> Bool { if case .counts? = travel { true } else { false } }
        return counts(machine.policy.stopTravel) || counts(machine.policy.rejectTravel)
    }

    /// See `key`.
    struct Key: Hashable {
        let machine: LineMachine
        let facts: Facts
        let disk: LineState?
        let underneath: LineState?
        let isClean: Bool?
        let permit: Bool
        let untold: UInt64
    }

    private mutating func check(_ holds: Bool, _ what: String) {
        if !holds { problems.append(what) }
    }

    /// Time passes, and with it the conveyor moves while it may; nobody is told.
    mutating func pass(_ time: UInt64) {
        now += time
        guard permit else { return }
        encoder += time
        // Parts on their way move with the conveyor.
        facts.rejects = facts.rejects.map { $0 > time ? $0 - time : 0 }
    }

    /// The encoder's counts reach the machine.
    mutating func tellEncoder() {
        toldEncoder = encoder
        feed(.encoder(encoder))
    }

    /// One input, its effects, and what follows from a record that fails.
    mutating func feed(_ input: LineInput, diskFull: Bool = false) {
        var next: LineInput? = input
        var rounds = 0
        while let current = next {
            next = nil
            rounds += 1
            check(rounds <= 3, "a failing record makes no endless loop")
            let before = machine.state
            let effective = stateOfInput()
            let known = machine.activeCauses
            expectLatch(current, effective)
            let wasFailing = machine.activeCauses.contains(.outputFailed)
            let isNews = says(current)
            let effects = machine.handle(current, at: Moment(wall: now, monotonic: now))
            if !isNews { check(effects.isEmpty, "what is known already is not told again") }
            var walk = before
            var rejected = 0
            var told: [LineEvent] = []
            let (wasPending, wasDrifting, parts) = (facts.badPartDue != nil, facts.isDrifting, facts.andonParts)
            for effect in effects where next == nil || effect.isSafe {
                switch effect {
                case .permit(let on):
                    permit = on
                    if on { check(disk?.state.permit == true, "a start or bypass is on disk before the permit is on") }
                case .record(let event, let latch):
                    told.append(event)
                    check(event.state == latch.state || latch.state == machine.state, "event and latch agree")
                    checkName(event, current)
                    checkLoss(event)
                    check(
                        event.detail?.contains("no way from") != true,
                        "no way is asked for that the table does not have")
                    if let from = event.stateFrom, from.permit, !event.state.permit {
                        check(!permit, "the permit is off before the end is recorded")
                    }
                    if diskFull {
                        next = .recordFailed(event, detail: "disk full")
                        // The clocks beside the line do not know of the disk.
                        follow(walk, event.state)
                        break
                    }
                    step(&walk, to: event.state, by: current)
                    disk = latch
                case .reject: rejected += 1
                case .escalation(let on): facts.calls = on
                case .lamp, .refuse, .load: break
                }
            }
            if case .fault(let code, _) = current, !code.isMomentary, known.contains(code), effective == .acknowledged {
                check(machine.state == .acknowledged, "a cause that is known does not undo an acknowledgement")
            }
            inspect(current, before, effective, effects, rejected, isWhole: next == nil)
            if next == nil { checkReasons(current, effective, told) }
            if machine.policy.andonParts != nil {
                countAndonParts(current, effective, told, isPending: wasPending, so: parts)
            }
            if wasPending, told.contains(where: { $0.kind == .stop && $0.detail?.contains("of the last") == true }) {
                check(false, "suspicious parts do not overtake a bad part on its way")
            }
            if told.contains(where: { $0.kind == .andonCleared && $0.detail?.contains("good parts") == true }) {
                check(!wasPending && !wasDrifting, "good parts end no andon of a drift or of a bad part on its way")
                check(facts.goodInRow >= machine.policy.goodParts ?? .max, "so many good parts in a row end an andon")
            }
            if machine.state != .andon { facts.goodInRow = 0 }
            // Parts on their way are named in the fault, and given up.
            if case .fault(.outputFailed, _) = current, !wasFailing { facts.rejects = [] }
        }
        look()
    }

    /// Parts of an andon, and that it is not over before its number.
    private mutating func countAndonParts(
        _ input: LineInput, _ state: LineState, _ told: [LineEvent], isPending: Bool, so far: Int
    ) {
        let isPart =
            switch input {
            case .verdict, .partFailed: true
            default: false
            }
        guard isPart, state.isInspecting, !isPending else { return }
        if let limit = machine.policy.andonParts,
            told.contains(where: { $0.detail?.contains("nobody has looked within its \(limit) parts") == true })
        {
            // The part that has raised it counts, too.
            check(far + 1 >= limit, "an andon has its \(limit) parts")
        }
        facts.andonParts = machine.state == .andon ? far + 1 : 0
    }

    /// Nothing stops a line for less than its rules say, and what is known to be broken is not forgotten.
    private mutating func checkReasons(_ input: LineInput, _ state: LineState, _ told: [LineEvent]) {
        let faults = told.filter { $0.kind == .fault }
        let isEmpty = told.contains {
            $0.kind == .summary && $0.detail == "parts=0 good=0 bad=0 not_running=0"
        }
        check(!isEmpty, "no summary of no parts")
        switch input {
        case .fault(let code, _) where !code.isMomentary:
            check(machine.activeCauses.contains(code), "a cause of a fault is known until it is cleared")
        case .drift where machine.state == .andon: facts.isDrifting = true
        case .partFailed where state == .bypass: check(faults.isEmpty, "a bypassed line has no fault for a missed part")
        case .partFailed where state.isInspecting && facts.unjudged < machine.policy.unjudgedLimit:
            check(faults.isEmpty, "\(facts.unjudged) missed parts are no fault")
        case .verdict(let verdict) where state.isInspecting:
            if isMissed(verdict), facts.unjudged < machine.policy.unjudgedLimit {
                check(faults.isEmpty, "\(facts.unjudged) late verdicts are no fault")
            }
            if let share = machine.policy.suspicious, verdict.outcome == .suspicious,
                told.contains(where: { $0.kind == .stop && $0.detail?.contains("above the warn threshold") == true })
            {
                check(
                    facts.suspicious.filter(\.self).count >= share.count,
                    "fewer than \(share.count) suspicious parts do not stop the line")
            }
        default: break
        }
    }

    /// Only what breaks the way of parts or the output gives them up, and then it names them.
    private mutating func checkLoss(_ event: LineEvent) {
        guard event.kind == .fault, let detail = event.detail, let said = detail.firstRange(of: "not sorted out: ")
        else {
            return
        }
        let breaks = [FaultCode.inputFailed, .outputFailed].contains { detail.hasPrefix($0.rawValue) }
        check(breaks, "a fault that breaks no way of parts gives none up")
        check(said.upperBound < detail.endIndex, "parts that are given up are named")
    }

    /// What the line is when the input is looked at: what was due before comes first.
    private func stateOfInput() -> LineState {
        guard let due = machine.nextDeadline, due <= now else { return machine.state }
        var copy = machine
        _ = copy.handle(.tick, at: Moment(wall: now, monotonic: now))
        return copy.state
    }

    /// Whether an input says anything that the machine did not know, when nothing is due.
    private func says(_ input: LineInput) -> Bool {
        if let due = machine.nextDeadline, due <= now { return true }
        guard !machine.latch.cleanEnd else { return true }
        switch input {
        case .faultCleared(let code): return machine.activeCauses.contains(code)
        case .recipeReady(let recipe, let model):
            return machine.recipe != recipe || machine.model != model || machine.activeCauses.contains(.recipeMissing)
        case .sourceReady: return !machine.sourceIsReady || machine.activeCauses.contains(.sourceLost)
        case .policy: return false
        case .partsUnjudged(let count): return count > 0
        default: return true
        }
    }

    /// A part that is not good has to be acknowledged, whether or not that can be recorded.
    private mutating func expectLatch(_ input: LineInput, _ state: LineState) {
        guard state.isInspecting, case .verdict(let verdict) = input,
            verdict.outcome == .bad || verdict.outcome == .invalid
        else { return }
        facts.needsAcknowledge = true
        facts.needsReset = true
    }

    /// What a person does has a name.
    private mutating func checkName(_ event: LineEvent, _ input: LineInput) {
        let isNamed = event.user?.contains { !$0.isWhitespace } ?? false
        let acts: [LineEvent.Kind] = [.start, .acknowledge, .reset, .bypass, .changeover]
        check(!acts.contains(event.kind) || isNamed, "\(event.kind.rawValue) has a name")
        if event.kind == .acknowledge {
            check(event.detail?.contains { !$0.isWhitespace } ?? false, "an acknowledgement has a reason")
        }
        if event.kind == .changeover {
            check(event.detail?.dropFirst(2).contains { !$0.isWhitespace } ?? false, "a changeover has a recipe")
        }
        if event.kind == .stop, facts.badPartDue != nil {
            check(event.part == "b", "a stop names the bad part that was on its way")
        }
        if event.kind == .bypass {
            check(!machine.activeCauses.contains(where: \.endsBypass), "no bypass with what would end it")
        }
        if event.kind == .bypassEnded, case .endBypass = input, event.detail != "expired" {
            check(isNamed, "who ends a bypass has a name")
        }
    }

    /// One way of the table, and the conditions of those that a person has to open.
    private mutating func step(_ walk: inout LineState, to next: LineState, by input: LineInput) {
        let from = walk
        walk = next
        guard from != next else { return }
        if case .boot = input { return follow(from, next) }
        if input == .shutdown { return }
        check(
            LineTable.rows.contains { $0.from.contains(from) && $0.to == next },
            "\(from.rawValue) → \(next.rawValue) is no way of the table")
        if next.permit && !from.permit {
            switch input {
            case .start(let user):
                check(next == .running && from == .ready && !user.isEmpty, "a named start from ready")
            case .bypass(let user, let reason, let time):
                check(
                    next == .bypass && !user.isEmpty && !reason.isEmpty && time > 0
                        && time <= machine.policy.bypassLimit, "a bypass with name, reason and a time that is allowed")
            default: check(false, "\(input) switches the permit on")
            }
            if next == .running {
                check(
                    !facts.needsAcknowledge && !facts.needsReset,
                    "no start without acknowledge and reset after a bad part")
                facts.suspicious = []
                facts.unjudged = 0
            }
        }
        switch (from, next) {
        case (.stopped, .acknowledged), (.fault, .acknowledged):
            guard case .acknowledge(let user, _, let reason) = input, !user.isEmpty, !reason.isEmpty else {
                return check(false, "acknowledged by \(input)")
            }
            facts.needsAcknowledge = false
        case (.acknowledged, .ready), (.acknowledged, .blocked):
            guard case .reset(let user) = input, !user.isEmpty else { return check(false, "reset by \(input)") }
            check(machine.activeCauses.isEmpty, "no reset with an active cause")
            if !facts.needsAcknowledge { facts.needsReset = false }
        case (.andon, .running):
            check(facts.badPartDue == nil, "nothing but a stop ends the way of a bad part")
            if case .acknowledge = input { facts.suspicious = [] }
        case (.andon, .blocked), (.andon, .ready):
            check(facts.badPartDue == nil, "a bad part on its way is not forgotten")
        default: break
        }
        follow(from, next)
    }

    /// The clocks beside the line.
    private mutating func follow(_ from: LineState, _ next: LineState) {
        let policy = machine.policy
        facts.andonEnd = next == .andon ? facts.andonEnd ?? now + policy.andonTime : nil
        if next != .andon { (facts.badPartDue, facts.isDrifting, facts.andonParts) = (nil, false, 0) }
        if next != .bypass { facts.bypassEnd = nil }
        let isOpen = next == .stopped || next == .fault
        let wasOpen = from == .stopped || from == .fault
        if !isOpen { facts.escalationDue = nil }
        if isOpen && !wasOpen { facts.escalationDue = policy.escalationTime.map { now + $0 } }
    }

    private mutating func inspect(
        _ input: LineInput, _ before: LineState, _ state: LineState, _ effects: [LineEffect], _ rejected: Int,
        isWhole: Bool
    ) {
        if machine.state == .running && before != .running && before != .andon { starts += 1 }
        if before.permit && !machine.state.permit {
            stops += 1
            check(
                effects.contains(.permit(false))
                    && !effects.prefix { $0 != .permit(false) }.contains(where: Self.isRecordOfAnEnd),
                "whatever ends a permit drops it before it is recorded")
        }
        if case .boot = input { check(effects.first == .permit(false), "boot is off first") }
        countRejects(input, state, before, rejected)
        guard isWhole else { return }
        switch input {
        case .verdict(let verdict) where state.isInspecting: judge(verdict, verdict.outcome, isMissed(verdict))
        case .partFailed where state.isInspecting: facts.unjudged += 1
        case .bypass(_, _, let duration) where machine.state == .bypass && state != .bypass:
            facts.bypassEnd = now + duration
        case .challengePassed: facts.challengeEnd = machine.policy.challengePeriod.map { now + $0 }
        case .challengeFailed: facts.challengeEnd = nil
        case .configurationChanged(affectsVerdicts: false):
            check(machine.state == state, "a configuration that changes no verdict stops nothing")
        case .recipeReady, .recipeMissing, .changeRecipe: if machine.recipe == nil { facts.challengeEnd = nil }
        default: break
        }
        if facts.unjudged >= machine.policy.unjudgedLimit {
            check(!machine.state.isInspecting, "\(facts.unjudged) parts in a row without a verdict are a fault")
        }
    }

    /// A full disk keeps no part from being sorted out.
    private mutating func countRejects(_ input: LineInput, _ state: LineState, _ before: LineState, _ rejected: Int) {
        let expected =
            switch input {
            // Before what was due: the line moved when the part came past.
            case .verdict(let verdict) where before.permit:
                verdict.outcome == .bad || verdict.outcome == .invalid || isMissed(verdict) && state.isInspecting
                    ? 1 : 0
            case .partFailed: before.permit ? 1 : 0
            case .partsUnjudged(let count): count
            default: 0
            }
        switch machine.policy.rejectTravel {
        case nil: check(rejected == expected, "\(rejected) parts sorted out, not \(expected)")
        case .time(let time)?:
            for _ in 0..<expected { facts.rejects.append(time) }
            check(rejected <= facts.rejects.count, "no part is sorted out twice")
            facts.rejects.removeFirst(min(rejected, facts.rejects.count))
        case .counts?: break
        }
    }

    private func isMissed(_ verdict: Verdict) -> Bool {
        verdict.isLate && verdict.outcome != .bad && verdict.outcome != .invalid
    }

    private mutating func judge(_ verdict: Verdict, _ outcome: Verdict.Outcome, _ isMissed: Bool) {
        if isMissed {
            facts.unjudged += 1
        } else if outcome != .invalid {
            facts.unjudged = 0
            facts.suspicious.append(outcome == .suspicious || outcome == .bad)
        }
        if !isMissed {
            facts.goodInRow = outcome == .good ? min(facts.goodInRow + 1, machine.policy.goodParts ?? 0) : 0
        }
        if let share = machine.policy.suspicious {
            facts.suspicious = facts.suspicious.suffix(share.window)
            if outcome == .suspicious, !isMissed, facts.suspicious.filter(\.self).count >= share.count,
                facts.badPartDue == nil
            {
                check(!machine.state.isInspecting, "\(share.count) of \(share.window) suspicious parts stop the line")
            }
        } else {
            facts.suspicious = []
        }
        guard outcome == .bad || outcome == .invalid else { return }
        guard outcome == .bad, let travel = machine.policy.stopTravel else {
            return check(!machine.state.isInspecting, "a part that is not good stops the line")
        }
        check(machine.state == .andon || !machine.state.permit, "a bad part on its way is an andon")
        if machine.state == .andon {
            let time: UInt64 =
                switch travel {
                case .time(let time): time
                case .counts(_, let limit): limit
                }
            facts.badPartDue = facts.badPartDue ?? now + time
        }
    }

    /// What must hold after everything.
    private mutating func look() {
        let state = machine.state
        check(machine.obstacle == nil || state == .blocked, "only a blocked line says what is missing")
        check(
            machine.policy.challengePeriod != nil || machine.obstacle?.contains("challenge") != true,
            "no challenge is missed where none is wanted")
        let isEnded = machine.latch.cleanEnd
        check(!permit || state.permit, "the permit is on in running, andon and bypass only")
        check(permit || !state.permit || isEnded, "a line that may run has its permit")
        check(!(permit && disk?.cleanEnd == true), "a clean end has no permit")
        guard !isEnded else { return }
        if let end = facts.challengeEnd, now >= end { facts.challengeEnd = nil }
        if state == .ready {
            check(machine.recipe != nil && machine.sourceIsReady, "ready has recipe and source")
            check(machine.activeCauses.isEmpty, "ready has no cause of a fault")
        }
        if state.isInspecting {
            check(machine.activeCauses.isEmpty, "a line with a cause of a fault does not inspect")
            if machine.policy.challengePeriod != nil {
                check(facts.challengeEnd.map { now < $0 } ?? false, "a line that inspects has passed its challenge")
            }
        }
        if let end = facts.andonEnd, facts.badPartDue == nil, state == .andon {
            check(now < end, "an andon ends in time")
        }
        if let due = facts.badPartDue, state == .andon { check(now < due, "a bad part stops the line in time") }
        if let end = facts.bypassEnd, state == .bypass { check(now < end, "a bypass ends in time") }
        if let due = facts.escalationDue { check(now < due || facts.calls, "a stop that nobody sees is escalated") }
        if state != .stopped && state != .fault { check(!facts.calls, "who has acknowledged is not called") }
        check(!permit || facts.rejects.allSatisfy { $0 > 0 }, "every part that is not good is sorted out in time")
        // Whatever happens next, even the end of the power: the latch is there.
        if facts.needsAcknowledge || facts.needsReset {
            let back = disk.flatMap { LineTable.boot[$0.state] }
            check(
                back == .stopped || (!facts.needsAcknowledge && back == .acknowledged),
                "a latch is not lost: \(state.rawValue), on disk \(disk?.state.rawValue ?? "nothing")")
            check(
                state != .ready && state != .blocked && !state.isInspecting || facts.badPartDue != nil, "a latch holds")
        }
    }

    private static func isRecordOfAnEnd(_ effect: LineEffect) -> Bool {
        guard case .record(let event, _) = effect, let from = event.stateFrom else { return false }
        return from.permit && !event.state.permit
    }

    /// The process is gone, at any moment; the permit's wire is what boot finds and switches off.
    mutating func restart() {
        machine = LineMachine(policy: machine.policy)
        (encoder, toldEncoder) = (0, 0)
        let (acknowledge, reset) = (facts.needsAcknowledge, facts.needsReset)
        facts = Facts()
        (facts.needsAcknowledge, facts.needsReset) = (acknowledge, reset)
        feed(.boot(disk))
        // A boot that comes back stopped is to be acknowledged, whatever was known before.
        if machine.state == .stopped { facts.escalationDue = machine.policy.escalationTime.map { now + $0 } }
        check(!permit, "no boot leads to a permit")
    }
}
