// SPDX-License-Identifier: Apache-2.0

/// A command that came in on the control socket: `{"v":1,"cmd":"ack","verdict":"defect","reason":"crack"}`.
public struct ControlRequest: Sendable, Equatable {
    /// The value of `cmd`.
    public let command: String
    /// All other fields, without `v`.
    public let arguments: [String: JSONValue]

    /// A request, as a client makes it.
    public init(command: String, arguments: [String: JSONValue] = [:]) {
        self.command = command
        self.arguments = arguments
    }

    /// A field that must be there and a text.
    public func string(_ name: String) throws(ControlFailure) -> String {
        guard let value = try optionalString(name) else { throw .missing(name) }
        return value
    }

    /// A field that may be missing or `null`, but otherwise is a text.
    public func optionalString(_ name: String) throws(ControlFailure) -> String? {
        switch arguments[name] {
        case nil, .null: return nil
        case .string(let value): return value
        default: throw .wrongType(name, "a text")
        }
    }

    /// A field that may be missing or `null`, but otherwise is a whole number.
    public func optionalInteger(_ name: String) throws(ControlFailure) -> Int64? {
        switch arguments[name] {
        case nil, .null: return nil
        case .integer(let value): return value
        default: throw .wrongType(name, "a whole number")
        }
    }

    /// A field that must be there and one of the given texts, e.g. an `AcknowledgeVerdict`.
    public func choice<Choice>(_ name: String, of type: Choice.Type) throws(ControlFailure) -> Choice
    where Choice: RawRepresentable & CaseIterable, Choice.RawValue == String {
        let text = try string(name)
        guard let choice = Choice(rawValue: text) else {
            throw ControlFailure(
                code: "wrong_value", message: "\(name) is \"\(text)\"",
                hint: "use one of \(type.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return choice
    }

    /// Reads a line.
    init(parsing line: [UInt8]) throws(ControlFailure) {
        let fields = try Self.fields(of: line)
        guard let command = fields["cmd"] else { throw .missing("cmd") }
        guard case .string(let name) = command else { throw .wrongType("cmd", "a text") }
        self.command = name
        arguments = fields.filter { $0.key != "cmd" && $0.key != "v" }
    }

    /// The object on a line of version 1; `v` may be left out.
    static func fields(of line: [UInt8]) throws(ControlFailure) -> [String: JSONValue] {
        guard String(validating: line, as: UTF8.self) != nil else {
            throw ControlFailure(code: "bad_utf8", message: "the line is not UTF-8", hint: "send JSON in UTF-8")
        }
        guard let value = JSONValue(parsing: line) else {
            throw ControlFailure(code: "bad_json", message: "the line is not JSON", hint: "send one object a line")
        }
        guard case .object(let fields) = value else {
            throw ControlFailure(
                code: "wrong_type", message: "the line is not an object", hint: "send one object a line")
        }
        switch fields["v"] {
        case nil, .integer(1): return fields
        case .integer(let version):
            throw ControlFailure(
                code: "wrong_version", message: "version \(version) is not known", hint: "send \"v\":1")
        default: throw .wrongType("v", "a whole number")
        }
    }
}

/// Why a request is refused; on the wire `{"v":1,"ok":false,"error":{"code":…,"message":…,"hint":…}}`.
public struct ControlFailure: Error, Sendable, Equatable {
    /// A stable name for programs, e.g. `bad_json`, `missing_field`, `refused`.
    public var code: String
    /// What is wrong, for a person.
    public var message: String
    /// What to do about it.
    public var hint: String

    /// A failure.
    public init(code: String, message: String, hint: String) {
        self.code = code
        self.message = message
        self.hint = hint
    }

    static func missing(_ name: String) -> ControlFailure {
        ControlFailure(code: "missing_field", message: "\(name) is missing", hint: "send \"\(name)\"")
    }

    static func wrongType(_ name: String, _ expected: String) -> ControlFailure {
        ControlFailure(code: "wrong_type", message: "\(name) is not \(expected)", hint: "send \(expected)")
    }

    static let lineTooLong = ControlFailure(
        code: "line_too_long", message: "a line has at most 65536 bytes", hint: "send shorter lines")

    var object: JSONValue {
        .object(["code": .string(code), "message": .string(message), "hint": .string(hint)])
    }

    /// The failure as a line.
    var line: [UInt8] { ControlAnswer.refused(self).line }
}

/// What a request gets back, exactly one line for each.
public enum ControlAnswer: Sendable, Equatable {
    /// `{"v":1,"ok":true,…}` with these fields.
    case done([String: JSONValue])
    /// `{"v":1,"ok":false,"error":{…}}`.
    case refused(ControlFailure)

    /// The answer as a line, with its newline.
    var line: [UInt8] {
        var text = "{\"v\":1,\"ok\":"
        switch self {
        case .done(let fields):
            text += "true"
            let own = fields.filter { !["v", "ok", "error"].contains($0.key) }
            if !own.isEmpty { text += "," }
            JSONValue.write(own, to: &text)
        case .refused(let failure):
            text += "false,\"error\":" + failure.object.text
        }
        return Array((text + "}\n").utf8)
    }

    /// Reads an answer; `nil` when it is none.
    init?(parsing line: [UInt8]) {
        guard case .object(let fields)? = JSONValue(parsing: line), case .bool(let ok)? = fields["ok"] else {
            return nil
        }
        guard !ok else {
            self = .done(fields.filter { $0.key != "v" && $0.key != "ok" })
            return
        }
        guard case .object(let error)? = fields["error"], case .string(let code)? = error["code"],
            case .string(let message)? = error["message"], case .string(let hint)? = error["hint"]
        else { return nil }
        self = .refused(ControlFailure(code: code, message: message, hint: hint))
    }
}
