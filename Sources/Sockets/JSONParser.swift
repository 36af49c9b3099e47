// SPDX-License-Identifier: Apache-2.0

/// A strict reader of one JSON value (RFC 8259) from UTF-8.
///
/// Of its own, as it faces whoever may open the socket: what it takes is bounded (depth 64, numbers that are finite), and
/// a key that comes twice is refused instead of meaning one thing here and another thing there (RFC 7493, 2.3).
struct JSONParser {
    private struct Malformed: Error {}

    private static let deepest = 64

    private let bytes: [UInt8]
    private var place = 0

    /// The value, or `nil` when the bytes are anything else than exactly one.
    static func value(_ bytes: [UInt8]) -> JSONValue? {
        guard String(validating: bytes, as: UTF8.self) != nil else { return nil }
        var parser = JSONParser(bytes: bytes)
        do throws(Malformed) {
            let value = try parser.value(depth: 0)
            parser.skipBlanks()
            return parser.place == bytes.count ? value : nil
        } catch {
            return nil
        }
    }

    private init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    private var next: UInt8? { place < bytes.count ? bytes[place] : nil }

    private mutating func skipBlanks() {
        while let byte = next, byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D { place += 1 }
    }

    private mutating func take(_ byte: Unicode.Scalar) -> Bool {
        guard next == UInt8(ascii: byte) else { return false }
        place += 1
        return true
    }

    private mutating func expect(_ byte: Unicode.Scalar) throws(Malformed) {
        guard take(byte) else { throw Malformed() }
    }

    private mutating func value(depth: Int) throws(Malformed) -> JSONValue {
        guard depth < Self.deepest else { throw Malformed() }
        skipBlanks()
        switch next {
        case UInt8(ascii: "{"): return try object(depth)
        case UInt8(ascii: "["): return try array(depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return try number()
        }
    }

    private mutating func word(_ word: StaticString, _ value: JSONValue) throws(Malformed) -> JSONValue {
        let end = place + word.utf8CodeUnitCount
        guard end <= bytes.count, word.withUTF8Buffer({ $0.elementsEqual(bytes[place..<end]) }) else {
            throw Malformed()
        }
        place = end
        return value
    }

    private mutating func object(_ depth: Int) throws(Malformed) -> JSONValue {
        try expect("{")
        var fields: [String: JSONValue] = [:]
        skipBlanks()
        if take("}") { return .object(fields) }
        repeat {
            skipBlanks()
            let key = try string()
            skipBlanks()
            try expect(":")
            guard fields.updateValue(try value(depth: depth + 1), forKey: key) == nil else { throw Malformed() }
            skipBlanks()
        } while take(",")
        try expect("}")
        return .object(fields)
    }

    private mutating func array(_ depth: Int) throws(Malformed) -> JSONValue {
        try expect("[")
        var values: [JSONValue] = []
        skipBlanks()
        if take("]") { return .array(values) }
        repeat {
            values.append(try value(depth: depth + 1))
            skipBlanks()
        } while take(",")
        try expect("]")
        return .array(values)
    }

    private mutating func number() throws(Malformed) -> JSONValue {
        let start = place
        _ = take("-")
        if !take("0") { try digits() }
        var isInteger = true
        if take(".") {
            isInteger = false
            try digits()
        }
        if take("e") || take("E") {
            isInteger = false
            if !take("+") { _ = take("-") }
            try digits()
        }
        let text = String(decoding: bytes[start..<place], as: UTF8.self)
        if isInteger, let integer = Int64(text) { return .integer(integer) }
        guard let number = Double(text), number.isFinite else { throw Malformed() }
        return .number(number)
    }

    private mutating func digits() throws(Malformed) {
        let start = place
        while let byte = next, (0x30...0x39).contains(byte) { place += 1 }
        guard place > start else { throw Malformed() }
    }

    private mutating func string() throws(Malformed) -> String {
        try expect("\"")
        var text: [UInt8] = []
        while let byte = next {
            place += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"): text.append(contentsOf: try escaped())
            case 0..<0x20: throw Malformed()
            default: text.append(byte)
            }
        }
        throw Malformed()
    }

    private mutating func escaped() throws(Malformed) -> [UInt8] {
        guard let byte = next else { throw Malformed() }
        place += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
        case UInt8(ascii: "b"): return [0x08]
        case UInt8(ascii: "f"): return [0x0C]
        case UInt8(ascii: "n"): return [0x0A]
        case UInt8(ascii: "r"): return [0x0D]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "u"): break
        default: throw Malformed()
        }
        var code = try hexadecimal()
        if (0xD800..<0xDC00).contains(code) {
            // The first half of a pair; alone it is no character.
            try expect("\\")
            try expect("u")
            let low = try hexadecimal()
            guard (0xDC00..<0xE000).contains(low) else { throw Malformed() }
            code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00)
        }
        guard let scalar = Unicode.Scalar(code) else { throw Malformed() }
        return Array(String(Character(scalar)).utf8)
    }

    private mutating func hexadecimal() throws(Malformed) -> UInt32 {
        guard place + 4 <= bytes.count else { throw Malformed() }
        var code: UInt32 = 0
        for byte in bytes[place..<place + 4] {
            guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else { throw Malformed() }
            code = (code << 4) + UInt32(digit)
        }
        place += 4
        return code
    }
}
