// SPDX-License-Identifier: Apache-2.0

import Calibration
import Inspection
import Testing

@Suite struct LevelStatisticsCollectorTests {
    @Test("mean and deviation are those of two passes in Double, far from zero too", arguments: [Float(0), 1, 1000])
    func twoPasses(offset: Float) throws {
        var random = SeededRandom(4)
        for parts in [2, 3, 50] {
            let maps = (0..<parts).map { _ in random.floats(16).map { $0 * 0.01 + offset } }
            var collector = LevelStatisticsCollector(level: .layer1, side: 4)
            for map in maps { collector.add(map) }
            let statistics = try collector.statistics()
            #expect(statistics.level == .layer1 && statistics.side == 4)
            for place in 0..<16 {
                let values = maps.map { Double($0[place]) }
                let mean = values.reduce(0, +) / Double(parts)
                let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(parts - 1)
                #expect(abs(Double(statistics.mean[place]) - mean) <= 1e-6 * max(1, abs(mean)))
                #expect(
                    abs(Double(statistics.deviation[place]) - variance.squareRoot()) <= 1e-6 * variance.squareRoot()
                        + 1e-12)
            }
        }
    }

    @Test("fewer than two parts, and distances that are not finite, give no statistics")
    func refused() {
        var collector = LevelStatisticsCollector(level: .layer2, side: 1)
        #expect(calibrationError { _ = try collector.statistics() }?.code == .tooFewParts)
        collector.add([1])
        #expect(calibrationError { _ = try collector.statistics() }?.code == .tooFewParts)
        collector.add([.nan])
        #expect(calibrationError { _ = try collector.statistics() }?.code == .notFinite)
    }
}
