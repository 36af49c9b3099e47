// SPDX-License-Identifier: Apache-2.0

import Calibration
import Glibc
import Recipes
import Testing

@Suite struct ExcludedPartsTests {
    @Test("an excluded part counts as a score above all others")
    func order() throws {
        let scores = (1...19).map(Float.init)
        let all = try ConformalThreshold(scores: scores, alpha: 0.1)
        #expect(all.order == 18 && all.value == 18)
        // The highest is taken out: the same order among as many parts, so the same threshold.
        let one = try ConformalThreshold(scores: Array(scores.dropLast()), alpha: 0.1, excluded: 1)
        #expect(one.order == 18 && one.value == 18 && one.count == 19 && one.excluded == 1)
        // A low one is taken out: the threshold can only rise.
        let low = try ConformalThreshold(scores: Array(scores.dropFirst()), alpha: 0.1, excluded: 1)
        #expect(low.value == 19)
    }

    @Test("a rate that the excluded parts have used up is refused, with the number that it takes")
    func refused() throws {
        let scores = (1...17).map(Float.init)
        let error = calibrationError { _ = try ConformalThreshold(scores: scores, alpha: 0.1, excluded: 2) }
        #expect(error?.code == .tooFewParts && error?.found.contains("2 of them excluded") == true)
        #expect(error?.expected == "at least 29 calibrate parts")
        #expect(ConformalThreshold.partsNeeded(alpha: 0.1, confidence: nil, excluded: 2) == 29)
        let smallest = try ConformalThreshold(scores: scores, alpha: nil, excluded: 2)
        #expect(smallest.alpha == 3.0 / 20 && smallest.order == 17)
        #expect(
            try ConformalThreshold.supported(0.1, confidence: nil, parts: 17, excluded: 2, isWeakerAccepted: true)
                == nil)
        #expect(
            calibrationError { _ = try ConformalThreshold(scores: [], alpha: nil, excluded: 5) }?.code == .tooFewParts)
    }

    @Test("the smallest rate is supported and the parts that a rate needs are the fewest, with and without confidence")
    func bounds() throws {
        for excluded in 0...4 {
            for confidence in [nil, 0.5, 0.95] as [Double?] {
                for parts in [excluded + 1, excluded + 7, 60, 333] {
                    let scores = [Float](repeating: 1, count: parts - excluded)
                    let smallest = try ConformalThreshold(
                        scores: scores, alpha: nil, confidence: confidence, excluded: excluded)
                    #expect(smallest.order == scores.count)
                }
                let needed = ConformalThreshold.partsNeeded(alpha: 0.05, confidence: confidence, excluded: excluded)
                func isSupported(_ parts: Int) -> Bool {
                    let scores = [Float](repeating: 1, count: parts - excluded)
                    return
                        (try? ConformalThreshold(
                            scores: scores, alpha: 0.05, confidence: confidence, excluded: excluded)) != nil
                }
                #expect(isSupported(needed) && !isSupported(needed - 1))
            }
        }
    }

    @Test("the promise holds when somebody takes out just the highest scores, or just the lowest")
    func adversary() throws {
        let trials = repetitions(2_000, thorough: 20_000, of: "calibrations with excluded parts")
        let (parts, excluded, alpha, confidence) = (100, 3, 0.1, 0.9)
        var random = SeededRandom(11)
        for highest in [true, false] {
            var (rates, squares, violations) = (0.0, 0.0, 0)
            for _ in 0..<trials {
                // Uniform scores: the rate above a threshold is 1 less the threshold.
                let sorted = (0..<parts).map { _ in Float.random(in: 0..<1, using: &random) }.sorted()
                let left = Array(highest ? sorted.dropLast(excluded) : sorted.dropFirst(excluded))
                let rate = 1 - Double(try ConformalThreshold(scores: left, alpha: alpha, excluded: excluded).value)
                rates += rate
                squares += rate * rate
                let sure = try ConformalThreshold(
                    scores: left, alpha: alpha, confidence: confidence, excluded: excluded)
                if 1 - Double(sure.value) > alpha { violations += 1 }
            }
            let (count, mean) = (Double(trials), rates / Double(trials))
            let error = (max(0, squares / count - mean * mean) / count).squareRoot()
            #expect(mean <= alpha + 5 * error, "highest: \(highest), rate \(mean)")
            // 10⁻⁶ for a promise that is kept exactly.
            let gate = BinomialTail.atMost(violations - 1, of: trials, probability: 1 - confidence)
            #expect(1 - gate > 1e-6, "highest: \(highest), \(violations) of \(trials)")
        }
    }

    @Test("taking out the highest and not counting them would break the promise: the simulation can tell")
    func uncounted() throws {
        var random = SeededRandom(12)
        var rates = 0.0
        for _ in 0..<2_000 {
            let sorted = (0..<100).map { _ in Float.random(in: 0..<1, using: &random) }.sorted()
            rates += 1 - Double(try ConformalThreshold(scores: Array(sorted.dropLast(3)), alpha: 0.1).value)
        }
        #expect(rates / 2_000 > 0.115)
    }

    @Test("the certificate says who excluded parts and that they count, and promises no more than with them")
    func certificate() throws {
        let scores = (1...117).map(Float.init)
        let threshold = try ConformalThreshold(scores: scores, alpha: nil, excluded: 3)
        let certificate = Certificate(scores: scores, threshold: threshold, excludedBy: ["A. Person"])
        #expect(certificate.marginalRate == 4.0 / 121)
        #expect(certificate.confidentRate == BinomialTail.upperRate(3, of: 120, confidence: 0.95))
        #expect(certificate.estimatedRate == nil)
        let lines = certificate.lines()
        #expect(lines.contains("3 parts were excluded by A. Person and count as exceedances"))
        #expect(lines[0].contains("score 117 of 120 calibrate parts"))
        let single = Certificate(scores: [1], threshold: try ConformalThreshold(scores: [1], alpha: nil, excluded: 1))
        #expect(single.lines().contains("1 part was excluded and counts as an exceedance"))
    }

    @Test("a calibration with excluded parts is read again, one with a wrong count is refused")
    func file() throws {
        let scratch = try ScratchFolder()
        let path = scratch.path + "/calibration.json"
        func file(_ excluded: CalibrationFile.Excluded?) -> CalibrationFile {
            CalibrationFile(
                model: "m", teacher: "t", maps: "s", settings: TestNetworks.settings, alpha: 0.5, order: 2,
                thresholds: .init(stop: 2, pixel: 3),
                scores: [.init(part: "a", score: 1), .init(part: "b", score: 2)], date: "2026-11-30T12:00:00Z",
                tool: "test", excluded: excluded)
        }
        var one = file(.init(parts: 1, by: ["A. Person"]))
        #expect(one.parts == 3)
        try one.write(to: path)
        #expect(try CalibrationFile.read(path) == one)
        one.parts = 2
        try one.write(to: path)
        #expect(throws: RecipeError.self) { try CalibrationFile.read(path) }
        var none = file(.init(parts: 0, by: ["A. Person"]))
        none.parts = 2
        try none.write(to: path)
        #expect(throws: RecipeError.self) { try CalibrationFile.read(path) }
    }
}
