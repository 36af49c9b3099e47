// SPDX-License-Identifier: Apache-2.0

/// What has happened since a camera was opened.
public struct CameraCounters: Sendable, Equatable {
    /// Frames that came, good or not.
    public var frames: UInt64 = 0
    /// Frames missing from the camera's count.
    public var dropped: UInt64 = 0
    /// Frames that the driver marked as damaged, that are too short, or that could not be decoded.
    public var corrupt: UInt64 = 0
    /// Frames with the same bytes as one of the last few.
    public var repeated: UInt64 = 0
    /// Pictures that were found dark; not every frame is looked at.
    public var dark: UInt64 = 0
    /// Pictures that were found saturated; not every frame is looked at.
    public var saturated: UInt64 = 0
    /// Parts with a picture that were handed over.
    public var parts: UInt64 = 0
    /// Parts that got no usable picture.
    public var failedParts: UInt64 = 0

    /// All zero.
    public init() {}
}
