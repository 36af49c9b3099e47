// SPDX-License-Identifier: Apache-2.0

/// Watches whether parts are still like those of the calibration, and says at most once when they no longer are.
///
/// Five rank martingales, of the score and of what the picture says of camera and light, have a fifth of the level each. Each is a
/// martingale given its own past only (given the ranks of all five, the next rank of one is no longer uniform), so they are not added up but
/// joined by a union bound: an alarm comes when one of them reaches 5 / level. The probability that a run **ever** raises an alarm while its
/// parts are exchangeable with the calibration's is at most the level, however long it runs (``RankMartingale``). A run
/// lasts from ``init(scores:statistics:level:seed:)`` or ``restart()`` to the next; each has the level for itself.
///
/// What it can't know: parts in an order of their own (a tool that wears and is changed, day and night, batches) are not
/// exchangeable, and an alarm about that is no error of the watch. A change that was there from the first part on shows
/// only as far as the calibration's few values tell: later parts join the pool that they are compared with, which is what keeps
/// the promise true.
///
/// Memory is fixed, 2.6 MB. A copy takes as much again once one of the two goes on.
public struct DriftWatch: Sendable {
    /// False-alarm probability of a whole run.
    public let level: Double
    /// What is watched: all five, or the score alone.
    public let quantities: [DriftQuantity]
    /// Parts watched since the run began.
    public private(set) var parts = 0
    /// The alarm of this run; after it nothing is watched until ``restart()``.
    public private(set) var alarm: DriftAlarm?

    private var martingales: [RankMartingale]
    /// Sorted values of the calibration, by quantity.
    private let calibrated: [[Float]]
    /// The last values, by quantity, as rings.
    private var recent: [[Float]]

    /// Values that estimates are made of.
    static let window = 100

    /// A watch that has seen the calibration and nothing else.
    ///
    /// - Parameters:
    ///   - scores: of the calibrate parts; finite.
    ///   - statistics: of the same parts in the same order; nil where they are not known: only the score is watched then.
    ///   - level: false-alarm probability of a whole run, above 0 and below 1.
    ///   - seed: of the numbers that break ties between equal values: the same seed and parts, the same alarm.
    /// - Throws: `InspectionError` for a level that is no probability, too few or unequal numbers of values.
    public init(
        scores: [Float], statistics: [PictureStatistics]?, level: Double = 0.01, seed: UInt64 = 0x6472_6966
    ) throws(InspectionError) {
        guard level > 0, level < 1 else {
            throw InspectionError(
                .badSetting, "drift level", expected: "a probability above 0 and below 1", found: "\(level)",
                hint: "0.01 is one false alarm in a hundred runs at most")
        }
        guard !scores.isEmpty, scores.allSatisfy(\.isFinite) else {
            throw InspectionError(
                .notFinite, "calibration scores", expected: "one finite score or more",
                found: scores.isEmpty ? "none" : "NaN or infinity", hint: "calibrate again")
        }
        guard statistics == nil || statistics?.count == scores.count else {
            throw InspectionError(
                .wrongShape, "picture statistics", expected: "\(scores.count), one for each score",
                found: "\(statistics?.count ?? 0)", hint: "calibrate again")
        }
        self.level = level
        quantities = statistics == nil ? [.score] : DriftQuantity.allCases
        let values = quantities.map { quantity in
            scores.indices.map { Self.value(quantity, scores[$0], statistics?[$0]) }
        }
        calibrated = values.map { $0.sorted() }
        // Distant seeds: neighbouring ones would give SplitMix64 the same numbers, a step apart.
        martingales = values.enumerated().map {
            RankMartingale(calibration: $1, seed: seed ^ (0xD1B5_4A32_D192_ED03 &* UInt64($0 + 1)))
        }
        recent = values.map { _ in [Float](repeating: 0, count: Self.window) }
    }

    /// Begins a new run: forgets the alarm and all parts since the calibration.
    public mutating func restart() {
        for index in martingales.indices { martingales[index].restart() }
        (parts, alarm) = (0, nil)
    }

    /// The richest martingale's capital over their number; an alarm comes when it reaches 1 / level.
    public var capital: Double {
        var most = 0.0
        for martingale in martingales { most = max(most, martingale.capital) }
        return most / Double(martingales.count)
    }

    /// Watches one part, passed or stopped: leaving the stopped ones out would make the others look too good.
    ///
    /// - Parameters:
    ///   - score: its score; a part whose score is NaN or infinite is left out.
    ///   - statistics: of its network input; not used when only the score is watched.
    /// - Returns: the alarm when this part raises it, once a run.
    public mutating func add(score: Float, statistics: PictureStatistics) -> DriftAlarm? {
        guard alarm == nil, score.isFinite else { return nil }
        for (index, quantity) in quantities.enumerated() {
            let value = Self.value(quantity, score, statistics)
            recent[index][parts % Self.window] = value
            martingales[index].add(value)
        }
        parts += 1
        guard capital * level >= 1 else { return nil }
        alarm = raised()
        return alarm
    }

    private static func value(_ quantity: DriftQuantity, _ score: Float, _ statistics: PictureStatistics?) -> Float {
        switch quantity {
        case .score: score
        case .exposure: statistics?.exposure ?? 0
        case .focus: statistics?.focus ?? 0
        case .red: statistics?.red ?? 0
        case .blue: statistics?.blue ?? 0
        }
    }

    private func raised() -> DriftAlarm? {
        let most = martingales.indices.max { martingales[$0].capital < martingales[$1].capital }
        guard let most, let change = martingales[most].change else { return nil }
        let count = min(Self.window, max(1, parts - change.start))
        let moved = quantities.indices.filter { $0 != most && Self.hasMoved(last(count, of: $0), from: calibrated[$0]) }
        let others = moved.map { quantities[$0] }
        let quantity = quantities[most]
        let cause: DriftAlarm.Cause =
            if quantities.count == 1 { .unknown } else if quantity != .score || !others.isEmpty { .camera } else {
                .process
            }
        return DriftAlarm(
            quantity: quantity, isRising: change.isRising, parts: parts, since: change.start + 1,
            median: Self.median(last(count, of: most).sorted()), calibrated: Self.median(calibrated[most]),
            others: others, cause: cause)
    }

    /// The last `count` values, in no order.
    private func last(_ count: Int, of index: Int) -> [Float] {
        (0..<count).map { recent[index][(parts - 1 - $0) % Self.window] }
    }

    private static func median(_ sorted: [Float]) -> Float {
        let middle = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }

    /// Whether values lie higher or lower than the calibration's by the rank sum, by three deviations: a hint, no promise.
    ///
    /// Source: Mann, Whitney, "On a test of whether one of two random variables is stochastically larger than the other",
    /// Annals of Mathematical Statistics 18 (1947); the normal approximation without correction for ties.
    private static func hasMoved(_ values: [Float], from sorted: [Float]) -> Bool {
        var wins = 0.0
        for value in values {
            for other in sorted { wins += value > other ? 1 : value == other ? 0.5 : 0 }
        }
        let (n, m) = (Double(values.count), Double(sorted.count))
        let deviation = (n * m * (n + m + 1) / 12).squareRoot()
        return (wins - n * m / 2).magnitude > 3 * deviation
    }
}
