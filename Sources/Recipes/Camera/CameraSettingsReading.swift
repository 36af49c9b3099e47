// SPDX-License-Identifier: Apache-2.0

import Inspection
import Pictures

extension CameraSettings {
    /// The settings of a recipe: `camera.yaml`, or the defaults when there is no such file.
    ///
    /// - Throws: `RecipeError`.
    public static func of(_ folder: RecipeFolder) throws(RecipeError) -> CameraSettings {
        SafeFile.exists(folder.camera) ? try read(folder.camera) : CameraSettings()
    }

    /// Reads `camera.yaml`, strictly: unknown keys, wrong types and values out of range are errors with their line.
    ///
    /// - Throws: `RecipeError`.
    public static func read(_ path: String) throws(RecipeError) -> CameraSettings {
        try settings(try StrictYAML.read(path))
    }

    /// Reads the text of a `camera.yaml`; `file` is for errors.
    public static func parse(text: String, file: String) throws(RecipeError) -> CameraSettings {
        try settings(try StrictYAML.parse(text, file: file))
    }

    /// Whether a camera can have a control of this name: small letters, digits and `_`, a letter first, at most 64.
    ///
    /// Source: how `v4l2-ctl` writes the names of VIDIOC_QUERY_EXT_CTRL.
    public static func isControlName(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count) && text.utf8.first.map { (0x61...0x7A).contains($0) } == true
            && text.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x5F }
    }

    /// Frames per second that can be asked for.
    public static let rates = 0.1...1000.0

    private static func settings(_ root: YAMLMapping) throws(RecipeError) -> CameraSettings {
        var settings = CameraSettings()
        settings.format = try root.optional("format", oneOf: Format.self)
        if let size = try root.optionalMapping("size") { settings.size = try read(size: size) }
        settings.rate = try root.optional("rate", as: Double.self, in: rates)
        if let controls = try root.optionalMapping("controls") { settings.controls = try read(controls: controls) }
        if let limits = try root.optionalMapping("limits") { settings.limits = try read(limits: limits) }
        try root.finish()
        return settings
    }

    private static func read(size mapping: YAMLMapping) throws(RecipeError) -> Size {
        let size = Size(
            width: try mapping.required("width", as: Int.self, in: 1...65_535),
            height: try mapping.required("height", as: Int.self, in: 1...65_535))
        guard size.width * size.height <= Picture.maximumPixels else {
            throw mapping.error(
                .outOfRange, "width", expected: "at most \(Picture.maximumPixels) pixels",
                found: "\(size.width) x \(size.height)")
        }
        try mapping.finish()
        return size
    }

    private static func read(controls mapping: YAMLMapping) throws(RecipeError) -> [Control] {
        var controls: [Control] = []
        for name in mapping.keys {
            guard isControlName(name) else {
                throw mapping.error(
                    .outOfRange, name, expected: "a control's name: small letters, digits and '_'",
                    found: "'\(name)'", hint: "'jidoka doctor' lists the controls of every camera")
            }
            controls.append(Control(name: name, value: Int64(try mapping.required(name, as: Int.self))))
        }
        try mapping.finish()
        return controls
    }

    private static func read(limits mapping: YAMLMapping) throws(RecipeError) -> Limits {
        var limits = Limits()
        limits.dark = try mapping.optional("dark", as: Int.self, in: 0...255) ?? limits.dark
        limits.saturated = try mapping.optional("saturated", as: Int.self, in: 1...256) ?? limits.saturated
        limits.frozenSeconds =
            try mapping.optional("frozen_seconds", as: Double.self, in: 0...3600) ?? limits.frozenSeconds
        guard limits.frozenSeconds == 0 || limits.frozenSeconds >= 0.5 else {
            throw mapping.error(
                .outOfRange, "frozen_seconds", expected: "0.5 to 3600, or 0 for never",
                found: "\(limits.frozenSeconds)")
        }
        limits.staleSeconds =
            try mapping.optional("stale_seconds", as: Double.self, in: 0.2...60) ?? limits.staleSeconds
        try mapping.finish()
        return limits
    }
}
