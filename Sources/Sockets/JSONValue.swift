// SPDX-License-Identifier: Apache-2.0

/// A value of JSON, as it comes in and goes out on the sockets.
public enum JSONValue: Sendable, Equatable {
    /// `null`.
    case null
    /// `true` or `false`.
    case bool(Bool)
    /// A number without a fraction that fits.
    case integer(Int64)
    /// Any other number; not finite ones are written as strings (`"nan"`, `"inf"`, `"-inf"`).
    case number(Double)
    /// A text.
    case string(String)
    /// A list.
    case array([JSONValue])
    /// An object; keys are written sorted.
    case object([String: JSONValue])

    /// Reads one value; `nil` when the bytes are not JSON (RFC 8259), nested more than 64 deep, or have a key twice.
    public init?(parsing bytes: [UInt8]) {
        guard let value = JSONParser.value(bytes) else { return nil }
        self = value
    }

    /// The value as JSON on one line.
    public var text: String {
        var out = ""
        write(to: &out)
        return out
    }

    private func write(to out: inout String) {
        switch self {
        case .null: out += "null"
        case .bool(let value): out += value ? "true" : "false"
        case .integer(let value): out += String(value)
        case .number(let value):
            out += value.isNaN ? "\"nan\"" : value.isInfinite ? (value < 0 ? "\"-inf\"" : "\"inf\"") : value.description
        case .string(let value): Self.write(value, to: &out)
        case .array(let values):
            out += "["
            for (place, value) in values.enumerated() {
                if place > 0 { out += "," }
                value.write(to: &out)
            }
            out += "]"
        case .object(let fields):
            out += "{"
            Self.write(fields, to: &out)
            out += "}"
        }
    }

    /// The inside of an object, keys sorted.
    static func write(_ fields: [String: JSONValue], to out: inout String) {
        for (place, field) in fields.sorted(by: { $0.key < $1.key }).enumerated() {
            if place > 0 { out += "," }
            write(field.key, to: &out)
            out += ":"
            field.value.write(to: &out)
        }
    }

    private static func write(_ value: String, to out: inout String) {
        out += "\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            case "\r": out += "\\r"
            case "\t": out += "\\t"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F:
                let digits = String(scalar.value, radix: 16)
                out += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: out.unicodeScalars.append(scalar)
            }
        }
        out += "\""
    }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral {
    /// A text.
    public init(stringLiteral value: String) { self = .string(value) }

    /// A whole number.
    public init(integerLiteral value: Int64) { self = .integer(value) }

    /// `true` or `false`.
    public init(booleanLiteral value: Bool) { self = .bool(value) }
}
