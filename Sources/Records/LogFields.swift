// SPDX-License-Identifier: Apache-2.0

import Logging

/// How a log line is written, for the journal and as text; pure, so that tests can read it.
package enum LogFields {
    /// The fields of a line in the journal (systemd.journal-fields(7)), metadata sorted by key.
    package static func fields(
        message: String, level: Logger.Level, label: String, metadata: Logger.Metadata
    ) -> [(name: String, value: String)] {
        var fields = [
            (name: "MESSAGE", value: message), (name: "PRIORITY", value: String(priority(level))),
            (name: "SYSLOG_IDENTIFIER", value: label),
        ]
        for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
            fields.append((name: fieldName(key), value: value.description))
        }
        return fields
    }

    /// One line of text without a newline inside: `<time> <level> <message> key=value …`.
    package static func line(
        message: String, level: Logger.Level, metadata: Logger.Metadata, time: UInt64
    ) -> String {
        var line = "\(UTCTime.text(time)) \(level.rawValue) \(oneLine(message))"
        for (key, value) in metadata.sorted(by: { $0.key < $1.key }) where fieldName(key) != "MESSAGE_ID" {
            let text = oneLine(value.description)
            // The sentence says it already; the field is for programs.
            if key == "detail", message.contains(value.description) { continue }
            line += " \(key)=" + (text.isEmpty || text.contains(" ") ? "\"\(text)\"" : text)
        }
        return line
    }

    /// `state_from` → `JIDOKA_STATE_FROM`; the journal takes A–Z, 0–9 and `_`, at most 64 of them.
    package static func fieldName(_ key: String) -> String {
        let upper = key.uppercased()
        if upper == "MESSAGE_ID" { return upper }
        let clean = upper.utf8.map { byte in
            (0x41...0x5A).contains(byte) || (0x30...0x39).contains(byte) ? byte : 0x5F
        }
        return String(decoding: (Array("JIDOKA_".utf8) + clean).prefix(64), as: UTF8.self)
    }

    /// The levels of syslog(3).
    private static func priority(_ level: Logger.Level) -> Int {
        switch level {
        case .trace, .debug: 7
        case .info: 6
        case .notice: 5
        case .warning: 4
        case .error: 3
        case .critical: 2
        }
    }

    private static func oneLine(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n": result += "\\n"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F: result += "?"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
