// SPDX-License-Identifier: Apache-2.0

import CLinuxShims
import Glibc
import Pictures
import Threads

/// What the capturing thread and the one that asks for parts share.
struct StreamState: Sendable {
    var parts: PartQueue
    /// The newest usable frame, for watching the picture's health.
    var newest: CameraFrame?
    /// When the last usable frame came, or the stream began.
    var lastArrival: UInt64
    /// How often the newest bytes have come in a row, and since when.
    var same = (count: 0, since: UInt64(0))
    var counters = CameraCounters()
    /// Why there will be no more frames.
    var lost: CaptureError?
    /// Whether somebody asked for the end.
    var isStopped = false
    /// Whether the capturing thread has let go of the device.
    var isReleased = false
}

/// The capturing thread's work: waits for buffers, copies them, gives them back, brings them together with parts.
// @unchecked: what changes here is only touched by the capturing thread.
final class VideoStream: @unchecked Sendable {
    private let device: VideoDevice
    private let buffers: FrameBuffers
    private let format: NegotiatedFormat
    private let controls: CameraControlSet
    private let converter: FrameConverter?
    private let trigger: any Trigger
    private let state: Monitor<StreamState>
    private let wake: WakeUp
    private var lastSequence: UInt32?
    private var sequence: UInt64 = 0
    /// The last frames: a driver that repeats its ring of buffers is frozen, too.
    private var previous: [[UInt8]] = []

    /// How often the controls are compared with what was set, in milliseconds.
    private static let controlPeriod: UInt64 = 5_000

    /// How long the kernel may need to take an unplugged camera apart, in microseconds.
    private static let disconnectTime: UInt32 = 200_000

    init(
        device: VideoDevice, buffers: FrameBuffers, format: NegotiatedFormat, controls: CameraControlSet,
        converter: FrameConverter?, trigger: any Trigger, state: Monitor<StreamState>, wake: WakeUp
    ) {
        self.device = device
        self.buffers = buffers
        self.format = format
        self.controls = controls
        self.converter = converter
        self.trigger = trigger
        self.state = state
        self.wake = wake
    }

    /// Works until it is woken or the camera is lost, then lets go of everything.
    func run() {
        do throws(CaptureError) {
            try work()
        } catch {
            state.change { $0.lost = error }
            // Linux 6.1: a last close that meets the disconnect of the same camera ends in an oops that kills this
            // thread.
            device.calls.pause(Self.disconnectTime)
        }
        converter?.detach()
        buffers.release()
        device.close()
        state.change { $0.isReleased = true }
    }

    private func work() throws(CaptureError) {
        var controlsDue = DeadlineGate.now() + Self.controlPeriod * 1_000_000
        while true {
            var timeout: Int32 = -1
            if !controls.isEmpty {
                let now = DeadlineGate.now()
                if now >= controlsDue {
                    try controls.check(device)
                    controlsDue = now + Self.controlPeriod * 1_000_000
                }
                timeout = Int32((controlsDue - now) / 1_000_000 + 1)
            }
            switch device.calls.wait(device.handle, wake.descriptor, timeout) {
            case .woken: return
            case .timeout: continue
            case .failed(let number):
                throw device.failure("poll", number, .sourceLost, expected: "frames")
            case .ready(let hasError):
                // Dequeuing tells what the error is.
                let buffer = try buffers.dequeue()
                if let buffer { try take(buffer) }
                guard buffer != nil || !hasError else {
                    throw CaptureError(
                        .sourceLost, device.path, expected: "frames", found: "an error of the device (POLLERR)",
                        hint: "the camera was unplugged or reset; it is opened again and again")
                }
            }
        }
    }

    private func take(_ buffer: v4l2_buffer) throws(CaptureError) {
        let now = DeadlineGate.now()
        let content = self.content(of: buffer)
        // As early as can be: the camera needs it for the frame after the next.
        try buffers.queue(buffer.index)
        let lost = count(buffer.sequence)
        let frame = CameraFrame(
            sequence: sequence, takenAt: Self.moment(of: buffer, now: now), readyAt: now, lost: lost, content: content)
        let isRepeated = frame.bytes.map(repeats) ?? false
        if let bytes = frame.bytes {
            previous.append(bytes)
            if previous.count > Int(FrameBuffers.count) { previous.removeFirst() }
        }
        state.change { state in
            state.counters.frames += 1
            state.counters.dropped += lost
            if frame.bytes == nil {
                state.counters.corrupt += 1
            } else {
                state.newest = frame
                state.lastArrival = now
                state.counters.repeated += isRepeated ? 1 : 0
                state.same = isRepeated ? (state.same.count + 1, state.same.since) : (1, now)
            }
            state.hear(trigger)
            state.parts.add(frame)
        }
    }

    /// Whether the bytes are those of a frame before; a camera's noise ends each comparison after a few of them.
    private func repeats(_ bytes: [UInt8]) -> Bool {
        !bytes.isEmpty
            && previous.contains { $0.count == bytes.count && memcmp($0, bytes, bytes.count) == 0 }
    }

    private func content(of buffer: v4l2_buffer) -> CameraFrame.Content {
        if buffer.flags & UInt32(V4L2_BUF_FLAG_ERROR) != 0 { return .spoiled("the driver marks the frame as damaged") }
        let room = buffers.length(buffer.index)
        let count = Int(buffer.bytesused)
        guard count <= room else { return .spoiled("a frame of \(count) bytes in a buffer of \(room)") }
        if format.format == .mjpeg {
            let bytes = buffers.copy(buffer.index, count: count)
            return bytes.starts(with: [0xFF, 0xD8]) ? .bytes(bytes) : .spoiled("\(count) bytes that are no JPEG")
        }
        guard format.format != .converted, let raw = format.layout.flatMap(RawPicture.init) else {
            return count > 0 ? .bytes(buffers.copy(buffer.index, count: count)) : .spoiled("an empty frame")
        }
        guard count >= raw.byteCount else { return .spoiled("\(count) of \(raw.byteCount) bytes of a frame") }
        return .bytes(buffers.copy(buffer.index, count: raw.byteCount))
    }

    /// Counts on; the number of frames that are missing before this one.
    private func count(_ number: UInt32) -> UInt64 {
        defer { lastSequence = number }
        guard let lastSequence else {
            sequence = UInt64(number)
            return 0
        }
        let step = number &- lastSequence
        // Half the range back is a count that began anew, or a driver that doesn't count.
        guard step > 0, step < 1 << 31 else {
            sequence += 1
            return 0
        }
        sequence += UInt64(step)
        return UInt64(step - 1)
    }

    /// When a buffer was filled: the driver's time if it has our clock, else when it came.
    private static func moment(of buffer: v4l2_buffer, now: UInt64) -> UInt64 {
        let isMonotonic =
            buffer.flags & UInt32(V4L2_BUF_FLAG_TIMESTAMP_MASK) == UInt32(V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC)
        let (seconds, micros) = (buffer.timestamp.tv_sec, buffer.timestamp.tv_usec)
        guard isMonotonic, seconds > 0 || micros > 0, seconds >= 0, micros >= 0, micros < 1_000_000 else { return now }
        return min(now, UInt64(seconds) * 1_000_000_000 + UInt64(micros) * 1000)
    }
}

extension StreamState {
    /// Takes in the parts that the trigger has, without waiting; false when it has ended.
    @discardableResult
    mutating func hear(_ trigger: any Trigger) -> Bool {
        while parts.wantsPart {
            switch trigger.next(until: 0) {
            case .part(let part): parts.add(part)
            case .none: return true
            case .ended: return false
            }
        }
        return true
    }
}

/// A descriptor that ends the capturing thread's wait; closes itself.
final class WakeUp: Sendable {
    let descriptor: Int32

    /// - Throws: `.noCamera` when descriptors have run out.
    init(_ calls: VideoCalls, for path: String) throws(CaptureError) {
        let result = calls.eventCounter()
        guard result >= 0 else {
            throw CaptureError(
                .noCamera, path, expected: "a descriptor to wake its thread", found: "eventfd failed", errno: -result)
        }
        descriptor = result
    }

    deinit { _ = Glibc.close(descriptor) }

    /// Wakes the thread, now and for ever.
    func signal() {
        var one: UInt64 = 1
        _ = Glibc.write(descriptor, &one, 8)
    }
}
