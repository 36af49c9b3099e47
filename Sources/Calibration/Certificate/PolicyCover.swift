// SPDX-License-Identifier: Apache-2.0

import Glibc

/// What good parts do to a line that goes by more than one threshold: how often it stops falsely, at most, by each of its rules.
///
/// Good parts are exchangeable, so given the calibration each is above the stop threshold with a rate p and above the warn threshold
/// with a rate w, independently. By n calibrate scores, of which m are above a threshold, its rate is at most a Beta(m + 1, n − m)
/// variable (`BinomialTail`). Each rule stops a line no more often than a function of these rates that grows with them:
///
/// - the stop threshold: p;
/// - k of n: a suspicious part with k − 1 others among the n − 1 before it, w · P(Bin(n − 1, w) ≥ k − 1);
/// - an andon that nobody looks at: a suspicious part after which no run of so many good parts comes in time,
///   w · P(no run of m among T parts).
///
/// Sums are bounds (every way to stop is counted as if none had come before). With a confidence each rate is at most its upper limit;
/// on average over calibrations the functions are averaged over the Beta law, from above.
public struct PolicyCover: Sendable, Equatable, Encodable {
    /// The rules that a suspicious part sets going.
    public struct Rules: Sendable, Equatable {
        /// So many suspicious parts ...
        public var suspicious: Int?
        /// ... among so many stop the line.
        public var window = 0
        /// So many good parts in a row end an andon; nil: only a person does.
        public var goodParts: Int?
        /// So many parts come while an andon's timer runs, the one that raised it not counted; nil: not known.
        public var andonParts: Int?

        /// Rules; without any, an andon ends with a person.
        public init(suspicious: Int? = nil, window: Int = 0, goodParts: Int? = nil, andonParts: Int? = nil) {
            (self.suspicious, self.window, self.goodParts, self.andonParts) = (
                suspicious, window, goodParts, andonParts
            )
        }
    }

    /// False stops for each good part by the stop threshold, at most.
    public let threshold: Double
    /// By k of n; 0 without that rule.
    public let accumulation: Double
    /// By andons that nobody looks at; nil when it is not known how many parts come in their time.
    public let andon: Double?
    /// Andons for each good part, at most; 0 without a warn threshold.
    public let andons: Double
    /// How surely; nil is on average over calibrations.
    public let confidence: Double?

    /// All of it, for each good part; where it is not known which andons run out, as if all did.
    public var total: Double { min(1, threshold + accumulation + (andon ?? andons)) }

    /// Covers thresholds of the same calibrate parts.
    ///
    /// - Parameters:
    ///   - stop: the stop threshold.
    ///   - warn: the warn threshold, at most `stop`; nil: no part is suspicious.
    ///   - rules: what suspicious parts do.
    public init(stop: ConformalThreshold, warn: ConformalThreshold?, rules: Rules) {
        confidence = stop.confidence
        // Two limits at once: each takes half of the risk.
        let each = stop.confidence.map { warn == nil ? $0 : 1 - (1 - $0) / 2 }
        func mean(_ threshold: ConformalThreshold, of bound: (Double) -> Double) -> Double {
            let above = threshold.count - threshold.order
            if let each { return bound(BinomialTail.upperRate(above, of: threshold.count, confidence: each)) }
            return Self.average(bound, above: above, of: threshold.count)
        }
        threshold =
            confidence == nil
            ? Double(stop.count - stop.order + 1) / Double(stop.count + 1) : mean(stop) { $0 }
        guard let warn else {
            (accumulation, andon, andons) = (0, 0, 0)
            return
        }
        andons =
            confidence == nil
            ? Double(warn.count - warn.order + 1) / Double(warn.count + 1) : mean(warn) { $0 }
        accumulation =
            rules.suspicious.map { count in
                mean(warn) { Self.accumulation($0, count: count, window: rules.window) }
            } ?? 0
        guard let good = rules.goodParts else {
            // Every andon is a person's.
            andon = andons
            return
        }
        andon = rules.andonParts.map { parts in mean(warn) { $0 * Self.noRun(of: good, in: parts, miss: $0) } }
    }

    /// w · P(Bin(n − 1, w) ≥ k − 1).
    static func accumulation(_ rate: Double, count: Int, window: Int) -> Double {
        guard rate > 0 else { return 0 }
        guard rate < 1 else { return 1 }
        return rate * (1 - BinomialTail.atMost(count - 2, of: window - 1, probability: rate))
    }

    /// The probability that among so many parts there are nowhere so many good ones in a row, each good with 1 − miss.
    package static func noRun(of length: Int, in parts: Int, miss: Double) -> Double {
        guard length > 0 else { return 0 }
        guard parts >= length else { return 1 }
        // P(none among t) = P(none among t − 1) − P(none among t − m − 1) · miss · (1 − miss)^m: the first run ends with part t. With fewer
        // parts it is only larger, so a limit on them is on the safe side.
        let parts = min(parts, length + 100_000)
        let run = pow(1 - miss, Double(length))
        var chance = [Double](repeating: 1, count: length)
        chance.reserveCapacity(parts + 1)
        chance.append(1 - run)
        while chance.count <= parts {
            let before = chance[chance.count - 1]
            guard before > 1e-15 else { return 1e-15 }
            chance.append(max(0, before - chance[chance.count - 1 - length] * miss * run))
        }
        return min(1, chance[parts])
    }

    /// The mean of a growing function of a rate of the law Beta(above + 1, n − above), from above: on each step of a fine grid the value
    /// at its upper end.
    package static func average(_ bound: (Double) -> Double, above: Int, of count: Int) -> Double {
        let middle = Double(above + 1) / Double(count + 1)
        let steps = 1_500
        let (low, high) = (log(middle / 200), log(min(1, middle * 60)))
        var (sum, before) = (0.0, 0.0)
        for step in 0...steps {
            let rate = exp(low + (high - low) * Double(step) / Double(steps))
            let below = rate < 1 ? 1 - BinomialTail.atMost(above, of: count, probability: rate) : 1
            if below > before { sum += (below - before) * bound(min(1, rate)) }
            before = max(before, below)
        }
        return min(1, sum + max(0, 1 - before) * bound(1))
    }

    /// What it comes to, in words, a line each.
    ///
    /// - Parameter perShift: good parts in a shift; nil speaks of a thousand parts.
    public func lines(perShift: Double? = nil) -> [String] {
        let parts = perShift ?? 1_000
        func times(_ rate: Double) -> String { Certificate.short(rate * parts, roundedUp: true) }
        let surely =
            confidence.map { "with a confidence of \(Certificate.confident($0))" } ?? "on average over calibrations"
        var ways = ["\(times(threshold)) by the stop threshold"]
        if accumulation > 0 { ways.append("\(times(accumulation)) by too many suspicious parts") }
        if andons > 0 {
            ways.append(
                andon.map { "\(times($0)) by andons that nobody looks at" }
                    ?? "\(times(andons)) by andons, as if each ran out")
        }
        var lines = [
            "the whole policy, \(surely): at most \(times(total)) false stops to be expected in "
                + "\(perShift == nil ? "1000" : "a shift of \(Certificate.short(parts))") good parts: "
                + ways.joined(separator: ", ")
        ]
        if andons > 0 { lines.append("andons in as many: at most \(times(andons))") }
        if andon != nil, andons > 0 {
            lines.append("assumed: parts come evenly, at least as fast as --rate says, while an andon's time runs")
        }
        if andon == nil {
            lines.append("how often an andon's time runs out depends on the rate of the parts: give --rate")
        }
        return lines
    }

    enum CodingKeys: String, CodingKey { case threshold, accumulation, andon, andons, total, confidence }

    /// Rates for each good part.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(threshold, forKey: .threshold)
        try container.encode(accumulation, forKey: .accumulation)
        try container.encode(andon, forKey: .andon)
        try container.encode(andons, forKey: .andons)
        try container.encode(total, forKey: .total)
        try container.encode(confidence, forKey: .confidence)
    }
}
