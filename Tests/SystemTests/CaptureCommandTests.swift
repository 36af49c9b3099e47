// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

@Suite("jidoka capture") struct CaptureCommandTests {
    private let fixture: Fixture
    private let folder: TemporaryFolder

    init() throws {
        fixture = try Fixture.shared()
        folder = try TemporaryFolder("capture")
        try Files.makeFolder(folder / "pictures")
    }

    private func capture(_ more: String...) throws -> Output {
        try run(
            Programs.jidoka,
            ["capture", "flange", "--folder", folder / "pictures", "--recipes", folder / "recipes", "--json"] + more)
    }

    private var taken: [String] { Files.names(folder / "recipes/flange/good") }

    @Test("good parts are taken as they are, and trained from without naming a folder")
    func good() throws {
        try fixture.lay(.init(repeating: .good, count: 20), in: folder / "pictures")
        let output = try capture()
        #expect(output.ending == .exit(0) && output.errors.isEmpty, "\(output)")
        #expect(output.json?["taken"]?.int == 20 && output.json?["good"]?.int == 20)
        #expect(output.json?["refusals"]?.items.isEmpty == true)
        #expect(taken.count == 20 && taken.first == "good-000001.jpg" && taken.last == "good-000020.jpg")
        for (index, name) in taken.enumerated() {
            #expect(Files.bytes(folder / "recipes/flange/good/\(name)") == Files.bytes(fixture.passing[index]))
        }
        // No camera, no camera.yaml.
        #expect(!Files.exists(folder / "recipes/flange/camera.yaml"))
        let trained = try run(
            Programs.jidoka,
            ["train", "flange", "--recipes", folder / "recipes", "--size", "32", "--epochs", "1", "--json"])
        #expect(trained.ending == .exit(0), "\(trained)")
        // The recipe may move: its own pictures are found again.
        try Files.move(folder / "recipes", to: folder / "moved")
        let again = try jidoka("calibrate", "flange", "--recipes", folder / "moved", "--json")
        #expect(again.ending == .exit(0), "\(again)")
        #expect(again.json?["camera"]?["limits"]?["dark"]?.int == 24)
    }

    @Test("a recipe whose camera is set otherwise than at calibration is refused")
    func otherCamera() throws {
        try Files.makeFolder(folder / "recipes")
        try Files.copyFolder(fixture.recipes + "/tiny", to: folder / "recipes/tiny")
        try Files.write("controls:\n  gain: 3\n", to: folder / "recipes/tiny/camera.yaml")
        let output = try jidoka("inspect", fixture.noise, "--recipe", "tiny", "--recipes", folder / "recipes")
        #expect(output.ending == .exit(1) && output.errors.contains("tiny/camera.yaml"), "\(output)")
        #expect(output.errors.contains("jidoka calibrate"))
    }

    @Test("the same part again is refused with its name and likeness, also in a later session")
    func duplicates() throws {
        try fixture.lay(.init(repeating: .good, count: 12), in: folder / "pictures")
        try Files.copy(fixture.passing[2], to: folder / "pictures/100.jpg")
        let first = try capture()
        #expect(first.ending == .exit(0) && first.json?["taken"]?.int == 12, "\(first)")
        let refusal = first.json?["refusals"]?.items.first
        #expect(refusal?["part"]?.text == "100.jpg" && refusal?["reason"]?.text == "duplicate")
        #expect(refusal?["why"]?.text?.contains("good-000003") == true)
        let second = try capture()
        #expect(second.ending == .exit(1) && second.json?["taken"]?.int == 0, "\(second)")
        #expect(second.json?["refused"]?["duplicate"]?.int == 13 && second.json?["good"]?.int == 12)
    }

    @Test("dark, saturated and damaged pictures are refused with numbers, and the others are taken")
    func unfit() throws {
        try fixture.lay(.init(repeating: .good, count: 3), in: folder / "pictures")
        try Files.write(PlainPNG.flat(side: 96, value: 9), to: folder / "pictures/200.png")
        try Files.write(PlainPNG.flat(side: 96, value: 255), to: folder / "pictures/201.png")
        try Files.write("no picture", to: folder / "pictures/202.jpg")
        let output = try capture("--count", "3")
        #expect(output.ending == .exit(0), "\(output)")
        let all = try capture("--count", "50")
        #expect(all.ending == .exit(1) && all.json?["good"]?.int == 3)
        #expect(all.json?["refused"]?["dark"]?.int == 1 && all.json?["refused"]?["saturated"]?.int == 1)
        #expect(all.json?["refused"]?["damaged"]?.int == 1, "\(all)")
        let dark = all.json?["refusals"]?.items.first { $0["reason"]?.text == "dark" }
        #expect(dark?["why"]?.text?.contains("brightness 24") == true)
        // The limits are the recipe's.
        try Files.write("limits: {dark: 0, saturated: 256}\n", to: folder / "recipes/flange/camera.yaml")
        let lenient = try capture()
        #expect(lenient.json?["refused"]?["dark"] == nil && lenient.json?["refused"]?["saturated"] == nil, "\(lenient)")
    }

    @Test("a flat picture among textured parts is refused as blurred, with its sharpness and the limit")
    func blurred() throws {
        try fixture.lay(.init(repeating: .good, count: 12), in: folder / "pictures")
        try Files.write(PlainPNG.flat(side: 96, value: 120), to: folder / "pictures/100.png")
        let output = try capture()
        #expect(output.json?["refused"]?["blurred"]?.int == 1 && output.json?["taken"]?.int == 12, "\(output)")
        #expect(
            output.json?["refusals"]?.items.first?["why"]?.text?.hasPrefix("blurred: sharpness 0.0, limit ") == true)
    }

    @Test("options that contradict each other or the recipe are refused, a missing camera is an error that names it")
    func options() throws {
        try fixture.lay([.good], in: folder / "pictures")
        let device = ["capture", "flange", "--recipes", folder / "recipes", "--device", "/dev/no-such-camera"]
        for wrong in [
            ["capture", "flange"], device + ["--folder", folder.path], device + ["--width", "640"],
            device + ["--control", "gain"], device + ["--control", "gain=1", "--control", "gain=2"],
            device + ["--rate", "1", "--interactive"], device + ["--count", "0"], device + ["--frame-rate", "0"],
        ] {
            #expect(try run(Programs.jidoka, wrong).ending == .exit(64), "\(wrong)")
        }
        #expect(try capture("--control", "gain=1").ending == .exit(64))
        let none = try run(Programs.jidoka, device)
        #expect(none.ending == .exit(1) && none.errors.contains("/dev/no-such-camera"), "\(none)")
        #expect(!Files.exists(folder / "recipes/flange/camera.yaml"))
        try Files.makeFolder(folder / "recipes")
        try Files.makeFolder(folder / "recipes/flange")
        try Files.write("rate: 30\ncontrols:\n  gain: 3\n", to: folder / "recipes/flange/camera.yaml")
        for (option, key) in [
            (["--control", "gain=4"], "controls.gain"), (["--control", "focus=1"], "controls.focus"),
            (["--frame-rate", "25"], "rate"), (["--format", "mjpeg"], "format"),
            (["--width", "640", "--height", "480"], "size"),
        ] {
            let output = try run(Programs.jidoka, device + option)
            #expect(output.ending == .exit(1) && output.errors.contains(key), "\(output)")
            #expect(output.errors.contains("flange/camera.yaml"))
        }
        let tiny = try jidoka(
            "capture", "tiny", "--folder", folder / "pictures", "--recipes", fixture.recipes, "--size", "128")
        #expect(tiny.ending == .exit(1) && tiny.errors.contains("tiny/recipe.yaml"), "\(tiny)")
    }

    @Test("training without pictures says how to take some")
    func trainWithoutPictures() throws {
        let output = try jidoka("train", "nothing", "--recipes", folder / "recipes")
        #expect(output.ending == .exit(64) && output.errors.contains("jidoka capture nothing"), "\(output)")
    }
}
