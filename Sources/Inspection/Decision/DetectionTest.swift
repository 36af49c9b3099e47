// SPDX-License-Identifier: Apache-2.0

/// Watches whether blended defects are missed more often than a limit allows, after each of them, for as long as one likes.
///
/// A bet against 'the miss rate is at most p₀': money is put on higher rates q, and a trial multiplies what is on q by q / p₀ when it was missed
/// and by (1 − q) / (1 − p₀) when it was found. While the claim holds (each trial's rate may depend on those before), the
/// wealth is a non-negative supermartingale that begins with 1, so the probability that it ever reaches 1 / level is at most the level
/// (Ville; Ramdas, Grünwald, Vovk, Shafer, "Game-theoretic statistics and safe anytime-valid inference", 2023, section 3).
///
/// Nobody knows when the box goes blind, nor how blind: 1 / (t (t + 1)) of the money is put on the table with trial t, in equal
/// shares on the rates at 10, 20, 40, 70 and 100 % of the way from p₀ to 1; the rest, 1 / (t + 1), is kept.
/// So a long good past costs 2 ln t, not all that was won then. The gap below the first rate is there because a rate a little above p₀ is no
/// blindness.
public struct DetectionTest: Sendable, Equatable {
    /// What the miss rate is held against, above 0 and below 1.
    public let limit: Double
    /// The probability of an alarm in all of a run although the miss rate is at most the limit.
    public let level: Double
    /// Defects so far.
    public private(set) var trials = 0
    /// Of them: missed.
    public private(set) var missed = 0
    /// Whether an alarm was raised; it stays.
    public private(set) var isAlarm = false

    /// The usual `level`.
    public static let usualLevel = 0.01

    /// How far the rates that are bet on are from the limit to 1.
    private static let ways: [Double] = [0.1, 0.2, 0.4, 0.7, 1]
    private var bets: [Double]

    /// A test that has seen nothing.
    ///
    /// - Parameters:
    ///   - limit: the highest miss rate that is as it should be, above 0 and below 1.
    ///   - level: whole-run probability of a false alarm, above 0 and below 1.
    public init(limit: Double, level: Double = Self.usualLevel) {
        precondition(limit > 0 && limit < 1 && level > 0 && level < 1, "limit and level are probabilities")
        self.limit = limit
        self.level = level
        bets = Array(repeating: 0, count: Self.ways.count)
    }

    /// What the money of 1 has become; an alarm from 1 / level on.
    public var wealth: Double { bets.reduce(1 / Double(trials + 1), +) }

    /// Takes the outcome of one trial.
    ///
    /// - Returns: whether there is an alarm, now or since an earlier trial.
    @discardableResult
    public mutating func add(wasMissed: Bool) -> Bool {
        trials += 1
        if wasMissed { missed += 1 }
        let fresh = 1 / (Double(trials) * Double(trials + 1) * Double(bets.count))
        for (index, way) in Self.ways.enumerated() {
            let rate = limit + (1 - limit) * way
            bets[index] = (bets[index] + fresh) * (wasMissed ? rate / limit : (1 - rate) / (1 - limit))
        }
        if wealth >= 1 / level { isAlarm = true }
        return isAlarm
    }
}
