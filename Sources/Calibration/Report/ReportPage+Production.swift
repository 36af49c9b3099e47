// SPDX-License-Identifier: Apache-2.0

/// What came by lately, what it was made with, and what can't be said.
extension ReportPage {
    /// Days that are listed one by one.
    private static let mostDays = 62

    var production: Markup {
        guard let record = content.production, record.parts > 0, let first = record.first, let last = record.last else {
            return "<p>No production yet by this model.</p>\n"
        }
        let figure =
            ControlChart.drawing(record, warn: content.warn?.value).map {
                Markup.figure(
                    $0,
                    title:
                        "Control chart of \(NumberText.grouped(record.parts)) parts from \(ReportTime.minute(first)) to "
                        + "\(ReportTime.minute(last)) UTC",
                    caption:
                        "\(NumberText.grouped(record.parts)) parts from \(ReportTime.minute(first)) to \(ReportTime.minute(last)) UTC, "
                        + "in their order, judged by this model. The median is within 0.05 %.")
            } ?? "<p>No part has a score.</p>\n"
        let other: Markup =
            record.otherThreshold > 0
            ? """
            <p>\(record.otherThreshold) of these parts were held against another threshold than today's; they are drawn and \
            counted, and the promise is not held against them.</p>

            """ : ""
        let outcomes = ProductionRecord.Outcome.allCases.filter {
            ($0 == .good || $0 == .bad) || record.counts[$0] != nil
        }
        let counts = outcomes.map { outcome -> [Markup] in
            let count = record.counts[outcome] ?? 0
            return [
                "\(Self.meaning(outcome))", "\(count)",
                "\(ShareInterval.percent(Double(count) / Double(record.parts))) %",
            ]
        }
        return
            "\(figure)\(other)\(Markup.table("Verdicts", ["verdict", "#parts", "#share"], counts))\(stops(record))\(days(record))"
    }

    private static func meaning(_ outcome: ProductionRecord.Outcome) -> String {
        switch outcome {
        case .good: "good"
        case .suspicious: "suspicious (above warn)"
        case .bad: "bad (above stop)"
        case .invalid: "invalid (score is no number)"
        case .late: "late (judged after its time)"
        case .unjudged: "unjudged (no picture in time)"
        }
    }

    private func stops(_ record: ProductionRecord) -> Markup {
        guard record.hasEvents else { return "<p>There is no history of events: nothing is known of stops.</p>\n" }
        func count(_ verdict: ProductionRecord.Stop.Verdict?) -> Int { record.stops[verdict] ?? 0 }
        let all = record.stops.values.reduce(0, +)
        guard all > 0 else { return "<p>The line did not stop in this time.</p>\n" }
        let words: Markup = """
            <p>\(all) stops: \(count(.defect)) acknowledged as defect, \(count(.falseStop)) as false stop, \
            \(count(.unclear)) as unclear, \(count(nil)) not acknowledged.</p>

            """
        let rows = record.latestStops.reversed().map { stop -> [Markup] in
            func number(_ value: Float?) -> String { value.map { NumberText.significant(Double($0)) } ?? "–" }
            let found = stop.verdict.map { $0 == .falseStop ? "false stop" : $0.rawValue } ?? "not acknowledged"
            let reason = stop.reason.map { ": " + $0 } ?? ""
            return [
                "\(ReportTime.second(stop.time))", "\(stop.part ?? "–")", "\(number(stop.score))",
                "\(number(stop.threshold))", "\(found)\(reason)", "<bdi>\(stop.user ?? "–")</bdi>",
            ]
        }
        let columns = ["time, UTC", "part", "#score", "#threshold", "found", "by"]
        return "\(words)\(Markup.table("The latest \(rows.count) stops, newest first", columns, rows))"
    }

    private func days(_ record: ProductionRecord) -> Markup {
        let all = record.days
        var rows = all.suffix(Self.mostDays).reversed().map { Self.row($0, name: $0.date) }
        let earlier = all.dropLast(Self.mostDays)
        if !earlier.isEmpty {
            var sum = ProductionRecord.Day(date: "")
            for day in earlier {
                sum.parts += day.parts
                sum.good += day.good
                sum.suspicious += day.suspicious
                sum.bad += day.bad
                sum.other += day.other
                sum.falseStops += day.falseStops
                sum.highest = [sum.highest, day.highest].compactMap(\.self).max()
            }
            rows.append(Self.row(sum, name: "\(earlier.count) days before"))
        }
        return Markup.table(
            "By day, UTC, newest first",
            ["day", "#parts", "#good", "#suspicious", "#bad", "#other", "#false stops", "#median", "#highest"], rows)
    }

    private static func row(_ day: ProductionRecord.Day, name: String) -> [Markup] {
        let median = day.median.map(NumberText.significant) ?? "–"
        let highest = day.highest.map { NumberText.significant(Double($0)) } ?? "–"
        return [
            "\(name)", "\(day.parts)", "\(day.good)", "\(day.suspicious)", "\(day.bad)", "\(day.other)",
            "\(day.falseStops)", "\(median)", "\(highest)",
        ]
    }

    var versions: Markup {
        func table(_ caption: String, _ facts: [ReportContent.Fact]) -> Markup {
            facts.isEmpty
                ? ""
                : Markup.table(caption, ["what", "value"], facts.map { ["\($0.name)", "<code>\($0.value)</code>"] })
        }
        let files = content.files.map { file -> [Markup] in
            ["\(file.name)", "\(file.bytes)", "<code>\(file.sha256)</code>"]
        }
        let none: Markup = content.camera.isEmpty ? "<p>The recipe has no camera settings.</p>\n" : ""
        return """
            \(table("Model and calibration", content.versions))\(table("Camera", content.camera))\(none)\
            \(Markup.table("Files of the recipe", ["file", "#bytes", "SHA-256"], files))
            """
    }

    var limits: Markup {
        var lines: [Markup] = [
            """
            <li>The promise is about false stops of good parts. It says nothing of defects that are missed.</li>

            """,
            """
            <li>It speaks of the stop threshold alone. What several suspicious parts, andons that nobody looks at, drift and the \
            detection heartbeat add is said under Certificate, as bounds.</li>

            """,
            """
            <li>It holds for parts that are exchangeable with those that calibrated: same product, light, camera and process. \
            Drift breaks it; the tests above see only the calibrate parts.</li>

            """,
            """
            <li>False stops are those that people acknowledged as false. One that is called a defect, is unclear, or is not \
            acknowledged counts as none.</li>

            """,
            """
            <li>Whoever reads many reports sees one of them outside its 95 % by chance: an interval here is of this time only.</li>

            """,
        ]
        if content.judged != nil {
            lines.append(
                """
                <li>Recall is that of the defects which were given. Other defects, and fainter ones, may be missed more often.</li>

                """)
        }
        if content.certificate.threshold.confidence == nil {
            lines.append(
                """
                <li>The promise holds on average over calibrations; this very one may be worse (see the line with a confidence).</li>

                """)
        }
        if content.production == nil || content.production?.parts == 0 {
            lines.append("<li>Nothing was seen of this model in production.</li>\n")
        }
        lines.append(
            """
            <li>Hashes name files; whether the history was changed is told by <code>jidoka verify-history</code>. \
            This report is no safety assessment.</li>

            """)
        return "<ul>\n\(lines)</ul>\n"
    }
}
