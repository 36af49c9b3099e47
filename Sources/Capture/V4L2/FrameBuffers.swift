// SPDX-License-Identifier: Apache-2.0

import CLinuxShims
import Glibc

/// Memory of the driver that frames arrive in.
// @unchecked: the pointers never change; one thread dequeues, and the object is released when that thread is done.
final class FrameBuffers: @unchecked Sendable {
    private let device: VideoDevice
    private var places: [(start: UnsafeMutableRawPointer, length: Int)] = []
    private var isRequested = false
    private var isStreaming = false

    /// Enough for a consumer that is a frame or two late.
    static let count: UInt32 = 4

    /// Asks for buffers, maps and queues them, and starts the stream.
    ///
    /// - Throws: `.noCamera`, `.sourceLost`; nothing is left behind then.
    init(_ device: VideoDevice) throws(CaptureError) {
        self.device = device
        do throws(CaptureError) {
            try start()
        } catch {
            release()
            throw error
        }
    }

    deinit { release() }

    private func start() throws(CaptureError) {
        var request = v4l2_requestbuffers()
        request.count = Self.count
        request.type = V4L2_BUF_TYPE_VIDEO_CAPTURE.rawValue
        request.memory = V4L2_MEMORY_MMAP.rawValue
        try device.require(.requestBuffers, &request, .noCamera, expected: "\(Self.count) buffers")
        isRequested = true
        guard request.count >= 2 else {
            throw CaptureError(
                .noCamera, device.path, expected: "\(Self.count) buffers", found: "\(request.count)", errno: ENOMEM,
                hint: "the driver lacks memory; a smaller picture needs less")
        }
        for index in 0..<request.count {
            var buffer = Self.buffer(index)
            try device.require(.queryBuffer, &buffer, .noCamera, expected: "a buffer of the driver")
            switch device.calls.map(device.handle, Int(buffer.length), Int(buffer.m.offset)) {
            case .success(let start): places.append((start, Int(buffer.length)))
            case .failure(let error):
                throw device.failure("mmap", error.number, .noCamera, expected: "a buffer of the driver")
            }
            try queue(index)
        }
        var type = V4L2_BUF_TYPE_VIDEO_CAPTURE.rawValue
        try device.require(.streamOn, &type, .noCamera, expected: "a stream of frames")
        isStreaming = true
    }

    /// Stops the stream, unmaps and gives back; a device that is gone fails each step, which does not matter here.
    func release() {
        if isStreaming {
            var type = V4L2_BUF_TYPE_VIDEO_CAPTURE.rawValue
            _ = device.ask(.streamOff, &type)
        }
        for place in places { device.calls.unmap(place.start, place.length) }
        if isRequested {
            var request = v4l2_requestbuffers()
            request.type = V4L2_BUF_TYPE_VIDEO_CAPTURE.rawValue
            request.memory = V4L2_MEMORY_MMAP.rawValue
            _ = device.ask(.requestBuffers, &request)
        }
        isStreaming = false
        isRequested = false
        places = []
    }

    /// The next filled buffer; `nil` when there is none yet.
    ///
    /// - Throws: `.sourceLost`.
    func dequeue() throws(CaptureError) -> v4l2_buffer? {
        var buffer = Self.buffer(0)
        let number = device.ask(.dequeueBuffer, &buffer)
        if number == EAGAIN { return nil }
        guard number == 0 else {
            throw device.failure(VideoRequest.dequeueBuffer.name, number, .sourceLost, expected: "a frame")
        }
        guard buffer.index < places.count else {
            throw CaptureError(
                .sourceLost, device.path, expected: "one of \(places.count) buffers", found: "number \(buffer.index)")
        }
        return buffer
    }

    /// Gives a buffer back to the driver.
    ///
    /// - Throws: `.sourceLost`.
    func queue(_ index: UInt32) throws(CaptureError) {
        var buffer = Self.buffer(index)
        try device.require(.queueBuffer, &buffer, .sourceLost, expected: "a buffer taken back")
    }

    /// Space of a buffer in bytes.
    func length(_ index: UInt32) -> Int { places[Int(index)].length }

    /// A copy of a buffer's first bytes.
    ///
    /// - Precondition: `count <= length(index)`.
    func copy(_ index: UInt32, count: Int) -> [UInt8] {
        [UInt8](UnsafeRawBufferPointer(start: places[Int(index)].start, count: count))
    }

    private static func buffer(_ index: UInt32) -> v4l2_buffer {
        var buffer = v4l2_buffer()
        buffer.index = index
        buffer.type = V4L2_BUF_TYPE_VIDEO_CAPTURE.rawValue
        buffer.memory = V4L2_MEMORY_MMAP.rawValue
        return buffer
    }
}
