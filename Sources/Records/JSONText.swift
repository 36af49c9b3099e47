// SPDX-License-Identifier: Apache-2.0

/// Texts and numbers as JSON writes them, the same bits always.
enum JSONText {
    /// A string with its quotes, `null` for nil; never a control character in it.
    static func string(_ value: String?) -> String {
        guard let value else { return "null" }
        // What needs no escape is nearly all.
        if value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x22 && $0 != 0x5C && $0 != 0x7F }) { return "\"\(value)\"" }
        var result = "\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F:
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    /// The shortest decimal that reads back as the same number; what JSON has no number for is a string.
    static func number(_ value: Float?) -> String {
        guard let value else { return "null" }
        if let name = EventLine.nonFinite(value) { return "\"\(name)\"" }
        return value.description
    }
}
