// SPDX-License-Identifier: Apache-2.0

/// A look at the text before the parser sees it: refuses what YAML allows and a configuration never needs.
///
/// Anchors and aliases can make a few lines stand for gigabytes, tags can ask for types, directives can change the
/// grammar; a tab where an indentation belongs and unseen control characters only ever confuse. It works on characters
/// and errs on the strict side: a name directly behind `&` or `!` in a text needs another spelling.
enum YAMLScreen {
    /// `- - - - …` on one line nests without end.
    private static let mostIndicators = 8

    static func check(_ text: String, file: String) throws(RecipeError) {
        var number = 0
        for line in text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            number += 1
            try check(line: Array(line), number, file)
        }
    }

    private static func check(line: [UInt8], _ number: Int, _ file: String) throws(RecipeError) {
        var bytes = line
        if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
        if bytes.isEmpty { return }
        if bytes[0] == UInt8(ascii: "%") {
            throw forbidden(file, number, "no YAML directives", "'%' at the start of a line", "put the text in quotes")
        }
        try checkCharacters(bytes, number, file)
        cutComment(&bytes)
        if bytes.isEmpty { return }
        try checkIndentation(bytes, number, file)
        for index in bytes.indices.dropLast() {
            let byte = bytes[index]
            guard byte == UInt8(ascii: "&") || byte == UInt8(ascii: "!") else { continue }
            let startsToken = index == 0 || !isWordByte(bytes[index - 1])
            let next = bytes[index + 1]
            guard startsToken, isNameByte(next) || (byte == UInt8(ascii: "!") && "!<".utf8.contains(next)) else {
                continue
            }
            let what = byte == UInt8(ascii: "&") ? "anchors" : "tags"
            throw forbidden(
                file, number, "no \(what)", "'\(Character(UnicodeScalar(byte)))\(Character(UnicodeScalar(next)))…'",
                "write the value out; in a text put a blank behind the sign")
        }
    }

    /// Takes a comment away, but only from a line without quotes: there it is a comment, or inside a text of several lines.
    private static func cutComment(_ bytes: inout [UInt8]) {
        guard !bytes.contains(where: { $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "'") }) else { return }
        let start = bytes.indices.first { index in
            bytes[index] == UInt8(ascii: "#") && (index == 0 || bytes[index - 1] == 32 || bytes[index - 1] == 9)
        }
        if let start { bytes.removeSubrange(start...) }
    }

    private static func checkCharacters(_ bytes: [UInt8], _ number: Int, _ file: String) throws(RecipeError) {
        for (index, byte) in bytes.enumerated() {
            let after = index + 1 < bytes.count ? bytes[index + 1] : 0
            let last = index + 2 < bytes.count ? bytes[index + 2] : 0
            // U+0080 to U+009F are control characters, U+2028 and U+2029 are line ends to YAML and to few editors.
            let unseen =
                (byte < 32 && byte != 9) || byte == 127 || (byte == 0xC2 && after < 0xA0)
                || (byte == 0xE2 && after == 0x80 && (last == 0xA8 || last == 0xA9))
                || (byte == 0xEF && after == 0xBB && last == 0xBF)
            guard unseen else { continue }
            throw RecipeError(
                .notText, file, line: number, expected: "printable text",
                found: "a control character in column \(index + 1)",
                hint: "delete the character")
        }
    }

    private static func checkIndentation(_ bytes: [UInt8], _ number: Int, _ file: String) throws(RecipeError) {
        var indicators = 0
        for (index, byte) in bytes.enumerated() {
            switch byte {
            case UInt8(ascii: " "): continue
            case 9:
                // Behind the last word a tab is only an untidy blank.
                guard bytes[index...].contains(where: { $0 != 9 && $0 != 32 }) else { return }
                throw RecipeError(
                    .syntax, file, line: number, expected: "blanks for indentation",
                    found: "a tab in column \(index + 1)",
                    hint: "replace the tab by blanks")
            case UInt8(ascii: "-"), UInt8(ascii: "?"), UInt8(ascii: ":"):
                let next = index + 1 < bytes.count ? bytes[index + 1] : 32
                guard next == 32 || next == 9 else { return }
                indicators += 1
                if indicators > mostIndicators {
                    throw forbidden(
                        file, number, "lists nested less deeply", "more than \(mostIndicators) on a line", "")
                }
            default: return
            }
        }
    }

    private static func forbidden(
        _ file: String, _ line: Int, _ expected: String, _ found: String, _ hint: String
    ) -> RecipeError {
        RecipeError(.forbidden, file, line: line, expected: expected, found: found, hint: hint)
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: byte >= 128
        }
    }

    /// Behind these a sign belongs to a word that has begun already.
    private static func isWordByte(_ byte: UInt8) -> Bool {
        isNameByte(byte) && byte != UInt8(ascii: "-") || "./=+~@$&".utf8.contains(byte)
    }
}
