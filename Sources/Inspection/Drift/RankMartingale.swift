// SPDX-License-Identifier: Apache-2.0

/// A conformal test martingale: capital that grows only when values stop being like those of the calibration.
///
/// **p-values.** The t-th value after n calibration values gets p = (#greater + U·#equal)/(n + t), counted among all n + t,
/// itself included, with U uniform. If all values are exchangeable, these p-values are independent and uniform on
/// [0, 1], exactly, whatever the law and with any number of ties (smoothed conformal p-values: Vovk, Gammerman, Shafer,
/// *Algorithmic Learning in a Random World*, Springer 2005); that is why later values must join the pool. Values are counted in bins
/// fixed beforehand (`RankCounts`): binned exchangeable values are exchangeable, and U breaks their ties.
///
/// **Bets.** A bet is a density on [0, 1], so the capital it multiplies is a martingale. Here it is
/// f(p) = a/(1 + (a − 1)p)², the density of p when the odds of a greater value have changed by the factor a (the
/// logistic law shifted by ln a; ranks are at their best against it, and nearly so against a shifted normal one): a > 1 for
/// rising values, a < 1 for falling ones. ∫f = 1 for every a.
///
/// **Late changes.** A bettor that has been wrong for long is broke, so there is one for every part and every a, who puts his
/// share π_s·w_a of the initial capital aside until part s and bets it from then on. Their sum is a convex mixture of
/// martingales, hence one, and bettors with the same a are one number: C ← (C + π_t·w_a)·f(p_t). (The simple jumper of Vovk,
/// Petej, Nouretdinov, Ahlberg, Carlsson, Gammerman, "Retrain or not retrain: conformal test martingales for change-point
/// detection", COPA 2021, moves capital between bets instead; it loses a constant share at every step in control and finds a
/// late change late.) π is uniform in the logarithm of s: each of the 32 blocks [2^j − 1, 2^(j+1) − 1) gets 1/32, spread evenly,
/// so a change after t parts costs ln(32·t) of the evidence at most; after 2³² parts no new bets are placed.
///
/// **Promise.** The capital starts at 1 and is never negative, so the probability that it *ever* reaches 1/ε is at most ε
/// (Ville, *Étude critique de la notion de collectif*, 1939).
///
/// Nothing is allocated per value and nothing is decided by a library function: the same values and the same seed give the same bits.
public struct RankMartingale: Sendable {
    /// Factors of the odds that are bet on, and their inverses: about what a normal law gives that is shifted by 0.25, 0.5, 1, 2
    /// and 3 deviations (ln a / 1.6).
    static let odds = [1.5, 2.2, 5, 25, 150]
    /// Blocks of start times.
    private static let blocks = 32

    /// Capital; starts at 1.
    public private(set) var capital = 1.0
    /// Number of values added since the start.
    public private(set) var count = 0
    /// The p-value of the last value added; 0.5 before the first.
    public private(set) var pValue = 0.5

    private let calibration: [Int]
    private var counts = RankCounts()
    private var ties: TieBreaker
    private var bets: [Bet]

    /// All bettors on one factor.
    private struct Bet: Sendable {
        let odds: Double
        /// What those who have started own.
        var capital = 0.0
        /// The same, each weighted by the part that he started at.
        var starts = 0.0
    }

    /// The uniform numbers that break ties: SplitMix64 (Steele, Lea, Flood, OOPSLA 2014).
    private struct TieBreaker: Sendable {
        var state: UInt64

        /// A number in `[0, 1)` with 53 bits.
        mutating func next() -> Double {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return Double((z ^ (z >> 31)) >> 11) * 0x1p-53
        }
    }

    /// A martingale against calibration values.
    ///
    /// - Parameters:
    ///   - calibration: finite values; others are left out. Without any the first values are the calibration.
    ///   - seed: of the numbers that break ties. Martingales of several quantities need different ones.
    public init(calibration: [Float], seed: UInt64) {
        self.calibration = calibration.filter(\.isFinite).map(RankCounts.bin)
        ties = TieBreaker(state: seed)
        bets = Self.odds.flatMap { [Bet(odds: $0), Bet(odds: 1 / $0)] }
        for bin in self.calibration { counts.add(bin) }
    }

    /// Forgets everything since the calibration. What is promised holds anew from here on.
    public mutating func restart() {
        counts.removeAll()
        for bin in calibration { counts.add(bin) }
        for index in bets.indices { (bets[index].capital, bets[index].starts) = (0, 0) }
        (capital, count, pValue) = (1, 0, 0.5)
    }

    /// Bets on the next value.
    ///
    /// - Parameter value: NaN and infinity are left out, as if there had been no part.
    /// - Returns: the capital.
    @discardableResult public mutating func add(_ value: Float) -> Double {
        guard value.isFinite else { return capital }
        let bin = RankCounts.bin(value)
        counts.add(bin)
        let rank = counts.rank(bin)
        pValue = (Double(rank.greater) + ties.next() * Double(rank.equal)) / Double(counts.total)
        let stake = Self.stake(count) / Double(bets.count)
        let start = Double(count)
        count += 1
        var sum = Self.kept(after: count)
        for index in bets.indices {
            let odds = bets[index].odds
            let root = 1 + (odds - 1) * pValue
            let factor = odds / (root * root)
            bets[index].capital = (bets[index].capital + stake) * factor
            bets[index].starts = (bets[index].starts + stake * start) * factor
            sum += bets[index].capital
        }
        capital = sum
        return sum
    }

    /// What has won most so far: whether values rise, and how many values had been added when that began, about; nil before the first value.
    public var change: (isRising: Bool, start: Int)? {
        guard count > 0, let best = bets.max(by: { $0.capital < $1.capital }) else { return nil }
        let start = best.capital > 0 ? best.starts / best.capital : 0
        return (best.odds > 1, start.isFinite ? Int(min(Double(count - 1), start.rounded())) : 0)
    }

    /// The share of the initial capital that starts to be bet after `count` values.
    private static func stake(_ count: Int) -> Double {
        let block = Int.bitWidth - 1 - (count + 1).leadingZeroBitCount
        return block < blocks ? 1 / (Double(blocks) * Double(1 << block)) : 0
    }

    /// The share that has not started yet once `count` values were bet on; with all stakes up to then it is exactly 1.
    private static func kept(after count: Int) -> Double {
        let block = Int.bitWidth - 1 - (count + 1).leadingZeroBitCount
        guard block < blocks else { return 0 }
        return 1 - (Double(block) + Double(count + 1 - (1 << block)) / Double(1 << block)) / Double(blocks)
    }
}
