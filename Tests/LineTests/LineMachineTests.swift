// SPDX-License-Identifier: Apache-2.0

import Line
import Testing

@Suite struct LineMachineTests {
    private func events(_ effects: [LineEffect]) -> [LineEvent] {
        effects.compactMap { if case .record(let event, _) = $0 { event } else { nil } }
    }

    private func latches(_ effects: [LineEffect]) -> [Latch] {
        effects.compactMap { if case .record(_, let latch) = $0 { latch } else { nil } }
    }

    private func refusal(_ effects: [LineEffect]) -> (why: String, hint: String)? {
        if case .refuse(_, let why, let hint)? = effects.first { (why, hint) } else { nil }
    }

    @Test("the permit belongs to running, andon and bypass, and every state has its lamp")
    func permitAndLamp() {
        #expect(LineState.allCases.filter(\.permit) == [.running, .andon, .bypass])
        let lamps: [LineState: Lamp] = [
            .blocked: .blue, .running: .green, .stopped: .redFlashing, .acknowledged: .red, .ready: .blue,
            .fault: .faultCode,
            .andon: .yellow, .bypass: .yellowBlue,
        ]
        for state in LineState.allCases { #expect(state.lamp == lamps[state]) }
    }

    @Test(
        "boot switches the permit off first and comes back latched",
        arguments: [
            (LineState.blocked, LineState.blocked), (.ready, .blocked), (.running, .stopped), (.stopped, .stopped),
            (.acknowledged, .acknowledged), (.fault, .stopped), (.andon, .stopped), (.bypass, .stopped),
        ])
    func boot(from: LineState, to: LineState) {
        for clean in [true, false] {
            var machine = LineMachine()
            let effects = machine.handle(
                .boot(Latch(state: from, cleanEnd: clean, reason: "why", part: "p")), time: 5)
            #expect(effects.first == .permit(false))
            #expect(effects.dropFirst().first == .lamp(to.lamp))
            #expect(machine.state == to)
            #expect(latches(effects).allSatisfy { $0.state == to && !$0.cleanEnd })
            #expect(events(effects).map(\.kind) == (from.permit ? [.uncleanEnd, .boot] : [.boot]))
            if from == .fault { #expect(machine.reason == "fault before the restart: why") }
            if from == .stopped || from == .acknowledged { #expect(machine.reason == "why") }
            // Whatever is ready afterwards, nothing but a start of a person runs the line.
            let later =
                machine.handle(.recipeReady(recipe: "r", model: "m"), time: 6)
                + machine.handle(.sourceReady, time: 6)
            #expect(!later.contains(.permit(true)))
            #expect(machine.state == (to == .blocked ? .ready : to))
        }
    }

    @Test("a clean shutdown while running comes back as ready and needs a start")
    func cleanShutdown() throws {
        var machine = LineSamples.machine(in: .running)
        let effects = machine.handle(.shutdown, time: 9)
        #expect(effects.first == .permit(false))
        let latch = try #require(latches(effects).last)
        #expect(latch == Latch(state: .ready, cleanEnd: true))
        #expect(machine.handle(.verdict(LineSamples.badPart), time: 9) == [])
        #expect(machine.latch == latch)
        var next = LineMachine()
        _ = next.handle(.boot(latch), time: 10)
        _ = next.handle(.recipeReady(recipe: "r", model: "m"), time: 10)
        let ready = next.handle(.sourceReady, time: 10)
        #expect(next.state == .ready)
        #expect(!ready.contains(.permit(true)))
    }

    @Test("facts learnt before boot count, commands before boot are refused")
    func beforeBoot() {
        var machine = LineMachine()
        #expect(machine.handle(.recipeReady(recipe: "r", model: "m"), time: 1) == [])
        #expect(machine.handle(.sourceReady, time: 1) == [])
        #expect(refusal(machine.handle(.start(user: "anna"), time: 1)) != nil)
        let effects = machine.handle(.boot(nil), time: 2)
        #expect(events(effects).map(\.kind) == [.boot, .ready])
        #expect(machine.state == .ready)

        var faulty = LineMachine()
        _ = faulty.handle(.fault(.outputFailed, detail: "no GPIO"), time: 1)
        #expect(events(faulty.handle(.boot(nil), time: 2)).map(\.kind) == [.boot, .fault])
        #expect(faulty.state == .fault)
    }

    @Test("a stop names the part, its score and the threshold, and the acknowledgement judges that part")
    func stopFacts() throws {
        var machine = LineSamples.machine(in: .running)
        let stop = try #require(events(machine.handle(.verdict(LineSamples.badPart), time: 7)).first)
        #expect(stop.kind == .stop && stop.part == "p2" && stop.score == 1.5 && stop.threshold == 1)
        #expect(stop.state == .stopped && stop.stateFrom == .running && stop.recipe == "r" && stop.model == "m")
        #expect(stop.time == 7)
        // A restart between stop and acknowledgement must not lose the part.
        var next = LineMachine()
        _ = next.handle(.boot(machine.latch), time: 8)
        let effects = next.handle(.acknowledge(user: "anna", verdict: .falseStop, reason: "dust"), time: 9)
        let acknowledgement = try #require(events(effects).first)
        #expect(acknowledgement.part == "p2" && acknowledgement.user == "anna")
        #expect(acknowledgement.verdict == .falseStop && acknowledgement.detail == "dust")
    }

    @Test("a fault is acknowledged at once but reset only when no cause is active")
    func activeCause() {
        var machine = LineSamples.machine(in: .running)
        _ = machine.handle(.sourceLost(reason: "unplugged"), time: 2)
        _ = machine.handle(.fault(.pictureDark, detail: "3 of 255"), time: 2)
        #expect(machine.state == .fault)
        _ = machine.handle(.acknowledge(user: "anna", verdict: .unclear, reason: "cable"), time: 3)
        #expect(machine.state == .acknowledged)
        #expect(
            refusal(machine.handle(.reset(user: "anna"), time: 4))?.why.contains("picture_dark, source_lost") == true)
        // The same cause told again does not undo the acknowledgement.
        #expect(machine.handle(.fault(.pictureDark, detail: "still"), time: 4) == [])
        #expect(events(machine.handle(.sourceReady, time: 5)).map(\.kind) == [.faultCleared])
        #expect(refusal(machine.handle(.reset(user: "anna"), time: 6)) != nil)
        #expect(events(machine.handle(.faultCleared(.pictureDark), time: 6)).map(\.kind) == [.faultCleared])
        _ = machine.handle(.reset(user: "anna"), time: 7)
        #expect(machine.state == .ready)
    }

    @Test("a reset without a picture source leads to blocked, not to ready")
    func resetWithoutSource() {
        var machine = LineSamples.machine(in: .acknowledged)
        _ = machine.handle(.sourceLost(reason: "unplugged"), time: 2)
        #expect(machine.state == .acknowledged)
        _ = machine.handle(.reset(user: "anna"), time: 3)
        #expect(machine.state == .blocked)
        #expect(refusal(machine.handle(.start(user: "anna"), time: 4))?.hint.contains("unplugged") == true)
        _ = machine.handle(.sourceReady, time: 5)
        #expect(machine.state == .ready)
    }

    @Test("a source that is tried again every second is recorded once")
    func repeatedLoss() {
        var machine = LineSamples.machine(in: .ready)
        #expect(events(machine.handle(.sourceLost(reason: "a"), time: 2)).count == 1)
        #expect(machine.handle(.sourceLost(reason: "a"), time: 3) == [])
        #expect(events(machine.handle(.sourceLost(reason: "b"), time: 4)).map(\.kind) == [.sourceLost])
    }

    @Test("a start that can't be recorded ends in a fault with the permit off")
    func recordFailed() throws {
        var machine = LineSamples.machine(in: .ready)
        let effects = machine.handle(.start(user: "anna"), time: 2)
        guard case .record(let event, let latch)? = effects.first else {
            Issue.record("a start is recorded first")
            return
        }
        #expect(event.kind == .start && latch == Latch(state: .running, cleanEnd: false))
        let next = machine.handle(.recordFailed(event, detail: "disk full"), time: 3)
        #expect(next.first == .permit(false))
        #expect(!next.contains(.permit(true)))
        let fault = try #require(events(next).first)
        #expect(fault.detail == "record_failed: start was not recorded: disk full")
        #expect(machine.handle(.recordFailed(fault, detail: "disk full"), time: 4) == [.permit(false)])
        // It is momentary: the way out is recorded itself.
        _ = machine.handle(.acknowledge(user: "anna", verdict: .unclear, reason: "disk emptied"), time: 5)
        _ = machine.handle(.reset(user: "anna"), time: 6)
        #expect(machine.state == .ready)
    }

    @Test("parts are counted since the start, the others apart, and a summary tells what is new")
    func counting() {
        var machine = LineSamples.machine(in: .running)
        for _ in 0..<3 { _ = machine.handle(.verdict(LineSamples.goodPart), time: 2) }
        #expect(
            events(machine.handle(.summaryDue, time: 3)).map(\.detail) == ["parts=3 good=3 bad=0 not_running=0"])
        #expect(machine.handle(.summaryDue, time: 3) == [])
        _ = machine.handle(.verdict(LineSamples.badPart), time: 4)
        _ = machine.handle(.verdict(LineSamples.badPart), time: 4)
        #expect(machine.counters.parts == 4 && machine.counters.good == 3 && machine.counters.bad == 1)
        #expect(machine.counters.notRunning == 1)
        #expect(
            events(machine.handle(.shutdown, time: 5)).map(\.detail) == ["parts=1 good=0 bad=1 not_running=1"])
    }
}
