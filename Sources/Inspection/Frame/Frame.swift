// SPDX-License-Identifier: Apache-2.0

/// One picture of one part, decoded and scaled to the network's input: what every later stage works on.
///
/// A frame is a lease: it is moved from the source to the decision and cannot be copied by accident.
public struct Frame: ~Copyable, Sendable {
    /// Side of the square network input, in pixels; a multiple of 32.
    public let size: Int
    /// RGB, 8 bit, `(size, size, 3)`, row major.
    public let pixels: [UInt8]
    /// The part that the picture shows: the file's name, or the source's name and a number.
    public let part: String
    /// The source's own counter; gaps are frames that were dropped.
    public let sequence: UInt64
    /// When the picture was ready in user space, `CLOCK_MONOTONIC`, nanoseconds.
    public let readyAt: UInt64
    /// The camera's own bytes (JPEG, PNG, raw), kept for evidence and exact replay; empty when the source has none.
    public let original: [UInt8]
    /// How `original` lies in memory; nil when it is a picture file (JPEG, PNG) or empty.
    public let layout: RawLayout?

    /// A frame of already scaled pixels.
    ///
    /// - Precondition: `pixels.count == size * size * 3`.
    public init(
        size: Int, pixels: [UInt8], part: String, sequence: UInt64, readyAt: UInt64, original: [UInt8] = [],
        layout: RawLayout? = nil
    ) {
        precondition(pixels.count == size * size * 3, "a frame holds size * size * 3 bytes")
        self.size = size
        self.pixels = pixels
        self.part = part
        self.sequence = sequence
        self.readyAt = readyAt
        self.original = original
        self.layout = layout
    }
}
