// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Records

/// What the time machine found, all together.
struct TimeMachineSummary: Encodable {
    /// Pictures that were looked at again.
    struct Pictures: Encodable {
        var decided = 0
        var different = 0
    }

    /// The thresholds of a model.
    struct Model: Encodable {
        let recipe: String?
        let model: String?
        let threshold: Float
        let warn: Float?
    }

    let counts: TimeMachine.Counts
    let models: [Model]
    var pictures: Pictures?
    /// Whether there is a history of events, with what people found.
    var hasEvents = true
    /// Hours that the line ran, as the events say.
    var hours = 0.0
    var shiftHours = 8.0

    enum CodingKeys: String, CodingKey {
        case counts, models, pictures, hours
        case hasEvents = "has_events", shiftHours = "shift_hours", perShiftThen = "stops_per_shift_then"
        case perShiftNow = "stops_per_shift_now", notSimulated = "not_simulated"
    }

    init(_ counts: TimeMachine.Counts, _ taken: [(key: ReplayBounds.Key, bounds: TimeMachine.Bounds)]) {
        self.counts = counts
        models = taken.map {
            Model(recipe: $0.key.recipe, model: $0.key.model, threshold: $0.bounds.stop, warn: $0.bounds.warn)
        }
    }

    /// Stops in a shift of running time; nil where too little is known of it.
    func perShift(_ stops: Int) -> Double? { hours > 0.1 ? Double(stops) * shiftHours / hours : nil }

    static let notSimulated =
        "not simulated: the line after a stop that is gained or lost, k of n suspicious parts, andons and their timers"

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(counts, forKey: .counts)
        try container.encode(models, forKey: .models)
        try container.encode(pictures, forKey: .pictures)
        try container.encode(hasEvents, forKey: .hasEvents)
        try container.encode(hours, forKey: .hours)
        try container.encode(shiftHours, forKey: .shiftHours)
        try container.encode(perShift(counts.stopsThen), forKey: .perShiftThen)
        try container.encode(perShift(counts.stopsNow), forKey: .perShiftNow)
        try container.encode(Self.notSimulated, forKey: .notSimulated)
    }

    /// For people, a line each.
    var lines: [String] {
        var lines = models.map { model in
            "recipe \(model.recipe ?? "-"), model \((model.model ?? "-").prefix(12)): threshold \(model.threshold)"
                + (model.warn.map { ", warn \($0)" } ?? "")
        }
        lines.append(
            "\(counts.parts) parts decided again: \(counts.stopsThen) stopped the line then, \(counts.stopsNow) would now"
        )
        lines.append("gained: \(counts.gained)")
        lines.append(
            "lost: \(counts.lost)"
                + (hasEvents
                    ? ", of which acknowledged as a defect (it would have been missed): \(counts.lostDefects), as a false stop: "
                        + "\(counts.lostFalseStops), unclear: \(counts.lostUnclear), not known: \(counts.lostUnknown)"
                    : "; what people found is not known: there is no history of events"))
        if let then = perShift(counts.stopsThen), let now = perShift(counts.stopsNow) {
            lines.append(
                "stops in a shift of \(text(shiftHours)) h that the line runs: \(text(then)) then, \(text(now)) now "
                    + "(\(text(hours)) h)")
        }
        if models.contains(where: { $0.warn != nil }) {
            lines.append("suspicious: \(counts.warnsThen) then, \(counts.warnsNow) now")
        }
        for (count, why) in [
            (counts.otherModels, "of another recipe or model, or of none: their scores can't be compared"),
            (counts.notRunning, "judged while the line did not run"),
            (counts.withoutScore, "without a finite score or threshold"),
        ] where count > 0 {
            lines.append("left out: \(count) \(why)")
        }
        if let pictures {
            lines.append(
                "decided again from the picture: \(pictures.decided), with a difference: \(pictures.different)")
        }
        return lines + [Self.notSimulated]
    }

    private func text(_ value: Double) -> String { "\((value * 100).rounded() / 100)" }
}

/// Writes changes as they come, since there may be more than memory; the summary comes last.
struct TimeMachineText {
    let isJSON: Bool
    private var count = 0
    /// More lines help nobody; '--json' has all.
    private static let mostLines = 1_000

    private let encoder = JSONEncoder()

    init(isJSON: Bool) {
        self.isJSON = isJSON
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    }

    private struct Line: Encodable {
        let time: String
        let seq: Int64
        let part: String?
        let change: TimeMachine.Change
        let score: Float?
        let thresholdThen: Float?
        let thresholdNow: Float
        let recipe: String?
        let stop: Int64?
        let verdict: String?
        let user: String?
        let problems: [String]?

        enum CodingKeys: String, CodingKey {
            case time, seq, part, change, score, recipe, stop, verdict, user, problems
            case thresholdThen = "threshold_then", thresholdNow = "threshold_now"
        }
    }

    mutating func begin() { if isJSON { print("{\n\"changes\" : [", terminator: "") } }

    mutating func add(_ decision: TimeMachine.Decision, problems: [String]?) throws {
        let (row, stop) = (decision.row, decision.stop)
        count += 1
        guard !isJSON else {
            let line = Line(
                time: UTCTime.text(row.time), seq: row.seq, part: row.part, change: decision.change, score: row.score,
                thresholdThen: row.basis.threshold, thresholdNow: decision.bounds.stop, recipe: row.basis.recipe,
                stop: stop?.seq, verdict: stop?.verdict?.rawValue, user: stop?.user, problems: problems)
            print(count > 1 ? "," : "")
            return print(String(decoding: try encoder.encode(line), as: UTF8.self), terminator: "")
        }
        if count == Self.mostLines + 1 {
            Terminal.shared.clear()
            print("more than \(Self.mostLines) changes: --json has all")
        }
        guard count <= Self.mostLines else { return }
        Terminal.shared.clear()
        var text = "\(UTCTime.text(row.time).prefix(19))Z  \(decision.change.rawValue.uppercased())"
        text += decision.change == .gained ? "  " : "    "
        text += "\(row.part ?? "-")  score \(row.score.map { "\($0)" } ?? "-")  threshold "
        text += "\(row.basis.threshold.map { "\($0)" } ?? "-") then, \(decision.bounds.stop) now"
        if let stop {
            text +=
                "  #\(stop.seq) " + (stop.verdict.map { "\($0.rawValue) by \(stop.user ?? "-")" } ?? "not acknowledged")
        }
        print(text)
        for problem in problems ?? [] { print("    DIFFERENT: \(problem)") }
    }

    func end(_ summary: TimeMachineSummary) throws {
        guard isJSON else {
            for line in summary.lines { print(line) }
            return
        }
        print(count > 0 ? "\n]," : "],")
        print("\"summary\" : \(try JSONText.of(summary))\n}")
    }
}
