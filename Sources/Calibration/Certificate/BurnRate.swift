// SPDX-License-Identifier: Apache-2.0

/// How fast false stops use up what is allowed of them, in a window of time.
///
/// As error budgets are watched in site reliability engineering (Beyer et al., "The Site Reliability Workbook", 2018, chapter 5): a burn rate of 1
/// uses the budget exactly, and several windows are looked at, since a short one sees a sudden trouble at once and a long one sees a small
/// trouble that lasts. A few stops say little, so it is not the rate that counts but its lower limit (Clopper, Pearson, Biometrika 1934).
public struct BurnRate: Sendable, Equatable, Encodable {
    /// Parts judged, and the false stops among them.
    public let parts: Int, falseStops: Int
    /// False stops that were allowed for these parts.
    public let budget: Double
    /// False stops per part: as counted, and its limits.
    public let rate: Double, low: Double, high: Double
    /// `falseStops / budget`, and its limits; nil where nothing was allowed, as no part was judged.
    public let burn: Double?, burnLow: Double?, burnHigh: Double?

    /// Whether the budget burns faster than it is filled, beyond chance.
    public var isBurning: Bool { burnLow.map { $0 > 1 } ?? false }

    enum CodingKeys: String, CodingKey {
        case parts, budget, rate, low, high, burn
        case falseStops = "false_stops"
        case burnLow = "burn_low", burnHigh = "burn_high"
    }

    /// Probability that a limit is wrong when one window is looked at; three windows together are wrong in at most 5 %.
    public static let risk = 0.05 / 3

    /// A window.
    ///
    /// - Parameters:
    ///   - falseStops: 0 or more; more than `parts` counts as so many parts.
    ///   - budget: false stops that are allowed in the window, 0 or more.
    ///   - risk: of each limit, above 0 and below 0.5.
    public init(falseStops: Int, parts: Int, budget: Double, risk: Double = BurnRate.risk) {
        // A stop by an andon that ran out need not be a part's.
        let parts = max(parts, falseStops)
        (self.parts, self.falseStops, self.budget) = (parts, falseStops, budget)
        guard parts > 0 else {
            (rate, low, high, burn, burnLow, burnHigh) = (0, 0, 1, nil, nil, nil)
            return
        }
        rate = Double(falseStops) / Double(parts)
        low = BinomialTail.lowerRate(falseStops, of: parts, confidence: 1 - risk)
        high = BinomialTail.upperRate(falseStops, of: parts, confidence: 1 - risk)
        func share(_ rate: Double) -> Double? { budget > 0 ? rate * Double(parts) / budget : nil }
        (burn, burnLow, burnHigh) = (share(rate), share(low), share(high))
    }
}
