// SPDX-License-Identifier: Apache-2.0

import Calibration
import Inspection
import Pictures
import Recipes
import Testing

@Suite struct PartScorerTests {
    private func model() throws -> InspectionModel {
        try InspectionModel(
            teacher: try TestNetworks.plan(1), student: try TestNetworks.plan(2),
            settings: .init(levels: [.layer1], normalisation: .none), statistics: [])
    }

    private let pictures = (0..<23).map { part(UInt64($0), size: 32).pixels }

    @Test("one, two and seven threads give the same bits, those of one inspector")
    func threads() throws {
        let scorer = PartScorer(try model())
        let inspector = try Inspector(model: scorer.model)
        let expected = pictures.map { inspector.score($0).bitPattern }
        for threads in [1, 2, 7, 100, 0] {
            let scored = try scorer.scores(pictures, maps: true, threads: threads)
            #expect(scored.map(\.score.bitPattern) == expected)
            #expect(scored.allSatisfy { $0.map.count == 32 * 32 && $0.peak == $0.map.max() && $0.milliseconds >= 0 })
        }
        #expect(Set(expected).count == pictures.count)
        #expect(try scorer.scores(pictures, threads: 2).allSatisfy { $0.map.isEmpty })
        #expect(try scorer.scores([], threads: 2).isEmpty)
    }

    @Test("work on many things keeps their order and tells of every one")
    func parallel() {
        for threads in [1, 2, 5] {
            let calls = PartCounter()
            let result = Parallel.map(Array(0..<200), threads: threads, progress: { calls.take($0, $1) }) { $0 * 2 }
            #expect(result == (0..<200).map { $0 * 2 })
            #expect(calls.seen == Set(1...200))
        }
        #expect(Parallel.map([Int](), threads: 3) { $0 }.isEmpty)
        #expect(Parallel.cores >= 1)
    }

    @Test("settings that need statistics are refused before any work when there are none")
    func noStatistics() throws {
        let model = try InspectionModel(
            teacher: try TestNetworks.plan(1), student: try TestNetworks.plan(2), settings: .init(levels: [.layer1]),
            statistics: [])
        #expect(throws: InspectionError.self) { try PartScorer(model).scores(pictures) }
    }
}
