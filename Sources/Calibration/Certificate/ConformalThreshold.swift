// SPDX-License-Identifier: Apache-2.0

/// The threshold that keeps a false-stop rate, from the scores of good parts that nothing else has seen.
///
/// Split conformal prediction: with n exchangeable good scores and the threshold at the k-th smallest,
/// k = ⌈(n + 1)(1 − α)⌉, a further good part is above it with probability at most α, on average over calibrations
/// (Vovk et al., "Algorithmic Learning in a Random World", 2005; Lei et al., JASA 2018, theorem 2). With a confidence, the same for this
/// very calibration: P(rate ≤ α) ≥ confidence, by the law of order statistics (`BinomialTail`); it takes more parts.
public struct ConformalThreshold: Sendable, Equatable {
    /// What is promised of α.
    public enum Guarantee: String, Sendable, Codable {
        /// On average over calibrations.
        case marginal
        /// Of this calibration, with a confidence.
        case confidence
    }

    /// The false-stop rate, 0 < α < 1.
    public let alpha: Double
    /// How surely, above 0 and below 1; nil is on average over calibrations.
    public let confidence: Double?
    /// Which of the sorted scores is the threshold, counted from 1.
    public let order: Int
    /// Number of parts: scores, and parts without one that were excluded.
    public let count: Int
    /// Parts that a person has excluded: each counts as an exceedance, whatever its score was.
    public let excluded: Int
    /// The threshold: pass is score ≤ value.
    public let value: Float

    /// What is promised.
    public var guarantee: Guarantee { confidence == nil ? .marginal : .confidence }

    /// The smallest α that n parts support with a confidence: 1 − (1 − confidence)^(1/n), the threshold being the largest score.
    ///
    /// With excluded parts among the n the largest score is that of fewer, and α is larger: (excluded + 1)/(n + 1) on average.
    public static func smallestAlpha(parts: Int, confidence: Double?, excluded: Int = 0) -> Double {
        guard let confidence else { return Double(excluded + 1) / Double(parts + 1) }
        // Up by a hair: rounded down it would not be supported.
        return BinomialTail.upperRate(excluded, of: parts, confidence: confidence) * (1 + 1e-12)
    }

    /// The number of parts that an α needs with a confidence, those that are excluded among them; nil is on average.
    public static func partsNeeded(alpha: Double, confidence: Double?, excluded: Int = 0) -> Int {
        let all = confidence.map { BinomialTail.partsNeeded(alpha: alpha, confidence: $0) } ?? partsNeeded(alpha: alpha)
        guard excluded > 0, all < 1 << 40 else { return all }
        func isEnough(_ parts: Int) -> Bool {
            order(alpha: alpha, parts: parts, confidence: confidence) <= parts - excluded
        }
        var (low, high) = (all - 1, all)
        while !isEnough(high) { (low, high) = (high, high * 2) }
        while high - low > 1 {
            let middle = (low + high) / 2
            if isEnough(middle) { high = middle } else { low = middle }
        }
        return high
    }

    /// More than n when n is too small.
    static func order(alpha: Double, parts: Int, confidence: Double?) -> Int {
        guard let confidence else { return order(alpha: alpha, parts: parts) }
        return BinomialTail.exceedances(of: parts, alpha: alpha, confidence: confidence).map { parts - $0 } ?? parts + 1
    }

    /// The smallest α that n parts support: 1/(n + 1), the threshold being the largest score.
    public static func smallestAlpha(parts: Int) -> Double { 1 / Double(parts + 1) }

    /// The number of parts that an α needs: the smallest n with 1/(n + 1) ≤ α; `Int.max` where no factory has that many.
    public static func partsNeeded(alpha: Double) -> Int {
        guard alpha > 1e-9 else { return .max }
        var parts = max(1, Int((1 / alpha).rounded(.up)) - 1)
        while parts > 1, order(alpha: alpha, parts: parts - 1) <= parts - 1 { parts -= 1 }
        while order(alpha: alpha, parts: parts) > parts { parts += 1 }
        return parts
    }

    /// k = ⌈(n + 1)(1 − α)⌉ = n + 1 − ⌊(n + 1)α⌋; more than n when n is too small.
    ///
    /// A product within 1e-9 of a whole number counts as whole: 0.05 · 20 is 1, whatever binary makes of it.
    static func order(alpha: Double, parts: Int) -> Int {
        parts + 1 - Int((Double(parts + 1) * alpha + 1e-9).rounded(.down))
    }

    /// Takes the threshold from scores.
    ///
    /// - Parameters:
    ///   - scores: of calibrate parts, any order, all finite.
    ///   - alpha: the false-stop rate, or nil for the smallest that their number supports.
    ///   - confidence: how surely, above 0 and below 1; nil is on average over calibrations.
    ///   - excluded: further parts, which a person took out after they were dealt: their scores count as infinite. The order
    ///     statistic among all is then at least what it would have been with their scores, so for an α that was named beforehand the
    ///     promise holds, whoever chose them and by what; the smallest α that is supported follows their number.
    /// - Throws: `CalibrationError`: no scores, not finite, α outside (0, 1), or more parts needed (says how many).
    public init(
        scores: [Float], alpha: Double?, confidence: Double? = nil, excluded: Int = 0
    ) throws(CalibrationError) {
        let parts = scores.count + max(0, excluded)
        guard !scores.isEmpty else {
            throw CalibrationError(
                .tooFewParts, "calibrate parts", expected: "at least one", found: "none", hint: "show more good parts")
        }
        guard scores.allSatisfy(\.isFinite) else {
            throw CalibrationError(
                .notFinite, "calibration scores", expected: "finite numbers", found: "NaN or infinity",
                hint: "the student is broken: train it again")
        }
        guard confidence.map({ $0 > 0 && $0 < 1 }) ?? true else {
            throw CalibrationError(
                .badSetting, "confidence", expected: "above 0 and below 1", found: "\(confidence ?? 0)",
                hint: "0.95 is 95 %")
        }
        let alpha = alpha ?? Self.smallestAlpha(parts: parts, confidence: confidence, excluded: max(0, excluded))
        guard alpha > 0, alpha < 1 else {
            throw CalibrationError(
                .badSetting, "alpha", expected: "a rate above 0 and below 1", found: "\(alpha)", hint: "0.01 is 1 %")
        }
        let order = Self.order(alpha: alpha, parts: parts, confidence: confidence)
        guard order <= scores.count else {
            let surely = confidence.map { " with confidence \($0)" } ?? ""
            let needed = Self.partsNeeded(alpha: alpha, confidence: confidence, excluded: max(0, excluded))
            let without = excluded > 0 ? ", \(excluded) of them excluded, which count as exceedances" : ""
            throw CalibrationError(
                .tooFewParts, "alpha \(alpha)\(surely)", expected: "at least \(needed) calibrate parts",
                found: "\(parts)\(without)",
                hint: "show more good parts (a fifth of them calibrates), or ask for "
                    + "\(Self.rounded(parts, confidence, max(0, excluded))) or more")
        }
        self.alpha = alpha
        self.confidence = confidence
        self.order = max(1, order)
        count = parts
        self.excluded = max(0, excluded)
        value = scores.sorted()[self.order - 1]
    }

    /// The rate to take a threshold for: what was asked for, or nil, the smallest that the parts support, where that is less and
    /// somebody is content with it.
    ///
    /// - Throws: `CalibrationError` when the parts do not support the rate and nobody is content with less.
    public static func supported(
        _ alpha: Double?, confidence: Double?, parts: Int, excluded: Int = 0, isWeakerAccepted: Bool
    ) throws(CalibrationError) -> Double? {
        guard alpha != nil || confidence != nil else { return nil }
        do throws(CalibrationError) {
            _ = try ConformalThreshold(
                scores: .init(repeating: 0, count: parts), alpha: alpha, confidence: confidence, excluded: excluded)
            return alpha
        } catch {
            guard error.code == .tooFewParts, parts > 0, isWeakerAccepted else { throw error }
            return nil
        }
    }

    /// The smallest supported α, rounded up to four digits so that it can be typed.
    private static func rounded(_ parts: Int, _ confidence: Double?, _ excluded: Int) -> Double {
        (smallestAlpha(parts: parts, confidence: confidence, excluded: excluded) * 10_000).rounded(.up) / 10_000
    }

    /// One sentence that a quality engineer can file.
    public var statement: String {
        // Rounded up, since it is a promise.
        let percent = (alpha * 10_000 - 1e-6).rounded(.up) / 100
        if let confidence {
            return "threshold \(value): the \(order). of \(count) sorted calibrate scores; "
                + "at most \(percent) % of good parts stop the line, with a confidence of \(confidence * 100) % "
                + "(order statistics, exchangeable parts)"
        }
        return "threshold \(value): the \(order). of \(count) sorted calibrate scores; "
            + "a further good part stops the line with a probability of at most \(percent) % "
            + "(split conformal, exchangeable parts, on average over calibrations)"
    }
}
