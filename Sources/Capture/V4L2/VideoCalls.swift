// SPDX-License-Identifier: Apache-2.0

import CLinuxShims
import Glibc
import Threads

/// A request of the Video4Linux2 interface; the raw value is the kernel's code.
package struct VideoRequest: RawRepresentable, Sendable, Hashable {
    package let rawValue: UInt
    package init(rawValue: UInt) { self.rawValue = rawValue }

    package static let queryCapability = VideoRequest(rawValue: clinux_video_query_capability)
    package static let enumerateFormats = VideoRequest(rawValue: clinux_video_enumerate_formats)
    package static let enumerateSizes = VideoRequest(rawValue: clinux_video_enumerate_sizes)
    package static let enumerateIntervals = VideoRequest(rawValue: clinux_video_enumerate_intervals)
    package static let getFormat = VideoRequest(rawValue: clinux_video_get_format)
    package static let setFormat = VideoRequest(rawValue: clinux_video_set_format)
    package static let tryFormat = VideoRequest(rawValue: clinux_video_try_format)
    package static let getParameters = VideoRequest(rawValue: clinux_video_get_parameters)
    package static let setParameters = VideoRequest(rawValue: clinux_video_set_parameters)
    package static let queryControl = VideoRequest(rawValue: clinux_video_query_control)
    package static let queryMenu = VideoRequest(rawValue: clinux_video_query_menu)
    package static let getControls = VideoRequest(rawValue: clinux_video_get_controls)
    package static let setControls = VideoRequest(rawValue: clinux_video_set_controls)
    package static let requestBuffers = VideoRequest(rawValue: clinux_video_request_buffers)
    package static let queryBuffer = VideoRequest(rawValue: clinux_video_query_buffer)
    package static let queueBuffer = VideoRequest(rawValue: clinux_video_queue_buffer)
    package static let dequeueBuffer = VideoRequest(rawValue: clinux_video_dequeue_buffer)
    package static let streamOn = VideoRequest(rawValue: clinux_video_stream_on)
    package static let streamOff = VideoRequest(rawValue: clinux_video_stream_off)

    /// Name in the kernel's documentation.
    package var name: String {
        switch self {
        case .queryCapability: "VIDIOC_QUERYCAP"
        case .enumerateFormats: "VIDIOC_ENUM_FMT"
        case .enumerateSizes: "VIDIOC_ENUM_FRAMESIZES"
        case .enumerateIntervals: "VIDIOC_ENUM_FRAMEINTERVALS"
        case .getFormat: "VIDIOC_G_FMT"
        case .setFormat: "VIDIOC_S_FMT"
        case .tryFormat: "VIDIOC_TRY_FMT"
        case .getParameters: "VIDIOC_G_PARM"
        case .setParameters: "VIDIOC_S_PARM"
        case .queryControl: "VIDIOC_QUERY_EXT_CTRL"
        case .queryMenu: "VIDIOC_QUERYMENU"
        case .getControls: "VIDIOC_G_EXT_CTRLS"
        case .setControls: "VIDIOC_S_EXT_CTRLS"
        case .requestBuffers: "VIDIOC_REQBUFS"
        case .queryBuffer: "VIDIOC_QUERYBUF"
        case .queueBuffer: "VIDIOC_QBUF"
        case .dequeueBuffer: "VIDIOC_DQBUF"
        case .streamOn: "VIDIOC_STREAMON"
        case .streamOff: "VIDIOC_STREAMOFF"
        default: "ioctl \(String(rawValue, radix: 16))"
        }
    }
}

/// What a wait for a frame ended with.
package enum VideoWait: Sendable, Equatable {
    /// A buffer can be dequeued, or the device has an error to tell.
    case ready(hasError: Bool)
    /// The thread is to end.
    case woken
    /// Neither, in the time given.
    case timeout
    /// The call failed.
    case failed(Int32)
}

/// The system calls that reach a camera, so that tests can put another camera there and make each of them fail.
///
/// Negative results are negated error numbers, as the kernel gives them.
public struct VideoCalls: Sendable {
    package var open: @Sendable (_ path: String) -> Int32
    package var close: @Sendable (_ device: Int32) -> Void
    package var request: @Sendable (_ device: Int32, VideoRequest, UnsafeMutableRawPointer) -> Int32
    package var map: @Sendable (_ device: Int32, _ length: Int, _ offset: Int) -> Result<UnsafeMutableRawPointer, Errno>
    package var unmap: @Sendable (UnsafeMutableRawPointer, _ length: Int) -> Void
    /// Waits for a frame or for `wake` to be readable, `timeout` in milliseconds, −1 for ever.
    package var wait: @Sendable (_ device: Int32, _ wake: Int32, _ timeout: Int32) -> VideoWait
    package var eventCounter: @Sendable () -> Int32
    /// Does nothing for so many microseconds.
    package var pause: @Sendable (UInt32) -> Void
    package var startThread: @Sendable (_ name: String, @escaping @Sendable () -> Void) -> Int32

    /// An error number as an error.
    package struct Errno: Error, Sendable, Equatable {
        package let number: Int32
        package init(_ number: Int32) { self.number = number }
    }

    /// The kernel's.
    public static let system = VideoCalls(
        open: { path in retried { Glibc.open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK) } },
        close: { _ = Glibc.close($0) },
        request: { device, request, argument in
            retried { clinux_video_request(device, request.rawValue, argument) }
        },
        map: { device, length, offset in
            // Readable only: the kernel writes, and what another program must not change we can't either.
            guard let place = mmap(nil, length, PROT_READ, MAP_SHARED, device, offset), place != MAP_FAILED else {
                return .failure(Errno(errno))
            }
            return .success(place)
        },
        unmap: { munmap($0, $1) },
        wait: { device, wake, timeout in
            var descriptors = [
                pollfd(fd: device, events: Int16(POLLIN), revents: 0),
                pollfd(fd: wake, events: Int16(POLLIN), revents: 0),
            ]
            let count = retried { poll(&descriptors, 2, timeout) }
            if count < 0 { return .failed(-count) }
            if descriptors[1].revents != 0 { return .woken }
            let seen = Int32(descriptors[0].revents)
            return seen == 0 ? .timeout : .ready(hasError: seen & (POLLERR | POLLHUP | POLLNVAL) != 0)
        },
        eventCounter: { retried { clinux_event_counter() } },
        pause: { usleep($0) },
        startThread: { name, body in PosixThread.startDetached(name: name, body) })

    /// The one place where an interrupted call is repeated.
    private static func retried(_ call: () -> Int32) -> Int32 {
        while true {
            let result = call()
            if result >= 0 { return result }
            if errno != EINTR { return -errno }
        }
    }
}
