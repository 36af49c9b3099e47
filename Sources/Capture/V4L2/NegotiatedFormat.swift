// SPDX-License-Identifier: Apache-2.0

import CLinuxShims
import Inspection
import Pictures

/// What a camera and we agreed on.
public struct NegotiatedFormat: Sendable, Equatable {
    /// V4L2's four letters of what the camera sends.
    public var code: String
    /// The format's name in a recipe.
    public var format: CameraSettings.Format
    /// Columns.
    public var width: Int
    /// Rows.
    public var height: Int
    /// Bytes from one row to the next; 0 for compressed formats.
    public var stride: Int
    /// Largest number of bytes of a frame, as the driver says.
    public var frameBytes: Int
    /// Whether luminance is 16…235, as the driver says or its colour space means.
    public var isLimitedRange: Bool
    /// What luminance is made of, as the driver says or its colour space means.
    public var matrix: RawLayout.Matrix
    /// Frames per second; nil when the driver does not say.
    public var rate: Double?
    /// Name of the driver.
    public var driver: String
    /// Name of the camera.
    public var card: String
    /// Where it is plugged in.
    public var bus: String

    /// How raw pictures lie in memory; nil for JPEG, and RGB for formats that go through libv4lconvert.
    public var layout: RawLayout? {
        switch format {
        case .mjpeg: nil
        case .converted:
            RawLayout(
                code: "RGB3", width: width, height: height, stride: 3 * width, isLimitedRange: false, matrix: matrix)
        default:
            RawLayout(
                code: code, width: width, height: height, stride: stride, isLimitedRange: isLimitedRange, matrix: matrix
            )
        }
    }

    /// One line, e.g. `MJPG 1280 x 720, 30 frames/s`.
    public var summary: String {
        "\(code) \(width) x \(height)" + (rate.map { ", \(formatted($0)) frames/s" } ?? "")
    }
}

extension NegotiatedFormat {
    /// What the driver answered to the format request.
    init(_ pixels: v4l2_pix_format, format: CameraSettings.Format, rate: Double?, capability: v4l2_capability) {
        (driver, card, bus) = capability.names
        code = FourCC.letters(pixels.pixelformat)
        self.format = format
        self.rate = rate
        width = Int(pixels.width)
        height = Int(pixels.height)
        stride = Int(pixels.bytesperline)
        frameBytes = Int(pixels.sizeimage)
        // The enumerations differ by platform in sign, so compare as numbers.
        let encoding =
            pixels.ycbcr_enc == V4L2_YCBCR_ENC_DEFAULT.rawValue
            ? clinux_video_default_encoding(pixels.colorspace) : pixels.ycbcr_enc
        matrix =
            switch encoding {
            // SMPTE 240M (0.212, 0.701, 0.087) is so near that 8 bits hardly show it.
            case V4L2_YCBCR_ENC_709.rawValue, V4L2_YCBCR_ENC_XV709.rawValue, V4L2_YCBCR_ENC_SMPTE240M.rawValue: .bt709
            case V4L2_YCBCR_ENC_BT2020.rawValue, V4L2_YCBCR_ENC_BT2020_CONST_LUM.rawValue: .bt2020
            default: .bt601
            }
        let isUnsaid = pixels.quantization == V4L2_QUANTIZATION_DEFAULT.rawValue
        let quantization = isUnsaid ? clinux_video_default_quantization(pixels.colorspace) : pixels.quantization
        isLimitedRange = quantization == V4L2_QUANTIZATION_LIM_RANGE.rawValue
        // The default would be limited, but grey sensors use all 256 values and their drivers don't say so: widening
        // would clip what an inspection wants to see. A driver that says "limited" is believed.
        if format == .grey, isUnsaid { isLimitedRange = false }
        if format == .rgb || format == .mjpeg || format == .converted { isLimitedRange = false }
    }
}

/// A number without needless digits.
func formatted(_ value: Double) -> String {
    let rounded = (value * 100).rounded() / 100
    return rounded == rounded.rounded() && abs(rounded) < 1e15 ? "\(Int64(rounded))" : "\(rounded)"
}
