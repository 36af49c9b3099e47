// SPDX-License-Identifier: Apache-2.0

/// The thresholds with the smallest expected cost of a part, from what a false stop and an escaped defect cost.
///
/// `cost(t) = stop · (1 − P) · P(good > t) + escape · P · P(defect ≤ t)` is the risk of a decision with two errors (Berger, "Statistical
/// Decision Theory and Bayesian Analysis", 1985, section 1.3). P(good > t) is (n + 1 − k)/(n + 1) at the k-th of n good scores, which is what split
/// conformal prediction promises of it, and the tail's estimate beyond the largest; P(defect ≤ t) is counted. The threshold is always one
/// of the good scores, so that a certificate says what it guarantees. All costs are estimates.
public struct CostThreshold: Sendable, Equatable, Encodable {
    /// What things cost, in any one currency, and how many parts are defective.
    public struct Costs: Sendable, Equatable, Encodable {
        /// Of a stop for a good part, above 0.
        public let stop: Double
        /// Of a defective part that goes on, above 0.
        public let escape: Double
        /// Of a look at a suspicious part, above 0 and below both; nil: there is no warn threshold.
        public let look: Double?
        /// Share of defective parts, above 0 and below 1.
        public let defectRate: Double

        enum CodingKeys: String, CodingKey {
            case stop, escape, look
            case defectRate = "defect_rate"
        }

        /// Checked costs.
        ///
        /// - Throws: `CalibrationError` that names what is out of its range.
        public init(stop: Double, escape: Double, look: Double? = nil, defectRate: Double) throws(CalibrationError) {
            for (name, cost) in [("cost-stop", stop), ("cost-escape", escape), ("cost-look", look ?? 1)] {
                guard cost > 0, cost < .infinity else {
                    throw CalibrationError(
                        .badSetting, name, expected: "a cost above 0", found: "\(cost)",
                        hint: "any currency will do, the same for all")
                }
            }
            guard defectRate > 0, defectRate < 1 else {
                throw CalibrationError(
                    .badSetting, "defect-rate", expected: "a share above 0 and below 1", found: "\(defectRate)",
                    hint: "0.002 is two parts of a thousand")
            }
            if let look, look >= min(stop, escape) {
                throw CalibrationError(
                    .badSetting, "cost-look", expected: "less than a stop and less than an escape", found: "\(look)",
                    hint: "leave it out where a look costs as much as a stop")
            }
            (self.stop, self.escape, self.look, self.defectRate) = (stop, escape, look, defectRate)
        }
    }

    /// A threshold that could be taken, and what it is expected to cost.
    public struct Choice: Sendable, Equatable, Encodable {
        /// Which of the sorted good scores, counted from 1; the last of equal ones.
        public let order: Int
        /// That score.
        public let value: Float
        /// (n + 1 − order)/(n + 1): what good parts exceed it with, on average over calibrations.
        public let alpha: Double
        /// Share of the defects that are at most `value`.
        public let missed: Double
        /// Expected cost of a part; of the warn threshold, for looks and for escapes below it.
        public let cost: Double
    }

    /// A cheaper threshold beyond the largest good score, as a model of the tail says it.
    public struct Beyond: Sendable, Equatable, Encodable {
        /// The threshold, or a hair less.
        public let value: Double
        /// Estimated rate of good parts above it.
        public let rate: Double
        /// Expected cost of a part.
        public let cost: Double
    }

    /// What it was taken for.
    public let costs: Costs
    /// Good scores and defects that it was taken from.
    public let count: Int, defects: Int
    /// The stop threshold.
    public let stop: Choice
    /// The warn threshold, below the stop threshold; nil without a cost of a look, or where no look pays.
    public let warn: Choice?
    /// Where the cheapest threshold lies beyond the largest score; nil where it does not, or can't be told.
    public let beyond: Beyond?
    /// Expected cost of a part when nothing ever stops.
    public let costWithout: Double

    enum CodingKeys: String, CodingKey {
        case costs, count, defects, stop, warn, beyond
        case costWithout = "cost_without"
    }

    /// Takes the cheapest thresholds.
    ///
    /// - Parameters:
    ///   - scores: of good parts, any order, at least one, all finite.
    ///   - defects: of defective parts or what stands for them, at least ten, all finite.
    /// - Throws: `CalibrationError` for too few scores, or such that are not finite.
    public init(scores: [Float], defects: [Float], costs: Costs) throws(CalibrationError) {
        try Self.check(scores, fewest: 1, "scores of good parts")
        try Self.check(defects, fewest: Self.fewestDefects, "scores of defects")
        self.costs = costs
        (count, self.defects) = (scores.count, defects.count)
        let (good, bad) = (scores.sorted(), defects.sorted())
        costWithout = costs.escape * costs.defectRate
        let stop = Self.cheapest(good, bad, rate: costs.defectRate, exceed: costs.stop, miss: costs.escape)
        self.stop = stop
        warn = costs.look.flatMap { look in
            // A look at a defect is paid, too, and saves its escape.
            let warn = Self.cheapest(good, bad, rate: costs.defectRate, exceed: look, miss: costs.escape - look)
            return warn.value < stop.value ? warn : nil
        }
        beyond = stop.order == good.count ? Self.beyond(good, bad, costs, than: stop) : nil
    }

    /// Fewer scores of defects say nothing.
    public static let fewestDefects = 10

    /// The cheapest of the good scores; the lowest of equally cheap ones, which lets the fewest defects through.
    private static func cheapest(_ good: [Float], _ bad: [Float], rate: Double, exceed: Double, miss: Double) -> Choice
    {
        var best: Choice?
        var below = 0
        for (place, value) in good.enumerated() where place + 1 == good.count || good[place + 1] > value {
            while below < bad.count, bad[below] <= value { below += 1 }
            let alpha = Double(good.count - place) / Double(good.count + 1)
            let missed = Double(below) / Double(bad.count)
            let cost = exceed * (1 - rate) * alpha + miss * rate * missed
            if best.map({ cost < $0.cost }) ?? true {
                best = Choice(order: place + 1, value: value, alpha: alpha, missed: missed, cost: cost)
            }
        }
        // There is at least one score.
        return best ?? Choice(order: 1, value: good.first ?? .nan, alpha: 1, missed: 1, cost: .infinity)
    }

    /// Between two defects the cost falls with the tail: what is cheapest lies just below the upper one, which is not missed there.
    private static func beyond(_ good: [Float], _ bad: [Float], _ costs: Costs, than stop: Choice) -> Beyond? {
        guard let tail = TailEstimate(scores: good, resamples: 0) else { return nil }
        var best: Beyond?
        for (place, value) in bad.enumerated() where value > stop.value && (place == 0 || bad[place - 1] < value) {
            // The tail is a model, what was counted is not: it says less only.
            let rate = min(stop.alpha, tail.rate(above: Double(value)).value)
            let cost =
                costs.stop * (1 - costs.defectRate) * rate
                + costs.escape * costs.defectRate * Double(place) / Double(bad.count)
            if cost < best?.cost ?? stop.cost { best = Beyond(value: Double(value), rate: rate, cost: cost) }
        }
        return best
    }

    /// The rate of good parts above the stop threshold that is not exceeded with a confidence, where the same scores gave the order:
    /// it holds for all orders together (Bonferroni), so also for the one that was chosen.
    public func rate(confidence: Double) -> Double {
        BinomialTail.upperRate(count - stop.order, of: count, confidence: 1 - (1 - confidence) / Double(count))
    }

    private static func check(_ scores: [Float], fewest: Int, _ what: String) throws(CalibrationError) {
        guard scores.count >= fewest else {
            throw CalibrationError(
                .tooFewParts, what, expected: "at least \(fewest)", found: "\(scores.count)", hint: "give more of them")
        }
        guard scores.allSatisfy(\.isFinite) else {
            throw CalibrationError(
                .notFinite, what, expected: "finite numbers", found: "NaN or infinity",
                hint: "a score that is none is a fault, not a part")
        }
    }
}
