// SPDX-License-Identifier: Apache-2.0

import CKernels

/// From camera pixels to network input: (pixel/255 − mean) / deviation per channel, by table.
///
/// Mean 0.485 0.456 0.406 and deviation 0.229 0.224 0.225 are those of ImageNet, which all our teachers were made with.
public struct PixelNormalisation: Sendable {
    /// Mean per channel, of pixels scaled to 0 ... 1.
    public static let mean: [Float] = [0.485, 0.456, 0.406]
    /// Standard deviation per channel, of pixels scaled to 0 ... 1.
    public static let deviation: [Float] = [0.229, 0.224, 0.225]

    /// `(3, 256)`: the value of every pixel in every channel.
    public let table: [Float]

    /// The table for ImageNet's mean and deviation.
    public init() {
        var table: [Float] = []
        table.reserveCapacity(3 * 256)
        for channel in 0..<3 {
            for pixel in 0..<256 {
                table.append((Float(pixel) / 255 - Self.mean[channel]) / Self.deviation[channel])
            }
        }
        self.table = table
    }

    /// Writes one row of pixels.
    ///
    /// - Parameters:
    ///   - pixels: `(width, 3)` bytes.
    ///   - output: `(width, 3)` floats.
    public func apply(_ pixels: UnsafePointer<UInt8>, to output: UnsafeMutablePointer<Float>, width: Int) {
        table.withUnsafeBufferPointer { table in
            guard let base = table.baseAddress else { return }
            ck_normalise_u8_f32(pixels, output, width, base)
        }
    }
}
