// SPDX-License-Identifier: Apache-2.0

import Line
import Testing

/// Andon, travel, escalation, bypass, changeover and challenge, as a person would tell them; seconds for nanoseconds.
@Suite struct LineRulesTests {
    private func running(_ policy: LinePolicy) -> LineMachine {
        var machine = LineMachine(policy: policy)
        for input: LineInput in [
            .boot(nil), .recipeReady(recipe: "r", model: "m"), .sourceReady, .challengePassed, .start(user: "anna"),
        ] { _ = machine.handle(input, time: 0) }
        return machine
    }

    private func part(_ score: Float, _ name: String = "p") -> LineInput {
        .verdict(Verdict(part: name, score: score, threshold: 1, warn: 0.8))
    }

    private let look = LineInput.acknowledge(user: "anna", verdict: .falseStop, reason: "dust")

    @Test("an andon stops the line when nobody looks, and not when somebody does")
    func andonTimer() {
        var machine = running(LinePolicy(andonTime: 10))
        #expect(LineSamples.short(machine.handle(part(0.9), time: 5)) == "L warn")
        #expect(machine.nextDeadline == 15 && machine.ends == 15)
        var other = machine
        #expect(LineSamples.short(other.handle(look, time: 14)) == "L acknowledge" && other.state == .running)
        #expect(machine.handle(.tick, time: 14).isEmpty)
        // Who comes too late finds it stopped, even when nobody has looked at the clock meanwhile.
        #expect(LineSamples.short(machine.handle(look, time: 15)) == "- L stop L acknowledge")
        #expect(machine.state == .acknowledged)
    }

    @Test("enough good parts in a row end an andon that parts have raised, but not a drift")
    func andonRelief() {
        var machine = running(LinePolicy(andonTime: 100, goodParts: 2))
        for score: Float in [0.9, 0.1, 0.9, 0.1] { _ = machine.handle(part(score), time: 1) }
        #expect(machine.state == .andon)
        #expect(LineSamples.short(machine.handle(part(0.1), time: 1)) == "L andon_cleared")
        _ = machine.handle(.drift(detail: "lower"), time: 2)
        for _ in 0..<5 { _ = machine.handle(part(0.1), time: 2) }
        #expect(machine.state == .andon)
    }

    @Test("an andon ends at a fixed position after so many parts, wherever the timer is")
    func andonParts() {
        var machine = running(LinePolicy(andonTime: 100, andonParts: 3, goodParts: nil))
        for _ in 0..<2 { _ = machine.handle(part(0.9), time: 1) }
        #expect(machine.state == .andon)
        #expect(LineSamples.short(machine.handle(part(0.1), time: 1)) == "- L stop")
    }

    @Test("k of n suspicious parts stop the line; an acknowledgement begins anew")
    func share() {
        var machine = running(LinePolicy(andonTime: 100, goodParts: nil, suspicious: .init(count: 2, of: 3)))
        for score: Float in [0.9, 0.1, 0.1] { _ = machine.handle(part(score), time: 1) }
        #expect(LineSamples.short(machine.handle(part(0.9), time: 1)) == "warn")
        _ = machine.handle(look, time: 1)
        #expect(machine.handle(part(0.9), time: 1).last.map { LineSamples.short([$0]) } == "warn")
        #expect(LineSamples.short(machine.handle(part(0.9, "q"), time: 1)) == "warn - L stop")
        #expect(machine.stoppedPart == "q" && machine.reason == "2 of the last 3 parts above the warn threshold")
    }

    @Test("a bad part stops the line where people can take it, and nothing but the stop ends its way")
    func fixedPosition() {
        var machine = running(LinePolicy(stopTravel: .time(4)))
        #expect(LineSamples.short(machine.handle(part(2, "bad"), time: 1)) == "R L stop_pending")
        #expect(machine.state == .andon && machine.latch.part == "bad")
        #expect(LineSamples.short(machine.handle(look, time: 2)) == "!ack refused")
        _ = machine.handle(part(0.1), time: 2)
        #expect(machine.state == .andon)
        var ended = machine
        _ = ended.handle(.shutdown, time: 3)
        #expect(ended.latch == Latch(state: .stopped, cleanEnd: true, reason: ended.reason, part: "bad"))
        #expect(LineSamples.short(machine.handle(.tick, time: 5)) == "- L stop" && machine.stoppedPart == "bad")
    }

    @Test("parts are sorted out where the gate is, by time or by the encoder, and a dead encoder is a fault")
    func rejectTravel() {
        var timed = running(LinePolicy(rejectTravel: .time(10)))
        #expect(LineSamples.short(timed.handle(part(2), time: 1)) == "- L stop")
        // The conveyor stands, and the part with it, until somebody has started the line again.
        #expect(timed.nextDeadline == nil && timed.handle(.tick, time: 40).isEmpty)
        for input in [look, .reset(user: "anna"), .start(user: "anna")] { _ = timed.handle(input, time: 50) }
        #expect(timed.nextDeadline == 60 && timed.handle(.tick, time: 59).isEmpty)
        #expect(LineSamples.short(timed.handle(.tick, time: 60)) == "R")
        var counted = running(LinePolicy(rejectTravel: .counts(5, limit: 10), unjudgedLimit: 3))
        _ = counted.handle(.encoder(100), time: 1)
        #expect(
            LineSamples.short(counted.handle(.partFailed(part: "p", code: .partMissed, detail: "d"), time: 1))
                == "part_unjudged")
        #expect(counted.handle(.encoder(104), time: 2).isEmpty)
        #expect(LineSamples.short(counted.handle(.encoder(105), time: 3)) == "R")
        _ = counted.handle(.partFailed(part: "q", code: .partMissed, detail: "d"), time: 4)
        #expect(LineSamples.short(counted.handle(.tick, time: 14)) == "- L fault")
        #expect(counted.reason?.contains("q: not sorted out") == true)
    }

    @Test("more parts on their way than there can be are a fault that names one, not a pulse at another")
    func tooManyOnTheirWay() {
        var machine = running(LinePolicy(rejectTravel: .time(1_000_000), unjudgedLimit: 100_000))
        for number in 0..<1024 {
            let missed = LineInput.partFailed(part: "p\(number)", code: .partMissed, detail: "d")
            #expect(LineSamples.short(machine.handle(missed, time: 1)) == "part_unjudged")
        }
        let effects = machine.handle(.partFailed(part: "last", code: .partMissed, detail: "d"), time: 1)
        #expect(machine.state == .fault && !LineSamples.short(effects).contains("R"))
        #expect(machine.reason?.hasPrefix("part_missed: p0: not sorted out") == true)
    }

    @Test("parts without a verdict in time are sorted out, and so many in a row are a fault")
    func unjudged() {
        var machine = running(LinePolicy(unjudgedLimit: 2))
        let late = LineInput.verdict(Verdict(part: "l", score: 0.1, threshold: 1, isLate: true))
        #expect(LineSamples.short(machine.handle(late, time: 1)) == "R part_unjudged")
        _ = machine.handle(part(0.1), time: 1)
        #expect(LineSamples.short(machine.handle(late, time: 1)) == "R part_unjudged")
        #expect(LineSamples.short(machine.handle(late, time: 1)) == "- R L fault")
        #expect(machine.counters.unjudged == 3)
        // A part that is bad stops the line, however late that is known.
        var other = running(LinePolicy(unjudgedLimit: 2))
        let bad = LineInput.verdict(Verdict(part: "b", score: 2, threshold: 1, isLate: true))
        #expect(LineSamples.short(other.handle(bad, time: 1)) == "- R L stop")
    }

    @Test("a stop that nobody acknowledges is escalated once, and the call ends with the acknowledgement")
    func escalation() {
        var machine = running(LinePolicy(escalationTime: 10))
        _ = machine.handle(part(2), time: 1)
        #expect(LineSamples.short(machine.handle(.tick, time: 11)) == "E escalation")
        #expect(machine.isEscalated && machine.handle(.tick, time: 30).isEmpty && machine.nextDeadline == nil)
        #expect(LineSamples.short(machine.handle(look, time: 31)) == "L e acknowledge")
        // Nobody has looked before a restart: the time begins anew.
        var next = LineMachine(policy: LinePolicy(escalationTime: 10))
        _ = next.handle(.boot(Latch(state: .stopped, cleanEnd: true)), time: 100)
        #expect(next.nextDeadline == 110)
    }

    @Test("a bypass runs over anything, ends by itself, and what was latched is latched again")
    func bypass() {
        let start = LineInput.bypass(user: "eva", reason: "camera is broken", duration: 10)
        for state in LineState.allCases where state != .bypass {
            var machine = LineSamples.machine(in: state)
            _ = machine.handle(start, time: 5)
            #expect(machine.state == .bypass && machine.latch.state == .bypass, "\(state.rawValue)")
            _ = machine.handle(.verdict(LineSamples.badPart), time: 6)
            #expect(machine.state == .bypass)
            let effects = machine.handle(.tick, time: 15)
            #expect(effects.first == .permit(false))
            let latched: [LineState] = [.stopped, .acknowledged, .fault]
            let expected: LineState = latched.contains(state) ? state : state == .blocked ? .blocked : .ready
            #expect(machine.state == expected, "\(state.rawValue)")
        }
        var faulty = LineSamples.machine(in: .bypass)
        _ = faulty.handle(.fault(.pictureDark, detail: "3"), time: 2)
        #expect(faulty.state == .bypass)
        _ = faulty.handle(.endBypass(user: "eva"), time: 3)
        #expect(faulty.state == .fault && faulty.reason == "picture_dark: 3")
        // What nobody would ever know of ends it at once.
        var full = LineSamples.machine(in: .bypass)
        let event = LineEvent(kind: .summary, time: 1, state: .bypass)
        #expect(full.handle(.recordFailed(event, detail: "disk full"), time: 2).first == .permit(false))
        #expect(full.state == .fault)
    }

    @Test("a changeover stops the line, loads the recipe and needs a start")
    func changeover() {
        var machine = LineSamples.machine(in: .running)
        let effects = machine.handle(.changeRecipe(user: "eva", recipe: "s"), time: 2)
        #expect(effects.first == .permit(false) && effects.last == .load(recipe: "s"))
        #expect(machine.state == .blocked && machine.obstacle == "recipe s is being loaded")
        _ = machine.handle(.recipeReady(recipe: "s", model: "n"), time: 3)
        #expect(machine.state == .ready && machine.recipe == "s")
    }

    @Test("a line whose challenge is due is blocked, while it runs too")
    func challenge() {
        var machine = running(LinePolicy(challengePeriod: 10))
        #expect(machine.state == .running)
        #expect(LineSamples.short(machine.handle(.tick, time: 10)) == "- L blocked")
        #expect(machine.obstacle?.contains("challenge") == true)
        #expect(LineSamples.short(machine.handle(.challengePassed, time: 11)) == "challenge_passed ready")
        // Another recipe has shown nothing yet.
        #expect(
            LineSamples.short(machine.handle(.recipeReady(recipe: "s", model: "n"), time: 12)) == "recipe_ready blocked"
        )
        _ = machine.handle(.challengeFailed(detail: "c1"), time: 13)
        #expect(machine.state == .fault)
    }
}
