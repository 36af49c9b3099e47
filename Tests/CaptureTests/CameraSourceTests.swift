// SPDX-License-Identifier: Apache-2.0

import CLinuxShims
import Capture
import Glibc
import Inspection
import Pictures
import Synchronization
import SyntheticParts
import Testing

/// What a camera said of its pictures, in order.
final class HealthLog: Sendable {
    private let entries = Mutex<[String]>([])
    var said: [String] { entries.withLock { $0 } }
    func note(_ health: PictureHealth) {
        entries.withLock { log in
            switch health {
            case .good: log.append("good")
            case .bad(let error): log.append(error.code.rawValue)
            }
        }
    }
}

/// A fake camera with a source on it.
struct CameraBench {
    let camera: FakeCamera
    let log = HealthLog()
    var settings = CameraSettings()
    var rule = InputRule(size: 32)

    /// A camera of raw pictures by default.
    init(_ formats: [FakeCamera.Format] = [.init(code: "YUYV", sizes: [(64, 48)])]) {
        camera = FakeCamera(formats)
        // A busy machine is no camera that hangs.
        settings.limits.staleSeconds = 60
    }

    func open(_ trigger: any Trigger = RateTrigger(rate: 0)) throws(CaptureError) -> CameraSource {
        let log = log
        return try CameraSource(
            device: "/dev/fake", settings: settings, rule: rule, trigger: trigger, calls: camera.calls,
            health: { log.note($0) })
    }

    /// A raw frame of random bytes that is neither dark nor bright.
    static func noise(_ count: Int, seed: UInt64) -> [UInt8] {
        var random = SplitMix64(seed: seed)
        return (0..<count).map { _ in 60 + UInt8(truncatingIfNeeded: random.next() >> 40) % 128 }
    }

    /// A frame of now; drivers tell the time in whole microseconds, so that it would seem taken before it was given.
    static func frame(
        _ bytes: [UInt8], _ sequence: UInt32, at moment: UInt64 = DeadlineGate.now() + 1000
    ) -> FakeCamera.Frame {
        FakeCamera.Frame(bytes: bytes, sequence: sequence, moment: moment)
    }

    /// The error of a call; nil when it throws none.
    static func failure(_ body: () throws(CaptureError) -> Void) -> CaptureError? {
        do throws(CaptureError) {
            try body()
            return nil
        } catch {
            return error
        }
    }
}

@Suite("camera source")
struct CameraSourceTests {
    private let bytes = CameraBench.noise(64 * 48 * 2, seed: 1)

    @Test(
        "a frame of a raw camera has its bytes, its layout, a unique name and the same network input as the kept file")
    func raw() throws {
        var bench = CameraBench()
        bench.rule = InputRule(region: Region(x: 3, y: 5, width: 50, height: 41), resize: .letterbox, size: 32)
        let trigger = EventTrigger(debounce: 0, delay: 0)
        let source = try bench.open(trigger)
        source.setArmed(true)
        #expect(source.negotiated.summary == "YUYV 64 x 48, 30 frames/s")
        var names: Set<String> = []
        for number in UInt32(0)..<3 {
            let moment = DeadlineGate.now()
            #expect(trigger.fire(at: moment) == .taken(UInt64(number) + 1))
            bench.camera.give(CameraBench.frame(CameraBench.noise(64 * 48 * 2, seed: 7), 3 * number, at: moment + 2000))
            let captured = try #require(try source.nextPicture())
            names.insert(captured.part)
            #expect(captured.part.hasSuffix("Z-\(number + 1)"))
            #expect(captured.sequence == UInt64(3 * number))
            #expect(captured.bytes == CameraBench.noise(64 * 48 * 2, seed: 7))
            let layout = try #require(captured.layout)
            let whole = try Picture.decode(raw: captured.bytes, layout: layout, name: "raw")
            #expect(whole == captured.picture)
            let (file, suffix) = try captured.file()
            #expect(suffix == "png")
            let replayed = try Picture.prepared(decoding: file, name: "kept", rule: bench.rule)
            #expect(replayed.pixels == captured.prepared)
        }
        #expect(names.count == 3)
        // The daemon's way converts only the region.
        let moment = DeadlineGate.now()
        _ = trigger.fire(at: moment)
        bench.camera.give(CameraBench.frame(bytes, 20, at: moment + 1000))
        guard let frame = try source.next() else {
            Issue.record("no frame")
            return
        }
        let found = frame.layout
        let pixels = frame.pixels
        let layout = try #require(found)
        let expected = try Picture.decode(raw: bytes, layout: layout, name: "raw").prepared(by: bench.rule)
        #expect(pixels == expected.pixels)
        #expect(source.counters.parts == 4)
        #expect(source.counters.dropped == 2 + 2 + 13)
        #expect(bench.log.said == ["good"])
    }

    @Test("a JPEG camera's own bytes are kept, and a folder source makes the same network input of them")
    func jpeg() throws {
        var bench = CameraBench([.init(code: "MJPG", sizes: [(320, 240)])])
        bench.rule = InputRule(size: 64)
        let picture = SyntheticParts(seed: 4, size: 320).good(0)
        let part = Picture(width: 320, height: 240, pixels: Array(picture.pixels.prefix(320 * 240 * 3)))
        let jpeg = try part.jpeg(quality: 85)
        let source = try bench.open()
        source.setArmed(true)
        bench.camera.give(CameraBench.frame(jpeg, 1))
        let captured = try #require(try source.nextPicture())
        #expect(captured.layout == nil)
        // 240 / 2 covers 64 rows, 240 / 4 does not.
        #expect(captured.picture.width == 160 && captured.picture.height == 120)
        let (file, suffix) = try captured.file()
        #expect(file == jpeg && suffix == "jpg")
        let folder = TemporaryFolder()
        folder.write(file, to: "1.jpg")
        let replay = try FolderSource(path: folder.path, rule: bench.rule, rate: 0, repeats: false)
        guard let frame = try replay.next() else {
            Issue.record("no frame")
            return
        }
        let pixels = frame.pixels
        #expect(pixels == captured.prepared)
    }

    @Test("parts are taken only while armed, and none that came before")
    func armed() throws {
        let bench = CameraBench()
        let trigger = EventTrigger(debounce: 0, delay: 0)
        let source = try bench.open(trigger)
        #expect(trigger.fire(at: DeadlineGate.now()) == .notArmed)
        bench.camera.give(CameraBench.frame(bytes, 1))
        source.setArmed(true)
        _ = trigger.fire(at: DeadlineGate.now())
        bench.camera.give(CameraBench.frame(bytes, 2))
        source.setArmed(false)
        source.setArmed(true)
        let moment = DeadlineGate.now()
        #expect(trigger.fire(at: moment) == .taken(2))
        bench.camera.give(CameraBench.frame(bytes, 3, at: moment + 1000))
        let captured = try #require(try source.nextPicture())
        #expect(captured.part.hasSuffix("-2") && captured.sequence == 3)
    }

    @Test("free-running, the newest frame wins")
    func newest() throws {
        let bench = CameraBench()
        let source = try bench.open()
        source.setArmed(true)
        for number in UInt32(1)...3 {
            bench.camera.give(CameraBench.frame(CameraBench.noise(64 * 48 * 2, seed: UInt64(number)), number))
        }
        while source.counters.frames < 3 { usleep(200) }
        let captured = try #require(try source.nextPicture())
        #expect(captured.sequence == 3)
        #expect(captured.part.hasSuffix("-1"))
        #expect(source.counters.dropped == 0)
    }

    @Test("a damaged or short frame is counted and fails its part by name; the next part is served")
    func damaged() throws {
        let bench = CameraBench()
        let trigger = EventTrigger(debounce: 0, delay: 0)
        let source = try bench.open(trigger)
        source.setArmed(true)
        var torn = CameraBench.frame(bytes, 1)
        torn.flags |= UInt32(V4L2_BUF_FLAG_ERROR)
        var short = CameraBench.frame(bytes, 2)
        short.used = 100
        var tooLong = CameraBench.frame(bytes, 3)
        tooLong.used = 1 << 30
        for (index, frame) in [torn, short, tooLong].enumerated() {
            var frame = frame
            frame.moment = DeadlineGate.now() + 1000
            _ = trigger.fire(at: frame.moment - 1000)
            bench.camera.give(frame)
            let error = CameraBench.failure { () throws(CaptureError) in _ = try source.nextPicture() }
            #expect(error?.code == .noPicture)
            #expect(error?.thing.hasSuffix("-\(index + 1)") == true)
        }
        let moment = DeadlineGate.now()
        _ = trigger.fire(at: moment)
        bench.camera.give(CameraBench.frame(bytes, 4, at: moment + 1000))
        let captured = try source.nextPicture()
        #expect(captured?.sequence == 4)
        #expect(source.counters.corrupt == 3 && source.counters.failedParts == 3 && source.counters.frames == 4)
    }

    @Test("a truncated JPEG fails its part, and only one after another makes the camera's health bad")
    func truncated() throws {
        let bench = CameraBench([.init(code: "MJPG", sizes: [(64, 64)])])
        let jpeg = try SyntheticParts(seed: 4, size: 64).good(0).jpeg(quality: 85)
        let source = try bench.open()
        source.setArmed(true)
        for number in UInt32(1)...4 {
            bench.camera.give(CameraBench.frame(Array(jpeg.prefix(jpeg.count / 2)), number))
            let error = CameraBench.failure { () throws(CaptureError) in _ = try source.nextPicture() }
            #expect(error?.code == .badPicture)
            #expect(error?.found.contains("incomplete") == true)
            #expect(bench.log.said == (number >= 3 ? ["badPicture"] : []))
        }
        bench.camera.give(CameraBench.frame(jpeg, 5))
        _ = try source.nextPicture()
        #expect(bench.log.said == ["badPicture", "good"])
    }

    @Test("dark and saturated pictures fail their part and are named, and good is said once")
    func exposure() throws {
        let bench = CameraBench()
        let source = try bench.open()
        source.setArmed(true)
        func level(_ luma: UInt8) -> [UInt8] { (0..<64 * 48 * 2).map { $0 % 2 == 0 ? luma : 128 } }
        var sequence: UInt32 = 0
        for (luma, isGood) in [(UInt8(17), false), (120, true), (130, true), (234, false), (235, false), (121, true)] {
            sequence += 1
            bench.camera.give(CameraBench.frame(level(luma), sequence))
            let error = CameraBench.failure { () throws(CaptureError) in _ = try source.nextPicture() }
            #expect((error == nil) == isGood)
            if let error { #expect(error.code == .badPicture && error.thing.hasSuffix("-\(sequence)")) }
        }
        #expect(bench.log.said == ["dark", "good", "saturated", "good"])
        #expect(source.counters.dark == 1 && source.counters.saturated == 2)
    }

    @Test("a picture that never changes is frozen, also while no part is due")
    func frozen() throws {
        var bench = CameraBench()
        bench.settings.limits.frozenSeconds = 0.1
        bench.settings.limits.staleSeconds = 60
        let source = try bench.open(EventTrigger(debounce: 0, delay: 0))
        let log = bench.log
        let camera = bench.camera
        let bytes = bytes
        later {
            for number in UInt32(1)...12 {
                camera.give(CameraBench.frame(bytes, number))
                usleep(15_000)
            }
            while log.said.isEmpty { usleep(1000) }
            camera.give(CameraBench.frame(CameraBench.noise(64 * 48 * 2, seed: 5), 13))
            while log.said.count < 2 { usleep(1000) }
            source.stop()
        }
        let ended = try source.nextPicture() == nil
        #expect(ended)
        #expect(log.said == ["frozen", "good"])
        // All but the first and the last; a busy machine drops some.
        #expect(source.counters.repeated == source.counters.frames - 2)
    }

    @Test("a camera that hangs is stale and then lost, a part without a frame fails by name, and all is released")
    func hangs() throws {
        var bench = CameraBench()
        bench.settings.limits.staleSeconds = 0.2
        let trigger = EventTrigger(debounce: 0, delay: 0)
        let source = try bench.open(trigger)
        source.setArmed(true)
        bench.camera.give(CameraBench.frame(bytes, 1))
        while source.counters.frames < 1 { usleep(200) }
        _ = trigger.fire(at: DeadlineGate.now())
        let part = CameraBench.failure { () throws(CaptureError) in _ = try source.nextPicture() }
        #expect(part?.code == .noPicture && part?.found == "no picture within 0.2 s")
        let lost = CameraBench.failure { () throws(CaptureError) in _ = try source.nextPicture() }
        #expect(lost?.code == .sourceLost)
        #expect(bench.log.said.suffix(2) == ["stale", "sourceLost"])
        bench.camera.state.withLock { state in
            #expect(state.opens == 1 && state.closes == 1 && state.maps == 4 && state.unmaps == 4)
        }
    }

    @Test("unplugging, errors of the stream and a stop end the source, and release the device at once")
    func ends() throws {
        let ways: [(String, @Sendable (FakeCamera, CameraSource) -> Void, Int32?)] = [
            ("unplugged", { camera, _ in camera.unplug() }, ENODEV),
            (
                "EIO",
                { camera, _ in
                    camera.force(.request(.dequeueBuffer), EIO)
                    camera.give(CameraBench.frame([], 1))
                }, EIO
            ),
            (
                "no buffer back",
                { camera, _ in
                    camera.force(.request(.queueBuffer), EINVAL)
                    camera.give(CameraBench.frame([], 1))
                }, EINVAL
            ),
            (
                "poll",
                { camera, _ in
                    camera.force(.wait, ENOMEM)
                    camera.give(CameraBench.frame([], 1))
                }, ENOMEM
            ),
            ("stop", { _, source in source.stop() }, nil),
        ]
        for (name, end, number) in ways {
            let bench = CameraBench()
            let source = try bench.open()
            let camera = bench.camera
            later { end(camera, source) }
            let error = CameraBench.failure { () throws(CaptureError) in
                let ended = try source.nextPicture() == nil
                #expect(ended && number == nil, "\(name)")
            }
            #expect(error?.errno == number, "\(name)")
            if number != nil { #expect(error?.code == .sourceLost && error?.thing == "/dev/fake", "\(name)") }
            camera.state.withLock { state in
                #expect(state.opens == 1 && state.closes == 1 && state.maps == 4 && state.unmaps == 4, "\(name)")
            }
            let after = try source.nextPicture() == nil
            #expect(after)
        }
    }

    @Test("letting go of a source releases the camera")
    func letGo() throws {
        let bench = CameraBench()
        for _ in 0..<3 { _ = try bench.open() }
        bench.camera.state.withLock { state in
            #expect(state.opens == 3 && state.closes == 3 && state.maps == state.unmaps)
        }
    }
}
