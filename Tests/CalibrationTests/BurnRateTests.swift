// SPDX-License-Identifier: Apache-2.0

import Calibration
import Glibc
import Testing

@Suite struct BurnRateTests {
    @Test("a budget that is used exactly burns at 1, and chance around it is no alarm")
    func exact() {
        let exact = BurnRate(falseStops: 10, parts: 10_000, budget: 10)
        #expect(exact.burn.map { abs($0 - 1) < 1e-12 } == true && !exact.isBurning)
        #expect((exact.burnLow ?? 9) < 1 && (exact.burnHigh ?? 0) > 1)
        // One stop where a hundredth was allowed may be chance no more; one where a half was may be.
        #expect(BurnRate(falseStops: 1, parts: 100, budget: 0.01).isBurning)
        #expect(!BurnRate(falseStops: 1, parts: 100, budget: 0.5).isBurning)
        #expect(BurnRate(falseStops: 30, parts: 10_000, budget: 10).isBurning)
        #expect(!BurnRate(falseStops: 0, parts: 10_000, budget: 10).isBurning)
    }

    @Test("nothing judged, nothing allowed, and more stops than parts give no alarm and no division by zero")
    func empty() {
        let none = BurnRate(falseStops: 0, parts: 0, budget: 0)
        #expect(none.burn == nil && !none.isBurning && none.low == 0 && none.high == 1)
        #expect(BurnRate(falseStops: 3, parts: 0, budget: 1).parts == 3)
        #expect(BurnRate(falseStops: 3, parts: 100, budget: 0).burn == nil)
    }

    @Test("the lower limit is what the sum of the binomial terms says, and mirrors the upper one")
    func lowerLimit() {
        for (count, parts) in [(1, 10), (3, 10), (9, 10), (5, 1_000), (40, 100_000), (10, 10)] {
            let low = BinomialTail.lowerRate(count, of: parts, confidence: 0.975)
            // P(Bin(n, low) ≥ m) is the risk.
            #expect(abs(1 - BinomialTail.atMost(count - 1, of: parts, probability: low) - 0.025) < 1e-9)
            if parts <= 1_000, count < parts {
                let upper = BinomialTail.upperRate(parts - count, of: parts, confidence: 0.975)
                #expect(abs(low - (1 - upper)) < 1e-9, "\(count) of \(parts)")
            }
        }
        #expect(BinomialTail.lowerRate(0, of: 10, confidence: 0.95) == 0)
        // R: binom.test(5, 100)$conf.int[1]
        #expect(abs(BinomialTail.lowerRate(5, of: 100, confidence: 0.975) - 0.0164319) < 1e-6)
    }

    @Test("a line that keeps its budget is called burning no more often than is said")
    func falseAlarms() {
        let trials = repetitions(400, thorough: 20_000, of: "windows that keep their budget")
        var random = SeededRandom(23)
        var alarms = 0
        for trial in 0..<trials {
            let parts = 500 + trial % 1_500
            let rate = 0.004
            let stops = (0..<parts).count { _ in Double.random(in: 0..<1, using: &random) < rate }
            if BurnRate(falseStops: stops, parts: parts, budget: rate * Double(parts)).isBurning { alarms += 1 }
        }
        // A gate of 10⁻⁶ on the count.
        let mean = BurnRate.risk * Double(trials)
        #expect(Double(alarms) <= mean + 4.9 * mean.squareRoot() + 3)
        print("called burning: \(alarms) of \(trials), \(BurnRate.risk) allowed")
    }
}
