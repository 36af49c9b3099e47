// SPDX-License-Identifier: Apache-2.0

/// How a camera has to take the pictures of a recipe: `camera.yaml`.
///
/// Part of what a verdict depends on: pictures taken otherwise are not the pictures that were calibrated. Which device it
/// is belongs to the box, not to the recipe, and is in the daemon's configuration.
public struct CameraSettings: Codable, Sendable, Equatable {
    /// Pixel formats that are read without a detour.
    public enum Format: String, Codable, Sendable, CaseIterable {
        /// Motion JPEG: every frame a JPEG.
        case mjpeg
        /// 4:2:2 packed, Y U Y V.
        case yuyv
        /// 4:2:2 packed, U Y V Y.
        case uyvy
        /// 8-bit luminance.
        case grey
        /// 4:2:0, a plane of Y and one of interleaved U V.
        case nv12
        /// 24 bit, R G B.
        case rgb
        /// Anything else, converted by libv4lconvert.
        case converted
    }

    /// One control of the camera that must have one value.
    public struct Control: Codable, Sendable, Equatable {
        /// Name as `v4l2-ctl --list-ctrls` spells it, e.g. `exposure_time_absolute`.
        public var name: String
        /// The value; 0 or 1 for a switch, the index for a menu.
        public var value: Int64

        /// A name and a value.
        public init(name: String, value: Int64) {
            self.name = name
            self.value = value
        }
    }

    /// When a picture is no picture of a part.
    public struct Limits: Codable, Sendable, Equatable {
        /// A picture is dark when its brightest hundredth stays below this, 0 to 255; 0 is never.
        public var dark = 24
        /// A picture is saturated when all but its darkest twentieth reach this, 1 to 256; 256 is never.
        public var saturated = 250
        /// Seconds (and at least ten frames) with the same bytes after which a picture is frozen, 0.5 to 3600; 0 is never.
        public var frozenSeconds = 2.0
        /// Seconds without a frame after which the camera hangs, 0.2 to 60.
        public var staleSeconds = 1.0

        /// The defaults.
        public init() {}

        private enum CodingKeys: String, CodingKey {
            case dark, saturated
            case frozenSeconds = "frozen_seconds"
            case staleSeconds = "stale_seconds"
        }
    }

    /// The format to ask for; nil is the first of `Format` that the camera has.
    public var format: Format?
    /// Columns and rows to ask for; nil is the smallest size that covers the network input.
    public var size: Size?
    /// Frames per second to ask for; nil is what the camera has set.
    public var rate: Double?
    /// Controls in the order in which they are set.
    public var controls: [Control]
    /// When a picture is no picture of a part.
    public var limits: Limits

    /// Columns and rows of a camera picture.
    public struct Size: Codable, Sendable, Equatable {
        /// Columns, ≥ 1.
        public var width: Int
        /// Rows, ≥ 1.
        public var height: Int

        /// A size in pixels.
        public init(width: Int, height: Int) {
            self.width = width
            self.height = height
        }
    }

    /// Settings; everything left out is the camera's own choice.
    public init(
        format: Format? = nil, size: Size? = nil, rate: Double? = nil, controls: [Control] = [],
        limits: Limits = Limits()
    ) {
        self.format = format
        self.size = size
        self.rate = rate
        self.controls = controls
        self.limits = limits
    }
}
