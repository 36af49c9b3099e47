// SPDX-License-Identifier: Apache-2.0

import Inspection
import Testing

@Suite struct DetectionTestTests {
    /// Trials until the alarm; nil: none came.
    private func alarm(
        _ limit: Double, after: Int = 0, rate: Double, then: Double, trials: Int, _ random: inout SeededRandom
    ) -> Int? {
        var test = DetectionTest(limit: limit)
        for trial in 1...(after + trials) {
            let isMissed = Double.random(in: 0..<1, using: &random) < (trial <= after ? rate : then)
            if test.add(wasMissed: isMissed) { return trial - after }
        }
        return nil
    }

    @Test("while the miss rate is at most the limit, hardly a run has an alarm", arguments: [0.02, 0.1, 0.35, 0.8])
    func falseAlarms(limit: Double) {
        let runs = repetitions(300, thorough: 5_000, of: "runs of 2,000 blended defects, limit \(limit)")
        var random = SeededRandom(UInt64(limit * 1000))
        var alarms = 0
        for _ in 0..<runs where alarm(limit, rate: limit, then: limit, trials: 2_000, &random) != nil { alarms += 1 }
        print("detection test: \(alarms) alarms in \(runs) runs at the limit \(limit), level 0.01")
        // At the level itself more than this is rarer than one in a million.
        #expect(Double(alarms) <= 0.01 * Double(runs) + 5 * (0.01 * Double(runs)).squareRoot() + 2)
    }

    @Test(
        "a box that has gone blind is noticed after a few blended defects, sooner at first than after a long good past",
        arguments: [(0.02, 2, 7), (0.05, 3, 9), (0.1, 3, 11), (0.2, 5, 16), (0.35, 7, 24), (0.5, 10, 34)])
    func blind(limit: Double, atFirst: Int, later: Int) {
        var random = SeededRandom(5)
        #expect(alarm(limit, rate: 0, then: 1, trials: 100, &random) == atFirst)
        let late = alarm(limit, after: 10_000, rate: 0.5 * limit, then: 1, trials: 100, &random)
        #expect(late.map { $0 > atFirst && $0 <= later + 2 } ?? false, "\(String(describing: late))")
    }

    @Test("a half blind box is noticed, too, and one that is hardly worse than it may be is not")
    func halfBlind() throws {
        var random = SeededRandom(9)
        let limit = 0.1
        let times = (0..<50).compactMap { _ in alarm(limit, after: 100, rate: 0.07, then: 0.55, trials: 200, &random) }
        #expect(times.count == 50 && times.sorted()[25] <= 40)
        var alarms = 0
        for _ in 0..<50 where alarm(limit, rate: 0.12, then: 0.12, trials: 2_000, &random) != nil { alarms += 1 }
        #expect(alarms <= 5)
    }

    @Test("the wealth begins with 1, and an alarm stays")
    func wealth() {
        var test = DetectionTest(limit: 0.1)
        #expect(test.wealth == 1 && test.trials == 0)
        for _ in 0..<3 { test.add(wasMissed: true) }
        #expect(test.isAlarm && test.wealth >= 100 && test.missed == 3)
        for _ in 0..<1000 { test.add(wasMissed: false) }
        #expect(test.isAlarm && test.wealth < 1)
    }
}
