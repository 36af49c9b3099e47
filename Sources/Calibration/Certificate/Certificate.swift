// SPDX-License-Identifier: Apache-2.0

/// What may be said of a threshold: what is guaranteed, what is estimated, what more parts would buy, and what it all assumes.
public struct Certificate: Sendable, Encodable {
    /// The threshold and the promise that it was taken for.
    public let threshold: ConformalThreshold
    /// The rate that a further good part exceeds it with, at most, on average over calibrations.
    public let marginalRate: Double
    /// The rate of this very calibration, at most, with `confidence`.
    public let confidentRate: Double
    /// Of `confidentRate`.
    public let confidence: Double
    /// The rate as a model of the tail says it; nil with too few scores.
    public let estimatedRate: TailEstimate.Interval?
    /// The threshold that the wanted rate would have by that model; nil when the wanted rate is kept, or with too few scores.
    public let estimatedThreshold: TailEstimate.Interval?
    /// The rate that was asked for and that the parts do not support; nil when they do.
    public let wanted: Double?
    /// Whether the order of the scores says something; nil when that can't be told.
    public let order: ExchangeabilityTest?
    /// Who has excluded parts, each of which counts as an exceedance; empty when none is.
    public let excludedBy: [String]
    /// What more parts would buy.
    public let prices: [Price]

    /// Parts that a rate needs.
    public struct Price: Sendable, Equatable, Encodable {
        /// The false-stop rate.
        public let alpha: Double
        /// Calibrate parts for it, on average, and with `confidence`.
        public let marginal: Int, confident: Int
    }

    /// The confidence of what is said beside the promise, where none was asked for.
    public static let usualConfidence = 0.95

    /// Says what may be said.
    ///
    /// - Parameters:
    ///   - scores: of the calibrate parts, in the order in which the parts came.
    ///   - threshold: taken from them.
    ///   - wanted: the rate that was asked for; may be smaller than what the parts support.
    ///   - excludedBy: who has excluded parts of the calibration; how many they are the threshold knows.
    public init(
        scores: [Float], threshold: ConformalThreshold, wanted: Double? = nil, excludedBy: [String] = []
    ) {
        self.threshold = threshold
        self.excludedBy = excludedBy
        let (parts, above) = (threshold.count, threshold.count - threshold.order)
        confidence = threshold.confidence ?? Self.usualConfidence
        marginalRate = Double(above + 1) / Double(parts + 1)
        confidentRate = BinomialTail.upperRate(above, of: parts, confidence: confidence)
        // The tail is what excluded parts were taken out of: the rest says nothing of it.
        let tail = threshold.excluded > 0 ? nil : TailEstimate(scores: scores)
        // Among the scores that were seen nothing needs a model.
        estimatedRate = tail.flatMap {
            Double(threshold.value) > $0.base ? $0.rate(above: Double(threshold.value)) : nil
        }
        self.wanted = wanted.flatMap { $0 < threshold.alpha ? $0 : nil }
        estimatedThreshold = self.wanted.flatMap { wanted in tail?.score(rate: wanted) }
        order = ExchangeabilityTest(scores: scores)
        prices = [wanted, 0.01, 0.001].compactMap(\.self).reduce(into: []) { rates, rate in
            if !rates.contains(rate) { rates.append(rate) }
        }.map { [confidence] rate in
            Price(
                alpha: rate,
                marginal: ConformalThreshold.partsNeeded(
                    alpha: rate, confidence: nil, excluded: threshold.excluded),
                confident: ConformalThreshold.partsNeeded(
                    alpha: rate, confidence: confidence, excluded: threshold.excluded))
        }
    }

    /// The certificate in words, a line each.
    ///
    /// - Parameters:
    ///   - perShift: good parts in a shift; nil says nothing of shifts.
    ///   - acceptedBy: who has accepted a weaker promise than the one asked for.
    public func lines(perShift: Double? = nil, acceptedBy: String? = nil) -> [String] {
        let parts = threshold.count
        var lines = ["threshold \(threshold.value): score \(threshold.order) of \(parts) calibrate parts, sorted"]
        if threshold.excluded > 0 {
            let who = excludedBy.isEmpty ? "" : " by \(excludedBy.joined(separator: ", "))"
            lines.append(
                threshold.excluded == 1
                    ? "1 part was excluded\(who) and counts as an exceedance"
                    : "\(threshold.excluded) parts were excluded\(who) and count as exceedances")
        }
        if let wanted {
            lines.append(
                "ASKED FOR: \(Self.percent(wanted)); \(parts) parts do not support it"
                    + (acceptedBy.map { "; the weaker promise was accepted by \($0)" } ?? ""))
        }
        lines += [
            "guaranteed: a further good part stops the line with a probability of at most \(Self.percent(marginalRate)), on average over "
                + "calibrations (split conformal)",
            "guaranteed: at most \(Self.percent(confidentRate)) of good parts stop the line, with a confidence of "
                + "\(Self.confident(confidence)) (order statistics)",
        ]
        if let rate = estimatedRate {
            lines.append(
                "estimated, not guaranteed: \(Self.percent(rate.value)) (\(Self.percent(rate.low)) to \(Self.percent(rate.high))), a "
                    + "generalised Pareto tail")
        } else if threshold.excluded > 0 {
            lines.append("no estimate: the tail is what the excluded parts were taken out of")
        } else {
            lines.append(
                "no estimate: a tail takes at least \(TailEstimate.fewest) parts, scores that differ, and a threshold beyond most of them"
            )
        }
        if let wanted, let estimate = estimatedThreshold {
            lines.append(
                "estimated threshold for \(Self.percent(wanted)): \(Self.short(estimate.value)) (\(Self.short(estimate.low)) to "
                    + "\(Self.short(estimate.high))); it is not used")
        }
        if let perShift {
            var text =
                "false stops in a shift of \(Self.short(perShift)) good parts: at most \(Self.short(perShift * marginalRate, roundedUp: true)) on average"
            if let rate = estimatedRate { text += ", \(Self.short(perShift * rate.value)) estimated" }
            lines.append(text)
        }
        for price in prices where price.marginal > parts || price.confident > parts {
            lines.append(
                "\(Self.percent(price.alpha)) takes \(price.marginal) calibrate parts on average, \(price.confident) with a confidence of "
                    + "\(Self.confident(confidence)): \(max(0, price.marginal - parts)) and \(max(0, price.confident - parts)) more"
            )
        }
        lines.append("assumed: good parts are exchangeable, those of tomorrow with those that were shown")
        switch order {
        case let order? where order.isSuspicious:
            lines.append(
                "AGAINST IT: the order of the parts says something (neighbours: p = \(Self.short(order.serialP)), trend: p = "
                    + "\(Self.short(order.trendP))): show parts of several days and batches")
        case let order?:
            lines.append(
                "nothing speaks against it (neighbours: p = \(Self.short(order.serialP)), trend: p = \(Self.short(order.trendP)))"
            )
        case nil: lines.append("too few parts to test it, or all with the same score")
        }
        return lines
    }

    /// Rounded up to three digits: nobody is promised less than what is written.
    package static func percent(_ rate: Double) -> String {
        guard rate > 1e-12 else { return "0 %" }
        var scale = 1.0
        while rate * 100 * scale < 100 { scale *= 10 }
        let rounded = (rate * 100 * scale - 1e-6).rounded(.up) / scale
        return rounded == rounded.rounded() ? "\(Int(rounded)) %" : "\(rounded) %"
    }

    /// A confidence, rounded down: nobody is promised more than is true.
    package static func confident(_ confidence: Double) -> String {
        let rounded = (confidence * 1e6 + 1e-6).rounded(.down) / 1e4
        return rounded == rounded.rounded() ? "\(Int(rounded)) %" : "\(rounded) %"
    }

    /// Three digits, to the nearest, or up for what is promised.
    static func short(_ value: Double, roundedUp: Bool = false) -> String {
        guard value != 0, value.isFinite, abs(value) < 1e12, abs(value) > 1e-12 else { return "\(value)" }
        var scale = 1.0
        while abs(value) * scale < 100 { scale *= 10 }
        let rounded = (roundedUp ? (value * scale - 1e-6).rounded(.up) : (value * scale).rounded()) / scale
        return rounded == rounded.rounded() ? "\(Int(rounded))" : "\(rounded)"
    }

    enum CodingKeys: String, CodingKey {
        case threshold, guarantee, n, alpha, confidence, order, wanted
        case marginalRate = "marginal_rate", confidentRate = "confident_rate", estimatedRate = "estimated_rate"
        case estimatedThreshold = "estimated_threshold", exchangeability, prices, excluded
        case excludedBy = "excluded_by"
    }

    /// `threshold guarantee n alpha confidence` are the promise that the threshold was taken for; `confidence` is null for one on
    /// average.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(threshold.value, forKey: .threshold)
        try container.encode(threshold.guarantee, forKey: .guarantee)
        try container.encode(threshold.count, forKey: .n)
        try container.encode(threshold.alpha, forKey: .alpha)
        try container.encode(threshold.confidence, forKey: .confidence)
        try container.encode(threshold.order, forKey: .order)
        try container.encode(wanted, forKey: .wanted)
        try container.encode(marginalRate, forKey: .marginalRate)
        try container.encode(confidentRate, forKey: .confidentRate)
        try container.encode(estimatedRate, forKey: .estimatedRate)
        try container.encode(estimatedThreshold, forKey: .estimatedThreshold)
        try container.encode(order, forKey: .exchangeability)
        try container.encode(prices, forKey: .prices)
        guard threshold.excluded > 0 else { return }
        try container.encode(threshold.excluded, forKey: .excluded)
        try container.encode(excludedBy, forKey: .excludedBy)
    }
}
