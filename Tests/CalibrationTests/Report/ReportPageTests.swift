// SPDX-License-Identifier: Apache-2.0

import Calibration
import Testing

@Suite struct ReportPageTests {
    /// A name that a file may have and a page must not run.
    private static let hostile = "a\"><script>alert('1')</script>&\u{202E}\u{1B}.png"
    private static let threshold: Float = 298

    private func content(
        hasWarn: Bool = false, judged: ReportContent.Judged? = nil, production: ProductionRecord? = nil
    ) throws -> ReportContent {
        var random = SeededRandom(5)
        let scores = (0..<299).map { Float($0) }.shuffled(using: &random)
        let threshold = try ConformalThreshold(scores: scores, alpha: 0.01, confidence: 0.95)
        let certificate = Certificate(scores: scores, threshold: threshold, wanted: 0.001)
        return ReportContent(
            recipe: "tiles", made: "2026-11-30T20:15:09Z", tool: "test 1", calibrated: "2026-11-21T03:12:00Z",
            certificate: certificate, lines: certificate.lines(perShift: 14_400, acceptedBy: Self.hostile),
            warn: hasWarn ? try ConformalThreshold(scores: scores, alpha: 0.064) : nil, pixel: 3,
            acceptedBy: Self.hostile,
            scores: scores.map { ($0 == 298 ? Self.hostile : "OK/\($0).png", $0) }, judged: judged,
            production: production, versions: [.init("model", String(repeating: "9f", count: 32))],
            camera: [.init("exposure_time_absolute", "200")],
            files: [.init(name: "calibration.json", sha256: String(repeating: "0a", count: 32), bytes: 12_345)])
    }

    private func production(_ parts: Int, falseEvery: Int = .max) -> ProductionRecord {
        var record = ProductionRecord(threshold: Self.threshold)
        var random = SeededRandom(3)
        for index in 0..<parts {
            let time = 1_790_000_000_000_000_000 + UInt64(index) * 2_000_000_000
            let isFalse = index % falseEvery == falseEvery - 1
            let score: Float = isFalse ? 300 : Float.random(in: 100...290, using: &random)
            record.add(.init(time: time, score: score, outcome: isFalse ? .bad : .good, threshold: Self.threshold))
            if isFalse {
                record.add(
                    ProductionRecord.Stop(
                        time: time, part: Self.hostile, score: score, threshold: Self.threshold, verdict: .falseStop,
                        user: Self.hostile, reason: Self.hostile))
            }
        }
        return record
    }

    private func judged(warn: Float?) -> ReportContent.Judged {
        ReportContent.Judged(
            data: Self.hostile,
            groups: [
                .init(name: "good", isGood: true, scores: [10, 20, 299]),
                .init(name: "crack", isGood: false, scores: .init(repeating: 400, count: 30)),
                .init(name: "<i>fray", isGood: false, scores: [1, 290, 298, 299]),
            ], stop: Self.threshold, warn: warn)
    }

    /// Well-formed, complete in itself, and without anything that runs.
    private func check(_ html: String) throws -> PageReader {
        let page = try #require(PageReader(html))
        #expect(!html.contains("http") && !html.contains("url(") && !html.contains("@import") && !html.contains("//"))
        for name in ["script", "img", "link", "iframe", "object", "image", "use", "i"] {
            #expect(page.of(name).isEmpty, "\(name)")
        }
        for element in page.elements {
            for (key, _) in element.attributes {
                #expect(!key.hasPrefix("on") && key != "src" && key != "href" && key != "style", "\(element)")
            }
        }
        #expect(!html.unicodeScalars.contains { $0.value == 0x202E || $0.value == 0x1B })
        #expect(page.of("html").first?.attributes["lang"] == "en" && page.of("h1").count == 1)
        #expect(page.of("svg").count == page.of("figcaption").count)
        // Whoever can't see a drawing hears what it is; whoever sees no colours has shapes and words.
        #expect(
            page.of("svg").allSatisfy { $0.attributes["role"] == "img" }
                && page.of("title").count == page.of("svg").count + 1)
        for section in page.of("section") {
            #expect(page.of("h2").contains { $0.attributes["id"] == section.attributes["aria-labelledby"] })
        }
        for table in page.of("caption") { #expect(!table.text.isEmpty) }
        return page
    }

    @Test("without defects and production the page says so, and has everything else")
    func plain() throws {
        let content = try content()
        let html = ReportPage(content).html
        let page = try check(html)
        #expect(
            page.of("h2").map(\.text) == [
                "Certificate", "Scores", "Known defects", "Recent production", "Versions and hashes",
                "What this report does not say",
            ])
        #expect(content.state == .open && html.contains("there is no production to hold it against"))
        #expect(html.contains("No known defects were given") && html.contains("No production yet by this model"))
        #expect(html.contains("2026-11-30 20:15 UTC") && html.contains("2026-11-21 03:12 UTC"))
        for word in [
            "guaranteed:", "<strong>ASKED FOR:</strong>", "estimated, not guaranteed", "2995", "assumed:",
            "in a shift of 14400",
        ] {
            #expect(html.contains(word), "\(word)")
        }
        #expect(html.contains("A weaker promise than 0.1 % was accepted by"))
        #expect(html.contains("12,345") && html.contains(String(repeating: "9f", count: 32)))
        #expect(html.contains("exposure_time_absolute") && page.of("svg").count == 1)
        // The same input, the same file.
        #expect(ReportPage(content).html == html)
    }

    @Test("names are text wherever they stand")
    func escaping() throws {
        let html = ReportPage(
            try content(hasWarn: true, judged: judged(warn: 280), production: production(500, falseEvery: 100))
        ).html
        _ = try check(html)
        let written = "a&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;\u{FFFD}\u{FFFD}.png"
        // Accepted by, in the table of parts, the data set, stops: part, person, reason.
        #expect(html.components(of: written) >= 6)
        #expect(html.contains("&lt;i&gt;fray"))
    }

    @Test("excluded pictures and a camera that is set otherwise are told, where there are any")
    func exclusions() throws {
        var content = try content()
        #expect(!ReportPage(content).html.contains("Good-set audit"))
        content.exclusions = [
            .init(part: Self.hostile, by: "Anna", reason: "scratched", date: "2026-11-22T08:30:00Z"),
            .init(part: "b.png", by: "Bo", reason: "dark", date: "2026-11-22T08:31:00Z", includedBy: "Anna"),
        ]
        #expect(content.state == .open)
        content.warnings = ["the camera <is> set otherwise"]
        #expect(content.state == .doubtful)
        let html = ReportPage(content).html
        _ = try check(html)
        for word in [
            "Good-set audit", "1 good picture is out", "scratched", "2026-11-22 08:30", "taken back by Anna",
            "<strong>WARNING:</strong> the camera &lt;is&gt; set",
        ] {
            #expect(html.contains(word), "\(word)")
        }
    }

    @Test("defects have their recall with its interval, good parts their false stops")
    func defects() throws {
        let judged = judged(warn: 280)
        #expect(judged.recalls.map(\.kind) == ["crack", "<i>fray"])
        #expect(judged.recalls[0].stopped.count == 30 && judged.recalls[1].stopped.count == 1)
        #expect(judged.recalls[1].warned?.count == 3 && judged.falseStops?.count == 1)
        let html = ReportPage(try content(hasWarn: true, judged: judged)).html
        let page = try check(html)
        // Clopper, Pearson: all of 30 is 88.4 to 100 %.
        #expect(html.contains("88.4 to 100 %") && html.contains("above warn") && html.contains("warn 280"))
        #expect(page.of("text").contains { $0.text.contains("&lt;i&gt;fray") })
        #expect(!ReportPage(try content(judged: self.judged(warn: nil))).html.contains("above warn"))
    }

    @Test("the promise is open, kept or broken as production has it")
    func promise() throws {
        #expect(try content(production: production(100)).state == .open)
        #expect(try content(production: production(1_000)).state == .kept)
        let broken = try content(production: production(2_000, falseEvery: 40))
        #expect(broken.state == .broken && broken.sentence.contains("does not keep to it: 50 of 2,000 good parts"))
        let html = ReportPage(broken).html
        _ = try check(html)
        #expect(
            html.contains("Promise broken") && html.contains("50 as false stop") && html.contains("latest 20 stops"))
        // Without the events nothing is known of stops.
        var blind = production(1_000)
        blind.hasEvents = false
        let unknown = try content(production: blind)
        #expect(unknown.state == .open && ReportPage(unknown).html.contains("no history of events"))
    }

    @Test("an order that says something makes the promise doubtful")
    func doubtful() throws {
        let scores = (0..<299).map { Float($0) }
        let threshold = try ConformalThreshold(scores: scores, alpha: 0.01)
        var content = try content()
        content.certificate = Certificate(scores: scores, threshold: threshold)
        content.lines = content.certificate.lines()
        #expect(content.state == .doubtful)
        let html = ReportPage(content).html
        _ = try check(html)
        #expect(html.contains("<strong>AGAINST IT:</strong>") && html.contains("Promise doubtful"))
        #expect(html.contains("on average over calibrations; this very one may be worse"))
    }

    @Test("the short text has the promise, the recall and production")
    func text() throws {
        let content = try content(judged: judged(warn: nil), production: production(1_000, falseEvery: 500))
        let text = ReportSummary(content, file: "x.html").text
        for word in [
            "promise kept", "crack: 30 of 30 stop", "1000 parts from 2026-09-21", "stops: 2, of which 2", "x.html",
        ] {
            #expect(text.contains(word), "\(word): \(text)")
        }
    }
}

extension String {
    /// How often a text is in it.
    fileprivate func components(of text: String) -> Int {
        var (count, rest) = (0, self[...])
        while let range = rest.firstRange(of: text) {
            count += 1
            rest = rest[range.upperBound...]
        }
        return count
    }
}
