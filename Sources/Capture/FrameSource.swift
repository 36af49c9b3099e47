// SPDX-License-Identifier: Apache-2.0

import Inspection

/// Where frames come from: a camera, a folder that is replayed, a generator of synthetic parts.
///
/// One thread calls `next`, any thread may call `stop`.
public protocol FrameSource: AnyObject, Sendable {
    /// Short name for events and logs, e.g. `folder parts/`.
    var name: String { get }

    /// Waits for the next frame.
    ///
    /// - Returns: the frame, or `nil` when the source has ended for good or was stopped.
    /// - Throws: `CaptureError` for a picture that can't be used (the source goes on with the next call) or a lost
    ///   source (`code == .sourceLost`; the caller backs off and calls again).
    func next() throws(CaptureError) -> Frame?

    /// Makes a waiting or later `next` return `nil`; may be called from any thread, more than once.
    func stop()
}
