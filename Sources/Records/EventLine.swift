// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Line

/// An event with its place in the history.
public struct RecordedEvent: Sendable, Equatable {
    /// Place in the history: 1, 2, 3 … without a gap.
    public var seq: Int64
    /// What happened.
    public var event: LineEvent

    /// An event and its place.
    public init(seq: Int64, event: LineEvent) {
        self.seq = seq
        self.event = event
    }
}

/// The one place that turns a recorded event into a line of JSON and back.
///
/// `{"v":1,"seq":7,"time":"2026-11-21T03:12:00.123456789Z","event":"stop","recipe":"plates","part":"a.png",
/// "score":1.5,"threshold":1.0,"state":"stopped","model":"9f2c…","state_from":"running"}`, without the newline.
/// The keys up to `model` are always there, `null` when they don't apply; `state_from`, `user`, `verdict` and `detail`
/// only when they say something. A score is the shortest decimal that reads back as the same `Float`; JSON has no
/// number for NaN and infinity, they are the strings `"nan"`, `"inf"` and `"-inf"`.
public enum EventLine {
    /// The line of an event, without a newline; never a control character in it.
    public static func encode(_ recorded: RecordedEvent) -> String {
        let event = recorded.event
        var line = "{\"v\":1,\"seq\":\(recorded.seq),\"time\":\"\(UTCTime.text(event.time))\""
        line += ",\"event\":\"\(event.kind.rawValue)\""
        line += ",\"recipe\":" + JSONText.string(event.recipe)
        line += ",\"part\":" + JSONText.string(event.part)
        line += ",\"score\":" + JSONText.number(event.score)
        line += ",\"threshold\":" + JSONText.number(event.threshold)
        line += ",\"state\":\"\(event.state.rawValue)\""
        line += ",\"model\":" + JSONText.string(event.model)
        if let from = event.stateFrom { line += ",\"state_from\":\"\(from.rawValue)\"" }
        if let user = event.user { line += ",\"user\":" + JSONText.string(user) }
        if let verdict = event.verdict { line += ",\"verdict\":\"\(verdict.rawValue)\"" }
        if let detail = event.detail { line += ",\"detail\":" + JSONText.string(detail) }
        return line + "}"
    }

    /// Names of the columns of `csv`.
    public static let columns = [
        "seq", "time", "event", "recipe", "part", "score", "threshold", "state", "state_from", "model", "user",
        "verdict",
        "detail",
    ]

    /// One line of CSV (RFC 4180), without its end.
    public static func csv(_ recorded: RecordedEvent) -> String {
        let event = recorded.event
        return CSVText.line([
            "\(recorded.seq)", UTCTime.text(event.time), event.kind.rawValue, event.recipe, event.part,
            CSVText.number(event.score), CSVText.number(event.threshold), event.state.rawValue,
            event.stateFrom?.rawValue, event.model, event.user, event.verdict?.rawValue, event.detail,
        ])
    }

    /// Reads a line back; keys that this version doesn't know are ignored.
    ///
    /// - Throws: `.badLine` with what is wrong.
    public static func decode(_ line: String) throws(RecordsError) -> RecordedEvent {
        let parsed: Parsed
        do {
            parsed = try JSONDecoder().decode(Parsed.self, from: Data(line.utf8))
        } catch {
            throw bad("\(error)")
        }
        guard parsed.v == 1 else { throw bad("version \(parsed.v)") }
        guard let time = UTCTime.nanoseconds(parsed.time) else { throw bad("time \(parsed.time)") }
        return RecordedEvent(
            seq: parsed.seq,
            event: LineEvent(
                kind: parsed.event, time: time, recipe: parsed.recipe, part: parsed.part, score: parsed.score?.value,
                threshold: parsed.threshold?.value, state: parsed.state, stateFrom: parsed.state_from,
                model: parsed.model, user: parsed.user, verdict: parsed.verdict, detail: parsed.detail))
    }

    /// A number that JSON can't write, by name; `nil` when it is a finite one.
    static func nonFinite(_ score: Float) -> String? {
        if score.isNaN { return "nan" }
        if score.isInfinite { return score < 0 ? "-inf" : "inf" }
        return nil
    }

    /// The other way round.
    static func nonFinite(_ name: String) -> Float? {
        switch name {
        case "nan": .nan
        case "inf": .infinity
        case "-inf": -.infinity
        default: nil
        }
    }

    // The names are the keys on the wire.
    // swift-format-ignore: AlwaysUseLowerCamelCase
    private struct Parsed: Decodable {
        let v: Int
        let seq: Int64
        let time: String
        let event: LineEvent.Kind
        let recipe: String?
        let part: String?
        let score: Score?
        let threshold: Score?
        let state: LineState
        let model: String?
        let state_from: LineState?
        let user: String?
        let verdict: AcknowledgeVerdict?
        let detail: String?
    }

    private struct Score: Decodable {
        let value: Float

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            guard let name = try? container.decode(String.self) else {
                value = try container.decode(Float.self)
                return
            }
            guard let special = EventLine.nonFinite(name) else {
                throw DecodingError.dataCorruptedError(in: container, debugDescription: "score \(name)")
            }
            value = special
        }
    }

    private static func bad(_ found: String) -> RecordsError {
        RecordsError(
            code: .badLine, thing: "event line", expected: "a line of version 1", found: found,
            hint: "use the tool of the same version as the daemon")
    }
}
