// SPDX-License-Identifier: Apache-2.0

import CLinuxShims
import Capture
import Glibc
import Inspection
import Pictures
import Testing

@Suite("what is asked of a camera")
struct NegotiationTests {
    private let many: [FakeCamera.Format] = [
        .init(code: "GREY", sizes: [(640, 480)]),
        .init(code: "YUYV", sizes: [(1280, 720), (320, 240), (640, 480)]),
        .init(code: "MJPG", sizes: [(1920, 1080), (640, 480), (320, 240)]),
        .init(code: "NV12", sizes: [(640, 480)]), .init(code: "UYVY", sizes: [(640, 480)]),
        .init(code: "RGB3", sizes: [(640, 480)]),
    ]

    private func error(_ bench: CameraBench) -> CaptureError? {
        CameraBench.failure { () throws(CaptureError) in _ = try bench.open() }
    }

    @Test("nothing asked for: the first format of ours, the smallest size that covers the input, or the largest")
    func defaults() throws {
        var bench = CameraBench(many)
        bench.rule.size = 256
        #expect(try bench.open().negotiated.summary == "MJPG 640 x 480, 30 frames/s")
        bench.rule.size = 32
        #expect(try bench.open().negotiated.summary == "MJPG 320 x 240, 30 frames/s")
        bench.rule.size = 2048
        #expect(try bench.open().negotiated.summary == "MJPG 1920 x 1080, 30 frames/s")
        bench.rule = InputRule(region: Region(x: 600, y: 0, width: 100, height: 100), size: 32)
        #expect(try bench.open().negotiated.summary == "MJPG 1920 x 1080, 30 frames/s")
        bench.settings.format = .yuyv
        #expect(try bench.open().negotiated.summary == "YUYV 1280 x 720, 30 frames/s")
    }

    @Test("every format is granted by its name")
    func formats() throws {
        var bench = CameraBench(many)
        let codes: [(CameraSettings.Format, String)] = [
            (.mjpeg, "MJPG"), (.yuyv, "YUYV"), (.uyvy, "UYVY"), (.grey, "GREY"), (.nv12, "NV12"), (.rgb, "RGB3"),
        ]
        for (format, code) in codes {
            bench.settings.format = format
            bench.settings.size = .init(width: 640, height: 480)
            bench.settings.rate = 15
            let negotiated = try bench.open().negotiated
            #expect(negotiated.code == code && negotiated.format == format && negotiated.rate == 15)
            #expect((negotiated.layout == nil) == (format == .mjpeg))
            #expect(negotiated.driver == "fake" && negotiated.card == "Fake Camera" && negotiated.bus == "usb-1")
        }
    }

    @Test("what is not granted is an error that names what was asked, what was found and what there is")
    func refused() {
        var bench = CameraBench([.init(code: "YUYV", sizes: [(640, 480), (320, 240)])])
        bench.settings.format = .mjpeg
        var found = error(bench)
        #expect(found?.code == .notOffered && found?.hint == "it offers YUYV (yuyv)")
        bench.settings.format = .yuyv
        bench.settings.size = .init(width: 600, height: 400)
        bench.camera.state.withLock { $0.adjust = { _, _ in (640, 480) } }
        found = error(bench)
        #expect(found?.expected == "YUYV 600 x 400" && found?.found == "YUYV 640 x 480 from the camera")
        #expect(found?.hint == "as YUYV it offers 640 x 480, 320 x 240")
        bench.settings.size = nil
        bench.settings.rate = 60
        found = error(bench)
        #expect(found?.expected == "60 frames/s at 320 x 240" && found?.found == "30 from the camera")
        #expect(found?.hint == "it offers 30, 15 at this size")
        bench.camera.state.withLock { $0.hasRate = false }
        #expect(error(bench)?.code == .notOffered)
        #expect(error(bench)?.found == "a camera whose rate can't be set")
        for rate in [Double.nan, 0, -1, .infinity] {
            bench.settings.rate = rate
            #expect(error(bench)?.code == .badArgument)
        }
        bench.settings.rate = nil
        bench.rule.region = Region(x: 0, y: 0, width: 641, height: 10)
        found = error(bench)
        #expect(found?.code == .notOffered && found?.expected.contains("641 x 10") == true)
        bench.rule = InputRule(size: 33)
        #expect(error(bench)?.code == .badArgument)
        bench.camera.state.withLock { state in
            #expect(state.opens == state.closes && state.maps == state.unmaps && state.opens > 0)
        }
    }

    @Test("nodes that are no camera are refused by name")
    func kinds() {
        let kinds: [(Int64, String)] = [
            (Int64(V4L2_CAP_META_CAPTURE) | Int64(V4L2_CAP_STREAMING), "a node for metadata of Fake Camera"),
            (Int64(V4L2_CAP_VIDEO_CAPTURE), "a camera without streaming"),
            (Int64(V4L2_CAP_VIDEO_CAPTURE_MPLANE) | Int64(V4L2_CAP_STREAMING), "a camera of several planes"),
            (Int64(V4L2_CAP_VIDEO_M2M), "a codec"), (Int64(V4L2_CAP_VIDEO_OUTPUT), "an output"), (0, "something else"),
        ]
        for (capabilities, words) in kinds {
            let bench = CameraBench()
            bench.camera.state.withLock { $0.capabilities = UInt32(capabilities) }
            let found = error(bench)
            #expect(found?.code == .noCamera && found?.found.hasPrefix(words) == true)
        }
    }

    @Test("range and matrix are the driver's, or what its colour space means")
    func colours() throws {
        typealias Case = (space: UInt32, encoding: UInt32, range: UInt32, limited: Bool, matrix: RawLayout.Matrix)
        let standard = V4L2_YCBCR_ENC_DEFAULT.rawValue
        let unsaid = V4L2_QUANTIZATION_DEFAULT.rawValue
        let full = V4L2_QUANTIZATION_FULL_RANGE.rawValue
        let limited = V4L2_QUANTIZATION_LIM_RANGE.rawValue
        let cases: [Case] = [
            (V4L2_COLORSPACE_SRGB.rawValue, standard, unsaid, true, .bt601),
            (V4L2_COLORSPACE_JPEG.rawValue, standard, unsaid, false, .bt601),
            (V4L2_COLORSPACE_REC709.rawValue, standard, unsaid, true, .bt709),
            (V4L2_COLORSPACE_BT2020.rawValue, standard, full, false, .bt2020),
            (V4L2_COLORSPACE_SMPTE240M.rawValue, standard, limited, true, .bt709),
            (V4L2_COLORSPACE_JPEG.rawValue, V4L2_YCBCR_ENC_709.rawValue, limited, true, .bt709),
            (V4L2_COLORSPACE_REC709.rawValue, V4L2_YCBCR_ENC_601.rawValue, full, false, .bt601),
        ]
        for one in cases {
            let bench = CameraBench()
            bench.camera.state.withLock { state in
                (state.colourSpace, state.encoding, state.quantization) = (one.space, one.encoding, one.range)
            }
            let layout = try #require(try bench.open().negotiated.layout)
            #expect(layout.isLimitedRange == one.limited && layout.matrix == one.matrix)
        }
        // Grey is taken as it is unless the driver says otherwise, RGB always.
        for (code, range, expected) in [
            ("GREY", unsaid, false), ("GREY", limited, true), ("RGB3", limited, false),
        ] {
            let bench = CameraBench([.init(code: code, sizes: [(64, 48)])])
            bench.camera.state.withLock { $0.quantization = range }
            #expect(try bench.open().negotiated.isLimitedRange == expected)
        }
    }

    @Test("rows with padding are read by their stride")
    func padding() throws {
        for code in ["YUYV", "UYVY", "GREY", "NV12", "RGB3"] {
            var bench = CameraBench([.init(code: code, sizes: [(64, 48)])])
            bench.settings.limits.dark = 0
            bench.camera.state.withLock { $0.padding = 24 }
            let source = try bench.open()
            source.setArmed(true)
            let bytes = CameraBench.noise(source.negotiated.frameBytes, seed: 3)
            bench.camera.give(CameraBench.frame(bytes, 1))
            let captured = try #require(try source.nextPicture())
            let layout = try #require(captured.layout)
            #expect(layout.stride == source.negotiated.stride && layout.stride > 64)
            #expect(try Picture.decode(raw: bytes, layout: layout, name: code) == captured.picture)
        }
    }

    @Test("a format that we don't read goes through libv4lconvert, and is kept as RGB")
    func converted() throws {
        let bench = CameraBench([.init(code: "BGR3", sizes: [(64, 48)])])
        let source = try bench.open()
        source.setArmed(true)
        #expect(source.negotiated.format == .converted && source.negotiated.code == "BGR3")
        let rgb = CameraBench.noise(64 * 48 * 3, seed: 8)
        var bgr = rgb
        for index in stride(from: 0, to: bgr.count, by: 3) { bgr.swapAt(index, index + 2) }
        bench.camera.give(CameraBench.frame(bgr, 1))
        let captured = try #require(try source.nextPicture())
        #expect(captured.picture.pixels == rgb)
        #expect(captured.bytes == rgb && captured.layout?.code == "RGB3")
        let unknown = CameraBench([.init(code: "ZZZZ", sizes: [(64, 48)])])
        #expect(error(unknown)?.code == .notOffered)
    }
}
