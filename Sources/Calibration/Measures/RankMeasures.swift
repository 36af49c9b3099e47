// SPDX-License-Identifier: Apache-2.0

/// Measures over scores of good and defective parts (METHODS, 'Measures').
public enum RankMeasures {
    /// Area under the ROC curve: the probability that a defective score is above a good one, ties counting half.
    ///
    /// Equals the trapezoid rule over all thresholds. O((n + m) log (n + m)).
    /// - Returns: nil when either side is empty.
    public static func auroc(good: [Float], defective: [Float]) -> Double? {
        guard !good.isEmpty, !defective.isEmpty else { return nil }
        let good = good.sorted()
        let defective = defective.sorted()
        var below = 0
        var equalEnd = 0
        var sum = 0.0
        for score in defective {
            while below < good.count, good[below] < score { below += 1 }
            equalEnd = max(equalEnd, below)
            while equalEnd < good.count, good[equalEnd] == score { equalEnd += 1 }
            sum += Double(below) + Double(equalEnd - below) / 2
        }
        return sum / (Double(good.count) * Double(defective.count))
    }

    /// Share of defective parts above every good one: what is caught without a single false stop.
    public static func recallAtZeroFalseStops(good: [Float], defective: [Float]) -> Double? {
        guard let largest = good.max(), !defective.isEmpty else { return nil }
        return Double(defective.count { $0 > largest }) / Double(defective.count)
    }

    /// Pearson's correlation of two maps of as many values; 0 where one of them is flat, NaN where one is not finite.
    public static func correlation(_ a: [Float], _ b: [Float]) -> Double {
        guard a.count == b.count, !a.isEmpty else { return .nan }
        let count = Double(a.count)
        var (meanA, meanB) = (0.0, 0.0)
        for index in a.indices {
            meanA += Double(a[index])
            meanB += Double(b[index])
        }
        meanA /= count
        meanB /= count
        var (squareA, squareB, product) = (0.0, 0.0, 0.0)
        for index in a.indices {
            let (x, y) = (Double(a[index]) - meanA, Double(b[index]) - meanB)
            squareA += x * x
            squareB += y * y
            product += x * y
        }
        let scale = (squareA * squareB).squareRoot()
        return scale == 0 ? 0 : product / scale
    }

    /// Precision, recall and F1 at a threshold (stop is score > threshold).
    public static func atThreshold(
        _ threshold: Float, good: [Float], defective: [Float]
    ) -> (precision: Double?, recall: Double?, f1: Double?) {
        let hits = defective.count { $0 > threshold }
        let falseStops = good.count { $0 > threshold }
        let precision = hits + falseStops > 0 ? Double(hits) / Double(hits + falseStops) : nil
        let recall = defective.isEmpty ? nil : Double(hits) / Double(defective.count)
        guard let precision, let recall, precision + recall > 0 else {
            return (precision, recall, recall == nil ? nil : 0)
        }
        return (precision, recall, 2 * precision * recall / (precision + recall))
    }
}
