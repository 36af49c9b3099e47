// SPDX-License-Identifier: Apache-2.0

import Inspection
import Pictures

/// A picture of a part with all that is known of it: what `jidoka capture` keeps.
public struct CapturedPicture: Sendable {
    /// Name of the part, unique over restarts: UTC time and number.
    public let part: String
    /// The camera's counter, which may begin anew with each opening; gaps are frames that were dropped.
    public let sequence: UInt64
    /// When it was taken, nanoseconds of `CLOCK_MONOTONIC`, as the driver says.
    public let takenAt: UInt64
    /// When it was ready in user space (dequeued), nanoseconds of `CLOCK_MONOTONIC`.
    public let readyAt: UInt64
    /// The camera's own bytes: a JPEG, or pixels as `layout` says. Formats that need libv4lconvert are kept as RGB,
    /// since another version of that library may convert otherwise.
    public let bytes: [UInt8]
    /// How `bytes` lie in memory; nil for a JPEG.
    public let layout: RawLayout?
    /// The decoded picture; a JPEG at the DCT scale that the input rule asks for.
    public let picture: Picture
    /// The network input, `(size, size, 3)`: the bits that the daemon judges.
    public let prepared: [UInt8]

    /// The file to keep: a folder source with the same input rule makes the same network input from it.
    ///
    /// - Returns: a JPEG camera's own bytes and `jpg`, or a PNG of the whole converted picture and `png`.
    /// - Throws: `PictureError` when a PNG can't be made.
    public func file() throws -> (bytes: [UInt8], suffix: String) {
        layout == nil ? (bytes, "jpg") : (try picture.png(), "png")
    }
}

extension Picture {
    /// The picture in a camera's raw bytes, such as a frame's `original`.
    ///
    /// - Throws: `.unsupported` for a code that is not read natively, `.truncated`, `.badArgument`.
    public static func decode(raw bytes: [UInt8], layout: RawLayout, name: String) throws(PictureError) -> Picture {
        guard let raw = RawPicture(layout) else {
            throw PictureError(
                .unsupported, name, expected: RawPicture.Format.allCases.map(\.rawValue).joined(separator: ", "),
                found: layout.code)
        }
        return try raw.picture(bytes, name: name)
    }
}

extension RawPicture {
    /// What a layout says; nil when it isn't read natively.
    init?(_ layout: RawLayout) {
        guard let format = Format(rawValue: layout.code) else { return nil }
        let matrix: LumaMatrix =
            switch layout.matrix {
            case .bt601: .bt601
            case .bt709: .bt709
            case .bt2020: .bt2020
            }
        self.init(
            format: format, width: layout.width, height: layout.height, stride: layout.stride, matrix: matrix,
            isLimitedRange: layout.isLimitedRange)
    }
}
