// SPDX-License-Identifier: Apache-2.0

import Calibration
import Glibc
import Testing

@Suite struct CostThresholdTests {
    /// Cost of a part at a threshold, straight from the definition: every score is counted anew.
    private func cost(
        _ threshold: Float, _ good: [Float], _ bad: [Float], exceed: Double, miss: Double, rate: Double
    ) -> Double {
        let above = Double(good.count { $0 > threshold } + 1) / Double(good.count + 1)
        let passed = Double(bad.count { $0 <= threshold }) / Double(bad.count)
        return exceed * (1 - rate) * above + miss * rate * passed
    }

    @Test("the thresholds are what trying every score finds, with and without ties")
    func bruteForce() throws {
        let trials = repetitions(300, thorough: 20_000, of: "cheapest thresholds against brute force")
        var random = SeededRandom(11)
        var warned = 0
        for trial in 0..<trials {
            let step: Float = trial % 3 == 0 ? 0.25 : 0
            func draw(_ count: Int, _ range: ClosedRange<Float>) -> [Float] {
                random.floats(count, range).map { step > 0 ? ($0 / step).rounded() * step : $0 }
            }
            let good = draw(1 + trial % 60, 0...1)
            let bad = draw(10 + trial % 40, 0.3...2)
            let rate = Double.random(in: 0.001...0.1, using: &random)
            let escape = Double.random(in: 1...(trial % 2 == 0 ? 20 : 1000), using: &random)
            let costs = try CostThreshold.Costs(stop: 1, escape: escape, look: 0.02, defectRate: rate)
            let choice = try CostThreshold(scores: good, defects: bad, costs: costs)
            let best = good.map { cost($0, good, bad, exceed: 1, miss: escape, rate: rate) }.min() ?? .nan
            #expect(abs(choice.stop.cost - best) < 1e-9 * (1 + best))
            let own = cost(choice.stop.value, good, bad, exceed: 1, miss: escape, rate: rate)
            #expect(abs(own - best) < 1e-9 * (1 + best))
            #expect(good.sorted()[choice.stop.order - 1] == choice.stop.value)
            #expect(
                abs(choice.stop.alpha - Double(good.count { $0 > choice.stop.value } + 1) / Double(good.count + 1))
                    < 1e-12)
            // The order is one that split conformal prediction gives for this rate.
            let conformal = try ConformalThreshold(scores: good, alpha: choice.stop.alpha)
            #expect(conformal.value == choice.stop.value && conformal.order == choice.stop.order)
            let looks = good.map { cost($0, good, bad, exceed: 0.02, miss: escape - 0.02, rate: rate) }.min() ?? .nan
            if let warn = choice.warn {
                warned += 1
                #expect(warn.value < choice.stop.value && abs(warn.cost - looks) < 1e-9 * (1 + looks))
            }
        }
        #expect(warned > trials / 10)
    }

    @Test("dear stops raise the threshold, dear escapes and frequent defects lower it")
    func monotone() throws {
        var random = SeededRandom(5)
        let good = random.floats(200, 0...1)
        let bad = random.floats(100, 0.5...2)
        func value(_ stop: Double, _ escape: Double, _ rate: Double) throws -> Float {
            try CostThreshold(
                scores: good, defects: bad, costs: .init(stop: stop, escape: escape, defectRate: rate)
            ).stop.value
        }
        var last = Float.infinity
        for escape in [1.0, 10, 100, 1_000, 10_000] {
            let now = try value(1, escape, 0.01)
            #expect(now <= last)
            last = now
        }
        #expect(try value(100, 100, 0.01) >= value(1, 100, 0.01))
        #expect(try value(1, 100, 0.3) <= value(1, 100, 0.001))
        // Only the ratio counts.
        #expect(try value(3, 300, 0.01) == value(1, 100, 0.01))
    }

    @Test("an optimum beyond the largest score is said, and the largest is taken")
    func beyond() throws {
        var random = SeededRandom(3)
        let good = (0..<300).map { _ in Float(-log(Double.random(in: 1e-9..<1, using: &random))) }
        let bad = (0..<50).map { Float(20 + $0) }
        let costs = try CostThreshold.Costs(stop: 1_000, escape: 10_000, defectRate: 0.01)
        let choice = try CostThreshold(scores: good, defects: bad, costs: costs)
        #expect(choice.stop.order == 300 && choice.stop.missed == 0)
        let beyond = try #require(choice.beyond)
        #expect(beyond.value == 20 && beyond.rate < choice.stop.alpha && beyond.cost < choice.stop.cost)
        #expect(choice.lines(good: "parts", defects: "defects").contains { $0.contains("lies beyond the largest") })
        // With few scores there is no model of the tail, and nothing is said of it.
        #expect(try CostThreshold(scores: Array(good.prefix(20)), defects: bad, costs: costs).beyond == nil)
    }

    @Test("the lines say what is assumed, and when no threshold pays")
    func words() throws {
        let good = (1...50).map { Float($0) }
        let bad = (1...50).map { Float($0) }
        let costs = try CostThreshold.Costs(stop: 100, escape: 1, look: 0.5, defectRate: 0.01)
        let choice = try CostThreshold(scores: good, defects: bad, costs: costs)
        let lines = choice.lines(good: "good scores", defects: "defects").joined(separator: "\n")
        #expect(lines.contains("NO THRESHOLD PAYS") && lines.contains("estimates, not guarantees"))
        #expect(lines.contains("real defects look like") && lines.contains("as it was given"))
    }

    @Test("the rate for an order that the scores themselves chose is kept with its confidence")
    func chosen() throws {
        let trials = repetitions(400, thorough: 10_000, of: "costs weighed on the scores that give the threshold")
        var random = SeededRandom(17)
        var violations = 0
        for _ in 0..<trials {
            // Uniform, so that the true rate above a threshold is known.
            let good = random.floats(100, 0...1)
            let bad = random.floats(40, 0.6...1.4)
            let costs = try CostThreshold.Costs(
                stop: 1, escape: Double.random(in: 1...200, using: &random), defectRate: 0.02)
            let choice = try CostThreshold(scores: good, defects: bad, costs: costs)
            if 1 - Double(choice.stop.value) > choice.rate(confidence: 0.9) { violations += 1 }
        }
        #expect(Double(violations) <= 0.1 * Double(trials))
        print("violations at a confidence of 90 %: \(violations) of \(trials)")
    }

    @Test("nonsense is refused by name")
    func nonsense() throws {
        for (stop, escape, look, rate, name) in [
            (0.0, 1.0, nil, 0.1, "cost-stop"), (1, -1, nil, 0.1, "cost-escape"), (1, .nan, nil, 0.1, "cost-escape"),
            (1, 10, 0, 0.1, "cost-look"), (1, 10, 1, 0.1, "cost-look"), (1, 10, nil, 0, "defect-rate"),
            (1, 10, nil, 1, "defect-rate"), (.infinity, 1, nil, 0.5, "cost-stop"), (1, 1, nil, .nan, "defect-rate"),
        ] as [(Double, Double, Double?, Double, String)] {
            let error = calibrationError {
                _ = try CostThreshold.Costs(stop: stop, escape: escape, look: look, defectRate: rate)
            }
            #expect(error?.thing == name, "\(name)")
        }
        let costs = try CostThreshold.Costs(stop: 1, escape: 10, defectRate: 0.1)
        let ten = [Float](repeating: 1, count: 10)
        #expect(
            calibrationError { _ = try CostThreshold(scores: [], defects: ten, costs: costs) }?.code == .tooFewParts)
        #expect(
            calibrationError { _ = try CostThreshold(scores: ten, defects: [1], costs: costs) }?.code == .tooFewParts)
        #expect(
            calibrationError { _ = try CostThreshold(scores: ten, defects: ten + [.nan], costs: costs) }?.code
                == .notFinite)
    }
}
