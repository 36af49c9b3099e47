// SPDX-License-Identifier: Apache-2.0

import Calibration
import Recipes
import Records

/// False stops against what was allowed and what was promised.
struct StopBudgetReport: Encodable {
    /// One of the times that are looked at.
    struct Window: Encodable {
        let days: Int
        let tally: StopTally
        let burn: BurnRate
    }

    /// What the recipe's certificate says, and what was seen since it was made.
    struct Promise: Encodable {
        let alpha: Double
        let confidence: Double?
        /// What this very calibration keeps with 95 %, whatever it was made for.
        let confidentRate: Double
        let parts: Int, falseStops: Int
        /// Seen, with limits of 2.5 % each.
        let rate: Double, low: Double, high: Double
        let outcome: PromiseBreach

        enum CodingKeys: String, CodingKey {
            case alpha, confidence, parts, rate, low, high, outcome
            case confidentRate = "confident_rate", falseStops = "false_stops"
        }

        init(_ file: CalibrationFile, _ tally: StopTally) {
            alpha = file.alpha
            confidence = file.confidence
            // A part that a person has excluded counts as above the threshold: it is in `parts`.
            let rate = BinomialTail.upperRate(
                file.parts - file.order, of: file.parts, confidence: Certificate.usualConfidence)
            confidentRate = max(rate, file.confidence == nil ? 0 : file.alpha)
            let seen = BurnRate(falseStops: tally.falseStopsByScore, parts: tally.parts, budget: 0, risk: 0.025)
            (parts, falseStops) = (seen.parts, seen.falseStops)
            (self.rate, low, high) = (seen.rate, seen.low, seen.high)
            outcome = PromiseBreach(lowest: low, promised: alpha, confident: confidentRate)
        }
    }

    let recipe: String?
    let budget: String
    let historySince: String?
    let windows: [Window]
    let promise: Promise?

    enum CodingKeys: String, CodingKey {
        case recipe, budget, windows, promise, advice
        case isBurning = "burning", historySince = "history_since"
    }

    /// Whether there was anything to judge.
    var isJudged: Bool { windows.contains { $0.burn.burn != nil } }

    /// Whether somebody has to do something.
    var isBurning: Bool { windows.contains { $0.burn.isBurning } || promise?.outcome == .broken }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(recipe, forKey: .recipe)
        try container.encode(budget, forKey: .budget)
        try container.encode(historySince, forKey: .historySince)
        try container.encode(windows, forKey: .windows)
        try container.encode(promise, forKey: .promise)
        try container.encode(isBurning, forKey: .isBurning)
        try container.encode(advice, forKey: .advice)
    }

    /// What to do.
    var advice: [String] {
        let burning = windows.filter(\.burn.isBurning).map(\.days)
        var advice: [String] = []
        if promise?.outcome == .broken || burning.contains(30) && promise?.outcome != .doubtful {
            advice.append(
                "it lasts: good parts are not like those that were shown any more. Show good parts of today ('jidoka capture', 'jidoka "
                    + "train'), or ask for another rate; 'jidoka replay --since … --alpha …' says what that would have meant"
            )
        }
        if !burning.isEmpty, !burning.contains(30) {
            advice.append(
                "it is new: look at what has changed, camera, light, focus or material ('jidoka events', drift), before the threshold"
            )
        }
        if promise?.outcome == .doubtful {
            advice.append(
                "more good parts stop the line than promised on average; a calibration from so few parts may be that by chance: calibrate "
                    + "with more parts")
        }
        if let last = windows.last?.tally, last.open + last.unclear > last.falseStops {
            advice.append(
                "\(last.open) stops are not acknowledged and \(last.unclear) are unclear: they count as neither, so this may be too good"
            )
        }
        return advice
    }

    /// For people, a line each.
    var lines: [String] {
        var lines = ["recipe \(recipe ?? "any"): allowed are \(budget)"]
        if let historySince { lines.append("the history begins at \(historySince.prefix(16))Z") }
        for window in windows {
            let (tally, burn) = (window.tally, window.burn)
            var text = "\(window.days == 1 ? "1 day" : "\(window.days) days"): "
            text += "\(tally.parts) parts in \(short(tally.hours)) h, \(tally.stops) stops, \(tally.falseStops) false "
            text += "(\(tally.defects) defects, \(tally.unclear) unclear, \(tally.open) not acknowledged)"
            if let rate = burn.burn, let low = burn.burnLow, let high = burn.burnHigh {
                text += "; \(short(burn.budget)) allowed, burn rate \(short(rate)) (\(short(low)) to \(short(high)))"
                if burn.isBurning { text += "  BURNING" }
            } else {
                text += "; nothing to judge"
            }
            lines.append(text)
        }
        if let promise {
            lines.append(
                "promised: \(percent(promise.alpha))"
                    + (promise.confidence.map { " with a confidence of \(Certificate.confident($0))" }
                        ?? " on average over calibrations")
                    + ", \(percent(promise.confidentRate)) with 95 %; since then \(promise.falseStops) of \(promise.parts) parts: "
                    + "\(percent(promise.rate)) (\(percent(promise.low)) to \(percent(promise.high))): "
                    + "\(promise.outcome == .broken ? "NOT KEPT" : promise.outcome.rawValue)")
        }
        lines += advice
        return lines + [isBurning ? "the budget burns" : isJudged ? "within the budget" : "nothing to judge"]
    }

    private func percent(_ rate: Double) -> String { short(rate * 100) + " %" }

    /// Three digits.
    private func short(_ value: Double) -> String {
        guard value > 1e-9 else { return "0" }
        guard value < 1e9 else { return "\(value.rounded())" }
        var scale = 1.0
        while value * scale < 100 { scale *= 10 }
        let rounded = (value * scale).rounded() / scale
        return rounded == rounded.rounded() ? "\(Int(rounded))" : "\(rounded)"
    }
}
