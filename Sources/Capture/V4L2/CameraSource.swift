// SPDX-License-Identifier: Apache-2.0

import Glibc
import Inspection
import Pictures
import Synchronization
import Threads

/// A camera of the Video4Linux2 interface.
///
/// Opening it negotiates the format, sets the controls and starts the stream; a thread of its own takes the frames, so
/// none waits in the driver while a part is judged. One thread calls `next` or `nextPicture`, any other function may be
/// called from anywhere. The device is released when the source is lost, stopped, or let go.
public final class CameraSource: LiveSource {
    /// `camera` and the device's path.
    public let name: String
    /// What the camera sends.
    public let negotiated: NegotiatedFormat

    private let path: String
    private let rule: InputRule
    private let limits: CameraSettings.Limits
    private let trigger: any Trigger
    private let converter: FrameConverter?
    private let state: Monitor<StreamState>
    private let wake: WakeUp
    private let watch: Mutex<HealthWatch>

    /// Pictures that may wait to be judged.
    private static let capacity = 8
    /// How long a device may take to stop before it is left to its thread, nanoseconds.
    private static let patience: UInt64 = 5_000_000_000

    /// Opens a camera; its stream runs from now on, its parts begin when it is armed.
    ///
    /// - Parameters:
    ///   - device: a path, best one below `/dev/v4l/by-id` or `/dev/v4l/by-path`.
    ///   - settings: what the recipe asks of the camera.
    ///   - rule: how a picture becomes network input.
    ///   - trigger: says when there is a part; it is not stopped with the camera, so that numbers go on after a
    ///   reconnect.
    ///   - calls: the system.
    ///   - health: called by `next` on its caller's thread when the pictures become fit or unfit to be judged, and once
    ///     after the first look.
    /// - Throws: `.noCamera`, `.notOffered`, `.badControl`, `.badArgument`, `.sourceLost`; nothing is left open then.
    public init(
        device path: String, settings: CameraSettings, rule: InputRule, trigger: any Trigger,
        calls: VideoCalls = .system, health: @escaping @Sendable (PictureHealth) -> Void
    ) throws(CaptureError) {
        try SyntheticSource.check(size: rule.size, of: path)
        let device = try VideoDevice(path: path, calls: calls)
        let capability = try device.capability()
        if let refusal = capability.refusal(path) { throw refusal }
        let negotiation = FormatNegotiation(device: device, settings: settings, rule: rule, capability: capability)
        let (negotiated, converter) = try negotiation.run()
        let controls = try CameraControlSet(settings.controls, in: device)
        let wake = try WakeUp(calls, for: path)
        let buffers = try FrameBuffers(device)
        let now = DeadlineGate.now()
        let state = Monitor(
            StreamState(
                parts: PartQueue(
                    isFreeRunning: trigger.isFreeRunning, capacity: Self.capacity,
                    patience: HealthWatch.nanoseconds(settings.limits.staleSeconds)),
                lastArrival: now))
        let stream = VideoStream(
            device: device, buffers: buffers, format: negotiated, controls: controls, converter: converter,
            trigger: trigger, state: state, wake: wake)
        name = "camera \(path)"
        self.path = path
        self.rule = rule
        limits = settings.limits
        self.trigger = trigger
        self.negotiated = negotiated
        self.converter = converter
        self.state = state
        self.wake = wake
        watch = Mutex(HealthWatch(limits: settings.limits, camera: path, now: now, report: health))
        let failure = calls.startThread("camera") { stream.run() }
        guard failure == 0 else {
            state.change { $0.isReleased = true }
            throw CaptureError(
                .noCamera, path, expected: "a thread for its frames", found: "none", errno: failure)
        }
    }

    deinit { release() }

    /// What has happened since the camera was opened.
    public var counters: CameraCounters { state.read(\.counters) }

    /// Begins or ends taking parts; ending forgets those that wait.
    @discardableResult
    public func setArmed(_ on: Bool) -> Int {
        let unheard = trigger.setArmed(on)
        return on ? 0 : unheard + state.change { $0.parts.clear() }
    }

    /// Ends the source: wakes a `next` that waits, and releases the camera. The trigger goes on.
    public func stop() {
        state.change { $0.isStopped = true }
        wake.signal()
    }

    /// The next part.
    ///
    /// - Throws: `.badPicture` with the part's name for a part whose picture can't be used, `.noPicture` for one without a
    ///   picture, `.sourceLost` when the camera is gone or has been silent for too long; it is released then.
    public func next() throws(CaptureError) -> Frame? {
        guard let (part, frame) = try wait() else { return nil }
        let look = try self.look(at: frame, of: part, wholly: false)
        return Frame(
            size: rule.size, pixels: look.prepared.pixels, part: part, sequence: frame.sequence, readyAt: frame.readyAt,
            original: look.bytes, layout: negotiated.layout)
    }

    /// The next part with all that is known of its picture; otherwise as `next`.
    public func nextPicture() throws(CaptureError) -> CapturedPicture? {
        guard let (part, frame) = try wait() else { return nil }
        let look = try self.look(at: frame, of: part, wholly: true)
        return CapturedPicture(
            part: part, sequence: frame.sequence, takenAt: frame.takenAt, readyAt: frame.readyAt, bytes: look.bytes,
            layout: negotiated.layout, picture: look.picture ?? look.prepared, prepared: look.prepared.pixels)
    }

    private enum Event {
        case outcome(PartQueue.Outcome)
        case lost(CaptureError)
        case ended
    }

    /// Waits for a part with a frame, and watches the camera meanwhile.
    private func wait() throws(CaptureError) -> (part: String, frame: CameraFrame)? {
        while true {
            var deadline = watch.withLock { $0.nextLook }
            let (lastArrival, expiry) = state.read { ($0.lastArrival, $0.parts.nextExpiry) }
            deadline = min(deadline, watch.withLock { $0.nextSilence(after: lastArrival) }, expiry ?? .max)
            let event = state.wait(until: deadline) { state -> Event? in
                if state.isStopped { return .ended }
                if !state.hear(trigger) { return .ended }
                state.parts.expire(now: DeadlineGate.now())
                if let outcome = state.parts.take() { return .outcome(outcome) }
                return state.lost.map { .lost($0) }
            }
            switch event {
            case .ended?:
                release()
                return nil
            case .lost(let error)?:
                throw lost(error)
            case .outcome(.failed(let part, let why))?:
                state.change { $0.counters.failedParts += 1 }
                throw CaptureError(
                    .noPicture, Self.partName(part), expected: "a picture of the part", found: why,
                    hint: "the camera goes on with the next part")
            case .outcome(.picture(let part, let frame))?:
                return (Self.partName(part), frame)
            case nil:
                try lookAround()
            }
        }
    }

    /// The news first: letting go of a camera may take seconds, and the line must not run meanwhile.
    private func lost(_ error: CaptureError) -> CaptureError {
        watch.withLock { $0.turn(.bad(error)) }?()
        release()
        return error
    }

    /// Watches the camera while no part is due.
    private func lookAround() throws(CaptureError) {
        let now = DeadlineGate.now()
        let (newest, lastArrival, same) = state.read { ($0.newest, $0.lastArrival, $0.same) }
        let isNew = watch.withLock { $0.begin(newest?.sequence, now: now) }
        let silence = watch.withLock { $0.silence(now: now, lastArrival: lastArrival, hasFrames: newest != nil) }
        switch silence {
        case .none: break
        case .stale(let error):
            watch.withLock { $0.turn(.bad(error)) }?()
            return
        case .lost(let error):
            throw lost(error)
        }
        guard let newest, isNew else { return }
        _ = try? examine(newest, named: name, same: same, wholly: false)
        if let error = watch.withLock({ $0.stuck }) { throw lost(error) }
    }

    /// A part's picture, if it is fit to be judged.
    private func look(
        at frame: CameraFrame, of part: String, wholly: Bool
    ) throws(CaptureError) -> Examined {
        let now = DeadlineGate.now()
        let same = state.read(\.same)
        _ = watch.withLock { $0.begin(frame.sequence, now: now) }
        do throws(CaptureError) {
            let examined = try examine(frame, named: part, same: same, wholly: wholly)
            state.change { $0.counters.parts += 1 }
            return examined
        } catch {
            state.change { $0.counters.failedParts += 1 }
            guard error.code == .badPicture else {
                throw badPart(part, found: "\(error.code.summary): expected \(error.expected), found \(error.found)")
            }
            throw error
        }
    }

    private struct Examined {
        let bytes: [UInt8]
        let picture: Picture?
        let prepared: Picture
    }

    /// Decodes a frame and judges its health.
    ///
    /// - Throws: `.badPicture`, `.frozen`, `.dark`, `.saturated`.
    private func examine(
        _ frame: CameraFrame, named part: String, same: (count: Int, since: UInt64), wholly: Bool
    ) throws(CaptureError) -> Examined {
        let examined: Examined
        do throws(PictureError) {
            examined = try decode(frame.bytes ?? [], named: part, wholly: wholly)
        } catch {
            let bad = badPart(
                part, found: "\(error.code.summary): expected \(error.expected), found \(error.found)")
            state.change { $0.counters.corrupt += 1 }
            watch.withLock { $0.undecodable(bad) }?()
            throw bad
        }
        let target = try? rule.placement(width: negotiated.width, height: negotiated.height).target
        let fault =
            watch.withLock { $0.frozen(same, now: DeadlineGate.now()) }
            ?? ExposureCheck.fault(
                of: examined.prepared, within: target ?? examined.prepared.bounds, limits: limits, camera: path)
        let isMoving = state.read { $0.counters.frames >= $0.counters.corrupt + $0.counters.repeated + 2 }
        watch.withLock { $0.turn(fault.map { .bad($0) } ?? .good, isMoving: isMoving) }?()
        guard let fault else { return examined }
        state.change { state in
            if fault.code == .dark { state.counters.dark += 1 }
            if fault.code == .saturated { state.counters.saturated += 1 }
        }
        throw fault
    }

    private func decode(_ bytes: [UInt8], named part: String, wholly: Bool) throws(PictureError) -> Examined {
        guard negotiated.format != .mjpeg, let layout = negotiated.layout, let raw = RawPicture(layout) else {
            let (picture, prepared) = try Picture.decoded(bytes, name: part, for: rule)
            return Examined(bytes: bytes, picture: picture, prepared: prepared)
        }
        var pixels = bytes
        if let converter {
            switch converter.convert(bytes, width: layout.width, height: layout.height) {
            case .success(let rgb): pixels = rgb
            case .failure(let error):
                throw PictureError(
                    .corrupt, part, expected: "a frame that libv4lconvert can convert", found: error.words)
            }
        }
        guard wholly else {
            return Examined(bytes: pixels, picture: nil, prepared: try raw.prepared(pixels, by: rule, name: part))
        }
        let picture = try raw.picture(pixels, name: part)
        return Examined(bytes: pixels, picture: picture, prepared: try picture.prepared(by: rule))
    }

    private func badPart(_ part: String, found: String) -> CaptureError {
        CaptureError(
            .badPicture, part, expected: "a picture of the part", found: found,
            hint: "the camera goes on with the next part")
    }

    /// Ends the thread and waits until the device is released: it can be opened again at once.
    private func release() {
        stop()
        _ = state.wait(until: DeadlineGate.now() + Self.patience) { $0.isReleased ? true : nil }
    }

    /// UTC time and number, e.g. `20251121T143500.123Z-42`: the time keeps names apart when the count begins anew.
    static func partName(_ part: PartMoment) -> String {
        var wall = timespec()
        clock_gettime(CLOCK_REALTIME, &wall)
        let now = DeadlineGate.now()
        // Parts have a moment of the monotonic clock, which says nothing to a person.
        let milliseconds =
            Int64(wall.tv_sec) * 1000 + Int64(wall.tv_nsec) / 1_000_000
            + (Int64(clamping: part.moment) - Int64(clamping: now)) / 1_000_000
        var seconds = time_t(milliseconds / 1000)
        var utc = tm()
        gmtime_r(&seconds, &utc)
        func digits(_ value: Int64, _ count: Int) -> String {
            let text = String(value)
            return String(repeating: "0", count: max(0, count - text.count)) + text
        }
        let date =
            digits(Int64(utc.tm_year) + 1900, 4) + digits(Int64(utc.tm_mon) + 1, 2) + digits(Int64(utc.tm_mday), 2)
        let time = digits(Int64(utc.tm_hour), 2) + digits(Int64(utc.tm_min), 2) + digits(Int64(utc.tm_sec), 2)
        return "\(date)T\(time).\(digits(milliseconds % 1000, 3))Z-\(part.number)"
    }
}
