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

/// Pixel AUROC over many maps without keeping them: counts per score bin, good and defective pixels apart.
///
/// Bins are the top 20 bits of the ordered float (11 mantissa bits): scores closer than 1 part in 2,048 count as ties.
public struct PixelHistogram: Sendable {
    private static let shift: UInt32 = 12
    private var good = [Int](repeating: 0, count: 1 << 20)
    private var defective = [Int](repeating: 0, count: 1 << 20)

    /// An empty histogram.
    public init() {}

    /// Takes in one map; `mask` is non-zero where there is a defect, nil for a good part. Non-finite values count as highest.
    ///
    /// - Precondition: a mask has as many values as the map.
    public mutating func add(_ map: [Float], mask: [UInt8]?) {
        precondition(mask.map { $0.count == map.count } ?? true, "a mask of the map's shape")
        for index in map.indices {
            // Adding zero makes −0 a 0: they tie.
            let bits = (map[index].isFinite ? map[index] + 0 : .greatestFiniteMagnitude).bitPattern
            let ordered = bits & 0x8000_0000 == 0 ? bits | 0x8000_0000 : ~bits
            let bin = Int(ordered >> Self.shift)
            if let mask, mask[index] != 0 { defective[bin] += 1 } else { good[bin] += 1 }
        }
    }

    /// Adds another histogram's counts.
    public mutating func merge(_ other: PixelHistogram) {
        for bin in good.indices {
            good[bin] += other.good[bin]
            defective[bin] += other.defective[bin]
        }
    }

    /// Area under the pixel ROC curve; nil when there are no good or no defective pixels.
    public var auroc: Double? {
        var goodSoFar = 0.0
        var sum = 0.0
        var all = 0.0
        for bin in good.indices {
            sum += Double(defective[bin]) * (goodSoFar + Double(good[bin]) / 2)
            goodSoFar += Double(good[bin])
            all += Double(defective[bin])
        }
        return goodSoFar > 0 && all > 0 ? sum / goodSoFar / all : nil
    }
}
