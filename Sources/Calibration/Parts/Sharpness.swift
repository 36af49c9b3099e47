// SPDX-License-Identifier: Apache-2.0

import Glibc
import Pictures

/// How sharp pictures are, compared with others of the same kind of part.
///
/// No number tells a blurred picture from a smooth part, so a picture is held against those taken before: the variance of
/// the Laplacian (Pech-Pacheco et al., "Diatom autofocusing in brightfield microscopy", ICPR 2000) of the network's
/// input, because blur that the network can't see does no harm. It is smoothed first by a 3×3 binomial kernel: otherwise
/// sensor noise counts as sharpness (blurred by σ = 1.5 pixels, with noise of 2 of 255, a magnetic tile keeps 0.55 of the
/// raw measure, 0.18 of this one; noise alone adds 2 to 10 %).
public enum Sharpness {
    /// The variance of the Laplacian of the smoothed luminance, in grey values squared.
    public static func of(_ picture: Picture) -> Double {
        let (width, height) = (picture.width, picture.height)
        guard width >= 5, height >= 5 else { return 0 }
        let grey = picture.grey.map(Int32.init)
        // (1 2 1)ᵀ(1 2 1), 16 times too large; whole numbers, so that every machine agrees.
        var smooth = [Int32](repeating: 0, count: grey.count)
        for y in 1..<height - 1 {
            for x in 1..<width - 1 {
                let i = y * width + x
                let corners = grey[i - width - 1] + grey[i - width + 1] + grey[i + width - 1] + grey[i + width + 1]
                let sides = grey[i - 1] + grey[i + 1] + grey[i - width] + grey[i + width]
                smooth[i] = corners + 2 * sides + 4 * grey[i]
            }
        }
        var (sum, squares, count) = (0.0, 0.0, 0.0)
        for y in 2..<height - 2 {
            for x in 2..<width - 2 {
                let i = y * width + x
                let edge = smooth[i - 1] + smooth[i + 1] + smooth[i - width] + smooth[i + width] - 4 * smooth[i]
                let value = Double(edge) / 16
                sum += value
                squares += value * value
                count += 1
            }
        }
        return max(0, squares / count - sum / count * (sum / count))
    }

    /// Pictures from which on their own spread is known well enough.
    public static let fewest = 10

    /// The sharpness below which a picture is blurred; 0 when there is nothing to compare with.
    ///
    /// Four robust standard deviations of the logarithm below the median, between 0.2 and 0.6 of it; 0.3 of the median as
    /// long as there are fewer than ten. Measured on 60 good parts each, in shares of the median: parts in a fixture go
    /// down to 0.67, magnetic tiles to 0.47, bricks that all look different to 0.24; Gaussian blur of σ = 1.5 pixels of
    /// the input leaves 0.15, 0.08 and 0.12 of a typical part.
    public static func limit(among others: [Double]) -> Double {
        guard !others.isEmpty else { return 0 }
        let middle = median(others)
        guard others.count >= fewest else { return 0.3 * middle }
        let logarithms = others.map { log(max($0, 1e-6)) }
        let centre = median(logarithms)
        let deviation = 1.4826 * median(logarithms.map { abs($0 - centre) })
        return min(0.6, max(0.2, exp(-4 * deviation))) * middle
    }

    /// The middle one of the sorted values; 0 of none.
    public static func median(_ values: [Double]) -> Double {
        values.isEmpty ? 0 : values.sorted()[values.count / 2]
    }
}
