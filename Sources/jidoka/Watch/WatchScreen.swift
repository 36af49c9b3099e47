// SPDX-License-Identifier: Apache-2.0

import Pictures
import Sockets

/// What `jidoka watch` shows: the state in large, the last parts against their threshold, what happened, and the keys.
struct WatchScreen {
    /// How the terminal is.
    struct Look {
        /// Columns and rows, at least 40 × 12.
        var width = 80, height = 24
        /// Whether colours are wanted.
        var hasColour = true
        /// Whether the terminal shows more than ASCII.
        var hasBlocks = true
    }

    /// The daemon's status; nil while it does not answer.
    var status: [String: JSONValue]?
    /// Why it does not answer.
    var problem: String?
    /// Scores of the last parts with their threshold, oldest first.
    var parts: [(score: Double, threshold: Double)] = []
    /// The last events as one line each, oldest first.
    var events: [String] = []
    /// What the person is asked now; the keys stand back for it.
    var question: String?
    /// What came of the last command.
    var answer: String?

    /// The rows, none wider than the terminal but for colours.
    func rows(_ look: Look) -> [String] {
        let state = StatusText.text("state", in: status ?? [:])
        let title = status == nil ? "NO ANSWER" : state.uppercased()
        var rows = [line("JIDOKA  \(StatusText.text("recipe", in: status ?? [:]))", look), ""]
        rows += large(title, look).map { colour($0, of: status == nil ? "fault" : state, look) }
        rows += ["", line(facts, look), line(counters, look), line(last, look), sparkline(look)]
        if let why = problem ?? text("reason") { rows.append(line(why, look)) }
        let room = max(0, look.height - rows.count - 4)
        rows += [""] + events.suffix(room).map { line($0, look) }
        while rows.count < look.height - 2 { rows.append("") }
        return rows.prefix(look.height - 2) + [line(answer ?? "", look), line(question ?? keys(state), look)]
    }

    private func text(_ name: String) -> String? {
        guard let value = status?[name], value != .null else { return nil }
        return StatusText.text(name, in: [name: value])
    }

    private var facts: String {
        guard let status else { return "the daemon does not answer" }
        var facts =
            "permit \(status["permit"] == .bool(true) ? "ON" : "off")  source \(StatusText.text("source", in: status))"
        if let left = text("seconds_left") {
            facts += status["state"] == .string("bypass") ? "  bypass ends in \(left) s" : "  STOPS IN \(left) s"
        }
        if status["escalated"] == .bool(true) { facts += "  ESCALATED" }
        return facts
    }

    private var counters: String {
        "parts \(text("parts") ?? "-")  good \(text("good") ?? "-")  suspicious \(text("suspicious") ?? "-")"
            + "  bad \(text("bad") ?? "-")  unjudged \(text("unjudged") ?? "-")"
    }

    private var last: String {
        "last \(text("part") ?? "-")  score \(text("score") ?? "-")  threshold \(text("threshold") ?? "-")"
    }

    private func keys(_ state: String) -> String {
        switch state {
        case "stopped", "fault", "andon": "[a] acknowledge   [q] quit"
        case "acknowledged": "[r] reset   [q] quit"
        case "ready": "[s] start   [q] quit"
        default: "[q] quit"
        }
    }

    /// One sign a part: the highest sign but one is the threshold, and what is above it is marked.
    private func sparkline(_ look: Look) -> String {
        let signs = Array(look.hasBlocks ? "▁▂▃▄▅▆▇█" : ".,-~=+*#")
        return parts.suffix(look.width - 2).map { part in
            guard part.score.isFinite, part.threshold > 0 else { return "?" }
            guard part.score <= part.threshold else { return colour(look.hasBlocks ? "█" : "!", of: "stopped", look) }
            let level = Int(part.score / part.threshold * Double(signs.count - 1))
            return String(signs[min(max(0, level), signs.count - 2)])
        }.joined()
    }

    /// A word of letters seven rows high; as it is where there is no room.
    private func large(_ word: String, _ look: Look) -> [String] {
        guard word.count * BitmapFont.advance <= look.width, look.height >= 20 else { return [word] }
        let sign = look.hasBlocks ? "█" : "#"
        return (0..<BitmapFont.height).map { row in
            word.map { letter in
                let bits = BitmapFont.rows(of: letter).dropFirst(row).first ?? 0
                return (0..<BitmapFont.advance).map { bits & (0x20 >> UInt8($0 + 1)) != 0 ? sign : " " }.joined()
            }.joined()
        }
    }

    private func line(_ text: String, _ look: Look) -> String {
        let clean = String(
            String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 32 || $0.value == 127 ? " " : $0 }))
        return String(clean.prefix(look.width - 1))
    }

    private func colour(_ text: String, of state: String, _ look: Look) -> String {
        guard look.hasColour else { return text }
        let code =
            switch state {
            case "running": "32"
            case "andon", "bypass": "33"
            case "stopped", "acknowledged", "fault": "31"
            default: "36"
            }
        return "\u{1B}[\(code)m\(text)\u{1B}[0m"
    }
}
