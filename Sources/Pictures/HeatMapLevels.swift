// SPDX-License-Identifier: Apache-2.0

/// Which map cells one row or column of pixels falls on.
///
/// The map's cells cover the network input evenly; the pixels cover `length` of its `of` pixels from `from` on.
struct HeatMapAxis {
    /// What one pixel takes: between two cells when enlarging, the highest of several when shrinking.
    struct Sample {
        /// First cell.
        var first: Int
        /// Last cell, ≥ `first`.
        var last: Int
        /// Share of `last` when there are two cells to interpolate; `nil` when the highest of all counts.
        var share: Float?
        /// The nearest cell.
        var nearest: Int
    }

    /// One for each pixel.
    let samples: [Sample]

    init(cells: Int, pixels: Int, from: Int, length: Int, of: Int) {
        let scale = Double(length) / Double(of) * Double(cells) / Double(pixels)
        let start = Double(from) / Double(of) * Double(cells)
        func inside(_ cell: Int) -> Int { min(max(cell, 0), cells - 1) }
        samples = (0..<pixels).map { pixel in
            let centre = start + (Double(pixel) + 0.5) * scale
            let nearest = inside(Int(centre))
            guard scale <= 1 else {
                // A narrow peak must not fall between two pixels.
                let first = inside(Int(centre - scale / 2))
                let last = inside(Int(centre + scale / 2))
                return Sample(first: first, last: max(first, last), share: nil, nearest: nearest)
            }
            let left = (centre - 0.5).rounded(.down)
            return Sample(
                first: inside(Int(left)), last: inside(Int(left) + 1), share: Float(centre - 0.5 - left),
                nearest: nearest)
        }
    }
}

/// Map values at pixels.
struct HeatMapLevels {
    private let values: [Float]
    private let width: Int

    /// The value at a pixel; NaN where the nearest cell is.
    subscript(x: Int, y: Int) -> Float { values[y * width + x] }

    init(_ map: [Float], width mapWidth: Int, across: HeatMapAxis, down: HeatMapAxis) {
        // Infinity would interpolate to NaN.
        let finite = map.map { $0.isNaN ? $0 : min(max($0, -1e30), 1e30) }
        width = across.samples.count
        var values: [Float] = []
        values.reserveCapacity(across.samples.count * down.samples.count)
        for y in down.samples {
            for x in across.samples {
                let nearest = finite[y.nearest * mapWidth + x.nearest]
                if nearest.isNaN {
                    values.append(nearest)
                    continue
                }
                func row(_ cell: Int) -> Float {
                    let row = cell * mapWidth
                    return Self.mix(x, nearest) { finite[row + $0] }
                }
                values.append(Self.mix(y, nearest, row))
            }
        }
        self.values = values
    }

    /// One pixel's value along one axis; cells that are not a number count as the nearest one.
    private static func mix(_ sample: HeatMapAxis.Sample, _ nearest: Float, _ cell: (Int) -> Float) -> Float {
        func number(_ index: Int) -> Float {
            let value = cell(index)
            return value.isNaN ? nearest : value
        }
        let first = number(sample.first)
        guard let share = sample.share else {
            return (sample.first...sample.last).reduce(first) { max($0, number($1)) }
        }
        // This form returns equal neighbours unchanged, so a map at its threshold shows no contour.
        return first + (number(sample.last) - first) * share
    }
}
