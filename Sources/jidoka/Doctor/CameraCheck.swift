// SPDX-License-Identifier: Apache-2.0

import Capture
import Inspection

/// The cameras of the machine, and whether the configured one can do what the recipe asks.
enum CameraCheck {
    /// - Parameters:
    ///   - device: path in the configuration; nil when the source is no camera.
    ///   - resolved: that path without links; nil when there is nothing.
    ///   - settings: of the recipe; nil when they can't be read.
    static func findings(
        _ all: [CameraDescription], device: String?, resolved: String?, settings: CameraSettings?
    ) -> [Finding] {
        // A second node of the same camera is of no use to anybody.
        let cameras = all.filter { $0.kind == .camera || $0.kind == .unknown }
        var findings = cameras.map(description)
        if cameras.isEmpty {
            let found = "no camera on this machine"
            findings.append(
                device == nil
                    ? .ok("camera", found + "; none is configured")
                    : .error("camera", found, "plug it in; if it is, 'dmesg' says why the kernel has not taken it"))
        }
        guard let device, !cameras.isEmpty else { return findings }
        guard let one = cameras.first(where: { $0.path == resolved }) else {
            let names = cameras.flatMap { $0.names.isEmpty ? [$0.path] : Array($0.names.prefix(1)) }
            findings.append(
                .error(
                    "camera", "\(device): \(resolved == nil ? "not there" : "not a camera")",
                    "plug it in, or set source.device to one of \(names.joined(separator: ", "))"))
            return findings
        }
        if device.hasPrefix("/dev/video"), let name = one.names.first {
            findings.append(
                .warning("camera", "\(device) may be another camera after a reboot", "set source.device to \(name)"))
        }
        guard one.error == nil, let settings else { return findings }
        let refusals = Self.refusals(of: settings, by: one)
        findings += refusals.isEmpty ? [.ok("camera", "\(device) grants what the recipe asks for")] : refusals
        return findings
    }

    private static func description(_ camera: CameraDescription) -> Finding {
        let title = "\(camera.path) \(camera.card) (\(camera.driver))"
        if let error = camera.error {
            return .warning(
                "camera", "\(camera.path): \(error)",
                error.hint.isEmpty ? "join the group 'video' to look at it, or ask as root" : error.hint)
        }
        var lines = [title] + camera.names.map { "  \($0)" }
        for format in camera.formats {
            let sizes = format.sizes.prefix(12).map(words).joined(separator: "  ")
            lines.append(
                "  \(format.format.rawValue) (\(format.code)): \(sizes)\(format.sizes.count > 12 ? "  ..." : "")")
        }
        for control in camera.controls where control.kind != .other {
            lines.append("  " + words(control))
        }
        return .ok("camera", lines.joined(separator: "\n"))
    }

    private static func words(_ size: CameraSize) -> String {
        let text = "\(size.size.width)x\(size.size.height)"
        let to = size.size == size.largest ? "" : "-\(size.largest.width)x\(size.largest.height)"
        let rates = size.rates.prefix(1).map { " to \(($0 * 100).rounded() / 100)/s" }.joined()
        return text + to + rates
    }

    private static func words(_ control: CameraControl) -> String {
        let range =
            control.kind == .menu
            ? control.choices.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
            : "\(control.minimum) to \(control.maximum)\(control.step > 1 ? " in steps of \(control.step)" : "")"
        let flags = control.flags.isEmpty ? "" : " (\(control.flags.joined(separator: ", ")))"
        return "\(control.name): \(control.value.map { "\($0)" } ?? "?"), \(range)\(flags)"
    }

    /// What a camera will not grant.
    static func refusals(of settings: CameraSettings, by camera: CameraDescription) -> [Finding] {
        var findings: [Finding] = []
        func refuse(_ found: String, _ advice: String) {
            findings.append(.error("camera", "\(camera.path): \(found)", advice))
        }
        let formats = camera.formats.filter { settings.format == nil || $0.format == settings.format }
        if formats.isEmpty {
            let offered = Set(camera.formats.map(\.format.rawValue)).sorted().joined(separator: ", ")
            refuse(
                "no format \(settings.format?.rawValue ?? "that can be read")",
                "set 'format' in camera.yaml to one of \(offered), and take the pictures again")
        } else if let size = settings.size {
            let sizes = formats.flatMap(\.sizes).filter { covers($0, size) }
            if sizes.isEmpty {
                refuse("no size \(size.width)x\(size.height)", "choose one of the sizes above in camera.yaml")
            } else if let rate = settings.rate, !sizes.contains(where: { grants(rate, $0.rates) }) {
                refuse(
                    "no \(rate) frames/s at \(size.width)x\(size.height)", "choose a rate that it has in camera.yaml")
            }
        }
        for asked in settings.controls {
            guard let control = camera.controls.first(where: { $0.name == asked.name }) else {
                refuse("no control \(asked.name)", "take it out of camera.yaml, or plug in the right camera")
                continue
            }
            if asked.value < control.minimum || asked.value > control.maximum
                || (control.kind == .menu && control.choices[asked.value] == nil)
            {
                refuse("\(asked.name) can't be \(asked.value)", "it can be: \(words(control))")
            } else if control.flags.contains("read-only") || control.flags.contains("disabled") {
                refuse("\(asked.name) can't be set", "take it out of camera.yaml")
            }
        }
        return findings
    }

    private static func covers(_ offer: CameraSize, _ size: CameraSettings.Size) -> Bool {
        guard let step = offer.step else { return offer.size == size }
        return (offer.size.width...offer.largest.width).contains(size.width)
            && (offer.size.height...offer.largest.height).contains(size.height)
            && (size.width - offer.size.width) % max(1, step.width) == 0
            && (size.height - offer.size.height) % max(1, step.height) == 0
    }

    /// A driver that lists no rates has one; 29.97 is a camera's 30.
    private static func grants(_ rate: Double, _ offered: [Double]) -> Bool {
        offered.isEmpty || offered.contains { abs($0 - rate) <= rate / 100 }
            || (offered.min() ?? 0) <= rate && rate <= (offered.max() ?? 0) && offered.count == 2
    }
}
