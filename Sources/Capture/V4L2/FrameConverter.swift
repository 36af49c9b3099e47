// SPDX-License-Identifier: Apache-2.0

import CLibV4L2
import CLinuxShims
import Glibc
import Inspection
import Synchronization

/// Formats that only a few cameras have, converted to RGB by libv4lconvert.
// @unchecked: one thread converts at a time, and the library's state is only reached through this object; the device it
// asks is behind a lock of its own, since the capturing thread may close it meanwhile.
final class FrameConverter: @unchecked Sendable {
    /// What the library's requests go to. Not the descriptor itself: after a reconnect its number may be another file.
    private final class Gate: Sendable {
        let device: Mutex<VideoDevice?>
        init(_ device: VideoDevice) { self.device = Mutex(device) }
    }

    /// What the camera is to send, then what it does send.
    var source: v4l2_format
    private let target: v4l2_format
    private let gate: Gate
    private let operations: UnsafeMutablePointer<libv4l_dev_ops>
    private let library: OpaquePointer

    /// Asks the library which of the camera's formats it converts best.
    ///
    /// - Throws: `.notOffered` when it knows none of them.
    init(device: VideoDevice, size: CameraSettings.Size) throws(CaptureError) {
        let gate = Gate(device)
        let operations = UnsafeMutablePointer<libv4l_dev_ops>.allocate(capacity: 1)
        operations.initialize(to: libv4l_dev_ops())
        operations.pointee.ioctl = { context, _, request, argument in
            guard let context, let argument else { return -1 }
            let gate = Unmanaged<Gate>.fromOpaque(context).takeUnretainedValue()
            let result = gate.device.withLock { device -> Int32 in
                guard let device, device.handle >= 0 else { return -EBADF }
                return device.calls.request(device.handle, VideoRequest(rawValue: request), argument)
            }
            guard result < 0 else { return result }
            errno = -result
            return -1
        }
        // The library keeps the pointer until it is destroyed.
        let context = Unmanaged.passRetained(gate)
        guard let library = v4lconvert_create_with_dev_ops(device.handle, context.toOpaque(), operations) else {
            operations.deallocate()
            context.release()
            throw CaptureError(
                .notOffered, device.path, expected: "a camera that libv4lconvert can talk to",
                found: "one that it can't")
        }
        var target = v4l2_format()
        target.type = V4L2_BUF_TYPE_VIDEO_CAPTURE.rawValue
        target.fmt.pix.pixelformat = FourCC.number("RGB3")
        target.fmt.pix.width = UInt32(clamping: size.width)
        target.fmt.pix.height = UInt32(clamping: size.height)
        target.fmt.pix.field = V4L2_FIELD_NONE.rawValue
        var source = v4l2_format()
        let result = v4lconvert_try_format(library, &target, &source)
        guard result == 0, target.fmt.pix.pixelformat == FourCC.number("RGB3") else {
            let words = v4lconvert_get_error_message(library).map { String(cString: $0) } ?? ""
            v4lconvert_destroy(library)
            operations.deallocate()
            context.release()
            throw CaptureError(
                .notOffered, device.path, expected: "a format that libv4lconvert makes RGB of",
                found: "none\(words.isEmpty ? "" : ": \(words)")", hint: "`jidoka doctor` lists the camera's formats")
        }
        self.gate = gate
        self.operations = operations
        self.library = library
        self.target = target
        self.source = source
    }

    deinit {
        v4lconvert_destroy(library)
        operations.deallocate()
        Unmanaged.passUnretained(gate).release()
    }

    /// Lets go of the device; converting goes on.
    func detach() {
        gate.device.withLock { $0 = nil }
    }

    /// A frame as RGB without padding, `(height, width, 3)`; the library's words when it can't.
    func convert(_ bytes: [UInt8], width: Int, height: Int) -> Result<[UInt8], ConversionFailure> {
        let count = width * height * 3
        var bytes = bytes
        var target = target
        target.fmt.pix.width = UInt32(clamping: width)
        target.fmt.pix.height = UInt32(clamping: height)
        target.fmt.pix.bytesperline = UInt32(clamping: 3 * width)
        target.fmt.pix.sizeimage = UInt32(clamping: count)
        var written: Int32 = -1
        let rgb = [UInt8](unsafeUninitializedCapacity: count) { out, filled in
            written = v4lconvert_convert(
                library, &source, &target, &bytes, Int32(clamping: bytes.count), out.baseAddress, Int32(clamping: count)
            )
            filled = Int(written) == count ? count : 0
        }
        guard Int(written) == count else {
            let words = v4lconvert_get_error_message(library).map { String(cString: $0) } ?? ""
            return .failure(ConversionFailure(words: words.isEmpty ? "\(written) bytes" : words))
        }
        return .success(rgb)
    }

    /// Why a frame could not be converted.
    struct ConversionFailure: Error {
        let words: String
    }
}
