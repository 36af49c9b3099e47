// SPDX-License-Identifier: Apache-2.0

import Sockets

/// The daemon's status for people.
enum StatusText {
    /// Several lines.
    static func lines(_ fields: [String: JSONValue]) -> String {
        var rows = [
            ("state", text("state", in: fields)), ("permit", fields["permit"] == .bool(true) ? "on" : "off"),
            ("recipe", text("recipe", in: fields)), ("model", String(text("model", in: fields).prefix(12))),
            ("source", text("source", in: fields)),
            (
                "parts",
                "\(text("parts", in: fields)) judged, \(text("good", in: fields)) good, \(text("bad", in: fields)) bad"
            ),
            (
                "last part",
                "\(text("part", in: fields)), score \(text("score", in: fields)), threshold \(text("threshold", in: fields))"
            ),
        ]
        if case .object(let camera)? = fields["camera"] {
            rows.append(
                (
                    "camera",
                    "\(text("frames", in: camera)) frames, \(text("dropped", in: camera)) dropped,"
                        + " \(text("corrupt", in: camera)) corrupt; \(text("failed_parts", in: camera)) parts without a"
                        + " usable picture"
                ))
        }
        if case .object(let latency)? = fields["latency"], latency["count"] != .integer(0) {
            rows.append(
                (
                    "latency",
                    "picture to line: median \(text("p50_ms", in: latency)), p99.9 \(text("p999_ms", in: latency)),"
                        + " longest \(text("max_ms", in: latency)) ms; networks p99.9"
                        + " \(text("decide_p999_ms", in: latency)) ms"
                ))
        }
        if let left = fields["seconds_left"], left != .null {
            let what = fields["state"] == .string("bypass") ? "until the bypass ends" : "until the line stops"
            rows.append(("time left", "\(text("seconds_left", in: fields)) s \(what)"))
        }
        if fields["escalated"] == .bool(true) { rows.append(("escalated", "nobody has acknowledged in time")) }
        if fields["reason"] != .null { rows.append(("reason", text("reason", in: fields))) }
        if fields["stopped_part"] != .null { rows.append(("stopped by", text("stopped_part", in: fields))) }
        return rows.map { $0.0 + String(repeating: " ", count: 12 - $0.0.count) + $0.1 }.joined(separator: "\n")
    }

    /// One line, for a live display.
    static func line(_ fields: [String: JSONValue]) -> String {
        "\(text("state", in: fields).uppercased())  permit \(fields["permit"] == .bool(true) ? "on " : "off")"
            + "  parts \(text("parts", in: fields))  good \(text("good", in: fields))  bad \(text("bad", in: fields))"
            + "  last \(text("part", in: fields)) score \(text("score", in: fields)) of \(text("threshold", in: fields))"
            + "  \(text("latency_ms", in: fields)) ms"
    }

    /// A field as text; `-` for null.
    static func text(_ name: String, in fields: [String: JSONValue]) -> String {
        switch fields[name] {
        case .string(let value)?: value
        case .integer(let value)?: "\(value)"
        case .number(let value)?: "\((value * 1000).rounded() / 1000)"
        case .bool(let value)?: "\(value)"
        default: "-"
        }
    }

    /// A whole number of a line of JSON.
    static func integer(_ name: String, in line: String) -> Int64? {
        guard case .object(let fields)? = JSONValue(parsing: Array(line.utf8)), case .integer(let value)? = fields[name]
        else { return nil }
        return value
    }
}

/// An event for people.
enum EventText {
    /// One line; a line that is no event is shown as it is.
    static func line(_ json: String) -> String {
        guard case .object(let fields)? = JSONValue(parsing: Array(json.utf8)), case .string(let time)? = fields["time"]
        else { return json }
        var text =
            "\(time.prefix(19))Z  #\(StatusText.text("seq", in: fields))  \(StatusText.text("event", in: fields))"
        if fields["score"] == .null, fields["part"] != .null { text += "  \(StatusText.text("part", in: fields))" }
        if fields["score"] != .null {
            text +=
                "  \(StatusText.text("part", in: fields)) score \(StatusText.text("score", in: fields))"
                + " threshold \(StatusText.text("threshold", in: fields))"
        }
        for name in ["user", "verdict", "detail"] {
            if let value = fields[name], value != .null { text += "  \(name): \(StatusText.text(name, in: fields))" }
        }
        return text + "  -> \(StatusText.text("state", in: fields))"
    }
}
