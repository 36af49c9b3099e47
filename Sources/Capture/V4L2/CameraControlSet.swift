// SPDX-License-Identifier: Apache-2.0

import Glibc
import Inspection

/// The controls of a recipe, set in a camera.
package struct CameraControlSet: Sendable {
    private let wanted: [(control: CameraControl, value: Int64)]

    /// Sets the controls and reads them back.
    ///
    /// Automatics and menus first, each kind in the order of the list, since most cameras refuse a value while its
    /// automatic is on; what failed or changed meanwhile is set once more.
    ///
    /// - Throws: `.badControl` that names the control, what was asked, what is there, and what the camera takes.
    package init(_ settings: [CameraSettings.Control], in device: VideoDevice) throws(CaptureError) {
        guard !settings.isEmpty else {
            wanted = []
            return
        }
        let offered = try device.controls()
        var found: [(control: CameraControl, value: Int64)] = []
        for setting in settings { found.append((try Self.find(setting, offered, device.path), setting.value)) }
        wanted = found

        let isSwitch = { (kind: CameraControl.Kind) in kind == .boolean || kind == .menu }
        let order = found.filter { isSwitch($0.control.kind) } + found.filter { !isSwitch($0.control.kind) }
        // Of the second round; a write that fails is an error even if the value happens to be right: it isn't locked.
        var failures: [UInt32: Int32] = [:]
        for round in 0..<2 {
            for (control, value) in order {
                var now: Int64 = 0
                let isDue = round == 0 || failures[control.identifier] != nil
                if !isDue, device.read(control, into: &now) == 0, now == value { continue }
                let number = device.write(value, to: control)
                failures[control.identifier] = number == 0 ? nil : number
            }
            if failures.isEmpty, try differing(in: device) == nil { break }
        }
        for (control, value) in order {
            var now: Int64 = 0
            let unread = device.read(control, into: &now)
            let number = failures[control.identifier] ?? unread
            let isIdle = device.isInactive(control)
            guard number != 0 || now != value || isIdle else { continue }
            let state = unread == 0 ? "\(now) after it was set" : "no value that can be read"
            throw CaptureError(
                .badControl, "\(device.path): control \(control.name)", expected: "\(value)",
                found: state + (isIdle ? ", but without effect (inactive)" : ""), errno: number,
                hint: "it takes \(control.range); is an automatic on that owns it?")
        }
    }

    /// Compares the camera with what was set.
    ///
    /// - Throws: `.sourceLost` for a control that changed, so that the camera is opened and set again.
    package func check(_ device: VideoDevice) throws(CaptureError) {
        guard let (control, value, now, unread) = try differing(in: device) else { return }
        throw CaptureError(
            .sourceLost, "\(device.path): control \(control.name)", expected: "\(value), as it was set",
            found: now.map { "\($0)" } ?? "no value that can be read", errno: unread,
            hint: "another program or the camera itself changed it; it is set again")
    }

    /// Whether there is anything to compare.
    package var isEmpty: Bool { wanted.isEmpty }

    private func differing(
        in device: VideoDevice
    ) throws(CaptureError) -> (control: CameraControl, value: Int64, now: Int64?, errno: Int32)? {
        for (control, value) in wanted {
            var now: Int64 = 0
            let number = device.read(control, into: &now)
            if number == ENODEV {
                throw device.failure("reading \(control.name)", number, .badControl, expected: "\(value)")
            }
            if number != 0 { return (control, value, nil, number) }
            if now != value { return (control, value, now, 0) }
        }
        return nil
    }

    private static func find(
        _ setting: CameraSettings.Control, _ offered: [CameraControl], _ path: String
    ) throws(CaptureError) -> CameraControl {
        let thing = "\(path): control \(setting.name)"
        guard let control = offered.first(where: { $0.name == setting.name }) else {
            let names = offered.map(\.name).joined(separator: ", ")
            throw CaptureError(
                .badControl, thing, expected: "a control of the camera",
                found: names.isEmpty ? "a camera without controls" : "none of that name", hint: "it has \(names)")
        }
        guard control.kind != .other, control.isReadable, !control.flags.contains("read-only") else {
            throw CaptureError(
                .badControl, thing, expected: "a control that can be set and read back",
                found: ([control.kind.rawValue] + control.flags).joined(separator: ", "))
        }
        guard control.takes(setting.value) else {
            throw CaptureError(
                .badControl, thing, expected: control.range, found: "\(setting.value)",
                hint: "correct the control in the recipe")
        }
        return control
    }
}
