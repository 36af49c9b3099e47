// SPDX-License-Identifier: Apache-2.0

import Calibration
import Glibc
import Line
import Testing

@Suite struct PolicyCoverTests {
    @Test("no run of so many good parts: as counting all sequences gives it")
    func runs() {
        for parts in 0...10 {
            for length in 1...4 {
                var expected = 0.0
                for pattern in 0..<(1 << parts) {
                    var (run, longest) = (0, 0)
                    for part in 0..<parts {
                        run = pattern >> part & 1 == 1 ? run + 1 : 0
                        longest = max(longest, run)
                    }
                    let good = pattern.nonzeroBitCount
                    if longest < length { expected += pow(0.7, Double(good)) * pow(0.3, Double(parts - good)) }
                }
                #expect(abs(PolicyCover.noRun(of: length, in: parts, miss: 0.3) - expected) < 1e-12)
            }
        }
    }

    @Test("an average over the Beta law is from above, and hardly above")
    func average() {
        for (above, count) in [(0, 20), (0, 500), (3, 100), (40, 800)] {
            let mean = Double(above + 1) / Double(count + 1)
            let bound = PolicyCover.average({ $0 }, above: above, of: count)
            #expect(bound >= mean && bound < mean * 1.01)
            // E[p²] of Beta(a, b) is a (a + 1) / ((a + b) (a + b + 1)).
            let square = mean * Double(above + 2) / Double(count + 2)
            let second = PolicyCover.average({ $0 * $0 }, above: above, of: count)
            #expect(second >= square && second < square * 1.02)
        }
    }

    @Test("without a warn threshold the policy is the stop threshold")
    func stopOnly() throws {
        let scores = (1...99).map { Float($0) }
        let cover = PolicyCover(
            stop: try ConformalThreshold(scores: scores, alpha: 0.01), warn: nil,
            rules: .init(suspicious: 3, window: 10))
        #expect(cover.threshold == 0.01 && cover.accumulation == 0 && cover.andon == 0 && cover.andons == 0)
        #expect(cover.lines(perShift: 1_000).first?.contains("at most 10 false stops") == true)
    }

    @Test("what is not known is said, not left out silently")
    func unknownRate() throws {
        let scores = (1...99).map { Float($0) }
        let (stop, warn) = (
            try ConformalThreshold(scores: scores, alpha: 0.01), try ConformalThreshold(scores: scores, alpha: 0.1)
        )
        let cover = PolicyCover(stop: stop, warn: warn, rules: .init(goodParts: 10))
        #expect(cover.andon == nil && cover.total == 0.01 + 0.1 && cover.lines().contains { $0.contains("--rate") })
        // Only a person ends an andon: nobody looks, so each of them stops the line.
        let person = PolicyCover(stop: stop, warn: warn, rules: .init())
        #expect(person.andon == person.andons && person.andons == 0.1)
    }

    /// A line of good parts, whose people start it again after every stop and never look at an andon.
    private func stops(parts: Int, stop: Double, warn: Double, policy: LinePolicy, random: inout SeededRandom) -> Int {
        var machine = LineMachine(policy: policy)
        var time: UInt64 = 1
        func now() -> Moment { Moment(wall: time, monotonic: time) }
        _ = machine.handle(.boot(nil), at: now())
        _ = machine.handle(.recipeReady(recipe: "r", model: "m"), at: now())
        _ = machine.handle(.sourceReady, at: now())
        _ = machine.handle(.start(user: "test"), at: now())
        var stops = 0
        for _ in 0..<parts {
            time += 1_000_000_000
            let drawn = Double.random(in: 0..<1, using: &random)
            let score: Float = drawn < stop ? 3 : drawn < warn ? 1.5 : 0
            // What is due comes before the part, as in the daemon.
            _ = machine.handle(.tick, at: now())
            if machine.state.isInspecting {
                _ = machine.handle(.verdict(Verdict(part: "p", score: score, threshold: 2, warn: 1)), at: now())
            }
            guard machine.state == .stopped else { continue }
            stops += 1
            _ = machine.handle(.acknowledge(user: "test", verdict: .falseStop, reason: "good"), at: now())
            _ = machine.handle(.reset(user: "test"), at: now())
            _ = machine.handle(.start(user: "test"), at: now())
        }
        return stops
    }

    @Test("the line itself stops no more often than the cover says, on average over calibrations and with a confidence")
    func line() throws {
        let calibrations = repetitions(60, thorough: 600, of: "calibrations of lines of 4,000 good parts each")
        let parts = 4_000
        var random = SeededRandom(77)
        // 45 s at a part a second: 44 parts come before the time is up, and one as it is.
        let policy = LinePolicy(
            andonTime: 45_000_000_000, goodParts: 12, suspicious: .init(count: 3, of: 20))
        let rules = PolicyCover.Rules(suspicious: 3, window: 20, goodParts: 12, andonParts: 44)
        for confidence in [nil, 0.9] as [Double?] {
            var (found, allowed, violations) = (0.0, 0.0, 0)
            for _ in 0..<calibrations {
                // Uniform scores: a threshold's rate is 1 − its value.
                let scores = (0..<150).map { _ in Float.random(in: 0..<1, using: &random) }
                let stop = try ConformalThreshold(scores: scores, alpha: 0.03, confidence: confidence)
                let warn = try ConformalThreshold(scores: scores, alpha: 0.1)
                let cover = PolicyCover(stop: stop, warn: warn, rules: rules)
                let count = stops(
                    parts: parts, stop: 1 - Double(stop.value), warn: 1 - Double(warn.value), policy: policy,
                    random: &random)
                found += Double(count) / Double(parts)
                allowed += cover.total
                // Beyond what chance makes of so few stops.
                let noise = 4 * (cover.total * Double(parts)).squareRoot()
                if Double(count) > cover.total * Double(parts) + noise { violations += 1 }
            }
            let (mean, bound) = (found / Double(calibrations), allowed / Double(calibrations))
            print("policy: \(mean) stops a part, at most \(bound) said (confidence \(confidence ?? 0))")
            #expect(mean < bound && bound < 4 * mean + 0.1)
            if let confidence {
                let gate = BinomialTail.atMost(violations - 1, of: calibrations, probability: 1 - confidence)
                #expect(gate < 1 - 1e-6)
            }
        }
    }
}
