// SPDX-License-Identifier: Apache-2.0

import Daemon
import Inspection
import Recipes
import Testing

@Suite struct ChallengeRunTests {
    private func result(
        _ expected: ChallengeResult.Expectation, _ score: Float?, threshold: Float = 1
    ) throws -> ChallengeResult {
        let bound = try Threshold(stop: threshold)
        return score.map { ChallengeResult(name: "\(expected)/1.png", expected: expected, score: $0, threshold: bound) }
            ?? ChallengeResult(
                name: "\(expected)/1.png", expected: expected, problem: "\(expected)/1.png: damaged", threshold: bound)
    }

    @Test(
        "a known defect must be above the threshold, a known good part must not, and what is no number is never right")
    func results() throws {
        #expect(try result(.bad, 1.5).isRight && result(.good, 0.5).isRight && result(.good, 1).isRight)
        let tie = try #require(try result(.bad, 1).failure)
        #expect(tie.contains("bad/1.png") && tie.contains("score 1.0") && tie.contains("threshold 1.0"))
        #expect(try result(.good, 1.5).failure?.contains("good/1.png is a known good part") == true)
        for expected in ChallengeResult.Expectation.allCases {
            for score in [Float.nan, .infinity, -.infinity] {
                #expect(try result(expected, score).failure?.contains("\(expected)/1.png") == true)
            }
            #expect(try result(expected, nil).failure == "\(expected)/1.png: damaged")
        }
    }

    @Test("a run is passed only when every picture is right, and says how many are not")
    func outcomes() throws {
        var run = ChallengeRun(ChallengePictures(folder: "/c", problem: "/c: too many"))
        #expect(run.isRequired && !run.isRunning && run.item == nil)
        run.begin(at: 0)
        #expect(run.isRunning)
        run.take(try result(.bad, 0.5))
        #expect(run.end(at: 5, period: 100) == .failed("/c: too many; and 1 more"))
        #expect(!run.isRunning && run.due == nil)
        run.renew(ChallengePictures(folder: "/c"))
        #expect(!run.isRequired)
        run.begin(at: 6)
        #expect(run.end(at: 7, period: 100) == .nothingToShow && run.due == nil)
        run.begin(at: 8)
        #expect(run.end(at: 9, problem: "the heartbeat", period: nil) == .failed("the heartbeat"))
    }

    @Test("blended defects that are missed give an alarm, which ends when those on the kept picture are found")
    func heartbeat() throws {
        let expected = CalibrationFile.Detection(sizeClass: 3, trials: 200, missed: 4, limit: 0.05)
        var heartbeat = try #require(DetectionHeartbeat(expected, seed: 7))
        let bound = try Threshold(stop: 1)
        func trial(_ heartbeat: inout DetectionHeartbeat, _ score: Float, _ order: DetectionHeartbeat.Order?)
            -> DetectionHeartbeat.Outcome
        {
            heartbeat.take(.init(seed: order?.seed ?? 0, pixels: [], madeAt: 0))
            return heartbeat.take(score: score, threshold: bound)
        }
        #expect([1, 2, 3, 4, 5, 6].filter { _ in heartbeat.isDue(every: 3) }.count == 2)
        #expect(trial(&heartbeat, 2, heartbeat.order(on: "p1", [])) == .none)
        var outcome = DetectionHeartbeat.Outcome.none
        while outcome == .none { outcome = trial(&heartbeat, 0.5, heartbeat.order(on: "p2", [])) }
        guard case .alarm(let why) = outcome else { throw NoAlarm() }
        #expect(heartbeat.test.missed <= 5)
        #expect(why.contains("missed \(heartbeat.test.missed) of") && why.contains("missed 4 of 200"))
        var isDue = heartbeat.isDue(every: 1)
        #expect(!isDue, "an alarm is not made worse")
        // Still blind: the defects on the kept picture are missed, too.
        heartbeat.beginBurst()
        outcome = .again
        while outcome == .again { outcome = trial(&heartbeat, 0.5, heartbeat.orderAgain()) }
        #expect(outcome == .burstOver && !heartbeat.isBursting)
        #expect(heartbeat.endBurst()?.contains("missed again on p2") == true && heartbeat.alarm != nil)
        // It sees again.
        heartbeat.beginBurst()
        outcome = .again
        while outcome == .again { outcome = trial(&heartbeat, 2, heartbeat.orderAgain()) }
        #expect(heartbeat.endBurst() == nil && heartbeat.alarm == nil && heartbeat.test.trials == 0)
        isDue = heartbeat.isDue(every: 1)
        #expect(isDue)
    }

    @Test("a burst that misses everything is an alarm at every limit that a heartbeat is made for")
    func burstOfABlindBox() {
        var test = DetectionTest(limit: CalibrationFile.Detection.highestLimit)
        for _ in 0..<DetectionHeartbeat.burstTrials { test.add(wasMissed: true) }
        #expect(test.isAlarm)
    }

    @Test("a picture that was ordered before is not taken for another one, and no number is no detection")
    func orders() throws {
        let expected = CalibrationFile.Detection(sizeClass: 3, seeds: [5, 9], trials: 200, missed: 0, limit: 0.0228)
        var heartbeat = try #require(DetectionHeartbeat(expected, seed: 1))
        let first = heartbeat.order(on: "a", [])
        let second = heartbeat.order(on: "b", [])
        #expect(first.seed != second.seed && [first.defect, second.defect] == [9, 5])
        heartbeat.take(.init(seed: first.seed, pixels: [1], madeAt: 0))
        #expect(heartbeat.trial == nil)
        heartbeat.take(.init(seed: second.seed, pixels: [2], madeAt: 0))
        #expect(heartbeat.trial?.pixels == [2] && !heartbeat.isDue(every: 1))
        guard case .alarm(let why) = heartbeat.take(score: .nan, threshold: try Threshold(stop: 1)) else {
            throw NoAlarm()
        }
        #expect(why.contains("nan"))
        let useless = CalibrationFile.Detection(sizeClass: 3, trials: 200, missed: 180, limit: 0.94)
        #expect(DetectionHeartbeat(useless, seed: 1) == nil)
    }

    private struct NoAlarm: Error {}
}
