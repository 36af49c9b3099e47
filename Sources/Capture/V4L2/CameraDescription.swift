// SPDX-License-Identifier: Apache-2.0

import Inspection

/// A video device of the machine, as `jidoka doctor` shows it.
public struct CameraDescription: Sendable, Equatable {
    /// What a device is for.
    public enum Kind: String, Sendable, Equatable {
        /// Pictures, by streaming: usable.
        case camera
        /// Facts about pictures; every UVC camera has such a second node.
        case metadata
        /// Anything else: outputs, codecs, tuners, several planes.
        case other
        /// It could not be asked; see `error`.
        case unknown
    }

    /// `/dev/videoN`.
    public var path: String
    /// Names below `/dev/v4l/by-id` and `/dev/v4l/by-path`, in this order: they outlive a reboot.
    public var names: [String] = []
    /// Name of the driver, e.g. `uvcvideo`.
    public var driver = ""
    /// Name of the camera.
    public var card = ""
    /// Where it is plugged in.
    public var bus = ""
    /// What it is for.
    public var kind = Kind.unknown
    /// What it offers; empty unless it is a camera.
    public var formats: [CameraFormat] = []
    /// What can be set; empty unless it is a camera.
    public var controls: [CameraControl] = []
    /// Why it can't be used or asked; nil when it could.
    public var error: CaptureError?
}

/// A pixel format that a camera offers.
public struct CameraFormat: Sendable, Equatable {
    /// V4L2's four letters, e.g. `YUYV`.
    public var code: String
    /// The driver's words.
    public var description: String
    /// The name in a recipe.
    public var format: CameraSettings.Format
    /// Sizes, in the driver's order.
    public var sizes: [CameraSize]
}

/// A size, or a range of sizes, of one format.
public struct CameraSize: Sendable, Equatable {
    /// Smallest, and the only one when `step` is nil.
    public var size: CameraSettings.Size
    /// Largest, the same as `size` when `step` is nil.
    public var largest: CameraSettings.Size
    /// Steps between the two.
    public var step: CameraSettings.Size?
    /// Frames per second, fastest first; the ends of the range when the driver gives one.
    public var rates: [Double]
}

/// A control of a camera.
public struct CameraControl: Sendable, Equatable {
    /// What kind of value it takes.
    public enum Kind: String, Sendable, Equatable {
        /// A number.
        case integer
        /// 0 or 1.
        case boolean
        /// One of a list.
        case menu
        /// A set of bits.
        case bitmask
        /// Not a value that a recipe can ask for: buttons, strings, structures.
        case other
    }

    /// V4L2's number of it.
    public var identifier: UInt32
    /// Name as `v4l2-ctl --list-ctrls` spells it.
    public var name: String
    /// What kind of value it takes.
    public var kind: Kind
    /// Smallest value.
    public var minimum: Int64
    /// Largest value.
    public var maximum: Int64
    /// Distance of two values.
    public var step: Int64
    /// What the driver sets when nobody asks.
    public var standard: Int64
    /// What is set; nil when it can't be read.
    public var value: Int64?
    /// For a menu: the values that exist and their names.
    public var choices: [Int64: String]
    /// The driver's flags in words: `inactive`, `grabbed`, `read-only`, `volatile`, `disabled`, `write-only`.
    public var flags: [String]
    /// Whether its values have 64 bits, which is another field in the kernel's structure.
    var isWide = false
}
