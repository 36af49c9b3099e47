// SPDX-License-Identifier: Apache-2.0

import CLinuxShims
import Capture
import Glibc
import Synchronization

/// A camera made of memory: answers the kernel's requests, and fails each of them when told to.
// @unchecked: everything that changes is behind the lock.
final class FakeCamera: @unchecked Sendable {
    struct Format {
        var code: String
        var sizes: [(Int, Int)]
        var rates: [UInt32] = [30, 15]
    }

    struct Control {
        var identifier: UInt32
        var name: String
        var type: v4l2_ctrl_type = V4L2_CTRL_TYPE_INTEGER
        var minimum: Int64 = 0
        var maximum: Int64 = 255
        var step: UInt64 = 1
        var standard: Int64 = 0
        var value: Int64 = 0
        var flags: UInt32 = 0
        var menu: [Int64: String] = [:]
        /// The control that must have a value before this one takes any.
        var needs: (identifier: UInt32, value: Int64)?
        /// The camera says yes and does nothing.
        var ignoresWrites = false
    }

    struct Frame {
        var bytes: [UInt8]
        var sequence: UInt32
        var moment: UInt64
        var flags = UInt32(V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC)
        var used: Int?
    }

    /// A call that can be made to fail.
    enum Call: Hashable {
        case open, map, wait, eventCounter, thread
        case request(VideoRequest)
    }

    struct State {
        var formats: [Format] = []
        var controls: [Control] = []
        var capabilities = UInt32(V4L2_CAP_VIDEO_CAPTURE) | UInt32(V4L2_CAP_STREAMING)
        var colourSpace = V4L2_COLORSPACE_SRGB.rawValue
        var encoding = V4L2_YCBCR_ENC_DEFAULT.rawValue
        var quantization = V4L2_QUANTIZATION_DEFAULT.rawValue
        var padding = 0
        /// What the driver makes of a size that was asked for.
        var adjust: (@Sendable (Int, Int) -> (Int, Int))?
        var hasRate = true
        /// Error numbers; a count above 0 fails that often, −1 for ever; `after` lets some calls pass first.
        var forced: [Call: (errno: Int32, count: Int, after: Int)] = [:]
        /// Frames given as soon as the stream begins.
        var opening: [Frame] = []

        var pixels = v4l2_pix_format()
        var rate: UInt32 = 30
        var places: [(start: UnsafeMutableRawPointer, length: Int)] = []
        var bufferCount = 0
        var queued: [UInt32] = []
        var filled: [(index: UInt32, frame: Frame)] = []
        var isStreaming = false
        var isGone = false
        var device: Int32 = -1

        var opens = 0
        var closes = 0
        var maps = 0
        var unmaps = 0
        var starved = 0
        var written: [(identifier: UInt32, value: Int64)] = []
    }

    let state: Mutex<State>

    init(_ formats: [Format], controls: [Control] = []) {
        state = Mutex(State(formats: formats, controls: controls))
    }

    func force(_ call: Call, _ number: Int32, count: Int = -1, after: Int = 0) {
        state.withLock { $0.forced[call] = (number, count, after) }
    }

    func relent() { state.withLock { $0.forced = [:] } }

    /// Fills a queued buffer; counts a frame as starved when none is queued.
    func give(_ frame: Frame) { state.withLock { Self.fill($0.queued.isEmpty ? nil : frame, &$0) } }

    private static func fill(_ frame: Frame?, _ state: inout State) {
        guard let frame, state.isStreaming, !state.queued.isEmpty else {
            state.starved += 1
            return
        }
        let index = state.queued.removeFirst()
        let place = state.places[Int(index)]
        frame.bytes.withUnsafeBytes { source in
            if let from = source.baseAddress {
                place.start.copyMemory(from: from, byteCount: min(source.count, place.length))
            }
        }
        state.filled.append((index, frame))
        signal(state.device)
    }

    private static func signal(_ device: Int32) {
        var one: UInt64 = 1
        _ = write(device, &one, 8)
    }

    func unplug() {
        state.withLock { state in
            state.isGone = true
            Self.signal(state.device)
        }
    }

    func plug() { state.withLock { $0.isGone = false } }

    var calls: VideoCalls {
        var calls = VideoCalls.system
        calls.open = { [self] path in
            state.withLock { state in
                if let number = Self.refuse(.open, &state) { return -number }
                if state.isGone { return -ENOENT }
                let device = clinux_event_counter()
                guard device >= 0 else { return -errno }
                state.opens += 1
                state.device = device
                state.queued = []
                state.filled = []
                state.places = []
                return device
            }
        }
        calls.close = { [self] device in
            state.withLock { $0.closes += 1 }
            close(device)
        }
        calls.request = { [self] _, request, argument in
            // A number, because a pointer may not be carried into the lock.
            let address = UInt(bitPattern: argument)
            return state.withLock { state in
                guard let argument = UnsafeMutableRawPointer(bitPattern: address) else { return -EFAULT }
                if let number = Self.refuse(.request(request), &state) { return -number }
                return state.isGone ? -ENODEV : -Self.answer(request, argument, &state)
            }
        }
        calls.map = { [self] _, length, _ in
            state.withLock { state in
                if let number = Self.refuse(.map, &state) { return .failure(.init(number)) }
                guard let place = mmap(nil, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
                    place != MAP_FAILED
                else { return .failure(.init(errno)) }
                state.maps += 1
                state.places.append((place, length))
                return .success(place)
            }
        }
        calls.unmap = { [self] place, length in
            state.withLock { $0.unmaps += 1 }
            munmap(place, length)
        }
        let wait = calls.wait
        calls.wait = { [self] device, wake, timeout in
            if let number = state.withLock({ Self.refuse(.wait, &$0) }) { return .failed(number) }
            let result = wait(device, wake, timeout)
            guard case .ready = result else { return result }
            return .ready(hasError: state.withLock { $0.isGone })
        }
        calls.pause = { _ in }
        let eventCounter = calls.eventCounter
        calls.eventCounter = { [self] in
            state.withLock { Self.refuse(.eventCounter, &$0) }.map { -$0 } ?? eventCounter()
        }
        let startThread = calls.startThread
        calls.startThread = { [self] name, body in
            state.withLock { Self.refuse(.thread, &$0) } ?? startThread(name, body)
        }
        return calls
    }

    private static func refuse(_ call: Call, _ state: inout State) -> Int32? {
        guard var forced = state.forced[call], forced.count != 0 else { return nil }
        defer { state.forced[call] = forced }
        if forced.after > 0 {
            forced.after -= 1
            return nil
        }
        if forced.count > 0 { forced.count -= 1 }
        return forced.errno
    }

    private static func answer(
        _ request: VideoRequest, _ argument: UnsafeMutableRawPointer, _ state: inout State
    ) -> Int32 {
        switch request {
        case .queryCapability: capability(&argument.assumingMemoryBound(to: v4l2_capability.self).pointee, state)
        case .enumerateFormats: format(&argument.assumingMemoryBound(to: v4l2_fmtdesc.self).pointee, state)
        case .enumerateSizes: size(&argument.assumingMemoryBound(to: v4l2_frmsizeenum.self).pointee, state)
        case .enumerateIntervals: interval(&argument.assumingMemoryBound(to: v4l2_frmivalenum.self).pointee, state)
        case .setFormat, .tryFormat: setFormat(&argument.assumingMemoryBound(to: v4l2_format.self).pointee, &state)
        case .getParameters, .setParameters:
            parameters(request, &argument.assumingMemoryBound(to: v4l2_streamparm.self).pointee, &state)
        case .queryControl: query(&argument.assumingMemoryBound(to: v4l2_query_ext_ctrl.self).pointee, state)
        case .queryMenu: menu(&argument.assumingMemoryBound(to: v4l2_querymenu.self).pointee, state)
        case .getControls, .setControls:
            control(request, argument.assumingMemoryBound(to: v4l2_ext_controls.self).pointee, &state)
        case .requestBuffers: request_(&argument.assumingMemoryBound(to: v4l2_requestbuffers.self).pointee, &state)
        case .queryBuffer, .queueBuffer, .dequeueBuffer:
            buffer(request, &argument.assumingMemoryBound(to: v4l2_buffer.self).pointee, &state)
        case .streamOn:
            start(&state)
        case .streamOff:
            stop(&state)
        default: ENOTTY
        }
    }

    private static func start(_ state: inout State) -> Int32 {
        state.isStreaming = true
        for frame in state.opening { fill(frame, &state) }
        return 0
    }

    private static func stop(_ state: inout State) -> Int32 {
        state.isStreaming = false
        return 0
    }

    private static func put<Tuple>(_ text: String, into tuple: inout Tuple) {
        withUnsafeMutableBytes(of: &tuple) { bytes in
            for (index, byte) in text.utf8.prefix(bytes.count - 1).enumerated() { bytes[index] = byte }
        }
    }

    private static func capability(_ answer: inout v4l2_capability, _ state: State) -> Int32 {
        put("fake", into: &answer.driver)
        put("Fake Camera", into: &answer.card)
        put("usb-1", into: &answer.bus_info)
        answer.capabilities = UInt32(V4L2_CAP_DEVICE_CAPS) | state.capabilities
        answer.device_caps = state.capabilities
        return 0
    }

    private static func format(_ entry: inout v4l2_fmtdesc, _ state: State) -> Int32 {
        guard entry.index < state.formats.count else { return EINVAL }
        entry.pixelformat = FourCC.number(state.formats[Int(entry.index)].code)
        put(state.formats[Int(entry.index)].code, into: &entry.description)
        return 0
    }

    private static func size(_ entry: inout v4l2_frmsizeenum, _ state: State) -> Int32 {
        let format = state.formats.first { FourCC.number($0.code) == entry.pixel_format }
        guard let format, entry.index < format.sizes.count else { return EINVAL }
        entry.type = V4L2_FRMSIZE_TYPE_DISCRETE.rawValue
        let (width, height) = format.sizes[Int(entry.index)]
        entry.discrete = v4l2_frmsize_discrete(width: UInt32(width), height: UInt32(height))
        return 0
    }

    private static func interval(_ entry: inout v4l2_frmivalenum, _ state: State) -> Int32 {
        let format = state.formats.first { FourCC.number($0.code) == entry.pixel_format }
        guard let format, entry.index < format.rates.count else { return EINVAL }
        entry.type = V4L2_FRMIVAL_TYPE_DISCRETE.rawValue
        entry.discrete = v4l2_fract(numerator: 1, denominator: format.rates[Int(entry.index)])
        return 0
    }

    private static func setFormat(_ answer: inout v4l2_format, _ state: inout State) -> Int32 {
        var pixels = answer.fmt.pix
        // As drivers do: what isn't offered becomes something that is.
        if !state.formats.contains(where: { FourCC.number($0.code) == pixels.pixelformat }) {
            pixels.pixelformat = FourCC.number(state.formats.first?.code ?? "")
        }
        let asked = (Int(pixels.width), Int(pixels.height))
        let (width, height) = state.adjust?(asked.0, asked.1) ?? asked
        pixels.width = UInt32(width)
        pixels.height = UInt32(height)
        pixels.field = V4L2_FIELD_NONE.rawValue
        pixels.colorspace = state.colourSpace
        pixels.ycbcr_enc = state.encoding
        pixels.quantization = state.quantization
        let code = FourCC.letters(pixels.pixelformat)
        let row =
            switch code {
            case "YUYV", "UYVY": (width + 1) / 2 * 4
            case "RGB3", "BGR3": 3 * width
            case "MJPG": 0
            default: (width + 1) / 2 * 2
            }
        pixels.bytesperline = UInt32(row == 0 ? 0 : row + state.padding)
        let rows = code == "NV12" ? height + (height + 1) / 2 : height
        pixels.sizeimage = UInt32(row == 0 ? width * height * 2 : (row + state.padding) * rows)
        state.pixels = pixels
        answer.fmt.pix = pixels
        return 0
    }

    private static func parameters(
        _ request: VideoRequest, _ answer: inout v4l2_streamparm, _ state: inout State
    ) -> Int32 {
        guard state.hasRate else { return ENOTTY }
        if request == .setParameters {
            let asked = answer.parm.capture.timeperframe
            let rates = state.formats.flatMap(\.rates)
            let wanted = Double(asked.denominator) / Double(asked.numerator)
            state.rate = rates.min { abs(Double($0) - wanted) < abs(Double($1) - wanted) } ?? 30
        }
        answer.parm.capture.timeperframe = v4l2_fract(numerator: 1, denominator: state.rate)
        return 0
    }

    private static func query(_ answer: inout v4l2_query_ext_ctrl, _ state: State) -> Int32 {
        let asked = answer.id & ~UInt32(V4L2_CTRL_FLAG_NEXT_CTRL)
        let isWalk = answer.id != asked
        let next = state.controls.sorted { $0.identifier < $1.identifier }.first {
            isWalk ? $0.identifier > asked : $0.identifier == asked
        }
        guard let next else { return EINVAL }
        answer.id = next.identifier
        answer.type = next.type.rawValue
        put(next.name, into: &answer.name)
        answer.minimum = next.minimum
        answer.maximum = next.maximum
        answer.step = next.step
        answer.default_value = next.standard
        answer.flags = next.flags
        if let needs = next.needs,
            state.controls.first(where: { $0.identifier == needs.identifier })?.value != needs.value
        {
            answer.flags |= UInt32(V4L2_CTRL_FLAG_INACTIVE)
        }
        return 0
    }

    private static func menu(_ entry: inout v4l2_querymenu, _ state: State) -> Int32 {
        let control = state.controls.first { $0.identifier == entry.id }
        guard let word = control?.menu[Int64(entry.index)] else { return EINVAL }
        put(word, into: &entry.name)
        return 0
    }

    private static func control(_ request: VideoRequest, _ list: v4l2_ext_controls, _ state: inout State) -> Int32 {
        guard let entry = list.controls else { return EFAULT }
        let index = state.controls.firstIndex { $0.identifier == entry.pointee.id }
        guard let index else { return EINVAL }
        let isWide = state.controls[index].type == V4L2_CTRL_TYPE_INTEGER64
        if request == .getControls {
            let value = state.controls[index].value
            if isWide { entry.pointee.value64 = value } else { entry.pointee.value = Int32(truncatingIfNeeded: value) }
            return 0
        }
        let value = isWide ? entry.pointee.value64 : Int64(entry.pointee.value)
        state.written.append((entry.pointee.id, value))
        if let needs = state.controls[index].needs,
            state.controls.first(where: { $0.identifier == needs.identifier })?.value != needs.value
        {
            return EBUSY
        }
        if !state.controls[index].ignoresWrites { state.controls[index].value = value }
        return 0
    }

    private static func request_(_ request: inout v4l2_requestbuffers, _ state: inout State) -> Int32 {
        state.bufferCount = Int(request.count)
        state.queued = []
        state.filled = []
        if request.count == 0 { state.places = [] }
        return 0
    }

    private static func buffer(_ request: VideoRequest, _ buffer: inout v4l2_buffer, _ state: inout State) -> Int32 {
        switch request {
        case .queryBuffer:
            guard buffer.index < state.bufferCount else { return EINVAL }
            buffer.length = state.pixels.sizeimage
            buffer.m.offset = buffer.index * 0x10_0000
            return 0
        case .queueBuffer:
            state.queued.append(buffer.index)
            return 0
        default:
            var count: UInt64 = 0
            guard !state.filled.isEmpty else {
                _ = read(state.device, &count, 8)
                return EAGAIN
            }
            let (index, frame) = state.filled.removeFirst()
            buffer.index = index
            buffer.flags = frame.flags
            buffer.sequence = frame.sequence
            buffer.bytesused = UInt32(frame.used ?? frame.bytes.count)
            buffer.timestamp.tv_sec = Int(frame.moment / 1_000_000_000)
            buffer.timestamp.tv_usec = Int(frame.moment % 1_000_000_000 / 1000)
            if state.filled.isEmpty { _ = read(state.device, &count, 8) }
            return 0
        }
    }
}
