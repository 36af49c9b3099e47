// SPDX-License-Identifier: Apache-2.0

import Inspection

extension CameraSettings {
    /// The text of `camera.yaml`.
    public var yaml: String {
        var text = """
            # How the camera takes the pictures of this recipe. After a change take good pictures with it
            # ('jidoka capture'), then 'jidoka train' or at least 'jidoka calibrate'; 'limits' may be changed alone.
            # What is left out is the camera's own choice. 'jidoka doctor' lists formats and controls.

            """
        if let format { text += "format: \(format.rawValue)\n" }
        if let size { text += "size:\n  width: \(size.width)\n  height: \(size.height)\n" }
        if let rate { text += "rate: \(rate)\n" }
        if !controls.isEmpty {
            text += "# Set in this order, locked and read back.\ncontrols:\n"
            for control in controls { text += "  \(control.name): \(control.value)\n" }
        }
        return text
            + """
            # When a picture is no picture of a part: brightness 0 to 255, and seconds.
            limits:
              dark: \(limits.dark)
              saturated: \(limits.saturated)
              frozen_seconds: \(limits.frozenSeconds)
              stale_seconds: \(limits.staleSeconds)

            """
    }

    /// Whether a camera that is set like this takes the same pictures as one that is set like the other.
    ///
    /// Limits only say which pictures are none of a part: they change no pixel.
    public func takesSamePictures(as other: CameraSettings) -> Bool {
        format == other.format && size == other.size && rate == other.rate && controls == other.controls
    }
}
