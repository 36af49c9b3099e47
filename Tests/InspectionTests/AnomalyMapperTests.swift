// SPDX-License-Identifier: Apache-2.0

import Glibc
import Inspection
import Testing

@Suite struct AnomalyMapperTests {
    private func mapper(
        _ settings: MapSettings, statistics: [LevelStatistics] = [], size: Int = 32
    ) throws -> AnomalyMapper {
        try AnomalyMapper(settings: settings, statistics: statistics, size: size)
    }

    private func code(_ settings: MapSettings, statistics: [LevelStatistics] = [], size: Int = 32) -> InspectionError
        .Code?
    {
        inspectionError { _ = try mapper(settings, statistics: statistics, size: size) }?.code
    }

    @Test("constant distances stay constant, weighted and summed over the levels")
    func constant() throws {
        for smoothing: Float in [0, 1, 4, 32] {
            for score in MapSettings.ScoreRule.allCases {
                let one = try mapper(
                    .init(
                        levels: [.layer1, .layer2], weights: [1, 3], normalisation: .none, smoothing: smoothing,
                        score: score))
                one.setDistances(.init(repeating: 0.5, count: 16), of: .layer1)
                one.setDistances(.init(repeating: 0.25, count: 4), of: .layer2)
                #expect(abs(one.score() - 1.25) < 1e-5)
                #expect(one.values.count == 32 * 32 && one.values.allSatisfy { abs($0 - 1.25) < 1e-5 })
            }
        }
    }

    @Test("weights stay with their levels when the levels are put in order")
    func order() {
        let settings = MapSettings(levels: [.layer3, .stem, .layer1], weights: [30, 1, 2])
        #expect(settings.levels == [.stem, .layer1, .layer3] && settings.weights == [1, 2, 30])
        #expect(MapSettings(levels: [.layer2, .layer1]).weights == [1, 1])
    }

    @Test(
        "however small the smoothing, the map stays finite and constant",
        arguments: [Float.leastNonzeroMagnitude, 1e-30, 1e-3, 0.05, 0.3, 1, 2.5, 31.9, 32])
    func tinySmoothing(smoothing: Float) throws {
        let one = try mapper(.init(levels: [.layer1], normalisation: .none, smoothing: smoothing))
        one.setDistances(.init(repeating: 1, count: 16), of: .layer1)
        #expect(abs(one.score() - 1) < 1e-5)
    }

    @Test(
        "the map is the weighted sum of the levels, upsampled and then smoothed with repeated edges",
        arguments: [32, 64, 96, 256])
    func reference(size: Int) throws {
        let subsets: [[Level]] = [[.stem], [.layer1, .layer2], [.layer3], Level.allCases]
        for (trial, levels) in subsets.enumerated() where size < 256 || trial == 1 {
            for smoothing: Float in size < 256 ? [0, 0.7, 4, 13, 32] : [4] {
                var random = SeededRandom(UInt64(size + trial))
                let weights = random.floats(levels.count, 0.5...2)
                let one = try mapper(
                    .init(levels: levels, weights: weights, normalisation: .none, smoothing: smoothing), size: size)
                var expected = [Double](repeating: 0, count: size * size)
                for (level, weight) in zip(levels, weights) {
                    let side = size / level.reduction
                    let distances = random.floats(side * side, 0...1)
                    one.setDistances(distances, of: level)
                    let large = upsampled(distances.map { Double($0) }, side: side, size: size)
                    let smooth = smoothed(large, size: size, sigma: Double(smoothing) * Double(size) / 256)
                    for i in expected.indices { expected[i] += Double(weight) * smooth[i] }
                }
                let score = one.score()
                let found = one.values
                let worst = zip(found, expected).map { abs(Double($0) - $1) }.max() ?? 1
                #expect(worst < 2e-5)
                #expect(score == found.max())
            }
        }
    }

    /// Bilinear with pixel centres at half places, edges repeated.
    private func upsampled(_ map: [Double], side: Int, size: Int) -> [Double] {
        let places = (0..<size).map { max(0, (Double($0) + 0.5) * Double(side) / Double(size) - 0.5) }
        func at(_ y: Int, _ x: Int) -> Double { map[min(y, side - 1) * side + min(x, side - 1)] }
        var result: [Double] = []
        for py in places {
            for px in places {
                let (y, x) = (Int(py), Int(px))
                let (fy, fx) = (py - Double(y), px - Double(x))
                let top = (1 - fx) * at(y, x) + fx * at(y, x + 1)
                let bottom = (1 - fx) * at(y + 1, x) + fx * at(y + 1, x + 1)
                result.append((1 - fy) * top + fy * bottom)
            }
        }
        return result
    }

    /// Gaussian cut at 4 σ over rows, then over columns, edges repeated.
    private func smoothed(_ map: [Double], size: Int, sigma: Double) -> [Double] {
        guard sigma > 0 else { return map }
        let radius = max(1, Int((4 * sigma).rounded(.up)))
        let raw = (-radius...radius).map { exp(-0.5 * Double($0 * $0) / (sigma * sigma)) }
        let sum = raw.reduce(0, +)
        func clamped(_ i: Int) -> Int { min(max(i, 0), size - 1) }
        var rows = [Double](repeating: 0, count: size * size)
        var both = rows
        for y in 0..<size {
            for x in 0..<size {
                for d in -radius...radius {
                    rows[y * size + x] += raw[d + radius] / sum * map[y * size + clamped(x + d)]
                }
            }
        }
        for y in 0..<size {
            for x in 0..<size {
                for d in -radius...radius {
                    both[y * size + x] += raw[d + radius] / sum * rows[clamped(y + d) * size + x]
                }
            }
        }
        return both
    }

    @Test("a map size that is no multiple of 32 is refused", arguments: [0, 16, 33, 4096])
    func badSize(size: Int) {
        #expect(code(.init(levels: [.layer1], normalisation: .none), size: size) == .badSetting)
    }

    @Test("smoothing spreads over rows and columns alike")
    func bothAxes() throws {
        let one = try mapper(.init(levels: [.stem], normalisation: .none, smoothing: 8), size: 64)
        var distances = [Float](repeating: 0, count: 256)
        distances[8 * 16 + 8] = 1
        one.setDistances(distances, of: .stem)
        _ = one.score()
        let map = one.values
        for y in 0..<64 { for x in 0..<64 { #expect(abs(map[y * 64 + x] - map[x * 64 + y]) < 1e-6) } }
        #expect(map[34 * 64 + 26] > 0 && map[26 * 64 + 34] > 0)
    }

    @Test("per location, a distance counts in deviations with a floor of 0.3 mean deviations")
    func floor() throws {
        let statistics = try LevelStatistics(level: .layer2, side: 2, mean: [0, 0, 0, 0.5], deviation: [0, 0, 0, 4])
        let one = try mapper(.init(levels: [.layer2], smoothing: 0), statistics: [statistics])
        one.setDistances([0.6, 0, 0, 0.5], of: .layer2)
        // Mean deviation 1, floor 0.3: 0.6 / 0.3.
        #expect(abs(one.score() - 2) < 1e-5)
        one.setDistances([0, 0, 0, 9.1], of: .layer2)
        #expect(abs(one.score() - 2) < 1e-5)
        #expect(abs((one.values.first ?? 9) - 0) < 1e-5)
    }

    @Test("globally, one mean and one deviation hold for the whole map, within and between places")
    func global() throws {
        let statistics = try LevelStatistics(level: .layer2, side: 2, mean: [1, 1, 3, 3], deviation: [1, 1, 1, 1])
        let one = try mapper(.init(levels: [.layer2], normalisation: .global, smoothing: 0), statistics: [statistics])
        one.setDistances([4, 2, 2, 2], of: .layer2)
        // Mean 2, variance 1 + 1.
        #expect(abs(one.score() - 2 / Float(2).squareRoot()) < 1e-5)
    }

    @Test("places that never varied give large scores and no fault")
    func noDeviation() throws {
        let statistics = try LevelStatistics(
            level: .layer2, side: 2, mean: .init(repeating: 0.1, count: 4), deviation: .init(repeating: 0, count: 4))
        for normalisation in [MapSettings.Normalisation.global, .perLocation] {
            let one = try mapper(.init(levels: [.layer2], normalisation: normalisation), statistics: [statistics])
            one.setDistances([0.1, 0.1, 0.1, 2], of: .layer2)
            let score = one.score()
            #expect(score.isFinite && score > 1000)
        }
    }

    @Test(
        "one distance that is not finite makes the score NaN under every setting",
        arguments: [Float.nan, .infinity, -.infinity])
    func notFinite(value: Float) throws {
        let statistics = try LevelStatistics(
            level: .layer1, side: 4, mean: .init(repeating: 0.1, count: 16), deviation: .init(repeating: 0.1, count: 16)
        )
        let bound = try Threshold(stop: .greatestFiniteMagnitude)
        for normalisation in MapSettings.Normalisation.allCases {
            for score in MapSettings.ScoreRule.allCases {
                for smoothing: Float in [0, 4] {
                    let one = try mapper(
                        .init(levels: [.layer1], normalisation: normalisation, smoothing: smoothing, score: score),
                        statistics: [statistics])
                    for place in 0..<16 {
                        var distances = [Float](repeating: 0.1, count: 16)
                        distances[place] = value
                        one.setDistances(distances, of: .layer1)
                        #expect(one.score().isNaN && one.maximum.isNaN)
                        #expect(bound.judge(one.score()) == .fault)
                    }
                    one.setDistances(.init(repeating: 0.1, count: 16), of: .layer1)
                    #expect(one.score().isFinite)
                }
            }
        }
    }

    @Test("settings that make no sense are refused")
    func badSettings() {
        #expect(code(.init(levels: [], normalisation: .none)) == .badSetting)
        #expect(code(.init(levels: [.layer1, .layer1], normalisation: .none)) == .badSetting)
        for weights: [Float] in [[], [1, 1], [0], [-1], [.nan], [.infinity]] {
            #expect(code(.init(levels: [.layer1], weights: weights, normalisation: .none)) == .badSetting)
        }
        for smoothing: Float in [-1, 33, .nan, .infinity] {
            #expect(code(.init(levels: [.layer1], normalisation: .none, smoothing: smoothing)) == .badSetting)
        }
    }

    @Test("statistics that are missing or of another size are refused")
    func badStatistics() throws {
        let statistics = try LevelStatistics(
            level: .layer1, side: 4, mean: .init(repeating: 0, count: 16), deviation: .init(repeating: 1, count: 16))
        #expect(code(.init(levels: [.layer1]), statistics: [statistics]) == nil)
        #expect(code(.init(levels: [.layer1]), statistics: []) == .wrongShape)
        #expect(code(.init(levels: [.layer2]), statistics: [statistics]) == .wrongShape)
        #expect(code(.init(levels: [.layer1]), statistics: [statistics], size: 64) == .wrongShape)
    }

    @Test("statistics with wrong counts, negative deviations or numbers that are not finite are refused")
    func statistics() {
        func code(_ side: Int, _ mean: [Float], _ deviation: [Float]) -> InspectionError.Code? {
            inspectionError { _ = try LevelStatistics(level: .layer1, side: side, mean: mean, deviation: deviation) }?
                .code
        }
        #expect(code(1, [0], [0]) == nil)
        #expect(code(0, [], []) == .wrongShape)
        #expect(code(1, [0, 1], [0]) == .wrongShape)
        #expect(code(1, [0], []) == .wrongShape)
        #expect(code(1, [.nan], [0]) == .notFinite)
        #expect(code(1, [0], [-1]) == .notFinite)
        #expect(code(1, [0], [.infinity]) == .notFinite)
        #expect(code(1, [0], [.nan]) == .notFinite)
    }
}
