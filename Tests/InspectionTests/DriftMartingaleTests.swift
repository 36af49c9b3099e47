// SPDX-License-Identifier: Apache-2.0

import Glibc
import Inspection
import Testing

@Suite struct DriftMartingaleTests {
    /// A law of values.
    struct Law: Sendable, CustomTestStringConvertible {
        let name: String
        let draw: @Sendable (inout SeededRandom) -> Double
        var testDescription: String { name }
    }

    static func uniform(_ random: inout SeededRandom) -> Double {
        (Double(random.next() >> 11) + 0.5) * 0x1p-53
    }

    static func normal(_ random: inout SeededRandom) -> Double {
        (-2 * log(uniform(&random))).squareRoot() * cos(2 * .pi * uniform(&random))
    }

    static let laws: [Law] = [
        Law(name: "normal", draw: { 10 + normal(&$0) }),
        Law(name: "log-normal", draw: { exp(2 * normal(&$0)) }),
        // Heavier than any bin is wide, on both sides of zero.
        Law(name: "Cauchy", draw: { tan(.pi * (uniform(&$0) - 0.5)) }),
        Law(name: "narrow, hardly more than one bin", draw: { 100 + 0.05 * normal(&$0) }),
        Law(name: "geometric: many ties", draw: { floor(-log(uniform(&$0)) * 2) }),
        Law(name: "a coin", draw: { uniform(&$0) < 0.3 ? 1 : 0 }),
        Law(name: "constant", draw: { _ in 3 }),
    ]

    private static func martingale(_ law: Law, calibration: Int, random: inout SeededRandom) -> RankMartingale {
        RankMartingale(
            calibration: (0..<calibration).map { _ in Float(law.draw(&random)) }, seed: random.next())
    }

    @Test(
        "p-values are uniform, and independent from one part to the next, whatever the law and its ties",
        arguments: laws)
    func pValues(law: Law) {
        let runs = repetitions(400, thorough: 20_000, of: "calibrations, \(law.name)")
        var random = SeededRandom(17)
        let (cells, parts) = (10, 25)
        var single = [Int](repeating: 0, count: cells)
        // Of one part and the next, each pair once: a part between two pairs belongs to one only.
        var pairs = [Int](repeating: 0, count: cells * cells)
        for _ in 0..<runs {
            var martingale = Self.martingale(law, calibration: 20, random: &random)
            var last = 0
            for part in 0..<2 * parts {
                martingale.add(Float(law.draw(&random)))
                #expect((0...1).contains(martingale.pValue))
                let cell = min(cells - 1, Int(martingale.pValue * Double(cells)))
                single[cell] += 1
                if part % 2 == 1 { pairs[last * cells + cell] += 1 }
                last = cell
            }
        }
        // Chi-square by Wilson and Hilferty's cube root; five deviations are 3 in 10 million.
        func deviations(_ counts: [Int]) -> Double {
            let expected = Double(counts.reduce(0, +)) / Double(counts.count)
            let sum = counts.reduce(0.0) { $0 + (Double($1) - expected) * (Double($1) - expected) / expected }
            let freedom = Double(counts.count - 1)
            return (cbrt(sum / freedom) - 1 + 2 / (9 * freedom)) / (2 / (9 * freedom)).squareRoot()
        }
        #expect(deviations(single) < 5, "\(single)")
        #expect(deviations(pairs) < 5)
    }

    @Test("capital reaches 1/level in no more runs than the level says, whatever the law", arguments: laws)
    func villeBound(law: Law) {
        let runs = repetitions(150, thorough: 2_000, of: "in-control runs, \(law.name)")
        var random = SeededRandom(23)
        for level in [0.5, 0.1] {
            var alarms = 0
            for run in 0..<runs {
                var martingale = Self.martingale(law, calibration: [3, 20, 80][run % 3], random: &random)
                for _ in 0..<500 where martingale.add(Float(law.draw(&random))) >= 1 / level {
                    alarms += 1
                    break
                }
            }
            let bound = level * Double(runs) + 5 * (level * (1 - level) * Double(runs)).squareRoot()
            #expect(Double(alarms) <= bound, "level \(level): \(alarms) of \(runs)")
        }
    }

    @Test("no capital comes from nowhere: it is 1 at the start, never negative, and on average 1 later on")
    func fairness() {
        var random = SeededRandom(29)
        // Three parts: after more of them the mean hangs on winnings that are too rare to be met.
        let runs = repetitions(4_000, thorough: 200_000, of: "short in-control runs")
        var (sum, squares) = (0.0, 0.0)
        for _ in 0..<runs {
            var martingale = Self.martingale(Self.laws[4], calibration: 10, random: &random)
            #expect(martingale.capital == 1 && martingale.change == nil)
            for _ in 0..<3 { #expect(martingale.add(Float(Self.laws[4].draw(&random))) > 0) }
            sum += martingale.capital
            squares += martingale.capital * martingale.capital
        }
        let mean = sum / Double(runs)
        let error = ((squares / Double(runs) - mean * mean) / Double(runs)).squareRoot()
        #expect(abs(mean - 1) < 5 * error, "\(mean) ± \(error)")
    }

    @Test("values that are not finite leave everything as it was, and a restart forgets all but the calibration")
    func restart() {
        var random = SeededRandom(31)
        let values = (0..<50).map { _ in Float(Self.normal(&random)) }
        var martingale = RankMartingale(calibration: Array(values.prefix(20)) + [.nan, .infinity], seed: 5)
        for value in values { martingale.add(value) }
        let (capital, count) = (martingale.capital, martingale.count)
        for value in [Float.nan, .infinity, -.infinity] { #expect(martingale.add(value) == capital) }
        #expect(martingale.count == count && count == 50)
        martingale.restart()
        #expect(martingale.capital == 1 && martingale.count == 0 && martingale.change == nil)
        // Far above everything: without the 50 in between, the p-value is that of one among 21.
        martingale.add(1_000)
        #expect(martingale.pValue < 1 / 21.0)
        // Infinite bits of extreme values must not trap.
        for value in [Float.greatestFiniteMagnitude, -.greatestFiniteMagnitude, .leastNonzeroMagnitude, 0, -0.0] {
            #expect(martingale.add(value).isFinite)
        }
    }
}
