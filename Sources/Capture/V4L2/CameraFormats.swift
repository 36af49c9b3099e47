// SPDX-License-Identifier: Apache-2.0

import CLinuxShims
import Glibc
import Inspection

extension CameraSettings.Format {
    /// V4L2's codes for it, the preferred one first; none for `converted`.
    var codes: [String] {
        switch self {
        case .mjpeg: ["MJPG", "JPEG"]
        case .yuyv: ["YUYV"]
        case .uyvy: ["UYVY"]
        case .grey: ["GREY"]
        case .nv12: ["NV12"]
        case .rgb: ["RGB3"]
        case .converted: []
        }
    }

    /// The format of a code; `converted` when it isn't read natively.
    init(code: String) {
        self = Self.allCases.first { $0.codes.contains(code) } ?? .converted
    }
}

extension VideoDevice {
    /// More than any driver lists: a driver that never says "no more" must not hold us.
    private static let most: UInt32 = 256

    /// All pixel formats of the camera with their sizes and rates, in the driver's order.
    ///
    /// - Throws: `.sourceLost` when the device is gone.
    package func formats() throws(CaptureError) -> [CameraFormat] {
        var found: [CameraFormat] = []
        for index in 0..<Self.most {
            var entry = v4l2_fmtdesc()
            entry.index = index
            entry.type = V4L2_BUF_TYPE_VIDEO_CAPTURE.rawValue
            guard try exists(.enumerateFormats, &entry) else { break }
            let code = FourCC.letters(entry.pixelformat)
            found.append(
                CameraFormat(
                    code: code, description: text(of: entry.description), format: CameraSettings.Format(code: code),
                    sizes: try sizes(entry.pixelformat)))
        }
        return found
    }

    private func sizes(_ format: UInt32) throws(CaptureError) -> [CameraSize] {
        var found: [CameraSize] = []
        for index in 0..<Self.most {
            var entry = v4l2_frmsizeenum()
            entry.index = index
            entry.pixel_format = format
            guard try exists(.enumerateSizes, &entry) else { break }
            if entry.type == V4L2_FRMSIZE_TYPE_DISCRETE.rawValue {
                let size = CameraSettings.Size(width: Int(entry.discrete.width), height: Int(entry.discrete.height))
                found.append(CameraSize(size: size, largest: size, step: nil, rates: try rates(format, size)))
            } else {
                let range = entry.stepwise
                let largest = CameraSettings.Size(width: Int(range.max_width), height: Int(range.max_height))
                found.append(
                    CameraSize(
                        size: .init(width: Int(range.min_width), height: Int(range.min_height)), largest: largest,
                        step: .init(width: max(1, Int(range.step_width)), height: max(1, Int(range.step_height))),
                        rates: try rates(format, largest)))
                break
            }
        }
        return found
    }

    /// Frames per second of a size, fastest first.
    package func rates(_ format: UInt32, _ size: CameraSettings.Size) throws(CaptureError) -> [Double] {
        var found: [Double] = []
        for index in 0..<Self.most {
            var entry = v4l2_frmivalenum()
            entry.index = index
            entry.pixel_format = format
            entry.width = UInt32(clamping: size.width)
            entry.height = UInt32(clamping: size.height)
            guard try exists(.enumerateIntervals, &entry) else { break }
            if entry.type == V4L2_FRMIVAL_TYPE_DISCRETE.rawValue {
                found += entry.discrete.rate.map { [$0] } ?? []
            } else {
                found = [entry.stepwise.min.rate, entry.stepwise.max.rate].compactMap { $0 }
                break
            }
        }
        return found.sorted(by: >)
    }

    /// Whether an enumeration has an entry: drivers say `EINVAL` at its end and `ENOTTY` when there is none at all.
    private func exists<Entry>(_ request: VideoRequest, _ entry: inout Entry) throws(CaptureError) -> Bool {
        switch ask(request, &entry) {
        case 0: return true
        case EINVAL, ENOTTY: return false
        case let number:
            throw failure(request.name, number, .noCamera, expected: "a list of what the camera offers")
        }
    }
}

extension v4l2_fract {
    /// Frames per second of an interval in seconds; nil when it is none.
    var rate: Double? { numerator > 0 && denominator > 0 ? Double(denominator) / Double(numerator) : nil }
}
