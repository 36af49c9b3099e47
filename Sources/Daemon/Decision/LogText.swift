// SPDX-License-Identifier: Apache-2.0

import Line
import Logging
import Records

/// What the journal says of an event: one sentence for people, fields for programs (DESIGN, 'Journal').
enum LogText {
    static func sentence(for event: LineEvent) -> String {
        let part = event.part ?? "?"
        let detail = event.detail.map { ": \($0)" } ?? ""
        switch event.kind {
        case .stop:
            guard event.score != nil, event.detail == nil else { return "line stopped\(detail)" }
            return "line stopped: part \(part) scores \(number(event.score)), threshold \(number(event.threshold))"
        case .warn:
            return "part \(part) is suspicious, score \(number(event.score)), threshold \(number(event.threshold))"
        case .drift: return "the scores drift\(detail)"
        case .andonCleared: return "andon over\(detail)"
        case .stopPending:
            return "line will stop for part \(part), score \(number(event.score)), threshold \(number(event.threshold))"
        case .escalation: return "nobody has acknowledged the stop\(detail)"
        case .start: return "line started by \(event.user ?? "?"), recipe \(event.recipe ?? "?")"
        case .acknowledge:
            return "stop acknowledged by \(event.user ?? "?") as \(event.verdict?.rawValue ?? "?")\(detail)"
        case .reset: return "reset by \(event.user ?? "?")"
        case .fault: return "fault\(detail)"
        case .faultCleared: return "fault cleared\(detail)"
        case .uncleanEnd: return "the last run ended without a shutdown: line comes back stopped"
        case .boot: return "started, line is \(event.state.rawValue)"
        case .ready: return "ready: recipe \(event.recipe ?? "?"), waiting for a start"
        case .blocked: return "blocked\(detail)"
        case .shutdown: return "shut down, permit off"
        case .configurationReloaded: return "configuration reloaded\(detail)"
        case .configurationRejected: return "configuration rejected, the old one stays\(detail)"
        case .defectWhileNotRunning: return "part \(part) is bad, but the line was not running"
        case .defectWhileBypassed: return "part \(part) is bad, but the line is bypassed"
        case .partUnjudged:
            return (event.part.map { "part \($0) was not judged and is" } ?? "parts were not judged and are")
                + " sorted out\(detail)"
        case .bypass: return "line bypassed by \(event.user ?? "?")\(detail)"
        case .bypassEnded: return "bypass over\(detail)" + (event.user.map { ", ended by \($0)" } ?? "")
        case .changeover: return "recipe changed by \(event.user ?? "?")\(detail)"
        case .challengePassed: return "challenge passed"
        case .historyPruned: return "old events deleted\(detail)"
        case .summary: return "parts\(detail)"
        case .refused: return "command refused\(detail)"
        case .recipeReady: return "recipe \(event.recipe ?? "?") loaded"
        case .recipeMissing: return "no recipe\(detail)"
        case .sourceReady: return "the source delivers"
        case .sourceLost: return "the source is gone\(detail)"
        }
    }

    /// One line that begins with the state, for `systemctl status`.
    static func status(_ status: Status) -> String {
        var text = "\(status.state.rawValue), permit \(status.permit == true ? "on" : "off")"
        if let recipe = status.recipe { text += ", recipe \(recipe)" }
        text += ", \(status.counters.parts) parts"
        if status.part != nil { text += ", last score \(number(status.score)) of \(number(status.threshold))" }
        if let reason = status.reason { text += ": \(reason)" }
        return text
    }

    /// - Parameter anchor: the event's place in the history's chain: in the journal nobody can change it with the database.
    static func fields(of recorded: RecordedEvent, anchor: HistoryAnchor?) -> Logger.Metadata {
        let event = recorded.event
        var fields: Logger.Metadata = [
            "message_id": "\(event.kind.messageID)", "event": "\(event.kind.rawValue)", "seq": "\(recorded.seq)",
        ]
        if let anchor, anchor.seq == recorded.seq {
            fields["history"] = "\(anchor.history)"
            fields["hash"] = "\(anchor.hash)"
        }
        fields["state_to"] = "\(event.state.rawValue)"
        let optional: [(String, String?)] = [
            ("state_from", event.stateFrom?.rawValue), ("part", event.part), ("score", event.score.map { "\($0)" }),
            ("threshold", event.threshold.map { "\($0)" }), ("recipe", event.recipe), ("model", event.model),
            ("user", event.user), ("verdict", event.verdict?.rawValue), ("detail", event.detail),
        ]
        for (key, value) in optional { if let value { fields[key] = "\(value)" } }
        return fields
    }

    /// A place in a chain, for `verify-history` alone.
    static func fields(of anchor: HistoryAnchor, event: String) -> Logger.Metadata {
        [
            "message_id": "\(HistoryAnchor.messageID)", "event": "\(event)",
            "seq": "\(anchor.seq)", "history": "\(anchor.history)",
            "hash": "\(anchor.hash)",
        ]
    }

    private static func number(_ value: Float?) -> String { value.map { "\(($0 * 1000).rounded() / 1000)" } ?? "?" }
}
