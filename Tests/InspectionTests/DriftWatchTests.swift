// SPDX-License-Identifier: Apache-2.0

import Inspection
import Recipes
import Testing

@Suite struct DriftWatchTests {
    private typealias Law = DriftMartingaleTests.Law

    /// Parts whose quantities depend on each other: all are made of one hidden value and one of their own each.
    private struct Parts {
        var random: SeededRandom
        let law: Law
        /// Whole numbers, so that most values are tied.
        var isCoarse = false

        mutating func next(
            score: Double = 0, exposure: Double = 0, focus: Double = 0
        ) -> (score: Float, statistics: PictureStatistics) {
            let hidden = DriftMartingaleTests.normal(&random)
            func own(_ random: inout SeededRandom) -> Double {
                (hidden + DriftMartingaleTests.normal(&random)) / 2.0.squareRoot()
            }
            let bright = 100 + 3 * (own(&random) + exposure)
            let sharp = 2 + 0.2 * (own(&random) + focus)
            let (red, blue) = (1 + 0.02 * own(&random), 0.9 + 0.02 * own(&random))
            return (
                Float(law.draw(&random) + score),
                PictureStatistics(
                    exposure: Float(isCoarse ? bright.rounded() : bright), focus: Float(sharp), red: Float(red),
                    blue: isCoarse ? 0.9 : Float(blue))
            )
        }

        /// A watch calibrated with parts.
        mutating func watch(_ count: Int = 80, level: Double = 0.01, isScoreAlone: Bool = false) throws -> DriftWatch {
            let parts = (0..<count).map { _ in next() }
            return try DriftWatch(
                scores: parts.map(\.score), statistics: isScoreAlone ? nil : parts.map(\.statistics), level: level,
                seed: random.next())
        }
    }

    private static func parts(_ seed: UInt64, law: Int = 0, isCoarse: Bool = false) -> Parts {
        Parts(random: SeededRandom(seed), law: DriftMartingaleTests.laws[law], isCoarse: isCoarse)
    }

    @Test("in control, a whole run raises an alarm no more often than the level says", arguments: 0..<7)
    func inControl(law: Int) throws {
        let runs = repetitions(60, thorough: 1_000, of: "in-control runs of 500 parts")
        for level in [0.3, 0.05] {
            var alarms = 0
            for run in 0..<runs {
                var parts = Self.parts(UInt64(1_000 * law + run), law: law, isCoarse: run % 2 == 1)
                var watch = try parts.watch([10, 80][run / 2 % 2], level: level)
                for _ in 0..<500 {
                    let part = parts.next()
                    if watch.add(score: part.score, statistics: part.statistics) != nil {
                        alarms += 1
                        break
                    }
                }
            }
            let bound = level * Double(runs) + 5 * (level * (1 - level) * Double(runs)).squareRoot()
            #expect(Double(alarms) <= bound, "level \(level): \(alarms) of \(runs)")
        }
    }

    @Test("a million parts in control raise no more alarms than a run of any other length")
    func longRuns() throws {
        let runs = repetitions(2, thorough: 120, of: "in-control runs")
        let count = repetitions(20_000, thorough: 1_000_000, of: "parts of each")
        var alarms = 0
        for run in 0..<runs {
            var parts = Self.parts(UInt64(run) + 500, law: run % 2 == 0 ? 0 : 4, isCoarse: run % 4 > 1)
            var watch = try parts.watch()
            for _ in 0..<count {
                let part = parts.next()
                if watch.add(score: part.score, statistics: part.statistics) != nil {
                    alarms += 1
                    break
                }
            }
        }
        print("drift: \(alarms) alarms in \(runs) in-control runs of \(count) parts, level 0.01")
        let expected = 0.01 * Double(runs)
        #expect(Double(alarms) <= expected + 5 * expected.squareRoot() + 1)
    }

    /// A shift, when it comes, and the parts that the median run may take to find it.
    struct Step: Sendable, CustomTestStringConvertible {
        let shift: Double
        let onset: Int
        let limit: Int
        var testDescription: String { "\(shift) deviations after \(onset) parts, within \(limit)" }
    }

    @Test(
        "a step is found soon after it, early or late, and its quantity, direction and beginning are named",
        arguments: [
            Step(shift: 1, onset: 100, limit: 60), Step(shift: 1, onset: 20_000, limit: 60),
            Step(shift: 3, onset: 100, limit: 12), Step(shift: -3, onset: 20_000, limit: 12),
            Step(shift: -0.5, onset: 1_000, limit: 200),
        ])
    func steps(step: Step) throws {
        let runs = repetitions(step.onset > 10_000 ? 5 : 15, thorough: 101, of: "runs of \(step)")
        var (delays, starts) = ([Int](), [Int]())
        for run in 0..<runs {
            var parts = Self.parts(UInt64(run) + 9_000)
            var watch = try parts.watch()
            for _ in 0..<step.onset {
                let part = parts.next()
                _ = watch.add(score: part.score, statistics: part.statistics)
            }
            // One run in a hundred may.
            guard watch.alarm == nil else { continue }
            while watch.alarm == nil, watch.parts < step.onset + 2_000 {
                let part = parts.next(exposure: step.shift)
                _ = watch.add(score: part.score, statistics: part.statistics)
            }
            delays.append(watch.parts - step.onset)
            guard let alarm = watch.alarm else { continue }
            #expect(alarm.quantity == .exposure && alarm.isRising == (step.shift > 0) && alarm.cause == .camera)
            #expect(alarm.parts == watch.parts)
            starts.append(alarm.since - step.onset)
        }
        delays.sort()
        starts.sort()
        try #require(delays.count >= runs - 2)
        print("drift: \(step): median \(delays[delays.count / 2]), 90 % \(delays[delays.count * 9 / 10]) parts")
        #expect(delays[delays.count / 2] <= step.limit)
        #expect(abs(starts[starts.count / 2]) <= step.limit)
    }

    @Test(
        "what moves alone is the process, what moves with the pictures is the camera, and unknown pictures say neither")
    func causes() throws {
        func alarm(
            score: Double = 0, exposure: Double = 0, focus: Double = 0, isScoreAlone: Bool = false
        ) throws -> DriftAlarm {
            var parts = Self.parts(77)
            var watch = try parts.watch(isScoreAlone: isScoreAlone)
            for number in 0..<2_000 {
                let share = number >= 300 ? 1.0 : 0
                let part = parts.next(score: share * score, exposure: share * exposure, focus: share * focus)
                if let alarm = watch.add(score: part.score, statistics: part.statistics) { return alarm }
            }
            return try #require(watch.alarm)
        }
        let process = try alarm(score: 1.5)
        #expect(
            process.quantity == .score && process.cause == .process && process.text.hasPrefix("the scores rise: score ")
        )
        let fog = try alarm(score: 3, focus: -2)
        #expect(fog.cause == .camera && (fog.quantity == .focus || fog.others.contains(.focus)))
        let dark = try alarm(exposure: -2)
        #expect(dark.quantity == .exposure && dark.cause == .camera && !dark.isRising && dark.median < dark.calibrated)
        #expect(dark.text.hasPrefix("the pictures get darker: exposure 9"))
        #expect(dark.text.contains(" where calibration had ") && dark.text.contains("(camera, lighting"))
        let alone = try alarm(score: -2, isScoreAlone: true)
        #expect(alone.cause == .unknown && alone.text.hasPrefix("the scores fall") && alone.others.isEmpty)
    }

    @Test("one alarm a run, silence after it, and a restart watches anew with what it learned at calibration")
    func once() throws {
        var parts = Self.parts(5)
        var watch = try parts.watch()
        for round in 1...2 {
            var alarms = 0
            for _ in 0..<200 {
                let part = parts.next(exposure: -4)
                if watch.add(score: part.score, statistics: part.statistics) != nil { alarms += 1 }
            }
            #expect(alarms == 1, "round \(round)")
            #expect(watch.alarm != nil && watch.parts < 30)
            watch.restart()
            #expect(
                watch.alarm == nil && watch.parts == 0
                    && abs(watch.capital * Double(watch.quantities.count) - 1) < 1e-12)
        }
        for _ in 0..<300 {
            let part = parts.next()
            #expect(watch.add(score: part.score, statistics: part.statistics) == nil)
        }
    }

    @Test("the same parts and seed give the same bits, and a score that is not finite is no part")
    func deterministic() throws {
        func run(isInterrupted: Bool) throws -> (capital: Double, alarm: DriftAlarm?, parts: Int) {
            var parts = Self.parts(41)
            var watch = try parts.watch()
            for number in 0..<400 {
                let part = parts.next(exposure: number > 350 ? 1.5 : 0)
                if isInterrupted {
                    for score in [Float.nan, .infinity] {
                        #expect(watch.add(score: score, statistics: part.statistics) == nil)
                    }
                }
                _ = watch.add(score: part.score, statistics: part.statistics)
            }
            return (watch.capital, watch.alarm, watch.parts)
        }
        let (one, other) = (try run(isInterrupted: false), try run(isInterrupted: true))
        #expect(one.alarm != nil && one == other)
    }

    @Test("a level that is no probability and values that don't belong together are refused by name")
    func refusals() throws {
        let some = PictureStatistics(exposure: 1, focus: 1, red: 1, blue: 1)
        func code(_ scores: [Float], _ statistics: [PictureStatistics]?, level: Double = 0.01) -> InspectionError.Code?
        {
            do throws(InspectionError) {
                _ = try DriftWatch(scores: scores, statistics: statistics, level: level)
                return nil
            } catch { return error.code }
        }
        for level in [0, 1, -0.1, 2, Double.nan] { #expect(code([1, 2], nil, level: level) == .badSetting) }
        #expect(code([], nil) == .notFinite && code([1, .nan], nil) == .notFinite)
        #expect(code([1, 2], [some]) == .wrongShape && code([1, 2], []) == .wrongShape)
        #expect(code([1, 2], [some, some]) == nil && code([1], nil) == nil)
    }
}
