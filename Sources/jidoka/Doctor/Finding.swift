// SPDX-License-Identifier: Apache-2.0

import Glibc

/// One thing that the doctor looked at.
struct Finding: Encodable, Equatable {
    /// How it is.
    enum Status: String, Encodable {
        /// As it should be, or of no consequence.
        case ok
        /// The daemon runs, but somebody should know.
        case warning
        /// Parts can't be inspected like this.
        case error
    }

    /// What was looked at, e.g. `camera`.
    let topic: String
    let status: Status
    /// What was found.
    let found: String
    /// What to do about it; nil when nothing is to be done.
    let advice: String?

    static func ok(_ topic: String, _ found: String) -> Finding {
        Finding(topic: topic, status: .ok, found: found, advice: nil)
    }

    static func warning(_ topic: String, _ found: String, _ advice: String) -> Finding {
        Finding(topic: topic, status: .warning, found: found, advice: advice)
    }

    static func error(_ topic: String, _ found: String, _ advice: String) -> Finding {
        Finding(topic: topic, status: .error, found: found, advice: advice)
    }

    enum CodingKeys: CodingKey { case topic, status, found, advice }

    /// Every key is written, null where there is no advice.
    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(topic, forKey: .topic)
        try container.encode(status, forKey: .status)
        try container.encode(found, forKey: .found)
        try container.encode(advice, forKey: .advice)
    }
}

/// All that the doctor has found.
struct Diagnosis: Encodable {
    let findings: [Finding]
    let errors: Int
    let warnings: Int

    init(_ findings: [Finding]) {
        self.findings = findings
        errors = findings.filter { $0.status == .error }.count
        warnings = findings.filter { $0.status == .warning }.count
    }

    /// For people; with colour on a terminal that wants it (no-color.org).
    func text(isColoured: Bool) -> String {
        let widest = findings.map(\.topic.count).max() ?? 0
        let margin = String(repeating: " ", count: 7 + 2 + widest + 2)
        var lines: [String] = []
        var topic = ""
        for finding in findings {
            let name = finding.topic == topic ? "" : finding.topic
            topic = finding.topic
            let mark = Self.padded(finding.status.rawValue, 7)
            lines.append(
                "\(isColoured ? Self.colour(finding.status) + mark + "\u{1B}[0m" : mark)  \(Self.padded(name, widest))  "
                    + finding.found.replacing("\n", with: "\n" + margin))
            if let advice = finding.advice { lines.append("\(margin)-> \(advice)") }
        }
        func count(_ number: Int, _ word: String) -> String { "\(number) \(word)\(number == 1 ? "" : "s")" }
        lines.append("\(count(errors, "error")), \(count(warnings, "warning"))")
        return lines.joined(separator: "\n")
    }

    /// Whether standard output is a terminal whose reader has not asked for plain text.
    static var isColourWanted: Bool { isatty(STDOUT_FILENO) == 1 && getenv("NO_COLOR") == nil }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    private static func colour(_ status: Finding.Status) -> String {
        switch status {
        case .ok: "\u{1B}[32m"
        case .warning: "\u{1B}[33m"
        case .error: "\u{1B}[1;31m"
        }
    }
}
