// SPDX-License-Identifier: Apache-2.0

import Calibration
import Testing

@Suite struct CurveTests {
    @Test("the points by hand: nothing stops first, equal scores stop together, everything last")
    func points() throws {
        let curve = try #require(OperatingCurve(good: [1, 2, 2], defective: [2, 3]))
        #expect(curve.points.map(\.threshold) == [3, 2, 1, -.infinity])
        #expect(curve.points.map(\.recall) == [0, 0.5, 1, 1])
        #expect(curve.points.map(\.falseStopRate) == [0, 0, 2.0 / 3, 1])
        #expect(curve.points.map(\.precision) == [1, 1, 0.5, 0.4])
        // 0.5·1 + 0.5·0.5; area (2/3)·(0.5 + 1)/2 + 1/3.
        #expect(abs(curve.averagePrecision - 0.75) < 1e-12)
        #expect(abs(curve.auroc - 5.0 / 6) < 1e-12)
    }

    @Test("a threshold's point counts what lies above it, as the line does")
    func threshold() throws {
        let (good, defective): ([Float], [Float]) = ([1, 2, 2], [2, 3])
        let curve = try #require(OperatingCurve(good: good, defective: defective))
        for threshold: Float in [-1, 0.5, 1, 1.5, 2, 2.5, 3, 4] {
            let point = curve.point(at: threshold)
            let wanted = RankMeasures.atThreshold(threshold, good: good, defective: defective)
            #expect(point.recall == wanted.recall && point.threshold == threshold)
            #expect(point.precision == wanted.precision ?? 1)
            #expect(point.falseStopRate == Double(good.count { $0 > threshold }) / 3)
        }
    }

    @Test("the area under the points is the rank measure's, ties included")
    func area() throws {
        var random = SeededRandom(2)
        for distinct in [1, 2, 5, 1_000_000] {
            let good = (0..<40).map { _ in Float(Int.random(in: 0..<distinct, using: &random)) }
            let defective = (0..<25).map { _ in Float(Int.random(in: 0..<distinct, using: &random)) }
            let curve = try #require(OperatingCurve(good: good, defective: defective))
            #expect(abs(curve.auroc - (try #require(RankMeasures.auroc(good: good, defective: defective)))) < 1e-12)
            #expect(curve.points.last?.recall == 1 && curve.points.last?.falseStopRate == 1)
        }
        #expect(OperatingCurve(good: [1], defective: [2])?.averagePrecision == 1)
        #expect(OperatingCurve(good: [2], defective: [1])?.averagePrecision == 0.5)
        #expect(OperatingCurve(good: [], defective: [1]) == nil && OperatingCurve(good: [1], defective: []) == nil)
        #expect(OperatingCurve(good: [.nan], defective: [1]) == nil)
    }

    @Test("the interval's ends solve its equation, mirror each other and are not empty at the ends")
    func interval() throws {
        for (auroc, good, defective) in [(0.87, 100, 194), (0.5, 20, 20), (0.99, 70, 349), (0.6, 3, 200)] {
            let interval = try #require(AUROCInterval(auroc: auroc, good: good, defective: defective))
            #expect(interval.lower < auroc && auroc < interval.upper && interval.upper < 1)
            for end in [interval.lower, interval.upper] {
                // Newcombe's method 5, multiplied out.
                let star = Double(good + defective) / 2 - 1
                let variance =
                    end * (1 - end) / Double(good * defective)
                    * (1 + star * (1 - end) / (2 - end) + star * end / (1 + end))
                #expect(abs((auroc - end) * (auroc - end) - 1.959963984540054 * 1.959963984540054 * variance) < 1e-9)
            }
            let mirror = try #require(AUROCInterval(auroc: 1 - auroc, good: good, defective: defective))
            #expect(abs(mirror.lower - (1 - interval.upper)) < 1e-12)
        }
        let perfect = try #require(AUROCInterval(auroc: 1, good: 70, defective: 350))
        #expect(perfect.upper == 1 && perfect.lower < 1 && perfect.lower > 0.95)
        #expect(AUROCInterval(auroc: 0, good: 5, defective: 5)?.lower == 0)
        #expect(AUROCInterval(auroc: 0.5, good: 0, defective: 5) == nil)
        #expect(AUROCInterval(auroc: .nan, good: 5, defective: 5) == nil)
    }

    @Test("more parts make the interval narrower")
    func narrower() throws {
        let few = try #require(AUROCInterval(auroc: 0.9, good: 20, defective: 40))
        let many = try #require(AUROCInterval(auroc: 0.9, good: 200, defective: 400))
        #expect(many.upper - many.lower < (few.upper - few.lower) / 2.5)
    }

    @Test("mean and deviation over seeds; one seed has no deviation")
    func spread() throws {
        let three = try #require(SeedSpread([1, 2, 6]))
        #expect(three.mean == 3 && three.count == 3 && abs((three.deviation ?? 0) - 7.0.squareRoot()) < 1e-12)
        #expect(SeedSpread([2])?.deviation == nil && SeedSpread([2])?.mean == 2 && SeedSpread([]) == nil)
    }

    @Test("numbers are written the same everywhere")
    func numbers() {
        #expect(NumberText.fixed(0.8706, 3) == "0.871" && NumberText.fixed(-0.0001, 2) == "0.00")
        #expect(NumberText.fixed(209.4, 0) == "209" && NumberText.fixed(9.9999, 3) == "10.000")
        #expect(NumberText.fixed(-1.5, 1) == "-1.5" && NumberText.fixed(.nan, 1) == "nan")
        #expect(NumberText.fixed(.infinity, 1) == "inf" && NumberText.fixed(1.05, 2) == "1.05")
        #expect(NumberText.significant(0.012345) == "0.0123" && NumberText.significant(209.4) == "209")
        #expect(NumberText.significant(7.450788) == "7.45" && NumberText.significant(0) == "0.00")
        #expect(NumberText.significant(12.34) == "12.3")
    }

    @Test("average precision and AUROC are those of an independent program, ties included")
    func elsewhere() throws {
        // The expected figures are NumPy's, over all different scores, as scikit-learn defines them.
        func score(_ index: Int) -> Int {
            let (map, pixel) = (index / 576, index % 576)
            let cell = pixel / 24 / 3 * 5 + pixel % 24 / 4 * 3 + map
            let hash = (pixel * 2_654_435_761 + map * 97_531) % (1 << 32)
            return (hash >> 20) % 48 + (map % 3 != 0 && cell % 7 == 0 ? 13 : 0)
        }
        let good = (0..<60).map { Float(score($0 * 37 % 5184) / 4) }
        let defective = (0..<45).map { Float(score($0 * 53 % 5184) / 4 + 2) }
        let curve = try #require(OperatingCurve(good: good, defective: defective))
        #expect(abs(curve.averagePrecision - 0.7718192533284773) < 1e-12)
        #expect(abs(curve.auroc - 0.7959259259259259) < 1e-12)
    }
}
