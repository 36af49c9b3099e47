// SPDX-License-Identifier: Apache-2.0

/// What a picture says of camera and light, whatever the part: exposure, focus and colour.
///
/// Whole numbers up to the last division: the same bits on every machine, for every picture finite. Allocates nothing.
public struct PictureStatistics: Sendable, Equatable {
    /// Mean luminance (BT.601, in 1/256: 77 R + 150 G + 29 B) of the brightest twentieth of the pixels, 0 to 255.
    ///
    /// The bright end differs less from part to part than the mean of all and follows the light just as well: 5 % more
    /// light are 0.45 deviations of the parts' own spread on bricks (mean of all: 0.28), 0.15 on magnetic tiles (0.16) and
    /// 0.64 on synthetic parts (0.67).
    public let exposure: Float
    /// How fine the structures are: the mean square of the Laplacian over that of the gradient, 0 (flat) to 8.
    ///
    /// That is the mean of the squared frequency, weighted by the gradient's power (`ω² ≈ 4 − 2 cos ω_x − 2 cos ω_y`): every blur
    /// moves weight from high to low frequencies and so lowers it, while a gain or an offset changes nothing, and how
    /// much structure a part has hardly matters, which gradient or Laplacian alone mostly measure. Both are taken of the mean of
    /// 2×2 pixels of r + 2g + b: at full resolution sensor noise, which no lens blurs, is what they see. Measured on 60 good
    /// parts each, in deviations of the parts' own spread: a Gaussian blur of σ = 1 pixel lowers it by 3.9 (magnetic tiles),
    /// 2.1 (bricks) and 8.1 (synthetic parts), 3.1, 2.1 and 7.8 with noise of 1 grey level added afterwards; the
    /// gradient over the variance falls by 3.0, 1.4 and 5.6.
    public let focus: Float
    /// Mean red over mean green, with 1/16 of a grey level added to both.
    public let red: Float
    /// Mean blue over mean green, likewise.
    public let blue: Float

    /// Known values.
    public init(exposure: Float, focus: Float, red: Float, blue: Float) {
        self.exposure = exposure
        self.focus = focus
        self.red = red
        self.blue = blue
    }

    /// Measures a network input.
    ///
    /// - Parameters:
    ///   - pixels: `(size, size, 3)` bytes, RGB.
    ///   - size: side in pixels, 1 to 8192.
    /// - Precondition: `pixels.count == size * size * 3`.
    public init(_ pixels: [UInt8], size: Int) {
        precondition(size >= 1 && size <= 8192 && pixels.count == size * size * 3, "(size, size, 3) bytes")
        let (sums, energies) = pixels.withUnsafeBufferPointer { bytes in
            (Self.sums(bytes, size: size), Self.energies(bytes, size: size))
        }
        let count = size * size
        exposure = sums.exposure
        focus = Float(Double(2 * energies.laplacian) / Double(max(1, energies.gradient)))
        red = Float(Double(16 * sums.red + count) / Double(16 * sums.green + count))
        blue = Float(Double(16 * sums.blue + count) / Double(16 * sums.green + count))
    }

    /// The sum of each colour, and the exposure.
    private static func sums(
        _ bytes: UnsafeBufferPointer<UInt8>, size: Int
    ) -> (red: Int, green: Int, blue: Int, exposure: Float) {
        var total = (red: 0, green: 0, blue: 0)
        // On the stack.
        var histogram = InlineArray<256, UInt32>(repeating: 0)
        for row in 0..<size {
            // 8192 · 255 fits.
            var (red, green, blue): (UInt32, UInt32, UInt32) = (0, 0, 0)
            var place = row * size * 3
            for _ in 0..<size {
                let (r, g, b) = (UInt32(bytes[place]), UInt32(bytes[place &+ 1]), UInt32(bytes[place &+ 2]))
                red &+= r
                green &+= g
                blue &+= b
                histogram[Int((77 &* r &+ 150 &* g &+ 29 &* b) >> 8)] &+= 1
                place &+= 3
            }
            total = (total.red + Int(red), total.green + Int(green), total.blue + Int(blue))
        }
        let brightest = max(1, size * size / 20)
        var (level, left, sum) = (255, brightest, 0)
        while left > 0, level > 0 {
            let taken = min(left, Int(histogram[level]))
            sum += taken * level
            left -= taken
            level -= 1
        }
        return (total.red, total.green, total.blue, Float(Double(sum) / Double(brightest)))
    }

    /// Squares of Laplacian and of the differences to the four neighbours (twice the gradient's), of the picture at half its
    /// size; every row, since lines that run along the rows would fall into step with every second one.
    private static func energies(
        _ bytes: UnsafeBufferPointer<UInt8>, size: Int
    ) -> (laplacian: Int, gradient: Int) {
        let (half, row) = (size / 2, size * 3)
        guard half >= 3 else { return (0, 0) }
        /// The sum of r + 2g + b over 2×2 pixels that begin at `place`, 0 to 4080.
        func grey(_ place: Int) -> Int32 {
            func pair(_ place: Int) -> Int32 {
                let ends = Int32(bytes[place]) &+ Int32(bytes[place &+ 2])
                let next = Int32(bytes[place &+ 3]) &+ Int32(bytes[place &+ 5])
                return ends &+ next &+ 2 &* (Int32(bytes[place &+ 1]) &+ Int32(bytes[place &+ 4]))
            }
            return pair(place) &+ pair(place &+ row)
        }
        var (laplacian, gradient) = (0, 0)
        for y in 1..<half - 1 {
            var place = 2 * y * row
            var (left, middle) = (grey(place), grey(place &+ 6))
            for _ in 1..<half - 1 {
                place &+= 6
                let right = grey(place &+ 6)
                let (above, below) = (grey(place &- 2 &* row), grey(place &+ 2 &* row))
                // At most 4 · 4080: the squares fit 32 bits, their sums do not.
                let edge = left &+ right &+ above &+ below &- 4 &* middle
                // All four neighbours, or an edge between two rows would be in the one and not in the other.
                let (a, b, c, d) = (left &- middle, right &- middle, above &- middle, below &- middle)
                laplacian &+= Int(edge &* edge)
                gradient &+= Int(a &* a &+ b &* b &+ c &* c &+ d &* d)
                (left, middle) = (middle, right)
            }
        }
        return (laplacian, gradient)
    }
}
