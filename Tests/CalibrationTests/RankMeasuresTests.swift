// SPDX-License-Identifier: Apache-2.0

import Calibration
import Testing

@Suite struct RankMeasuresTests {
    private func bruteForce(_ good: [Float], _ defective: [Float]) -> Double {
        var sum = 0.0
        for d in defective { for g in good { sum += d > g ? 1 : d == g ? 0.5 : 0 } }
        return sum / Double(good.count * defective.count)
    }

    @Test("the AUROC is the share of pairs in the right order, ties counting half")
    func auroc() throws {
        var random = SeededRandom(1)
        for distinct in [1, 2, 3, 10, 1_000_000] {
            for (n, m) in [(1, 1), (1, 7), (7, 1), (30, 40), (100, 3)] {
                let good = (0..<n).map { _ in Float(Int.random(in: 0..<distinct, using: &random)) }
                let defective = (0..<m).map { _ in Float(Int.random(in: 0..<distinct, using: &random)) }
                let found = try #require(RankMeasures.auroc(good: good, defective: defective))
                #expect(abs(found - bruteForce(good, defective)) < 1e-12)
                let reverse = try #require(RankMeasures.auroc(good: defective, defective: good))
                #expect(abs(found + reverse - 1) < 1e-12)
            }
        }
        #expect(RankMeasures.auroc(good: [1, 2], defective: [3, 4]) == 1)
        #expect(RankMeasures.auroc(good: [3, 4], defective: [1, 2]) == 0)
        #expect(RankMeasures.auroc(good: [], defective: [1]) == nil)
        #expect(RankMeasures.auroc(good: [1], defective: []) == nil)
    }

    @Test("recall at zero false stops counts what lies above every good part; a tie is not above")
    func recallAtZero() {
        #expect(RankMeasures.recallAtZeroFalseStops(good: [1, 2], defective: [2, 3, 4, 0]) == 0.5)
        #expect(RankMeasures.recallAtZeroFalseStops(good: [5], defective: [1]) == 0)
        #expect(RankMeasures.recallAtZeroFalseStops(good: [], defective: [1]) == nil)
        #expect(RankMeasures.recallAtZeroFalseStops(good: [1], defective: []) == nil)
    }

    @Test("precision, recall and F1 at a threshold; at the threshold passes")
    func atThreshold() {
        let (precision, recall, f1) = RankMeasures.atThreshold(2, good: [1, 2, 3], defective: [2, 3, 4, 5])
        #expect(precision == 0.75 && recall == 0.75 && f1 == 0.75)
        let none = RankMeasures.atThreshold(9, good: [1], defective: [2])
        #expect(none.precision == nil && none.recall == 0 && none.f1 == 0)
        let onlyFalse = RankMeasures.atThreshold(0, good: [1], defective: [0])
        #expect(onlyFalse.precision == 0 && onlyFalse.recall == 0 && onlyFalse.f1 == 0)
        let noDefects = RankMeasures.atThreshold(0, good: [1], defective: [])
        #expect(noDefects.precision == 0 && noDefects.recall == nil && noDefects.f1 == nil)
        let nothing = RankMeasures.atThreshold(0, good: [], defective: [])
        #expect(nothing.precision == nil && nothing.recall == nil && nothing.f1 == nil)
    }

    @Test("the pixel histogram's AUROC is the exact one within a thousandth, negative scores included")
    func pixels() throws {
        var random = SeededRandom(3)
        for shift: Float in [0, 0.3, 2, -1] {
            var histogram = PixelHistogram()
            var halves = [PixelHistogram(), PixelHistogram()]
            var (good, defective): ([Float], [Float]) = ([], [])
            for map in 0..<6 {
                var values = random.floats(400, -2...2)
                let mask: [UInt8]? = map < 2 ? nil : (0..<400).map { $0 % 5 == 0 ? 255 : 0 }
                for i in values.indices {
                    if let mask, mask[i] != 0 {
                        values[i] += shift
                        defective.append(values[i])
                    } else {
                        good.append(values[i])
                    }
                }
                histogram.add(values, mask: mask, width: 20)
                halves[map % 2].add(values, mask: mask, width: 20)
            }
            let exact = bruteForce(good, defective)
            #expect(abs(try #require(histogram.auroc) - exact) < 1e-3)
            halves[0].merge(halves[1])
            #expect(halves[0].auroc == histogram.auroc)
        }
    }

    @Test("a histogram of one kind of pixel has no AUROC, and a pixel that is not finite counts as highest")
    func pixelEdges() {
        var histogram = PixelHistogram()
        #expect(histogram.auroc == nil)
        histogram.add([1, 2], mask: nil, width: 2)
        #expect(histogram.auroc == nil)
        histogram.add([.nan, .infinity], mask: [1, 1], width: 2)
        #expect(histogram.auroc == 1)
        var only = PixelHistogram()
        only.add([1], mask: [1], width: 1)
        #expect(only.auroc == nil)
        var ties = PixelHistogram()
        ties.add([0, -0.0], mask: [1, 0], width: 2)
        #expect(ties.auroc == 0.5)
    }
}
