// SPDX-License-Identifier: Apache-2.0

import CLinuxShims
import Capture
import Glibc
import Inspection
import Testing

@Suite("controls of a camera")
struct CameraControlTests {
    private func bench(_ controls: [CameraSettings.Control]) -> CameraBench {
        var bench = CameraBench()
        bench.settings.controls = controls
        bench.camera.state.withLock { state in
            state.controls = [
                .init(identifier: 10, name: "Brightness", minimum: -64, maximum: 64, step: 2),
                .init(
                    identifier: 20, name: "Exposure Time, Absolute", minimum: 1, maximum: 5000, value: 156,
                    needs: (30, 1)),
                .init(
                    identifier: 30, name: "Auto Exposure", type: V4L2_CTRL_TYPE_MENU, minimum: 0, maximum: 3, value: 3,
                    menu: [1: "Manual Mode", 3: "Aperture Priority Mode"]),
                .init(identifier: 40, name: "Gain, Automatic", type: V4L2_CTRL_TYPE_BOOLEAN, maximum: 1, value: 1),
                .init(
                    identifier: 50, name: "Pixel Rate", type: V4L2_CTRL_TYPE_INTEGER64, maximum: 1 << 40, value: 1 << 33
                ),
                .init(
                    identifier: 55, name: "Lamps", type: V4L2_CTRL_TYPE_BITMASK, maximum: 0x8000_000F,
                    value: 0x8000_0001),
                .init(identifier: 60, name: "Serial", flags: UInt32(V4L2_CTRL_FLAG_READ_ONLY)),
                .init(identifier: 70, name: "Do White Balance", type: V4L2_CTRL_TYPE_BUTTON),
            ]
        }
        return bench
    }

    private func error(_ bench: CameraBench) -> CaptureError? {
        CameraBench.failure { () throws(CaptureError) in _ = try bench.open() }
    }

    @Test("names are spelt as v4l2-ctl spells them")
    func spelling() {
        let names = [
            ("Exposure Time, Absolute", "exposure_time_absolute"),
            ("White Balance, Automatic", "white_balance_automatic"),
            ("Power Line Frequency", "power_line_frequency"), ("  Gain  (dB) ", "gain_db"), ("Zoom2", "zoom2"),
        ]
        for (name, spelt) in names { #expect(VideoDevice.spelling(name) == spelt) }
    }

    @Test("automatics are set before what they own, in the order of the list, and all is set again at each opening")
    func order() throws {
        let bench = bench([
            .init(name: "exposure_time_absolute", value: 300), .init(name: "brightness", value: -4),
            .init(name: "auto_exposure", value: 1), .init(name: "gain_automatic", value: 0),
            .init(name: "pixel_rate", value: 1 << 34),
        ])
        for _ in 0..<2 {
            bench.camera.state.withLock { state in
                state.written = []
                state.controls[2].value = 3
                state.controls[1].value = 156
            }
            _ = try bench.open()
            bench.camera.state.withLock { state in
                #expect(state.written.map(\.identifier) == [30, 40, 20, 10, 50])
                #expect(state.written.map(\.value) == [1, 0, 300, -4, 1 << 34])
                #expect(state.controls.map(\.value).prefix(5) == [-4, 300, 1, 0, 1 << 34])
            }
        }
    }

    @Test("a control that can't be set is an error with name, value, what is there and what it takes")
    func refused() {
        var found = error(bench([.init(name: "sharpness", value: 1)]))
        #expect(found?.code == .badControl && found?.thing == "/dev/fake: control sharpness")
        #expect(found?.hint.contains("exposure_time_absolute") == true)
        found = error(bench([.init(name: "brightness", value: 65)]))
        #expect(found?.expected == "-64 to 64 in steps of 2" && found?.found == "65")
        #expect(error(bench([.init(name: "brightness", value: 3)]))?.found == "3")
        found = error(bench([.init(name: "auto_exposure", value: 2)]))
        #expect(found?.expected == "1 (Manual Mode), 3 (Aperture Priority Mode)")
        found = error(bench([.init(name: "gain_automatic", value: 2)]))
        #expect(found?.expected == "0 or 1")
        #expect(error(bench([.init(name: "serial", value: 0)]))?.found == "integer, read-only")
        #expect(error(bench([.init(name: "do_white_balance", value: 1)]))?.found == "other")
        // The automatic owns it.
        found = error(bench([.init(name: "exposure_time_absolute", value: 300)]))
        #expect(found?.expected == "300" && found?.errno == EBUSY)
        #expect(found?.found == "156 after it was set, but without effect (inactive)")
        // The value is right by chance, but the automatic may change it at any time.
        found = error(bench([.init(name: "exposure_time_absolute", value: 156)]))
        #expect(found?.code == .badControl && found?.errno == EBUSY)
        let stubborn = bench([.init(name: "brightness", value: 4)])
        stubborn.camera.state.withLock { $0.controls[0].ignoresWrites = true }
        found = error(stubborn)
        #expect(found?.expected == "4" && found?.found == "0 after it was set" && found?.errno == 0)
        #expect(found?.hint.contains("-64 to 64") == true)
    }

    @Test("a control that changed while streaming ends the source, which sets it again when it is opened")
    func drift() throws {
        let bench = bench([.init(name: "brightness", value: 4)])
        let source = try bench.open()
        bench.camera.state.withLock { $0.controls[0].value = 6 }
        // The camera is silent meanwhile, so only the thread's own look can end this.
        let found = CameraBench.failure { () throws(CaptureError) in _ = try source.nextPicture() }
        #expect(found?.code == .sourceLost && found?.thing == "/dev/fake: control brightness")
        #expect(found?.expected == "4, as it was set" && found?.found == "6")
        _ = try bench.open()
        #expect(bench.camera.state.withLock { $0.controls[0].value } == 4)
    }

    @Test("the catalog lists controls with kinds, ranges, values, menus and flags, and what can't be opened with why")
    func catalog() throws {
        let bench = bench([])
        let found = CameraCatalog.describe("/dev/fake", calls: bench.camera.calls)
        #expect(found.error == nil && found.kind == .camera && found.driver == "fake")
        #expect(found.formats.map(\.code) == ["YUYV"])
        #expect(found.formats[0].sizes.map(\.size) == [.init(width: 64, height: 48)])
        #expect(found.formats[0].sizes[0].rates == [30, 15])
        let exposure = try #require(found.controls.first { $0.name == "auto_exposure" })
        #expect(exposure.kind == .menu && exposure.value == 3 && exposure.choices.count == 2)
        #expect(found.controls.first { $0.name == "serial" }?.flags == ["read-only"])
        #expect(found.controls.first { $0.name == "pixel_rate" }?.value == 1 << 33)
        #expect(found.controls.first { $0.name == "lamps" }?.value == 0x8000_0001)
        bench.camera.force(.open, EACCES)
        let denied = CameraCatalog.describe("/dev/fake", calls: bench.camera.calls)
        #expect(denied.kind == .unknown && denied.error?.errno == EACCES)
        #expect(denied.error?.hint == "the user must be in the group video")
        bench.camera.relent()
        bench.camera.state.withLock { #expect($0.opens == $0.closes) }
    }

    @Test("the catalog finds nodes by number and their lasting names by where the links lead")
    func names() {
        let folder = TemporaryFolder()
        for name in ["video10", "video2", "videofoo", "null"] { folder.write([], to: name) }
        folder.makeFolder("v4l")
        folder.makeFolder("v4l/by-id")
        folder.makeFolder("v4l/by-path")
        symlink("../../video2", folder.path + "/v4l/by-id/usb-Cam-index0")
        symlink("../../video2", folder.path + "/v4l/by-path/pci-1-index0")
        let found = CameraCatalog.cameras(root: folder.path, calls: CameraBench().camera.calls)
        #expect(found.map(\.path) == [folder.path + "/video2", folder.path + "/video10"])
        #expect(
            found.first?.names == [
                folder.path + "/v4l/by-id/usb-Cam-index0", folder.path + "/v4l/by-path/pci-1-index0",
            ])
        #expect(found.last?.names == [])
    }
}
