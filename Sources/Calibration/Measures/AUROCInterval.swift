// SPDX-License-Identifier: Apache-2.0

/// Where an AUROC may lie for other parts of the same kind: a two-sided confidence interval of 95 %.
///
/// Newcombe's score interval (method 5 of "Confidence intervals for an effect size measure based on the Mann-Whitney
/// statistic, part 2", Statistics in Medicine 25, 2006): all θ with (A − θ)² ≤ z² V(θ), where V is Hanley and McNeil's variance
/// of exponential scores with both numbers of parts replaced by their mean in the exponents. Unlike DeLong's or a bootstrap it is
/// not empty at an AUROC of 1. In simulations with normal scores (20 to 100 good, 40 to 350 defective parts, AUROC 0.87 to
/// 0.995, equal and double deviations) it covered the truth in 95 to 99.9 % of 1,500 trials, DeLong's in 73 to 94 %.
public struct AUROCInterval: Codable, Sendable, Equatable {
    /// Lower end, 0 ... 1.
    public let lower: Double
    /// Upper end, 0 ... 1.
    public let upper: Double

    /// The normal distribution's 97.5 % quantile.
    private static let z = 1.959963984540054

    /// The interval of an AUROC that was measured on this many parts.
    ///
    /// - Returns: nil without good or without defective parts, or for an AUROC outside 0 ... 1.
    public init?(auroc: Double, good: Int, defective: Int) {
        guard good > 0, defective > 0, (0...1).contains(auroc) else { return nil }
        func isInside(_ value: Double) -> Bool {
            let exponent = Double(good + defective) / 2 - 1
            let spread = 1 + exponent * ((1 - value) / (2 - value) + value / (1 + value))
            let variance = value * (1 - value) * spread / (Double(good) * Double(defective))
            let difference = auroc - value
            return difference * difference <= Self.z * Self.z * variance
        }
        /// Bisection between a value inside (or the measured one) and one outside.
        func end(_ outside: Double) -> Double {
            var (inner, outer) = (auroc, outside)
            for _ in 0..<60 {
                let middle = (inner + outer) / 2
                if isInside(middle) { inner = middle } else { outer = middle }
            }
            return (inner + outer) / 2
        }
        lower = auroc == 0 ? 0 : end(0)
        upper = auroc == 1 ? 1 : end(1)
    }

    /// An interval as a list of two numbers.
    public init(from decoder: any Decoder) throws {
        var list = try decoder.unkeyedContainer()
        lower = try list.decode(Double.self)
        upper = try list.decode(Double.self)
    }

    /// A list of two numbers, lower end first.
    public func encode(to encoder: any Encoder) throws {
        var list = encoder.unkeyedContainer()
        try list.encode(lower)
        try list.encode(upper)
    }
}
