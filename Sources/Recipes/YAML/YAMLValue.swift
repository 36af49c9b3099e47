// SPDX-License-Identifier: Apache-2.0

/// A type that one YAML value can be read as.
public protocol YAMLValue: Sendable {
    /// The type in an error message, e.g. `a whole number`.
    static var yamlName: String { get }
    /// The value of a word of the text, or `nil` when it is something else; `quoted` words are text.
    init?(yaml word: String, quoted: Bool)
}

extension String: YAMLValue {
    /// `a text`.
    public static var yamlName: String { "a text" }

    /// A text in quotes, or a word that can't be taken for a number, a truth value or nothing.
    public init?(yaml word: String, quoted: Bool) {
        if !quoted {
            if Double(word) != nil || YAMLNode.scalar(word, quoted: false, line: 0).isNothing { return nil }
            if ["true", "false"].contains(word.lowercased()) { return nil }
        }
        self = word
    }
}

extension Bool: YAMLValue {
    /// `true or false`.
    public static var yamlName: String { "true or false" }

    /// Only these two words; `yes`, `on` and `1` are too easily something else.
    public init?(yaml word: String, quoted: Bool) {
        guard !quoted, word == "true" || word == "false" else { return nil }
        self = word == "true"
    }
}

extension Int: YAMLValue {
    /// `a whole number`.
    public static var yamlName: String { "a whole number" }

    /// Decimal digits with an optional sign; no leading zeros, which other readers take for octal.
    public init?(yaml word: String, quoted: Bool) {
        guard !quoted, isDecimal(word, fraction: false), let value = Int(word) else { return nil }
        self = value
    }
}

extension UInt64: YAMLValue {
    /// `a whole number`.
    public static var yamlName: String { "a whole number from 0" }

    /// Decimal digits; no leading zeros.
    public init?(yaml word: String, quoted: Bool) {
        guard !quoted, isDecimal(word, fraction: false), let value = UInt64(word) else { return nil }
        self = value
    }
}

extension Double: YAMLValue {
    /// `a number`.
    public static var yamlName: String { "a number" }

    /// A finite decimal number, with or without fraction and exponent.
    public init?(yaml word: String, quoted: Bool) {
        guard !quoted, isDecimal(word, fraction: true), let value = Double(word), value.isFinite else { return nil }
        self = value
    }
}

/// True for a sign, digits without a leading zero and, if allowed, fraction and exponent.
private func isDecimal(_ word: String, fraction: Bool) -> Bool {
    var rest = word.utf8[...]
    if let sign = rest.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") { rest = rest.dropFirst() }
    func digits() -> Int {
        let count = rest.prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }.count
        rest = rest.dropFirst(count)
        return count
    }
    let leadingZero = rest.first == UInt8(ascii: "0")
    let whole = digits()
    guard whole > 0, !(leadingZero && whole > 1) else { return false }
    guard fraction else { return rest.isEmpty }
    if rest.first == UInt8(ascii: ".") {
        rest = rest.dropFirst()
        guard digits() > 0 else { return false }
    }
    if let mark = rest.first, mark == UInt8(ascii: "e") || mark == UInt8(ascii: "E") {
        rest = rest.dropFirst()
        if let sign = rest.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") { rest = rest.dropFirst() }
        guard digits() > 0 else { return false }
    }
    return rest.isEmpty
}
