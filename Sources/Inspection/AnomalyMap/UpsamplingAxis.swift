// SPDX-License-Identifier: Apache-2.0

import CKernels

/// From a level's side to the map's along one axis: bilinear upsampling followed by Gaussian smoothing, as one matrix
/// `(size, side)` whose rows are short bands.
///
/// Both are linear and act on each axis alone, so the whole way from distances D to map is A · D · Aᵀ: a handful of terms per
/// pixel where smoothing the large map took 2 · 33 at the usual width. Edges are repeated in both.
final class UpsamplingAxis {
    /// Rows of the matrix.
    let size: Int
    /// Columns of the matrix.
    let side: Int
    private let taps: Int
    private let first: UnsafeMutableBufferPointer<Int32>
    private let weights: UnsafeMutableBufferPointer<Float>
    private let blockTaps: Int
    private let blockFirst: UnsafeMutableBufferPointer<Int32>
    private let blockWeights: UnsafeMutableBufferPointer<Float>

    /// The matrix.
    ///
    /// - Parameters:
    ///   - size: multiple of 16.
    ///   - sigma: standard deviation of the Gaussian in pixels of the map; 0 is none.
    init(side: Int, size: Int, sigma: Double) {
        self.side = side
        self.size = size
        let rows = Self.matrix(side: side, size: size, sigma: sigma)
        let bands = rows.map(Self.band)
        let width = Int(CK_MAP_F32_BLOCK)
        let taps = bands.map(\.count).max() ?? 1
        self.taps = taps
        first = .allocate(capacity: size)
        weights = .allocate(capacity: size * taps)
        for (y, band) in bands.enumerated() {
            let start = min(band.lowerBound, side - taps)
            first.initializeElement(at: y, to: Int32(start))
            for k in 0..<taps { weights.initializeElement(at: y * taps + k, to: Float(rows[y][start + k])) }
        }
        let blocks = (0..<size / width).map { block in
            let used = bands[(block * width)..<((block + 1) * width)]
            return (used.map(\.lowerBound).min() ?? 0)..<(used.map(\.upperBound).max() ?? 1)
        }
        let blockTaps = blocks.map(\.count).max() ?? 1
        self.blockTaps = blockTaps
        blockFirst = .allocate(capacity: blocks.count)
        blockWeights = .allocate(capacity: size * blockTaps)
        for (block, band) in blocks.enumerated() {
            let start = min(band.lowerBound, side - blockTaps)
            blockFirst.initializeElement(at: block, to: Int32(start))
            for k in 0..<blockTaps {
                for lane in 0..<width {
                    blockWeights.initializeElement(
                        at: (block * blockTaps + k) * width + lane,
                        to: Float(rows[block * width + lane][start + k]))
                }
            }
        }
    }

    deinit {
        first.deallocate()
        weights.deallocate()
        blockFirst.deallocate()
        blockWeights.deallocate()
    }

    /// The tables as the kernel reads them; valid as long as the axis.
    var tables: ck_axis_f32 {
        ck_axis_f32(
            side: Int32(side), taps: Int32(taps), first: first.baseAddress, weights: weights.baseAddress,
            block_taps: Int32(blockTaps), block_first: blockFirst.baseAddress, block_weights: blockWeights.baseAddress)
    }

    /// Where a row is not zero.
    private static func band(_ row: [Double]) -> Range<Int> {
        let start = row.firstIndex { $0 != 0 } ?? 0
        return start..<((row.lastIndex { $0 != 0 } ?? start) + 1)
    }

    private static func matrix(side: Int, size: Int, sigma: Double) -> [[Double]] {
        let taps = gaussian(sigma: sigma)
        let bilinear = interpolation(from: side, to: size)
        return (0..<size).map { y in
            var row = [Double](repeating: 0, count: side)
            for d in (1 - taps.count)..<taps.count {
                let (lower, upper, share) = bilinear[min(max(y + d, 0), size - 1)]
                row[lower] += taps[abs(d)] * (1 - share)
                row[upper] += taps[abs(d)] * share
            }
            return row
        }
    }

    /// Bilinear with pixel centres at half places (align_corners = false), edges repeated.
    private static func interpolation(from side: Int, to size: Int) -> [(lower: Int, upper: Int, share: Double)] {
        (0..<size).map { index in
            let place = max(0, (Double(index) + 0.5) * Double(side) / Double(size) - 0.5)
            let lower = min(Int(place), side - 1)
            return (lower, min(lower + 1, side - 1), place - Double(lower))
        }
    }

    /// Taps from the centre outwards, cut at 4 σ, summing to 1.
    ///
    /// Rounded to multiples of 2⁻²⁰, so that two maths libraries that differ in the last place give the same filter.
    static func gaussian(sigma: Double) -> [Double] {
        guard sigma > 0 else { return [1] }
        let radius = max(1, Int((4 * sigma).rounded(.up)))
        let raw = (0...radius).map { exponential(-0.5 * Double($0 * $0) / (sigma * sigma)) }
        let sum = raw[0] + 2 * raw.dropFirst().reduce(0, +)
        let unit = 1_048_576.0
        var taps = raw.map { ($0 / sum * unit).rounded() }
        taps[0] = unit - 2 * taps.dropFirst().reduce(0, +)
        return taps.map { $0 / unit }
    }

    /// eˣ for x ≤ 0 by squaring a short series: good to 1e-12, and free of libm.
    private static func exponential(_ x: Double) -> Double {
        guard x > -64 else { return 0 }  // far below what the taps are rounded to, and the series ends here
        let small = x / 1024
        var term = 1.0
        var sum = 1.0
        for k in 1...12 {
            term *= small / Double(k)
            sum += term
        }
        for _ in 0..<10 { sum *= sum }
        return sum
    }
}
