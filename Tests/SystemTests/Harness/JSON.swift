// SPDX-License-Identifier: Apache-2.0

/// JSON as a test reads it, with a parser of its own: the programs' output is not checked with the programs' code.
enum JSON: Equatable {
    case null
    case bool(Bool)
    /// As it was written, so that a score can be compared digit by digit.
    case number(String)
    case string(String)
    case array([JSON])
    case object([String: JSON])

    /// nil when the text is not exactly one value.
    init?(parsing text: String) {
        var parser = Parser(bytes: Array(text.utf8))
        guard let value = parser.value(), parser.isAtEnd else { return nil }
        self = value
    }

    subscript(_ key: String) -> JSON? {
        if case .object(let fields) = self { fields[key] } else { nil }
    }

    var keys: Set<String> {
        if case .object(let fields) = self { Set(fields.keys) } else { [] }
    }

    var text: String? {
        if case .string(let text) = self { text } else { nil }
    }

    var double: Double? {
        if case .number(let digits) = self { Double(digits) } else { nil }
    }

    var int: Int? {
        if case .number(let digits) = self { Int(digits) } else { nil }
    }

    var items: [JSON] {
        if case .array(let items) = self { items } else { [] }
    }

    private struct Parser {
        let bytes: [UInt8]
        var place = 0

        private var next: UInt8? { place < bytes.count ? bytes[place] : nil }

        var isAtEnd: Bool {
            mutating get {
                skipBlanks()
                return place == bytes.count
            }
        }

        private mutating func skipBlanks() {
            while let byte = next, [0x20, 0x09, 0x0A, 0x0D].contains(byte) { place += 1 }
        }

        private mutating func take(_ text: String) -> Bool {
            skipBlanks()
            guard bytes[place...].starts(with: text.utf8) else { return false }
            place += text.utf8.count
            return true
        }

        mutating func value() -> JSON? {
            if take("null") { return .null }
            if take("true") { return .bool(true) }
            if take("false") { return .bool(false) }
            if take("{") { return object() }
            if take("[") { return array() }
            if take("\"") { return string().map { .string($0) } }
            let start = place
            while let byte = next, "+-.0123456789eE".utf8.contains(byte) { place += 1 }
            let digits = String(decoding: bytes[start..<place], as: UTF8.self)
            return Double(digits) == nil ? nil : .number(digits)
        }

        private mutating func object() -> JSON? {
            var fields: [String: JSON] = [:]
            if take("}") { return .object(fields) }
            repeat {
                guard take("\""), let key = string(), take(":"), let value = value(), fields[key] == nil else {
                    return nil
                }
                fields[key] = value
            } while take(",")
            return take("}") ? .object(fields) : nil
        }

        private mutating func array() -> JSON? {
            var items: [JSON] = []
            if take("]") { return .array(items) }
            repeat {
                guard let value = value() else { return nil }
                items.append(value)
            } while take(",")
            return take("]") ? .array(items) : nil
        }

        private mutating func string() -> String? {
            var result: [UInt8] = []
            while let byte = next {
                place += 1
                switch byte {
                case UInt8(ascii: "\""): return String(validating: result, as: UTF8.self)
                case 0..<0x20: return nil
                case UInt8(ascii: "\\"):
                    guard let letter = next else { return nil }
                    place += 1
                    guard let bytes = escaped(letter) else { return nil }
                    result += bytes
                default: result.append(byte)
                }
            }
            return nil
        }

        private mutating func escaped(_ letter: UInt8) -> [UInt8]? {
            switch letter {
            case UInt8(ascii: "n"): return [0x0A]
            case UInt8(ascii: "t"): return [0x09]
            case UInt8(ascii: "r"): return [0x0D]
            case UInt8(ascii: "b"): return [0x08]
            case UInt8(ascii: "f"): return [0x0C]
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [letter]
            case UInt8(ascii: "u"):
                // The programs escape control characters only; pairs of surrogates never come.
                guard place + 4 <= bytes.count,
                    let code = UInt32(String(decoding: bytes[place..<place + 4], as: UTF8.self), radix: 16),
                    let scalar = Unicode.Scalar(code)
                else { return nil }
                place += 4
                return Array(String(scalar).utf8)
            default: return nil
            }
        }
    }
}
