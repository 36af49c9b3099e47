// SPDX-License-Identifier: Apache-2.0

/// The choice in words.
extension CostThreshold {
    /// What was chosen and what that assumes, a line each.
    ///
    /// - Parameters:
    ///   - good: what the good scores are of, such as `select parts`.
    ///   - kind: what the defects are, such as `synthetic defects blended into them`.
    public func lines(good: String, defects kind: String) -> [String] {
        var lines = [
            "cheapest threshold: score \(stop.order) of \(count) \(good), sorted; \(Certificate.percent(stop.alpha)) of good parts stop the line, "
                + "\(Self.percent(stop.missed)) of \(defects) \(kind) pass",
            "expected cost of a part: \(Self.short(stop.cost)); without a box \(Self.short(costWithout))",
        ]
        if stop.cost >= costWithout {
            lines.append("AT THESE COSTS NO THRESHOLD PAYS: what its false stops cost is more than what it saves")
        }
        if let beyond {
            lines.append(
                "the cheapest of all lies beyond the largest score: about \(Self.short(beyond.value)), \(Certificate.percent(beyond.rate)) of "
                    + "good parts, cost \(Self.short(beyond.cost)) (a model of the tail); no score supports it, the largest is taken"
            )
        }
        if costs.look != nil {
            lines.append(
                warn.map {
                    "a look pays from score \($0.order) of \(count): \(Certificate.percent($0.alpha)) of good parts are above it, "
                        + "\(Self.percent($0.missed)) of the defects are not"
                } ?? "no look pays below the stop threshold: no warn threshold")
        }
        lines += [
            "assumed: real defects look like the \(kind)\(costs.look == nil ? "" : ", a look always finds one")",
            "assumed: \(Self.percent(costs.defectRate)) of the parts are defective, as it was given; a part goes on or stops the line, nothing else costs",
            "rates, costs and missed defects are estimates, not guarantees",
        ]
        return lines
    }

    /// Three digits, rounded to the nearest: an estimate.
    private static func percent(_ share: Double) -> String { "\(short(share * 100)) %" }

    private static func short(_ value: Double) -> String { Certificate.short(value) }
}
