// SPDX-License-Identifier: Apache-2.0

import CPictures

/// What luminance is made of: the coefficients of R and B in ten-thousandths.
public enum LumaMatrix: String, Sendable, CaseIterable {
    /// ITU-R BT.601.
    case bt601
    /// ITU-R BT.709.
    case bt709
    /// ITU-R BT.2020.
    case bt2020

    /// Kr and Kb times 10,000.
    var parts: (red: Int64, blue: Int64) {
        switch self {
        case .bt601: (2990, 1140)
        case .bt709: (2126, 722)
        case .bt2020: (2627, 593)
        }
    }
}

/// How pixels lie in memory before they are a picture; decodes bytes that lie so.
public struct RawPicture: Sendable, Equatable {
    /// Packings, named by V4L2's four letters.
    public enum Format: String, Sendable, CaseIterable {
        /// 4:2:2, Y U Y V.
        case yuyv = "YUYV"
        /// 4:2:2, U Y V Y.
        case uyvy = "UYVY"
        /// 8-bit luminance.
        case grey = "GREY"
        /// 4:2:0: a plane of Y, then one of interleaved U V.
        case nv12 = "NV12"
        /// R, G, B.
        case rgb = "RGB3"
    }

    /// The packing.
    public let format: Format
    /// Columns.
    public let width: Int
    /// Rows.
    public let height: Int
    /// Bytes from one row to the next; of both planes.
    public let stride: Int
    /// What luminance is made of; without meaning for RGB and grey.
    public let matrix: LumaMatrix
    /// Whether luminance is 16…235 and colour 16…240, instead of 0…255; without meaning for RGB.
    public let isLimitedRange: Bool

    /// A layout; whether it makes sense is checked when it is used.
    public init(format: Format, width: Int, height: Int, stride: Int, matrix: LumaMatrix, isLimitedRange: Bool) {
        self.format = format
        self.width = width
        self.height = height
        self.stride = stride
        self.matrix = matrix
        self.isLimitedRange = isLimitedRange
    }

    /// Bytes of one row that hold pixels.
    public var rowBytes: Int {
        switch format {
        // Two pixels share their colour, so an odd row ends with a whole pair.
        case .yuyv, .uyvy: (width + 1) / 2 * 4
        case .grey: width
        case .nv12: (width + 1) / 2 * 2
        case .rgb: 3 * width
        }
    }

    /// Bytes that a picture needs; the last row may lack its padding.
    public var byteCount: Int {
        let rows = format == .nv12 ? height + (height + 1) / 2 : height
        return (rows - 1) * stride + rowBytes
    }

    /// The whole picture.
    ///
    /// - Throws: as `picture(_:region:name:)`.
    public func picture(_ bytes: [UInt8], name: String) throws(PictureError) -> Picture {
        try picture(bytes, region: Region(x: 0, y: 0, width: width, height: height), name: name)
    }

    /// A part of the picture: the very pixels that the whole picture has there.
    ///
    /// Integers throughout; colour is taken from the nearest sample, not interpolated.
    ///
    /// - Throws: `.truncated` for too few bytes, `.badArgument` for a size, stride or region that makes no sense.
    public func picture(_ bytes: [UInt8], region: Region, name: String) throws(PictureError) -> Picture {
        guard width >= 1, height >= 1, width <= Picture.maximumPixels, height <= Picture.maximumPixels / width,
            stride >= rowBytes, stride <= Picture.maximumPixels * 4
        else {
            throw PictureError(
                .badArgument, name,
                expected: "1 to \(Picture.maximumPixels) pixels in rows of \(rowBytes) bytes or more",
                found: "\(width) x \(height) pixels in rows of \(stride) bytes")
        }
        do throws(PictureError) { try region.check(inside: width, height) } catch {
            throw PictureError(
                error.code, "\(name): \(error.thing)", expected: error.expected, found: error.found, hint: error.hint)
        }
        guard bytes.count >= byteCount else {
            throw PictureError(
                .truncated, name, expected: "\(byteCount) bytes of \(format.rawValue)", found: "\(bytes.count)")
        }
        let total = region.width * region.height * 3
        var coefficients = self.coefficients
        let rgb = [UInt8](unsafeUninitializedCapacity: total) { out, count in
            cp_raw_to_rgb(
                kind, bytes, stride, UInt32(height), &coefficients, UInt32(region.x), UInt32(region.y),
                UInt32(region.width), UInt32(region.height), out.baseAddress)
            count = total
        }
        return Picture(width: region.width, height: region.height, pixels: rgb)
    }

    /// The network input, from no more of the picture than it needs: what `picture(_:name:)` and `prepared(by:)` give.
    ///
    /// - Throws: as `picture(_:region:name:)`, and `.badArgument` for an impossible network input size.
    public func prepared(_ bytes: [UInt8], by rule: InputRule, name: String) throws(PictureError) -> Picture {
        guard let region = rule.region else { return try picture(bytes, name: name).prepared(by: rule) }
        var inside = rule
        inside.region = nil
        return try picture(bytes, region: region, name: name).prepared(by: inside)
    }

    private var kind: cp_raw_format {
        switch format {
        case .yuyv: CP_RAW_YUYV
        case .uyvy: CP_RAW_UYVY
        case .grey: CP_RAW_GREY
        case .nv12: CP_RAW_NV12
        case .rgb: CP_RAW_RGB
        }
    }

    /// ITU-R BT.601-7, BT.709-6 and BT.2020-2, with 16 bits after the point: R = Y + 2 (1 − Kr) Cr and so on, limited
    /// range widened by 255/219 (luminance) and 255/224 (colour).
    private var coefficients: cp_luma_matrix {
        let (kr, kb) = matrix.parts
        let one: Int64 = 10_000
        let kg = one - kr - kb
        let colour: (up: Int64, down: Int64) = isLimitedRange ? (255, 224) : (1, 1)
        func fixed(_ numerator: Int64, _ denominator: Int64) -> Int32 {
            Int32((2 * numerator * 65536 + denominator) / (2 * denominator))
        }
        return cp_luma_matrix(
            black: isLimitedRange ? 16 : 0, luma: isLimitedRange ? fixed(255, 219) : 65536,
            red_v: fixed(2 * (one - kr) * colour.up, one * colour.down),
            green_u: fixed(2 * kb * (one - kb) * colour.up, kg * one * colour.down),
            green_v: fixed(2 * kr * (one - kr) * colour.up, kg * one * colour.down),
            blue_u: fixed(2 * (one - kb) * colour.up, one * colour.down))
    }
}
