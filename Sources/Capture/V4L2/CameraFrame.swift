// SPDX-License-Identifier: Apache-2.0

/// What a camera gave at one moment: a picture, or only the news that there was one.
package struct CameraFrame: Sendable {
    /// The camera's counter, without the wrap at 32 bits.
    package var sequence: UInt64
    /// When it was taken, nanoseconds of `CLOCK_MONOTONIC`.
    package var takenAt: UInt64
    /// When it was dequeued, nanoseconds of `CLOCK_MONOTONIC`.
    package var readyAt: UInt64
    /// Frames that the camera or the driver dropped just before this one.
    package var lost: UInt64
    /// Its bytes, or what is wrong with it.
    package var content: Content

    /// A frame's bytes, or why they can't be used.
    package enum Content: Sendable {
        case bytes([UInt8])
        case spoiled(String)
    }

    package init(sequence: UInt64, takenAt: UInt64, readyAt: UInt64, lost: UInt64 = 0, content: Content) {
        self.sequence = sequence
        self.takenAt = takenAt
        self.readyAt = readyAt
        self.lost = lost
        self.content = content
    }

    /// The bytes of a picture; nil when it is spoiled.
    package var bytes: [UInt8]? {
        guard case .bytes(let bytes) = content else { return nil }
        return bytes
    }
}
