// SPDX-License-Identifier: Apache-2.0

import Calibration
import Testing

/// The `CalibrationError` of some work, nil when it went through.
func calibrationError(_ body: () throws -> Void) -> CalibrationError? {
    do {
        try body()
        return nil
    } catch {
        return error as? CalibrationError
    }
}

@Suite struct ConformalThresholdTests {
    private func ascending(_ count: Int) -> [Float] { (1...max(1, count)).prefix(count).map { Float($0) } }

    @Test("α = 0.05 takes the 19th of 19 scores, and 18 are refused with the number that is needed")
    func fivePercent() throws {
        let threshold = try ConformalThreshold(scores: ascending(19).shuffled(), alpha: 0.05)
        #expect(threshold.order == 19 && threshold.value == 19 && threshold.count == 19 && threshold.alpha == 0.05)
        let error = calibrationError { _ = try ConformalThreshold(scores: ascending(18), alpha: 0.05) }
        #expect(error?.code == .tooFewParts)
        #expect(error?.expected.contains("19") == true && error?.found == "18")
    }

    @Test("the order is ⌈(n + 1)(1 − α)⌉ in exact arithmetic, for α = a/1000")
    func order() throws {
        for thousandths in 1...999 {
            for parts in [1, 2, 9, 10, 19, 20, 39, 40, 99, 100, 199, 399, 999] {
                let exact = ((parts + 1) * (1000 - thousandths) + 999) / 1000
                let threshold = try? ConformalThreshold(scores: ascending(parts), alpha: Double(thousandths) / 1000)
                #expect(
                    threshold?.order == (exact <= parts ? max(1, exact) : nil), "α = \(thousandths)/1000, n = \(parts)")
            }
        }
    }

    @Test("the parts that an α needs are what trying every number finds")
    func partsNeeded() {
        for thousandths in 1...999 {
            let alpha = Double(thousandths) / 1000
            // The smallest n with n + 1 ≥ 1/α, in integers.
            let exact = max(1, (1000 + thousandths - 1) / thousandths - 1)
            #expect(ConformalThreshold.partsNeeded(alpha: alpha) == exact, "\(alpha)")
        }
        for parts in 1...2000 {
            #expect(ConformalThreshold.partsNeeded(alpha: ConformalThreshold.smallestAlpha(parts: parts)) == parts)
        }
    }

    @Test(
        "the parts that are needed are enough, and one fewer is refused",
        arguments: [0.3, 0.1, 0.07, 0.05, 0.0123, 0.01, 0.001])
    func partsSuffice(alpha: Double) {
        let needed = ConformalThreshold.partsNeeded(alpha: alpha)
        #expect(calibrationError { _ = try ConformalThreshold(scores: ascending(needed), alpha: alpha) } == nil)
        #expect(
            calibrationError { _ = try ConformalThreshold(scores: ascending(needed - 1), alpha: alpha) }?.code
                == .tooFewParts)
    }

    @Test("without an α it is the smallest that the parts support, and the threshold is the largest score")
    func smallest() throws {
        for parts in [1, 2, 18, 19, 100, 321] {
            let threshold = try ConformalThreshold(scores: ascending(parts), alpha: nil)
            #expect(threshold.alpha == 1 / Double(parts + 1))
            #expect(threshold.order == parts && threshold.value == Float(parts))
        }
    }

    @Test(
        "rates outside (0, 1), NaN, and rates that no number of parts supports are refused",
        arguments: [0, 1, -0.1, 1.5, .nan, .infinity, -.infinity, 1e-12, 1e-300, .leastNonzeroMagnitude])
    func badAlpha(alpha: Double) {
        #expect(calibrationError { _ = try ConformalThreshold(scores: ascending(100), alpha: alpha) } != nil)
    }

    @Test("scores that are not finite, and none at all, are refused", arguments: [Float.nan, .infinity, -.infinity])
    func badScores(value: Float) {
        #expect(
            calibrationError { _ = try ConformalThreshold(scores: ascending(19) + [value], alpha: 0.05) }?.code
                == .notFinite)
        #expect(calibrationError { _ = try ConformalThreshold(scores: [], alpha: nil) }?.code == .tooFewParts)
    }

    @Test("scores equal to the threshold pass, and ties change nothing")
    func ties() throws {
        let threshold = try ConformalThreshold(scores: [Float](repeating: 2, count: 40), alpha: 0.05)
        #expect(threshold.value == 2)
        let some = try ConformalThreshold(scores: [1, 1, 1, 3, 3, 3, 3, 2, 2], alpha: 0.5)
        #expect(some.order == 5 && some.value == 2)
    }

    @Test("the statement says threshold, order, number and a rate that is never rounded down")
    func statement() throws {
        #expect(try ConformalThreshold(scores: ascending(19), alpha: 0.05).statement.contains("at most 5.0 %"))
        let odd = try ConformalThreshold(scores: ascending(400), alpha: 0.00254)
        #expect(odd.statement.contains("at most 0.26 %") && odd.statement.contains("400"))
    }

    @Test("on average over calibrations, no more good parts stop than α", arguments: [19, 40, 99])
    func promise(parts: Int) throws {
        let calibrations = repetitions(2_000, thorough: 20_000, of: "simulated calibrations with \(parts) parts")
        var random = SeededRandom(UInt64(parts))
        for alpha in [0.05, 0.1, 0.2] {
            var (sum, squares) = (0.0, 0.0)
            for _ in 0..<calibrations {
                // A skewed continuous score with a known distribution: U², so that P(score > t) = 1 − √t.
                let scores = (0..<parts).map { _ in
                    let u = Double.random(in: 0..<1, using: &random)
                    return Float(u * u)
                }
                let rate = 1 - Double(try ConformalThreshold(scores: scores, alpha: alpha).value).squareRoot()
                sum += rate
                squares += rate * rate
            }
            let mean = sum / Double(calibrations)
            let error = ((squares / Double(calibrations) - mean * mean) / Double(calibrations)).squareRoot()
            #expect(mean <= alpha + 3 * error, "\(parts) parts, α \(alpha): \(mean) ± \(error)")
            // Not needlessly strict either: the expectation is ⌊(n + 1)α⌋/(n + 1).
            let expected = (Double(parts + 1) * alpha + 1e-9).rounded(.down) / Double(parts + 1)
            #expect(abs(mean - expected) <= 4 * error)
            print("α \(alpha), \(parts) parts: false stops \(mean) ± \(error)")
        }
    }
}
