// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Probabilities of counts, exact but for rounding: what the claims with a confidence stand on.
///
/// With n exchangeable scores of a continuous law and m of them above the threshold, the false-stop rate has the law
/// Beta(m + 1, n − m), and P(rate ≤ α) = P(Bin(n, α) > m) (Wilks, "Determination of sample sizes for setting tolerance limits", 1941;
/// David, Nagaraja, "Order Statistics", 2003, section 7.2). With ties the rate is only smaller.
public enum BinomialTail {
    /// P(Bin(n, p) ≤ m), for 0 < p < 1; summed from the smallest term on, in logarithms.
    public static func atMost(_ m: Int, of n: Int, probability p: Double) -> Double {
        guard m >= 0 else { return 0 }
        guard m < n else { return 1 }
        let odds = log(p) - log1p(-p)
        var term = Double(n) * log1p(-p)
        var sum = exp(term)
        for count in 0..<m {
            term += log(Double(n - count)) - log(Double(count + 1)) + odds
            sum += exp(term)
        }
        return min(1, sum)
    }

    /// The most scores above the threshold with which P(rate ≤ α) ≥ confidence; nil when n is too small for any.
    public static func exceedances(of n: Int, alpha: Double, confidence: Double) -> Int? {
        let odds = log(alpha) - log1p(-alpha)
        // Whatever binary makes of 1 − 0.95.
        let risk = (1 - confidence) * (1 + 1e-12)
        var term = Double(n) * log1p(-alpha)
        var sum = exp(term)
        guard n > 0, sum <= risk else { return nil }
        for count in 0..<n {
            term += log(Double(n - count)) - log(Double(count + 1)) + odds
            sum += exp(term)
            if sum > risk { return count }
        }
        return n
    }

    /// The rate that is not exceeded with this confidence when m of n scores are above the threshold: the upper limit of Clopper
    /// and Pearson, 1 when all are.
    public static func upperRate(_ m: Int, of n: Int, confidence: Double) -> Double {
        guard m < n else { return 1 }
        if m == 0 { return -expm1(log(1 - confidence) / Double(n)) }
        var (low, high) = (Double(m) / Double(n), 1.0)
        for _ in 0..<60 {
            let middle = (low + high) / 2
            if atMost(m, of: n, probability: middle) > 1 - confidence { low = middle } else { high = middle }
        }
        return high
    }

    /// The rate that is reached with this confidence when m of n scores are above the threshold: the lower limit of Clopper and
    /// Pearson, 0 when none is.
    public static func lowerRate(_ m: Int, of n: Int, confidence: Double) -> Double {
        guard m > 0, n > 0 else { return 0 }
        guard m < n else { return exp(log(1 - confidence) / Double(n)) }
        var (low, high) = (0.0, Double(m) / Double(n))
        for _ in 0..<60 {
            let middle = (low + high) / 2
            guard middle > 0 else { break }
            if 1 - atMost(m - 1, of: n, probability: middle) < 1 - confidence { low = middle } else { high = middle }
        }
        return low
    }

    /// The fewest parts with which the largest score keeps α with this confidence.
    public static func partsNeeded(alpha: Double, confidence: Double) -> Int {
        let exact = log(1 - confidence) / log1p(-alpha)
        guard exact < 1e9 else { return .max }
        var parts = max(1, Int(exact.rounded(.up)) - 1)
        while exceedances(of: parts, alpha: alpha, confidence: confidence) == nil { parts += 1 }
        return parts
    }
}
