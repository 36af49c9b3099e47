// SPDX-License-Identifier: Apache-2.0

import Inspection
import Line
import Sockets

/// What `{"cmd":"status"}` answers: the line as it was after the last thing that happened.
struct Status: Sendable, Equatable {
    /// State of the line.
    var state = LineState.blocked
    /// Whether the run permit is energised; nil when the output could not be set.
    var permit: Bool? = false
    /// Recipe in force.
    var recipe: String?
    /// SHA-256 of its student.
    var model: String?
    /// Its stop threshold.
    var threshold: Float?
    /// The source's name.
    var source = ""
    /// Parts judged since the last start.
    var counters = Counters()
    /// The last part that was judged.
    var part: String?
    /// Its score; may be NaN.
    var score: Float?
    /// Milliseconds from picture ready to verdict, last part.
    var latency: Double?
    /// Why the line is blocked, stopped or in fault.
    var reason: String?
    /// The part that stopped the line.
    var stoppedPart: String?
    /// Above this a part is suspicious.
    var warn: Float?
    /// Whether nobody has acknowledged a stop in time.
    var escalated = false
    /// When andon or bypass end, `CLOCK_MONOTONIC` in nanoseconds.
    var until: UInt64?
    /// Blended defects of the detection heartbeat; nil: it is off.
    var detection: DetectionTest?
    /// Last event's number.
    var seq: Int64 = 0
    /// How long parts took since the daemon started.
    var latencies: Latencies?

    /// Seconds until an andon stops the line, or a bypass ends; nil in other states.
    private var secondsLeft: Int64? {
        until.map { end in
            let now = DecisionLoop.monotonic()
            return end > now ? Int64((end - now) / 1_000_000_000) : 0
        }
    }

    /// The fields of the answer; every key is always there.
    var fields: [String: JSONValue] {
        [
            "state": .string(state.rawValue), "permit": permit.map { .bool($0) } ?? .null, "recipe": .of(recipe),
            "model": .of(model),
            "threshold": .of(threshold), "source": .string(source), "parts": .of(counters.parts),
            "good": .of(counters.good), "bad": .of(counters.bad), "suspicious": .of(counters.suspicious),
            "unjudged": .of(counters.unjudged), "warn": .of(warn), "escalated": .bool(escalated),
            "seconds_left": secondsLeft.map { .integer($0) } ?? .null, "part": .of(part), "score": .of(score),
            "latency_ms": latency.map { .number(($0 * 1000).rounded() / 1000) } ?? .null, "reason": .of(reason),
            "stopped_part": .of(stoppedPart), "seq": .integer(seq), "latency": latencies?.fields ?? .null,
            "detection": detection.map(Self.fields) ?? .null,
            "version": .string(DaemonVersion.text),
        ]
    }
}

extension Status {
    private static func fields(_ test: DetectionTest) -> JSONValue {
        .object(["trials": .integer(Int64(test.trials)), "missed": .integer(Int64(test.missed))])
    }
}

extension JSONValue {
    fileprivate static func of(_ text: String?) -> JSONValue { text.map { .string($0) } ?? .null }
    fileprivate static func of(_ count: UInt64) -> JSONValue { .integer(Int64(clamping: count)) }

    /// A float with as many digits as it has, not with those of the double behind it.
    fileprivate static func of(_ value: Float?) -> JSONValue {
        guard let value else { return .null }
        return .number(Double("\(value)") ?? Double(value))
    }
}
