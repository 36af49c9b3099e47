// SPDX-License-Identifier: Apache-2.0

import Calibration
import Glibc
import Testing

@Suite struct CertificateTests {
    /// A law of scores that can be drawn from and whose tail is known.
    struct Law: Sendable, CustomTestStringConvertible {
        let name: String
        let draw: @Sendable (inout SeededRandom) -> Double
        /// P(score > t).
        let tail: @Sendable (Double) -> Double
        var testDescription: String { name }
    }

    private static func uniform(_ random: inout SeededRandom) -> Double {
        Double.random(in: Double.leastNonzeroMagnitude..<1, using: &random)
    }

    private static func normal(_ random: inout SeededRandom) -> Double {
        (-2 * log(uniform(&random))).squareRoot() * cos(2 * .pi * uniform(&random))
    }

    private static func normalTail(_ value: Double) -> Double { erfc(value / 2.0.squareRoot()) / 2 }

    static let laws: [Law] = [
        Law(name: "normal", draw: { normal(&$0) }, tail: { normalTail($0) }),
        Law(name: "log-normal", draw: { exp(normal(&$0)) }, tail: { normalTail(log($0)) }),
        Law(
            name: "Gamma, shape 2", draw: { -log(uniform(&$0)) - log(uniform(&$0)) },
            tail: { exp(-$0) * (1 + $0) }),
        Law(
            name: "Student-t, 3 degrees",
            draw: { random in
                let square = (0..<3).reduce(0.0) { sum, _ in
                    let one = normal(&random)
                    return sum + one * one
                }
                return normal(&random) / (square / 3).squareRoot()
            },
            tail: { value in
                let part = value / 3.0.squareRoot()
                return 0.5 - (atan(part) + part / (1 + part * part)) / .pi
            }),
        Law(
            name: "mixture: one in ten three deviations higher",
            draw: { random in normal(&random) + (uniform(&random) < 0.1 ? 3 : 0) },
            tail: { 0.9 * normalTail($0) + 0.1 * normalTail($0 - 3) }),
        // Geometric: many ties.
        Law(name: "discrete", draw: { floor(-log(uniform(&$0)) * 3) }, tail: { exp(-(floor($0) + 1) / 3) }),
    ]

    @Test("guaranteed claims are violated no more often than they say, whatever the law", arguments: laws)
    func guarantees(law: Law) throws {
        let trials = repetitions(300, thorough: 10_000, of: "calibrations of each cell, \(law.name)")
        let sizes = [20, 60, 150, 300, 600, 1_000, 5_000]
        let cells = Double(Self.laws.count * sizes.count * 2)
        var random = SeededRandom(UInt64(law.name.utf8.count) * 7)
        var worst = 0.0
        for parts in sizes {
            for alpha in [nil, 0.05] as [Double?] {
                let confidence = 0.9
                let smallest = ConformalThreshold.smallestAlpha(parts: parts, confidence: confidence)
                if let alpha, alpha < smallest { continue }
                let count = parts > 1_000 ? max(50, trials / 10) : trials
                var violations = 0
                var (rates, squares) = (0.0, 0.0)
                for _ in 0..<count {
                    // As floats, as scores are.
                    let scores = (0..<parts).map { _ in Float(law.draw(&random)) }
                    let sure = try ConformalThreshold(scores: scores, alpha: alpha, confidence: confidence)
                    if law.tail(Double(sure.value)) > sure.alpha + 1e-6 { violations += 1 }
                    let average = try ConformalThreshold(scores: scores, alpha: alpha ?? 1 / Double(parts + 1))
                    let rate = law.tail(Double(average.value))
                    rates += rate
                    squares += rate * rate
                }
                // One gate at 10⁻⁶ over all cells.
                let gate = BinomialTail.atMost(violations - 1, of: count, probability: 1 - confidence)
                #expect(1 - gate > 1e-6 / cells, "n = \(parts), α = \(alpha ?? smallest): \(violations) of \(count)")
                worst = max(worst, Double(violations) / Double(count))
                let mean = rates / Double(count)
                let error = ((squares / Double(count) - mean * mean) / Double(count)).squareRoot()
                #expect(mean <= (alpha ?? 1 / Double(parts + 1)) + 6 * error + 1e-6, "n = \(parts): mean rate \(mean)")
            }
        }
        print("certificate, \(law.name): at confidence 0.9 at most \(worst) of a cell's calibrations broke the promise")
    }

    @Test("the numbers of parts are those of the order statistics: 299 and 2,995 at 95 %, 99 and 999 on average")
    func partsNeeded() {
        #expect(BinomialTail.partsNeeded(alpha: 0.01, confidence: 0.95) == 299)
        #expect(BinomialTail.partsNeeded(alpha: 0.001, confidence: 0.95) == 2_995)
        #expect(ConformalThreshold.partsNeeded(alpha: 0.01, confidence: nil) == 99)
        #expect(ConformalThreshold.partsNeeded(alpha: 0.001, confidence: nil) == 999)
        for parts in [1, 7, 40, 299, 2_995] {
            for confidence in [0.5, 0.9, 0.95, 0.999] {
                let alpha = ConformalThreshold.smallestAlpha(parts: parts, confidence: confidence)
                #expect(BinomialTail.exceedances(of: parts, alpha: alpha, confidence: confidence) == 0)
                #expect(BinomialTail.exceedances(of: parts, alpha: alpha * 0.999, confidence: confidence) == nil)
                #expect(abs(pow(1 - alpha, Double(parts)) - (1 - confidence)) < 1e-9)
            }
        }
    }

    @Test("the binomial's tail agrees with its definition, and the upper rate with the tail")
    func binomial() {
        // Exact sums of small cases, in rational arithmetic by hand.
        #expect(abs(BinomialTail.atMost(0, of: 3, probability: 0.5) - 0.125) < 1e-15)
        #expect(abs(BinomialTail.atMost(1, of: 4, probability: 0.25) - 0.738_281_25) < 1e-14)
        #expect(
            BinomialTail.atMost(4, of: 4, probability: 0.25) == 1
                && BinomialTail.atMost(-1, of: 4, probability: 0.2) == 0)
        for (count, parts) in [(0, 50), (3, 50), (40, 50), (700, 100_000)] {
            let rate = BinomialTail.upperRate(count, of: parts, confidence: 0.95)
            #expect(abs(BinomialTail.atMost(count, of: parts, probability: rate) - 0.05) < 1e-7, "\(count) of \(parts)")
        }
        #expect(BinomialTail.upperRate(5, of: 5, confidence: 0.9) == 1)
    }

    @Test(
        "a rate that the parts do not support is refused with the number that would do, with and without a confidence")
    func refusals() throws {
        let scores = (1...298).map { Float($0) }
        let error = calibrationError { _ = try ConformalThreshold(scores: scores, alpha: 0.01, confidence: 0.95) }
        #expect(error?.code == .tooFewParts && error?.expected.contains("299") == true && error?.found == "298")
        let enough = try ConformalThreshold(scores: scores + [299], alpha: 0.01, confidence: 0.95)
        #expect(enough.order == 299 && enough.guarantee == .confidence && enough.statement.contains("95.0 %"))
        for confidence in [0, 1, -1, 2, Double.nan] {
            #expect(
                calibrationError { _ = try ConformalThreshold(scores: scores, alpha: 0.1, confidence: confidence) }?
                    .code
                    == .badSetting)
        }
    }

    @Test("neighbours that are alike and trends are found, and scores without an order hardly ever look like it")
    func exchangeability() throws {
        let trials = repetitions(200, thorough: 2_000, of: "tests of exchangeability")
        var random = SeededRandom(5)
        var (plainOnes, serial, trend, violations) = (0, 0, 0, 0)
        for _ in 0..<trials {
            let plain = (0..<100).map { _ in Float(Self.normal(&random)) }
            if try #require(ExchangeabilityTest(scores: plain, permutations: 199)).isSuspicious { plainOnes += 1 }
            // AR(1) with a correlation of 0.6.
            var state = Self.normal(&random)
            let alike = (0..<100).map { _ in
                state = 0.6 * state + 0.8 * Self.normal(&random)
                return Float(state)
            }
            if try #require(ExchangeabilityTest(scores: alike, permutations: 199)).isSuspicious { serial += 1 }
            let sure = try ConformalThreshold(scores: alike, alpha: nil, confidence: 0.9)
            if Self.normalTail(Double(sure.value)) > sure.alpha { violations += 1 }
            let rising = plain.enumerated().map { $0.element + Float($0.offset) / 50 }
            if try #require(ExchangeabilityTest(scores: rising, permutations: 199)).isSuspicious { trend += 1 }
        }
        // 2 % of the plain ones, and the sum's tail is far below 10⁻⁶ at 8 %.
        #expect(Double(plainOnes) <= 0.08 * Double(trials))
        #expect(Double(serial) >= 0.95 * Double(trials) && Double(trend) >= 0.9 * Double(trials))
        print(
            "exchangeability: of \(trials) series of 100, \(plainOnes) plain, \(serial) AR(1), \(trend) rising ones are flagged; "
                + "a promise with confidence 0.9 is broken by \(violations) of the AR(1) ones")
        #expect(ExchangeabilityTest(scores: Array(repeating: 1, count: 50)) == nil)
        #expect(ExchangeabilityTest(scores: [1, 2, 3]) == nil)
    }

    @Test(
        "the tail's estimate is near the truth on the whole, says so with an interval, and never for too few or equal scores"
    )
    func estimates() throws {
        let trials = repetitions(60, thorough: 1_000, of: "estimates of a tail")
        for law in Self.laws.prefix(3) {
            var random = SeededRandom(11)
            var (ratios, covered) = ([Double](), 0)
            for _ in 0..<trials {
                let scores = (0..<200).map { _ in Float(law.draw(&random)) }
                let tail = try #require(TailEstimate(scores: scores, resamples: 200))
                // The score that one part in 500 is above: beyond what 200 parts show.
                let estimate = tail.score(rate: 0.002)
                let rate = law.tail(estimate.value)
                ratios.append(rate / 0.002)
                if law.tail(estimate.low) >= 0.002, law.tail(estimate.high) <= 0.002 { covered += 1 }
            }
            let sorted = ratios.sorted()
            print(
                "tail estimate, \(law.name), n = 200, rate 0.002: true rate / 0.002 in the median \(sorted[trials / 2]), 10 % "
                    + "\(sorted[trials / 10]), 90 % \(sorted[trials * 9 / 10]); the interval held it in \(covered) of \(trials)"
            )
            #expect((0.4...3).contains(sorted[trials / 2]))
            #expect(Double(covered) >= 0.5 * Double(trials))
        }
        #expect(TailEstimate(scores: (1..<40).map { Float($0) }) == nil)
        #expect(TailEstimate(scores: Array(repeating: 2, count: 100)) == nil)
    }

    @Test("a certificate says what is guaranteed, what is estimated, and what more parts would buy")
    func words() throws {
        var random = SeededRandom(3)
        let scores = (0..<60).map { _ in Float(-log(Self.uniform(&random))) }
        let threshold = try ConformalThreshold(scores: scores, alpha: nil)
        let certificate = Certificate(scores: scores, threshold: threshold, wanted: 0.001)
        #expect(certificate.wanted == 0.001 && certificate.estimatedThreshold != nil)
        #expect(certificate.marginalRate == 1 / 61.0 && abs(certificate.confidentRate - 0.0487) < 1e-3)
        let lines = certificate.lines(perShift: 1_000, acceptedBy: "Anna")
        #expect(lines.contains { $0.hasPrefix("ASKED FOR: 0.1 %") && $0.contains("Anna") })
        #expect(lines.count { $0.hasPrefix("guaranteed") } == 2)
        #expect(lines.contains { $0.hasPrefix("estimated, not guaranteed") })
        #expect(lines.contains { $0.contains("at most 16.4 on average") })
        #expect(lines.contains { $0.contains("999 calibrate parts on average, 2995 with") })
        #expect(lines.contains { $0.hasPrefix("assumed") })
        // The same scores, the same certificate.
        #expect(Certificate(scores: scores, threshold: threshold, wanted: 0.001).lines() == certificate.lines())
        let few = Certificate(scores: [1, 2, 3], threshold: try ConformalThreshold(scores: [1, 2, 3], alpha: nil))
        #expect(few.estimatedRate == nil && few.order == nil && few.lines().contains { $0.hasPrefix("no estimate") })
    }
}
