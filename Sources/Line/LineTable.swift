// SPDX-License-Identifier: Apache-2.0

/// Every way from one state to another. The machine goes no other way, and the documentation is made from it.
public enum LineTable {
    /// What moves the line: an input whose conditions hold.
    public enum Trigger: String, Sendable, CaseIterable {
        /// Recipe and source are there, and no challenge is due.
        case complete
        /// Recipe or source is gone, or a challenge is due.
        case incomplete
        /// A named person starts the line.
        case start
        /// A part is suspicious, the scores drift, or a bad part is on its way to where it can be stopped.
        case warning
        /// A person has looked, or enough good parts came.
        case relief
        /// A part's score is above the stop threshold, and it is where it can be stopped.
        case defect
        /// Too many suspicious parts among the last ones.
        case accumulation
        /// The andon's time or parts are over.
        case andonOver
        /// A named person has looked at the stop, with a verdict and a reason.
        case acknowledge
        /// A named person resets, no cause of a fault is there, and nothing is missing.
        case reset
        /// As above, but recipe, source or challenge is missing.
        case resetIncomplete
        /// Jidoka can't judge parts.
        case fault
        /// Another recipe, model or source: a person has to know and start again.
        case change
        /// The same while a bad part is on its way to where it can be stopped.
        case changeAfterDefect
        /// A named person lets the line run without Jidoka.
        case bypass
        /// The bypass is over; nothing was latched, and nothing is missing.
        case bypassOver
        /// As above, but something is missing.
        case bypassOverIncomplete
        /// The bypass is over, and a stop or a defect on its way was under it.
        case bypassOverStopped
        /// The bypass is over, and an acknowledged stop was under it.
        case bypassOverAcknowledged
        /// The bypass is over, and a fault was under it or came meanwhile.
        case bypassOverFault

        /// What it means, in one sentence.
        public var meaning: String {
            switch self {
            case .complete: "recipe and source are there, no challenge is due"
            case .incomplete: "recipe or source is gone, or a challenge is due"
            case .start: "a named person starts; no cause of a fault is there"
            case .warning:
                "a score above the warn threshold, drift, or a bad part on its way to where it can be stopped"
            case .relief: "a named person has looked (verdict and reason), or enough good parts in a row"
            case .defect: "a score above the stop threshold, and the part is where it can be stopped"
            case .accumulation: "k of the last n parts above the warn threshold"
            case .andonOver: "the andon's time or parts are over"
            case .acknowledge: "a named person, a verdict and a reason"
            case .reset: "a named person; no cause of a fault is there; nothing is missing"
            case .resetIncomplete:
                "a named person; no cause of a fault is there; recipe, source or challenge is missing"
            case .fault: "Jidoka can't judge parts"
            case .change: "another recipe, model or source"
            case .changeAfterDefect: "the same, while a bad part is on its way to where it can be stopped"
            case .bypass: "a named person, a reason and an expiry"
            case .bypassOver: "expired, or ended by a named person; nothing latched, nothing missing"
            case .bypassOverIncomplete: "the same; recipe, source or challenge is missing"
            case .bypassOverStopped: "the same; a stop, or a bad part on its way, was under it"
            case .bypassOverAcknowledged: "the same; an acknowledged stop was under it"
            case .bypassOverFault:
                "the same; a fault was under it or came meanwhile; at once when no event can be recorded, no "
                    + "output set, or Jidoka has broken a rule of its own"
            }
        }
    }

    /// A row: from any of these states, by this, to that one.
    public struct Row: Sendable {
        /// States that it leads out of.
        public let from: [LineState]
        /// What moves the line.
        public let trigger: Trigger
        /// The state after it.
        public let to: LineState
    }

    /// All rows. A pair of state and trigger that is not here does not happen.
    public static let rows: [Row] = [
        Row(from: [.blocked], trigger: .complete, to: .ready),
        Row(from: [.ready, .running, .andon], trigger: .incomplete, to: .blocked),
        Row(from: [.ready], trigger: .start, to: .running),
        Row(from: [.running, .andon], trigger: .warning, to: .andon),
        Row(from: [.andon], trigger: .relief, to: .running),
        Row(from: [.running, .andon], trigger: .defect, to: .stopped),
        Row(from: [.running, .andon], trigger: .accumulation, to: .stopped),
        Row(from: [.andon], trigger: .andonOver, to: .stopped),
        Row(from: [.stopped, .fault], trigger: .acknowledge, to: .acknowledged),
        Row(from: [.acknowledged], trigger: .reset, to: .ready),
        Row(from: [.acknowledged], trigger: .resetIncomplete, to: .blocked),
        Row(from: [.blocked, .ready, .running, .andon, .stopped, .acknowledged, .fault], trigger: .fault, to: .fault),
        Row(from: [.running, .andon], trigger: .change, to: .ready),
        Row(from: [.andon], trigger: .changeAfterDefect, to: .stopped),
        Row(
            from: [.blocked, .ready, .running, .andon, .stopped, .acknowledged, .fault], trigger: .bypass, to: .bypass),
        Row(from: [.bypass], trigger: .bypassOver, to: .ready),
        Row(from: [.bypass], trigger: .bypassOverIncomplete, to: .blocked),
        Row(from: [.bypass], trigger: .bypassOverStopped, to: .stopped),
        Row(from: [.bypass], trigger: .bypassOverAcknowledged, to: .acknowledged),
        Row(from: [.bypass], trigger: .bypassOverFault, to: .fault),
    ]

    /// The state after a boot, for each one that the last run can have left: the permit is off whatever it was.
    public static let boot: [LineState: LineState] = [
        .blocked: .blocked, .ready: .blocked, .running: .stopped, .andon: .stopped, .stopped: .stopped,
        .acknowledged: .acknowledged, .fault: .stopped, .bypass: .stopped,
    ]

    /// What a clean end leaves; a state that is not here stays.
    public static let shutdown: [LineState: LineState] = [.running: .ready, .andon: .ready]

    /// Where a trigger leads; nil when it leads nowhere.
    public static func next(_ state: LineState, _ trigger: Trigger) -> LineState? { ways[state]?[trigger] }

    /// The rows by state and trigger; a trigger leads out of a state to one other only.
    private static let ways: [LineState: [Trigger: LineState]] = rows.reduce(into: [:]) { ways, row in
        for state in row.from { ways[state, default: [:]][row.trigger] = row.to }
    }

    /// The rows as markdown, for the documentation.
    public static var markdown: String {
        var lines = ["| from | by | to | permit |", "|---|---|---|---|"]
        for row in rows {
            let from = row.from.map(\.rawValue).joined(separator: ", ")
            lines.append(
                "| \(from) | \(row.trigger.meaning) | \(row.to.rawValue) | \(row.to.permit ? "**on**" : "off") |")
        }
        for state in LineState.allCases {
            guard let next = boot[state] else { continue }
            lines.append("| \(state.rawValue) | the daemon starts | \(next.rawValue) | off |")
        }
        return lines.joined(separator: "\n")
    }
}
