// SPDX-License-Identifier: Apache-2.0

import CLinuxShims
import Glibc

/// An open video node; closes itself.
// @unchecked: after `init` the only change is `close`, which its one owner calls when nobody else uses it any more.
package final class VideoDevice: @unchecked Sendable {
    /// What it was opened by.
    package let path: String
    package let calls: VideoCalls
    private var descriptor: Int32

    /// Opens a node, without blocking and not for child processes.
    ///
    /// - Throws: `.noCamera` with a hint that fits the reason.
    package init(path: String, calls: VideoCalls) throws(CaptureError) {
        let result = calls.open(path)
        guard result >= 0 else {
            let hint =
                switch -result {
                case ENOENT, ENODEV, ENXIO: "is the camera plugged in? `ls -l /dev/v4l/by-id` shows what is there"
                case EACCES, EPERM: "the user must be in the group video"
                case EBUSY: "another program uses the camera"
                default: ""
                }
            throw CaptureError(
                .noCamera, path, expected: "a camera that can be opened", found: "open failed", errno: -result,
                hint: hint)
        }
        self.path = path
        self.calls = calls
        descriptor = result
    }

    deinit { close() }

    /// Closes the node; requests fail with `EBADF` from then on.
    package func close() {
        guard descriptor >= 0 else { return }
        calls.close(descriptor)
        descriptor = -1
    }

    /// The open file, −1 when closed.
    package var handle: Int32 { descriptor }

    /// Makes a request; 0 or an error number.
    package func ask<Argument>(_ request: VideoRequest, _ argument: inout Argument) -> Int32 {
        guard descriptor >= 0 else { return EBADF }
        let result = withUnsafeMutablePointer(to: &argument) { calls.request(descriptor, request, $0) }
        return result < 0 ? -result : 0
    }

    /// Makes a request that must not fail.
    ///
    /// - Throws: `code`, `.sourceLost` when the device is gone.
    package func require<Argument>(
        _ request: VideoRequest, _ argument: inout Argument, _ code: CaptureError.Code, expected: String
    ) throws(CaptureError) {
        let number = ask(request, &argument)
        guard number != 0 else { return }
        throw failure(request.name, number, code, expected: expected)
    }

    /// The error for a call that failed.
    package func failure(
        _ call: String, _ number: Int32, _ code: CaptureError.Code, expected: String
    ) -> CaptureError {
        let isGone = [ENODEV, ENXIO, EIO, EPROTO, ESHUTDOWN].contains(number)
        let hint =
            switch number {
            case ENODEV, ENXIO: "the camera was unplugged or reset; it is opened again and again"
            case EBUSY: "another program uses the camera"
            default: ""
            }
        return CaptureError(
            isGone ? .sourceLost : code, path, expected: expected, found: "\(call) failed", errno: number, hint: hint)
    }

    /// Asks what the node is.
    ///
    /// - Throws: `.noCamera` for a node that answers no such question.
    package func capability() throws(CaptureError) -> v4l2_capability {
        var answer = v4l2_capability()
        try require(.queryCapability, &answer, .noCamera, expected: "a video device")
        return answer
    }
}

extension v4l2_capability {
    /// What this node can do: since Linux 3.3 told apart from what the whole device can.
    var nodeCapabilities: UInt32 {
        capabilities & UInt32(V4L2_CAP_DEVICE_CAPS) != 0 ? device_caps : capabilities
    }

    /// What the node is for, seen from here.
    var kind: CameraDescription.Kind {
        let able = nodeCapabilities
        if able & UInt32(V4L2_CAP_VIDEO_CAPTURE) != 0, able & UInt32(V4L2_CAP_STREAMING) != 0 { return .camera }
        if able & UInt32(V4L2_CAP_META_CAPTURE) != 0 { return .metadata }
        return .other
    }

    /// The names in it.
    var names: (driver: String, card: String, bus: String) {
        (text(of: driver), text(of: card), text(of: bus_info))
    }

    /// Why a node of this kind can't be used; nil for a camera.
    func refusal(_ path: String) -> CaptureError? {
        let found: String
        let able = nodeCapabilities
        switch kind {
        case .camera: return nil
        case .metadata: found = "a node for metadata of \(names.card)"
        default:
            let abilities: [(Int64, String)] = [
                (Int64(V4L2_CAP_VIDEO_CAPTURE), "a camera without streaming"),
                (Int64(V4L2_CAP_VIDEO_CAPTURE_MPLANE), "a camera of several planes"),
                (Int64(V4L2_CAP_VIDEO_M2M_MPLANE) | Int64(V4L2_CAP_VIDEO_M2M), "a codec"),
                (Int64(V4L2_CAP_VIDEO_OUTPUT) | Int64(V4L2_CAP_VIDEO_OUTPUT_MPLANE), "an output"),
                (Int64(V4L2_CAP_VBI_CAPTURE) | Int64(V4L2_CAP_SLICED_VBI_CAPTURE), "a VBI device"),
                (Int64(V4L2_CAP_RADIO), "a radio"), (Int64(V4L2_CAP_SDR_CAPTURE), "a software radio"),
                (Int64(V4L2_CAP_TOUCH), "a touch device"),
            ]
            let words = abilities.filter { Int64(able) & $0.0 != 0 }.map(\.1) + ["something else"]
            found = "\(words[0]) (\(names.card), capabilities 0x\(String(able, radix: 16)))"
        }
        return CaptureError(
            .noCamera, path, expected: "a node for video capture by streaming", found: found,
            hint: "one camera may have several nodes; `jidoka doctor` lists them")
    }
}

/// A string of C in an imported array.
func text<Tuple>(of tuple: Tuple) -> String {
    withUnsafeBytes(of: tuple) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
}

/// V4L2's four letters of a pixel format.
package enum FourCC {
    /// The number of four letters.
    package static func number(_ letters: String) -> UInt32 {
        letters.utf8.prefix(4).enumerated().reduce(0) { $0 | UInt32($1.element) << (8 * UInt32($1.offset)) }
    }

    /// The letters of a number; what can't be printed is a dot, as some codes hold numbers. Big-endian ones end in
    /// `-BE`.
    package static func letters(_ number: UInt32) -> String {
        let plain = number & 0x7FFF_FFFF
        let bytes = (0..<4).map { UInt8(truncatingIfNeeded: plain >> (8 * UInt32($0))) }
        let word = String(decoding: bytes.map { (32...126).contains($0) ? $0 : UInt8(ascii: ".") }, as: UTF8.self)
        return word + (number == plain ? "" : "-BE")
    }
}
