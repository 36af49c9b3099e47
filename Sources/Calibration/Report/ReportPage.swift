// SPDX-License-Identifier: Apache-2.0

/// A report as one HTML file that needs nothing else: no script, no picture, no font from elsewhere.
public struct ReportPage: Sendable {
    let content: ReportContent

    /// A page of a content.
    public init(_ content: ReportContent) { self.content = content }

    /// The file.
    public var html: String {
        let sections: [Markup] = [
            section("certificate", "Certificate", certificate), section("scores", "Scores", scores),
            content.exclusions.isEmpty ? "" : section("audit", "Good-set audit", audit),
            section("defects", "Known defects", defects), section("production", "Recent production", production),
            section("versions", "Versions and hashes", versions),
            section("limits", "What this report does not say", limits),
        ]
        let page: Markup = """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <meta name="generator" content="\(content.tool)">
            <title>Jidoka report: \(content.recipe), \(ReportTime.minute(content.made)) UTC</title>
            <style>
            \(Markup(trusted: ReportStyle.text))
            </style>
            </head>
            <body>
            <main>
            \(head)\(sections)</main>
            </body>
            </html>

            """
        return page.text
    }

    private func section(_ name: String, _ title: String, _ body: Markup) -> Markup {
        """
        <section aria-labelledby="\(name)">
        <h2 id="\(name)">\(title)</h2>
        \(body)</section>

        """
    }

    private var head: Markup {
        """
        <header>
        <h1>Recipe \(content.recipe)</h1>
        <p class="soft">Report of \(ReportTime.minute(content.made)) UTC by \(content.tool); calibrated \
        \(ReportTime.minute(content.calibrated)) UTC.</p>
        <p class="promise \(content.state.rawValue)"><strong>Promise \(content.state.rawValue)</strong>: \(content.sentence)</p>
        </header>

        """
    }

    private var certificate: Markup {
        let lines = content.lines.map { line -> Markup in
            // What stands before the first colon says what kind of sentence it is.
            guard let colon = line.firstIndex(of: ":"), line[..<colon].count <= 45, line.first?.isLetter == true,
                !line[..<colon].contains("(")
            else {
                return "<li>\(line)</li>\n"
            }
            let (kind, rest) = (String(line[...colon]), String(line[line.index(after: colon)...]))
            return "<li><strong>\(kind)</strong>\(rest)</li>\n"
        }
        let threshold = content.certificate.threshold
        let surely = threshold.confidence.map { "confidence \(Certificate.confident($0))" } ?? "on average"
        var rows: [[Markup]] = [
            [
                "stop", "\(NumberText.significant(Double(threshold.value)))",
                "at most \(Certificate.percent(threshold.alpha)) of good parts, \(surely)",
            ]
        ]
        if let warn = content.warn {
            rows.append([
                "warn", "\(NumberText.significant(Double(warn.value)))",
                "at most \(Certificate.percent(warn.alpha)) of good parts, on average",
            ])
        }
        rows.append(["pixel", "\(NumberText.significant(Double(content.pixel)))", "shows where a defect is"])
        let accepted: Markup =
            content.acceptedBy.map { name in
                let wanted = content.certificate.wanted.map { " than \(Certificate.percent($0))" } ?? ""
                return "<p>A weaker promise\(wanted) was accepted by <bdi>\(name)</bdi>.</p>\n"
            } ?? ""
        let warnings = content.warnings.map { line -> Markup in "<li><strong>WARNING:</strong> \(line)</li>\n" }
        return
            "<ul>\n\(warnings)\(lines)</ul>\n\(Markup.table("Thresholds", ["threshold", "#score", "promise"], rows))\(accepted)"
    }

    private var scores: Markup {
        let calibrate = HistogramPlot.Group(name: "calibrate", isGood: true, scores: content.scores.map(\.score))
        let groups = [calibrate] + (content.judged?.groups ?? [])
        let drawing = HistogramPlot.drawing(
            groups, threshold: content.certificate.threshold.value, warn: content.warn?.value,
            title: content.judged == nil ? "Scores of the calibrate parts" : "Scores of good and defective parts")
        let figure = Markup.figure(
            drawing,
            title: "Histogram of scores: \(groups.map { "\($0.name) \($0.scores.count)" }.joined(separator: ", "))",
            caption: "Scores of the parts that the threshold was taken from"
                + (content.judged.map { ", and of parts of \($0.data) whose truth is known" } ?? "")
                + ". Right of the threshold the line stops.")
        let highest = content.scores.sorted { $0.score > $1.score }.prefix(5).map { one -> [Markup] in
            ["\(one.part)", "\(NumberText.significant(Double(one.score)))"]
        }
        return "\(figure)\(Markup.table("Calibrate parts with the highest scores", ["part", "#score"], Array(highest)))"
    }

    private var audit: Markup {
        let rows = content.exclusions.map { one -> [Markup] in
            [
                "\(one.part)", "<bdi>\(one.by)</bdi>", "\(one.reason)", "\(ReportTime.minute(one.date))",
                "\(one.includedBy.map { "taken back by " + $0 } ?? "out")",
            ]
        }
        let out = content.exclusions.count { $0.includedBy == nil }
        let pictures = out == 1 ? "good picture is" : "good pictures are"
        return """
            <p>\(out) \(pictures) out on a person's word; those that had calibrated count as exceedances since the \
            calibration that knows of it.</p>
            \(Markup.table("Pictures that people have excluded", ["part", "by", "reason", "when, UTC", "now"], rows))
            """
    }

    private var defects: Markup {
        guard let judged = content.judged else {
            return
                "<p>No known defects were given (<code>--data</code>): this report says nothing of what is found.</p>\n"
        }
        let hasWarn = content.warn != nil
        let rows = judged.recalls.map { one -> [Markup] in
            func cells(_ share: ShareInterval) -> [Markup] {
                [
                    "\(ShareInterval.percent(share.value)) %",
                    "\(ShareInterval.percent(share.low)) to \(ShareInterval.percent(share.high)) %",
                ]
            }
            return ["\(one.kind)", "\(one.stopped.of)", "\(one.stopped.count)"] + cells(one.stopped)
                + (hasWarn ? one.warned.map { ["\(ShareInterval.percent($0.value)) %"] } ?? ["–"] : [])
        }
        let columns = ["defect", "#parts", "#stopped", "#recall", "#95 %"] + (hasWarn ? ["#above warn"] : [])
        let good: Markup =
            judged.falseStops.map { share in
                "<p>Of \(share.of) good parts that the recipe was not made from, \(share.count) stop: \(share.text).</p>\n"
            } ?? "<p>No good parts but those that the recipe was made from.</p>\n"
        guard !rows.isEmpty else { return "<p>\(judged.data) has no defective parts.</p>\n\(good)" }
        return """
            \(Markup.table("Defective parts of \(judged.data) above the stop threshold", columns, rows))\(good)\
            <p class="soft">Intervals: Clopper and Pearson, each kind for itself.</p>

            """
    }
}
