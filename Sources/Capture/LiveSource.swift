// SPDX-License-Identifier: Apache-2.0

/// A source of parts that pass by whether or not anybody looks: a camera on a line.
///
/// `next` is called all the time, also while the line stands, because it watches the camera's health.
public protocol LiveSource: FrameSource {
    /// Parts are taken only while armed, which is while the permit is on; what comes before that is no part.
    ///
    /// - Returns: how many parts have come past and will not be judged, because taking them has ended.
    @discardableResult
    func setArmed(_ on: Bool) -> Int
}

/// Whether the pictures are fit to be judged.
public enum PictureHealth: Sendable, Equatable {
    /// They are.
    case good
    /// They are not: `.stale`, `.dark`, `.saturated`, `.frozen`, `.badPicture` (damaged again and again), `.sourceLost` (there will be
    /// no more; `next` throws it once the camera is released).
    case bad(CaptureError)
}
