// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Why a recipe or a configuration can't be used.
public struct RecipeError: Error, Sendable, Equatable {
    /// The kind of failure.
    public enum Code: String, Sendable, CaseIterable {
        /// The file is missing or can't be read.
        case unreadable
        /// The file is larger than any honest file of its kind.
        case tooLarge
        /// The bytes are not UTF-8 text, or hold characters that have no place in a text.
        case notText
        /// Nothing but blanks and comments.
        case empty
        /// Not well-formed YAML.
        case syntax
        /// YAML that is well formed but not accepted here: anchors, aliases, tags, directives, several documents.
        case forbidden
        /// A key that nobody asked for.
        case unknownKey
        /// A key that stands twice in one mapping.
        case duplicateKey
        /// A key that must be there and is not.
        case missingKey
        /// A value of another type.
        case wrongType
        /// A number outside its range, a text that is no name, a list of the wrong length.
        case outOfRange
        /// None of the allowed words.
        case notAChoice
        /// A key that does not go with another key's value.
        case contradiction
        /// A model, statistics or calibration file that is damaged or of another kind.
        case badFile
        /// Files of a recipe that do not belong together.
        case mismatch
        /// A file or folder that can't be written.
        case writeFailed
    }

    /// The kind of failure.
    public let code: Code
    /// The file's path.
    public let thing: String
    /// The line, from 1; 0 when the error concerns the whole file.
    public let line: Int
    /// The key in dotted form, e.g. `source.rate`; empty when no key is concerned.
    public let key: String
    /// What would have been right.
    public let expected: String
    /// What was there instead.
    public let found: String
    /// The system's error number, 0 when there is none.
    public let errno: Int32
    /// What to do about it; may be empty.
    public let hint: String

    /// An error with its facts.
    public init(
        _ code: Code, _ thing: String, line: Int = 0, key: String = "", expected: String, found: String,
        errno: Int32 = 0, hint: String = ""
    ) {
        self.code = code
        self.thing = thing
        self.line = line
        self.key = RecipeError.oneLine(key, 160)
        self.expected = expected
        self.found = RecipeError.oneLine(found, 160)
        self.errno = errno
        self.hint = hint
    }

    /// A finding as it fits into a line of a log: control characters become blanks, the rest is cut.
    package static func oneLine(_ text: String, _ most: Int) -> String {
        var clean = String.UnicodeScalarView()
        for scalar in text.unicodeScalars.prefix(most) {
            let unseen =
                scalar.value < 32 || (127...159).contains(scalar.value) || (0x2028...0x2029).contains(scalar.value)
            clean.append(unseen ? " " : scalar)
        }
        return text.unicodeScalars.count > most ? String(clean) + "..." : String(clean)
    }
}

extension RecipeError: CustomStringConvertible {
    /// One line that editors can jump to: `FILE:LINE: KEY: what is wrong: expected X, found Y (hint)`.
    public var description: String {
        let place = line > 0 ? "\(thing):\(line)" : thing
        if code == .unknownKey {
            let guess = hint.isEmpty ? "" : "; \(hint)"
            return "\(place): unknown key '\(key)'\(guess) (valid: \(expected))"
        }
        let subject = key.isEmpty ? "" : " \(key):"
        let system = errno == 0 ? "" : " [errno \(errno): \(String(cString: strerror(errno)))]"
        let advice = hint.isEmpty ? "" : " (\(hint))"
        return "\(place):\(subject) \(code.summary): expected \(expected), found \(found)\(system)\(advice)"
    }
}

extension RecipeError.Code {
    /// The code in plain English.
    public var summary: String {
        switch self {
        case .unreadable: "can't be read"
        case .tooLarge: "file too large"
        case .notText: "not a text"
        case .empty: "nothing in it"
        case .syntax: "not well-formed YAML"
        case .forbidden: "not accepted here"
        case .unknownKey: "unknown key"
        case .duplicateKey: "key given twice"
        case .missingKey: "key missing"
        case .wrongType: "wrong type"
        case .outOfRange: "out of range"
        case .notAChoice: "not a choice"
        case .contradiction: "does not go together"
        case .badFile: "damaged"
        case .mismatch: "does not belong to the rest"
        case .writeFailed: "can't be written"
        }
    }
}
