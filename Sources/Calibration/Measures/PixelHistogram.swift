// SPDX-License-Identifier: Apache-2.0

/// Pixel AUROC and AUPRO over many maps without keeping them: counts per score bin, good and defective pixels apart.
///
/// Bins are the top 20 bits of the ordered float (11 mantissa bits): scores closer than 1 part in 2,048 count as ties. Over
/// these bins both measures are exact.
public struct PixelHistogram: Sendable {
    private static let shift: UInt32 = 12
    private var good = [Int](repeating: 0, count: 1 << 20)
    private var defective = [Int](repeating: 0, count: 1 << 20)
    /// Sum over the defective pixels of 1 / area of their region: what a pixel adds to its region's overlap.
    private var overlap = [Double](repeating: 0, count: 1 << 20)

    /// Connected regions of defects so far.
    public private(set) var regions = 0

    /// An empty histogram.
    public init() {}

    /// Takes in one map. Non-finite values count as highest.
    ///
    /// - Parameters:
    ///   - map: `(height, width)` scores.
    ///   - mask: non-zero where there is a defect; nil for a good part.
    ///   - width: pixels in a row, for telling regions apart.
    /// - Precondition: a mask has as many values as the map; both have whole rows.
    public mutating func add(_ map: [Float], mask: [UInt8]?, width: Int) {
        precondition(mask.map { $0.count == map.count } ?? true, "a mask of the map's shape")
        let found = mask.map { MaskRegions($0, width: width) }
        regions += found?.areas.count ?? 0
        for index in map.indices {
            // Adding zero makes −0 a 0: they tie.
            let bits = (map[index].isFinite ? map[index] + 0 : .greatestFiniteMagnitude).bitPattern
            let ordered = bits & 0x8000_0000 == 0 ? bits | 0x8000_0000 : ~bits
            let bin = Int(ordered >> Self.shift)
            if let found, found.labels[index] >= 0 {
                defective[bin] += 1
                overlap[bin] += 1 / Double(found.areas[found.labels[index]])
            } else {
                good[bin] += 1
            }
        }
    }

    /// Adds another histogram's counts.
    public mutating func merge(_ other: PixelHistogram) {
        for bin in good.indices {
            good[bin] += other.good[bin]
            defective[bin] += other.defective[bin]
            overlap[bin] += other.overlap[bin]
        }
        regions += other.regions
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

    /// AUPRO: area under the per-region overlap, from no false positives to a rate of `limit`, over `limit`; 0 ... 1.
    ///
    /// The overlap of a threshold is the mean over all regions of the share of the region that lies above it, so a small
    /// region counts as much as a large one (Bergmann et al., "Uninformed Students", CVPR 2020, section 4). Pixels outside of
    /// every region, also those of defective parts, are the negatives. Trapezoid rule, the last step cut at `limit`.
    ///
    /// - Parameter limit: highest false-positive rate, above 0, at most 1.
    /// - Returns: nil without a region or without a good pixel.
    public func aupro(limit: Double = 0.3) -> Double? {
        let negatives = Double(good.reduce(0, +))
        guard regions > 0, negatives > 0, limit > 0, limit <= 1 else { return nil }
        var (rate, share) = (0.0, 0.0)
        var (falsePositives, covered, area) = (0, 0.0, 0.0)
        for bin in good.indices.reversed() where good[bin] > 0 || defective[bin] > 0 {
            falsePositives += good[bin]
            covered += overlap[bin]
            let (nextRate, nextShare) = (Double(falsePositives) / negatives, covered / Double(regions))
            if nextRate >= limit {
                let atLimit = share + (nextShare - share) * (limit - rate) / (nextRate - rate)
                area += (limit - rate) * (share + atLimit) / 2
                return area / limit
            }
            area += (nextRate - rate) * (share + nextShare) / 2
            (rate, share) = (nextRate, nextShare)
        }
        return area / limit
    }
}
