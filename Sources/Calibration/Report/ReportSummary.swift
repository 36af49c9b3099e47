// SPDX-License-Identifier: Apache-2.0

/// A report in a few lines, and for programs.
public struct ReportSummary: Sendable, Encodable {
    private let content: ReportContent
    /// Where the page is.
    private let file: String

    /// A summary.
    ///
    /// - Parameter file: path of the page.
    public init(_ content: ReportContent, file: String) { (self.content, self.file) = (content, file) }

    /// A few lines.
    public var text: String {
        var lines = ["recipe \(content.recipe): promise \(content.state.rawValue)", content.sentence]
        if let judged = content.judged {
            lines += judged.recalls.map {
                "  \($0.kind): \($0.stopped.count) of \($0.stopped.of) stop, \($0.stopped.text)"
            }
            if let share = judged.falseStops {
                lines.append("  good: \(share.count) of \(share.of) stop, \(share.text)")
            }
        }
        if let record = content.production, record.parts > 0, let first = record.first, let last = record.last {
            let counts = ProductionRecord.Outcome.allCases.compactMap { outcome in
                record.counts[outcome].map { "\($0) \(outcome.rawValue)" }
            }
            lines.append(
                "production: \(record.parts) parts from \(ReportTime.minute(first)) to \(ReportTime.minute(last)) UTC: "
                    + counts.joined(separator: ", "))
            if record.hasEvents {
                lines.append(
                    "stops: \(record.stops.values.reduce(0, +)), of which \(record.stops[.falseStop] ?? 0) acknowledged as false"
                )
            }
        } else {
            lines.append("production: none yet by this model")
        }
        return (lines + ["written: \(file)"]).joined(separator: "\n")
    }

    private struct Promise: Encodable {
        let state: PromiseState
        let sentence: String
        let falseStops: ShareInterval?

        enum CodingKeys: String, CodingKey {
            case state, sentence
            case falseStops = "false_stops"
        }
    }

    private struct Production: Encodable {
        let from: String, to: String
        let parts: Int
        let verdicts: [String: Int]
        let median: Double?
        let otherThreshold: Int
        let stops: [String: Int]?
        let days: [ProductionRecord.Day]
        let latestStops: [ProductionRecord.Stop]

        enum CodingKeys: String, CodingKey {
            case from, to, parts, verdicts, median, stops, days
            case otherThreshold = "other_threshold"
            case latestStops = "latest_stops"
        }

        init?(_ record: ProductionRecord?) {
            guard let record, let first = record.first, let last = record.last else { return nil }
            (from, to, parts) = (ReportTime.second(first), ReportTime.second(last), record.parts)
            verdicts = .init(
                uniqueKeysWithValues: ProductionRecord.Outcome.allCases.map { ($0.rawValue, record.counts[$0] ?? 0) })
            (median, otherThreshold) = (record.median, record.otherThreshold)
            stops =
                record.hasEvents
                ? .init(
                    uniqueKeysWithValues: record.stops.map { verdict, count in
                        (verdict?.rawValue ?? "not_acknowledged", count)
                    }) : nil
            (days, latestStops) = (record.days, record.latestStops)
        }
    }

    enum CodingKeys: String, CodingKey {
        case recipe, made, calibrated, file, promise, certificate, recalls, production, files
        case dataFalseStops = "data_false_stops"
    }

    /// `recipe made calibrated file promise certificate files`, and `recalls data_false_stops production` or null.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(content.recipe, forKey: .recipe)
        try container.encode(content.made, forKey: .made)
        try container.encode(content.calibrated, forKey: .calibrated)
        try container.encode(file, forKey: .file)
        try container.encode(
            Promise(state: content.state, sentence: content.sentence, falseStops: content.falseStops), forKey: .promise)
        try container.encode(content.certificate, forKey: .certificate)
        try container.encode(content.judged?.recalls, forKey: .recalls)
        try container.encode(content.judged?.falseStops, forKey: .dataFalseStops)
        try container.encode(Production(content.production), forKey: .production)
        try container.encode(content.files, forKey: .files)
    }
}
