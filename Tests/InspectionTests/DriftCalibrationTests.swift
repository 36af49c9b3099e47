// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Inspection
import Recipes
import Testing

@Suite struct DriftCalibrationTests {
    private typealias Score = CalibrationFile.Score

    private static func file(_ scores: [Score]) -> CalibrationFile {
        CalibrationFile(
            model: "m", teacher: "t", maps: "s", settings: MapSettings(levels: [.layer1]), alpha: 0.5, order: 1,
            thresholds: .init(stop: scores[0].score, pixel: 1), scores: scores, date: "2026-11-21T04:00:00Z",
            tool: "jidoka test")
    }

    @Test("picture statistics stay with their part, bit for bit, in keys that the schema names")
    func keys() throws {
        let statistics = PictureStatistics(exposure: 101.3, focus: 1.234_567_9, red: 1.1, blue: 0.9)
        let score = Score(part: "good/1.png", score: 0.3, statistics: statistics)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let data = try encoder.encode(score)
        #expect(
            String(decoding: data, as: UTF8.self)
                == #"{"blue":0.9,"exposure":101.3,"focus":1.2345679,"part":"good/1.png","red":1.1,"score":0.3}"#)
        #expect(try JSONDecoder().decode(Score.self, from: data) == score && score.statistics == statistics)
    }

    @Test("a file without picture statistics reads and writes as before, and then only the score is watched")
    func older() throws {
        let old = #"{"part":"good/1.png","score":0.3}"#
        let score = try JSONDecoder().decode(Score.self, from: Data(old.utf8))
        #expect(score == Score(part: "good/1.png", score: 0.3) && score.statistics == nil)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        #expect(String(decoding: try encoder.encode(score), as: UTF8.self) == old)
        let known = Score(
            part: "2", score: 0.4, statistics: PictureStatistics(exposure: 1, focus: 2, red: 3, blue: 4))
        #expect(Self.file([known, known]).pictureStatistics?.count == 2)
        // Not known for every part is not known.
        let mixed = Self.file([score, known])
        #expect(mixed.pictureStatistics == nil)
        var partly = known
        partly.blue = nil
        #expect(partly.statistics == nil)
        let watch = try DriftWatch(scores: mixed.scores.map(\.score), statistics: mixed.pictureStatistics)
        #expect(watch.quantities == [.score])
    }
}
