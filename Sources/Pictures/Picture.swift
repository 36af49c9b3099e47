// SPDX-License-Identifier: Apache-2.0

/// A decoded picture: RGB, 8 bit, row major, `(height, width, 3)`.
public struct Picture: Sendable, Equatable {
    /// Columns, ≥ 1.
    public let width: Int
    /// Rows, ≥ 1.
    public let height: Int
    /// `(height, width, 3)` bytes.
    public var pixels: [UInt8]

    /// A picture of given pixels.
    ///
    /// - Precondition: `width, height ≥ 1` and `pixels.count == width * height * 3`.
    public init(width: Int, height: Int, pixels: [UInt8]) {
        precondition(width >= 1 && height >= 1 && pixels.count == width * height * 3, "(height, width, 3) bytes")
        self.width = width
        self.height = height
        self.pixels = pixels
    }
}
