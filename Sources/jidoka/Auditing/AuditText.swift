// SPDX-License-Identifier: Apache-2.0

import Calibration
import Training

/// An audit in lines for a person.
struct AuditText {
    let lines: [String]

    init(_ audit: GoodSetAudit, count: Int) {
        let shown = audit.pictures.prefix(count)
        var lines = ["the \(shown.count) most suspicious of \(audit.pictures.count) good pictures:"]
        for entry in shown {
            var words = ["\(entry.rank)", GoodSetAudit.number(entry.suspicion), entry.part]
            if let role = entry.role { words.append(role.rawValue) }
            words += entry.conditions.map(\.rawValue)
            if let person = entry.excludedBy { words.append("excluded by \(person)") }
            lines.append("  " + words.joined(separator: "  "))
        }
        if audit.nearDuplicates.isEmpty {
            lines.append("no two pictures show the same part")
        } else {
            lines.append("\(audit.nearDuplicates.count) groups of pictures show the same part:")
            lines += audit.nearDuplicates.map { "  " + $0.joined(separator: "  ") }
        }
        if audit.outliers.isEmpty {
            lines.append("exposure and focus: nothing unusual")
        } else {
            lines.append("exposure and focus, in robust deviations from the median:")
            for outlier in audit.outliers {
                let found = outlier.found
                lines.append(
                    "  \(outlier.part)  \(found.kind.rawValue): \(NumberText.fixed(found.value, 1)), median "
                        + "\(NumberText.fixed(found.median, 1)), \(NumberText.fixed(found.deviations, 1)) deviations")
            }
        }
        self.lines = lines
    }
}
