// SPDX-License-Identifier: Apache-2.0

import Calibration
import Glibc
import Testing

@Suite struct ProductionRecordTests {
    private static let day: UInt64 = 86_400_000_000_000
    private static let start: UInt64 = 1_790_000_000_000_000_000

    @Test("columns keep the highest and the lowest score, whatever their number")
    func extremes() {
        var random = SeededRandom(1)
        for parts in [1, 2, 7, 8, 9, 63, 64, 65, 1_000, 10_007] {
            var columns = PartColumns(limit: 8)
            var scores: [Float?] = []
            for index in 0..<parts {
                let score: Float? = index % 11 == 3 ? nil : Float.random(in: -5...5, using: &random)
                scores.append(score)
                columns.add(
                    .init(
                        time: UInt64(index), score: score, isBad: index % 5 == 0, isInvalid: false,
                        isAndon: index % 3 == 0))
            }
            #expect(columns.columns.count <= 8 && columns.count == parts)
            #expect(columns.columns.map(\.count).reduce(0, +) == parts)
            #expect(columns.columns.dropLast().allSatisfy { $0.count == columns.width })
            #expect(columns.columns.map(\.bad).reduce(0, +) == (parts + 4) / 5)
            #expect(columns.columns.map(\.andon).reduce(0, +) == (parts + 2) / 3)
            var first = 0
            for column in columns.columns {
                let own = scores[first..<first + column.count].compactMap(\.self)
                #expect(column.low == own.min() && column.high == own.max() && column.time == UInt64(first))
                if let low = own.firstIndex(of: column.low ?? 0), let high = own.firstIndex(of: column.high ?? 0),
                    low != high
                {
                    #expect(column.isRising == (low < high))
                }
                first += column.count
            }
        }
    }

    @Test("the median is within 0.05 %, also of negative scores and of none")
    func median() {
        var random = SeededRandom(2)
        for (low, high) in [(Float(0.001), Float(0.002)), (-3, 3), (-20, -10), (1_000, 1e9)] as [(Float, Float)] {
            var median = ScoreMedian()
            #expect(median.value == nil)
            let scores = (0..<5_001).map { _ in Float.random(in: low...high, using: &random) }
            for score in scores { median.add(score) }
            let (found, exact) = (median.value ?? .nan, Double(scores.sorted()[2_500]))
            #expect(abs(found - exact) <= abs(exact) * 0.0005, "\(found) \(exact)")
        }
        var zero = ScoreMedian()
        zero.add(-0.0)
        zero.add(0)
        #expect(abs(zero.value ?? 1) < 1e-30)
    }

    @Test("days, verdicts and stops are counted; parts under another threshold do not speak for the promise")
    func counts() {
        var record = ProductionRecord(threshold: 2)
        #expect(record.falseStops == nil && record.days.isEmpty && record.median == nil)
        let outcomes: [(ProductionRecord.Outcome, Float?)] = [
            (.good, 1), (.suspicious, 1.5), (.bad, 3), (.invalid, .nan), (.late, nil), (.unjudged, nil),
        ]
        for day in 0..<3 {
            for (place, (outcome, score)) in outcomes.enumerated() {
                record.add(
                    .init(
                        time: Self.start + UInt64(day) * Self.day + UInt64(place), score: score, outcome: outcome,
                        threshold: day == 0 ? 2.5 : 2))
            }
        }
        for (day, verdict) in [(0, .falseStop), (1, .falseStop), (2, .defect), (2, nil)]
            as [(UInt64, ProductionRecord.Stop.Verdict?)]
        {
            record.add(
                .init(
                    time: Self.start + day * Self.day, part: "a", score: 3, threshold: day == 0 ? 2.5 : 2,
                    verdict: verdict))
        }
        // A stop for another reason.
        record.add(.init(time: Self.start + Self.day, part: "b", score: 1.5, threshold: 2, verdict: .falseStop))
        #expect(record.parts == 18 && record.otherThreshold == 6 && record.passed == 4)
        #expect(record.counts == [.good: 3, .suspicious: 3, .bad: 3, .invalid: 3, .late: 3, .unjudged: 3])
        #expect(record.stops == [.falseStop: 3, .defect: 1, nil: 1] && record.falseByThreshold == 1)
        #expect(record.falseStops?.count == 1 && record.falseStops?.of == 5)
        #expect(record.days.map(\.date) == ["2026-09-21", "2026-09-22", "2026-09-23"])
        #expect(record.days.map(\.falseStops) == [1, 2, 0] && record.days[1].other == 3 && record.days[1].highest == 3)
        #expect(abs((record.days[2].median ?? 0) - 1.5) < 0.001)
    }

    @Test("the share's interval is that of Clopper and Pearson")
    func interval() throws {
        #expect(ShareInterval(0, of: 0) == nil && ShareInterval(3, of: 2) == nil)
        // Closed forms at the ends: (0.025)^(1/n).
        let all = try #require(ShareInterval(30, of: 30))
        #expect(abs(all.low - pow(0.025, 1.0 / 30)) < 1e-9 && all.high == 1)
        let none = try #require(ShareInterval(0, of: 30))
        #expect(none.low == 0 && abs(none.high - (1 - pow(0.025, 1.0 / 30))) < 1e-9)
        // At the limits the tails are 2.5 %; both sides are each other's mirror.
        for (count, parts) in [(1, 10), (5, 10), (7, 10), (3, 1_000), (998, 1_000), (50, 100_000)] {
            let share = try #require(ShareInterval(count, of: parts))
            #expect(abs(BinomialTail.atMost(count, of: parts, probability: share.high) - 0.025) < 1e-6)
            #expect(abs(1 - BinomialTail.atMost(count - 1, of: parts, probability: share.low) - 0.025) < 1e-6)
            let mirror = try #require(ShareInterval(parts - count, of: parts))
            #expect(abs(mirror.low - (1 - share.high)) < 1e-9 && abs(mirror.high - (1 - share.low)) < 1e-9)
        }
    }

    @Test("a million parts make a small file, in the same memory as a few thousand")
    func million() throws {
        // In short: 100,000 parts; the file is the same size from a few thousand on.
        let isThorough = getenv("JIDOKA_THOROUGH") != nil
        let parts = isThorough ? 1_000_000 : 100_000
        print("production: \(parts) parts\(isThorough ? "" : ", shortened")")
        var random = SeededRandom(9)
        var record = ProductionRecord(threshold: 2)
        for index in 0..<parts {
            let score = Float.random(in: 1...2, using: &random) * (index % 700 == 0 ? 2 : 1)
            let time = Self.start + UInt64(index) * 20_000_000_000
            record.add(
                .init(
                    time: time, score: score, outcome: score > 2 ? .bad : .good, isAndon: index % 50 < 3, threshold: 2))
            if score > 2 {
                record.add(ProductionRecord.Stop(time: time, part: "\(index).png", score: score, threshold: 2))
            }
        }
        #expect(record.columns.columns.count <= 1_400 && record.latestStops.count == 20)
        let svg = try #require(ControlChart.element(record, warn: 1.9, title: "chart"))
        #expect(PageReader(svg) != nil && svg.utf8.count < 500_000, "\(svg.utf8.count)")
        let scores = (0..<299).map { Float($0) / 150 }
        let threshold = try ConformalThreshold(scores: scores, alpha: 0.01)
        let certificate = Certificate(scores: scores, threshold: threshold)
        let html = ReportPage(
            ReportContent(
                recipe: "r", made: "2026-11-30T20:15:09Z", tool: "t", calibrated: "2026-11-21T03:12:00Z",
                certificate: certificate, lines: certificate.lines(), pixel: 1, scores: scores.map { ("a", $0) },
                production: record)
        ).html
        #expect(html.utf8.count < 1_000_000, "\(html.utf8.count)")
    }

    @Test("a chart has its lines named apart, its marks in words, and nothing where there is no score")
    func chart() throws {
        var record = ProductionRecord(threshold: 2)
        record.add(.init(time: Self.start, score: nil, outcome: .unjudged))
        #expect(ControlChart.element(record, warn: nil, title: "chart") == nil)
        record.add(.init(time: Self.start + 1, score: 1.99, outcome: .good))
        record.add(.init(time: Self.start + 2, score: .infinity, outcome: .invalid))
        record.add(.init(time: Self.start + 3, score: 1.98, outcome: .suspicious, isAndon: true))
        record.add(.init(time: Self.start + 4, score: 40, outcome: .bad))
        let svg = try #require(ControlChart.element(record, warn: 1.97, title: "chart"))
        let texts = try #require(PageReader(svg)).of("text")
        for word in [
            "above the stop threshold", "andon", "score that is no number", "stop 2.00", "warn 1.97", "part 1",
        ] {
            #expect(texts.contains { $0.text == word }, "\(word)")
        }
        let names = texts.filter { ["stop", "warn", "median"].contains(String($0.text.prefix { $0 != " " })) }
        let heights = names.compactMap { $0.attributes["y"].flatMap(Double.init) }.sorted()
        #expect(heights.count == 3 && zip(heights, heights.dropFirst()).allSatisfy { $1 - $0 >= 13 }, "\(heights)")
        #expect(texts.allSatisfy { !$0.text.contains("nan") && !$0.text.contains("inf") })
    }
}
