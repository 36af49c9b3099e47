// SPDX-License-Identifier: Apache-2.0

import Inspection
import Recipes
import Testing

@Suite struct CameraSettingsTests {
    private let full = CameraSettings(
        format: .yuyv, size: .init(width: 640, height: 480), rate: 30,
        controls: [.init(name: "auto_exposure", value: 1), .init(name: "exposure_time_absolute", value: 157)])

    private func error(_ text: String) -> RecipeError? {
        recipeError { _ = try CameraSettings.parse(text: text, file: "camera.yaml") }
    }

    @Test("every setting goes through camera.yaml unchanged, controls in their order")
    func roundTrip() throws {
        var random = SeededRandom(5)
        for _ in 0..<200 {
            var one = CameraSettings(
                format: (CameraSettings.Format.allCases + [nil]).randomElement(using: &random) ?? nil,
                size: Bool.random(using: &random)
                    ? .init(
                        width: Int.random(in: 1...1024, using: &random),
                        height: Int.random(in: 1...65_535, using: &random))
                    : nil,
                rate: Bool.random(using: &random) ? Double.random(in: CameraSettings.rates, using: &random) : nil)
            let names = ["gain", "white_balance_automatic", "null", "focus_absolute", "y", "e1", "true"].shuffled(
                using: &random)
            one.controls = names.prefix(Int.random(in: 0...7, using: &random)).map {
                .init(name: $0, value: Int64.random(in: .min ... .max, using: &random))
            }
            one.limits.dark = Int.random(in: 0...255, using: &random)
            one.limits.saturated = Int.random(in: 1...256, using: &random)
            one.limits.frozenSeconds = Bool.random(using: &random) ? 0 : Double.random(in: 0.5...3600, using: &random)
            one.limits.staleSeconds = Double.random(in: 0.2...60, using: &random)
            #expect(try CameraSettings.parse(text: one.yaml, file: "camera.yaml") == one)
        }
    }

    @Test("no file, and a file of defaults, are the defaults")
    func defaults() throws {
        let scratch = try ScratchFolder()
        let folder = try RecipeFolder("r", in: scratch.path)
        #expect(try CameraSettings.of(folder) == CameraSettings())
        try SafeFile.makeFolder(folder.path)
        try SafeFile.write(Array(CameraSettings().yaml.utf8), to: folder.camera)
        #expect(try CameraSettings.of(folder) == CameraSettings())
        try SafeFile.write(Array(full.yaml.utf8), to: folder.camera)
        #expect(try CameraSettings.of(folder) == full)
        try SafeFile.write([], to: folder.camera)
        #expect(recipeError { _ = try CameraSettings.of(folder) }?.code == .empty)
    }

    @Test("settings that make no sense are refused with file, line and key")
    func refused() {
        for (text, line, key, code) in [
            ("format: mpeg", 1, "format", RecipeError.Code.notAChoice), ("sise: {}", 1, "sise", .unknownKey),
            ("\nsize: {width: 0, height: 1}", 2, "size.width", .outOfRange),
            ("size: {width: 640}", 1, "size.height", .missingKey), ("size: 640", 1, "size", .wrongType),
            ("size: {width: 65535, height: 65535}", 1, "size.width", .outOfRange),
            ("rate: 0", 1, "rate", .outOfRange), ("rate: 1001", 1, "rate", .outOfRange),
            ("rate: fast", 1, "rate", .wrongType), ("controls: [gain]", 1, "controls", .wrongType),
            ("controls:\n  gain: 1.5", 2, "controls.gain", .wrongType),
            ("controls:\n  gain: 99999999999999999999", 2, "controls.gain", .wrongType),
            ("controls:\n  Gain: 1", 2, "controls.Gain", .outOfRange),
            ("controls:\n  gain: 1\n  gain: 2", 3, "controls.gain", .duplicateKey),
            ("limits:\n  dark: 256", 2, "limits.dark", .outOfRange),
            ("limits: {saturated: 0}", 1, "limits.saturated", .outOfRange),
            ("limits: {frozen_seconds: 0.4}", 1, "limits.frozen_seconds", .outOfRange),
            ("limits: {stale_seconds: 0}", 1, "limits.stale_seconds", .outOfRange),
            ("limits: {bright: 1}", 1, "limits.bright", .unknownKey),
        ] {
            let error = error(text)
            #expect(error?.code == code && error?.line == line, "\(text): \(error.map { "\($0)" } ?? "accepted")")
            #expect(error?.key.hasSuffix(key.split(separator: ".").last.map(String.init) ?? key) == true, "\(text)")
            #expect(error?.thing == "camera.yaml")
        }
    }

    @Test("limits change no picture, everything else does")
    func samePictures() {
        var other = full
        other.limits.dark = 1
        #expect(other.takesSamePictures(as: full))
        other.controls.reverse()
        #expect(!other.takesSamePictures(as: full))
    }
}
