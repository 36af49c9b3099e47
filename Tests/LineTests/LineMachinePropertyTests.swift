// SPDX-License-Identifier: Apache-2.0

import Glibc
import Line
import Testing

/// SplitMix64 (Steele, Lea, Flood 2014): the same sequence on every machine.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// The world around the machine: carries effects out as the daemon would, on a disk that may be full, and remembers
/// what a person would have to have done.
private struct World {
    var machine = LineMachine()
    var disk: Latch?
    var permit = false
    var needsAcknowledge = false
    var needsReset = false
    var starts = 0
    var stops = 0
    var problems: [String] = []

    mutating func check(_ holds: Bool, _ what: String) {
        if !holds { problems.append(what) }
    }

    /// One input, its effects, and what follows from a record that fails.
    mutating func feed(_ input: LineInput, time: UInt64, diskFull: Bool) {
        var next: LineInput? = input
        var rounds = 0
        while let now = next {
            next = nil
            rounds += 1
            check(rounds <= 3, "a failing record makes no endless loop")
            let before = machine.state
            let effects = machine.handle(now, time: time)
            inspect(now, before, effects)
            for effect in effects {
                switch effect {
                case .permit(let on):
                    permit = on
                    if on { check(disk?.state == .running, "the start is on disk before the permit is on") }
                case .record(let event, let latch):
                    check(event.state == latch.state, "event and latch agree")
                    if event.stateFrom == .running { check(!permit, "the permit is off before the end is recorded") }
                    if diskFull {
                        next = .recordFailed(event, detail: "disk full")
                    } else {
                        disk = latch
                    }
                case .lamp, .refuse: break
                }
                if next != nil { break }
            }
        }
        check(!permit || machine.state == .running, "the permit is on in running only")
        check(permit || machine.state != .running, "a running line has its permit")
        check(!(permit && disk?.cleanEnd == true), "a clean end has no permit")
    }

    private mutating func inspect(_ input: LineInput, _ before: LineState, _ effects: [LineEffect]) {
        if machine.state == .running && before != .running {
            starts += 1
            guard before == .ready, case .start(let user) = input, !user.isEmpty else {
                return check(false, "running is reached by a start from ready, not by \(input) in \(before)")
            }
            check(!needsAcknowledge && !needsReset, "no start without acknowledge and reset after a bad part")
            guard case .record(let event, _)? = effects.first, event.kind == .start else {
                return check(false, "a start is recorded first")
            }
        }
        if before == .running && machine.state != .running {
            stops += 1
            check(effects.first == .permit(false), "whatever ends running drops the permit first")
        }
        if machine.state != .running || before == .running {
            check(!effects.contains(.permit(true)), "only a start switches the permit on")
        }
        if case .boot = input { check(effects.first == .permit(false), "boot is off first") }
        switch input {
        case .verdict(let verdict) where before == .running && verdict.outcome != .good:
            check(machine.state == .stopped || machine.state == .fault, "a part that is not good stops the line")
            needsAcknowledge = true
            needsReset = true
        case .acknowledge where machine.state == .acknowledged && (before == .stopped || before == .fault):
            needsAcknowledge = false
        case .reset where before == .acknowledged && machine.state != .acknowledged:
            check(machine.activeCauses.isEmpty, "no reset with an active cause")
            if !needsAcknowledge { needsReset = false }
        default: break
        }
        if machine.state == .ready {
            check(machine.recipe != nil && machine.sourceIsReady, "ready has recipe and source")
            check(machine.activeCauses.isEmpty, "ready has no cause of a fault")
        }
    }

    /// The process is gone, at any moment; the permit's wire is what boot finds and switches off.
    mutating func restart(time: UInt64) {
        machine = LineMachine()
        feed(.boot(disk), time: time, diskFull: false)
        check(!permit, "no boot leads to a permit")
    }
}

@Suite struct LineMachinePropertyTests {
    private func randomInput(_ random: inout SplitMix) -> LineInput {
        let user = Int.random(in: 0..<12, using: &random) == 0 ? "" : "anna"
        switch Int.random(in: 0..<34, using: &random) {
        case 0...2: return .recipeReady(recipe: "r", model: Int.random(in: 0..<4, using: &random) == 0 ? "m2" : "m")
        case 3...6: return .sourceReady
        case 7: return .sourceLost(reason: "unplugged")
        case 8: return .recipeMissing(reason: "no file")
        case 9...13: return .verdict(Verdict(part: "p", score: 0.5, threshold: 1))
        case 14: return .verdict(Verdict(part: "p", score: 2, threshold: 1))
        case 15: return .verdict(Verdict(part: "p", score: .nan, threshold: 1))
        case 16...19:
            return .acknowledge(user: user, verdict: AcknowledgeVerdict.unclear, reason: user.isEmpty ? "r" : "dust")
        case 20...23: return .reset(user: user)
        case 24...27: return .start(user: user)
        case 28: return .fault(FaultCode.allCases.randomElement(using: &random) ?? .internal, detail: "d")
        case 29, 30: return .faultCleared(FaultCode.allCases.randomElement(using: &random) ?? .internal)
        case 31: return .configurationChanged(affectsVerdicts: Bool.random(using: &random))
        case 32: return .summaryDue
        default: return Int.random(in: 0..<4, using: &random) == 0 ? .shutdown : .boot(nil)
        }
    }

    @Test("in every order of inputs the permit follows the rules")
    func randomSequences() {
        let thorough = getenv("JIDOKA_THOROUGH") != nil
        let steps = thorough ? 2_000_000 : 200_000
        var random = SplitMix(state: 20_261)
        var world = World()
        world.restart(time: 0)
        var seen: [LineState: Int] = [:]
        for step in 0..<steps {
            let time = UInt64(step)
            if Int.random(in: 0..<60, using: &random) == 0 {
                world.restart(time: time)
            }
            let diskFull = Int.random(in: 0..<200, using: &random) == 0
            world.feed(randomInput(&random), time: time, diskFull: diskFull)
            if world.machine.latch.cleanEnd {
                world.restart(time: time)
            }
            seen[world.machine.state, default: 0] += 1
            if !world.problems.isEmpty {
                Issue.record("step \(step): \(world.problems)")
                return
            }
        }
        print("\(steps) random steps (\(thorough ? "thorough" : "short")): \(world.starts) starts, \(world.stops) ends")
        #expect(world.starts > steps / 2_000)
        for state in LineState.allCases { #expect(seen[state, default: 0] > steps / 1_000, "\(state.rawValue)") }
    }
}
