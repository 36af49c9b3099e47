// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Inspection
import Recipes

extension CameraSettings.Format: ExpressibleByArgument {}

/// `name=value` of a camera control.
struct ControlChoice: ExpressibleByArgument {
    let control: CameraSettings.Control

    init?(argument: String) {
        let words = argument.split(separator: "=", omittingEmptySubsequences: false)
        guard words.count == 2, CameraSettings.isControlName(String(words[0])), let value = Int64(words[1]) else {
            return nil
        }
        control = .init(name: String(words[0]), value: value)
    }
}

/// How the camera is to be set, when the recipe doesn't say it yet.
struct CameraChoices: ParsableArguments {
    @Option(help: "Pixel format: mjpeg, yuyv, uyvy, grey, nv12, rgb or converted (default: the first that there is).")
    var format: CameraSettings.Format?
    @Option(help: "Columns (default: the smallest size that covers the network's input).")
    var width: Int?
    @Option(help: "Rows.")
    var height: Int?
    @Option(help: "Frames per second (default: what the camera has set).")
    var frameRate: Double?
    @Option(help: "A control and its value, NAME=VALUE; may be given again. 'jidoka doctor' lists them.")
    var control: [ControlChoice] = []

    var isEmpty: Bool { format == nil && width == nil && height == nil && frameRate == nil && control.isEmpty }

    func validate() throws {
        guard (width == nil) == (height == nil) else { throw ValidationError("--width and --height go together") }
        let sides = 1...65_535
        guard sides ~= width ?? 1, sides ~= height ?? 1, CameraSettings.rates ~= frameRate ?? 1 else {
            throw ValidationError("width and height must be 1 to 65535, the frame rate 0.1 to 1000")
        }
        guard Set(control.map(\.control.name)).count == control.count else {
            throw ValidationError("a control was given twice")
        }
    }

    /// The settings of a recipe that has none yet.
    var settings: CameraSettings {
        var settings = CameraSettings(format: format, rate: frameRate, controls: control.map(\.control))
        if let width, let height { settings.size = .init(width: width, height: height) }
        return settings
    }

    /// Refuses a choice that is another one than the recipe's.
    func check(against settings: CameraSettings, of path: String) throws(RecipeError) {
        func compare(_ key: String, _ asked: String?, _ there: String?) throws(RecipeError) {
            guard let asked, asked != there else { return }
            throw RecipeError(
                .contradiction, path, key: key, expected: there ?? "the camera's own choice, as in the file",
                found: asked,
                hint: "leave the option out; or edit the file, remove the pictures taken before, and take new ones")
        }
        func words(_ size: CameraSettings.Size) -> String { "\(size.width) x \(size.height)" }
        try compare("format", format?.rawValue, settings.format?.rawValue)
        if let width, let height {
            try compare("size", words(.init(width: width, height: height)), settings.size.map(words))
        }
        try compare("rate", frameRate.map { "\($0)" }, settings.rate.map { "\($0)" })
        for choice in control.map(\.control) {
            let there = settings.controls.first { $0.name == choice.name }
            try compare("controls.\(choice.name)", "\(choice.value)", there.map { "\($0.value)" })
        }
    }
}
