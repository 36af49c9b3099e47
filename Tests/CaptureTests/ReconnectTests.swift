// SPDX-License-Identifier: Apache-2.0

import Capture
import Glibc
import Inspection
import Testing

@Suite("every way a camera can fail", .serialized)
struct ReconnectTests {
    private static let isThorough = getenv("JIDOKA_THOROUGH").map { String(cString: $0) == "1" } ?? false

    /// Open descriptors, resident kilobytes and threads of this process.
    private static func footprint() -> (descriptors: Int, resident: Int, threads: Int) {
        var descriptors = 0
        if let listing = opendir("/proc/self/fd") {
            while readdir(listing) != nil { descriptors += 1 }
            closedir(listing)
        }
        var text = [UInt8](repeating: 0, count: 4096)
        guard let file = fopen("/proc/self/status", "r") else { return (descriptors, 0, 0) }
        let count = fread(&text, 1, text.count, file)
        fclose(file)
        let lines = String(decoding: text.prefix(count), as: UTF8.self).split(separator: "\n")
        func value(_ key: String) -> Int {
            lines.first { $0.hasPrefix(key) }.flatMap { Int($0.filter(\.isNumber)) } ?? 0
        }
        return (descriptors, value("VmRSS:"), value("Threads:"))
    }

    private struct Failure {
        var call: FakeCamera.Call
        var number: Int32
        var after = 0
        /// Whether opening survives it, because it strikes while streaming or does not matter.
        var isLater = false
    }

    private static let failures: [Failure] = [
        Failure(call: .open, number: ENOENT), Failure(call: .open, number: EBUSY),
        Failure(call: .open, number: EMFILE), Failure(call: .request(.queryCapability), number: ENODEV),
        Failure(call: .request(.queryCapability), number: ENOTTY),
        Failure(call: .request(.enumerateFormats), number: EIO),
        Failure(call: .request(.enumerateFormats), number: EINVAL),
        Failure(call: .request(.enumerateSizes), number: ENODEV),
        Failure(call: .request(.enumerateIntervals), number: EIO),
        Failure(call: .request(.setFormat), number: EBUSY), Failure(call: .request(.setFormat), number: EIO),
        Failure(call: .request(.setParameters), number: EIO), Failure(call: .request(.queryControl), number: ENODEV),
        Failure(call: .request(.getControls), number: ENODEV), Failure(call: .request(.getControls), number: EIO),
        Failure(call: .request(.setControls), number: ERANGE), Failure(call: .eventCounter, number: EMFILE),
        Failure(call: .request(.requestBuffers), number: EBUSY), Failure(call: .request(.queryBuffer), number: EINVAL),
        Failure(call: .request(.queryBuffer), number: EIO, after: 2), Failure(call: .map, number: ENOMEM),
        Failure(call: .map, number: ENOMEM, after: 3), Failure(call: .request(.queueBuffer), number: EIO),
        Failure(call: .request(.queueBuffer), number: ENODEV, after: 3),
        Failure(call: .request(.streamOn), number: ENOSPC), Failure(call: .request(.streamOn), number: EPROTO),
        Failure(call: .thread, number: EAGAIN),
        Failure(call: .wait, number: ENOMEM, isLater: true),
        Failure(call: .request(.dequeueBuffer), number: EIO, isLater: true),
        Failure(call: .request(.dequeueBuffer), number: ENODEV, isLater: true),
        Failure(call: .request(.dequeueBuffer), number: EINVAL, after: 1, isLater: true),
        Failure(call: .request(.queueBuffer), number: ENODEV, after: 4, isLater: true),
    ]

    private func makeBench() -> CameraBench {
        var bench = CameraBench()
        bench.settings = CameraSettings(
            format: .yuyv, size: .init(width: 64, height: 48), rate: 30, controls: [.init(name: "gain", value: 3)])
        bench.camera.state.withLock { state in
            state.controls = [.init(identifier: 10, name: "Gain")]
            let bytes = CameraBench.noise(64 * 48 * 2, seed: 1)
            state.opening = (1...2).map { FakeCamera.Frame(bytes: bytes, sequence: $0, moment: 1) }
        }
        return bench
    }

    /// One life of a camera with a failure in it; the error.
    private func live(_ failure: Failure, _ bench: CameraBench) -> (error: CaptureError?, wasOpen: Bool) {
        bench.camera.force(failure.call, failure.number, after: failure.after)
        bench.camera.state.withLock { $0.controls[0].value = 0 }
        defer { bench.camera.relent() }
        var wasOpen = false
        let error = CameraBench.failure { () throws(CaptureError) in
            let source = try bench.open()
            wasOpen = true
            _ = try source.nextPicture()
        }
        return (error, wasOpen)
    }

    @Test("each call that fails ends in an error that names the camera and the number, and leaves nothing open")
    func each() {
        for failure in Self.failures {
            let bench = makeBench()
            let (error, wasOpen) = live(failure, bench)
            #expect(wasOpen == failure.isLater, "\(failure)")
            #expect(error?.thing.hasPrefix("/dev/fake") == true, "\(failure)")
            // The end of the list of formats is no failure of a call.
            if failure.call != .request(.enumerateFormats) || failure.number != EINVAL {
                #expect(error?.errno == failure.number, "\(failure): \(error.map { "\($0)" } ?? "no error")")
            }
            if failure.isLater { #expect(error?.code == .sourceLost, "\(failure)") }
            bench.camera.state.withLock { state in
                #expect(state.opens == state.closes && state.maps == state.unmaps, "\(failure)")
            }
        }
    }

    @Test("ten thousand reconnects leave descriptors, threads and memory as they were")
    func many() {
        let rounds = Self.isThorough ? 10_000 : 1_000
        print("reconnects: \(rounds)\(Self.isThorough ? "" : ", shortened; JIDOKA_THOROUGH=1 does 10,000")")
        let bench = makeBench()
        var first = Self.footprint()
        var resident: [Int] = []
        for round in 0..<rounds {
            // The first tenth fills what the allocator and the runtime keep.
            if round == rounds / 10 { first = Self.footprint() }
            if round % (rounds / 10) == 0 { resident.append(Self.footprint().resident) }
            _ = live(Self.failures[round % Self.failures.count], bench)
        }
        let last = Self.footprint()
        print(
            "descriptors \(first.descriptors) to \(last.descriptors), threads \(first.threads) to \(last.threads), "
                + "resident \(first.resident) to \(last.resident) kB")
        bench.camera.state.withLock { state in
            #expect(state.opens > rounds / 2 && state.opens == state.closes && state.maps == state.unmaps)
        }
        // Other tests run in the same process and come and go; a leak in each round would be ten times these.
        #expect(last.descriptors - first.descriptors < 50)
        #expect(last.threads - first.threads < 50)
        // Their memory comes in a few leaps, a leak would be in every tenth: so the median of the tenths' growth.
        resident.append(last.resident)
        let growth = zip(resident.dropFirst(2), resident.dropFirst()).map { $0 - $1 }.sorted()
        #expect(growth[growth.count / 2] < 16 * 1024 / 10, "\(growth) kB")
    }
}
