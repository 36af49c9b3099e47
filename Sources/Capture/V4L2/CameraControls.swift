// SPDX-License-Identifier: Apache-2.0

import CLinuxShims
import Glibc
import Inspection

extension VideoDevice {
    private static let most = 1024

    /// All controls of the camera with their present values, in the driver's order.
    ///
    /// - Throws: `.sourceLost` when the device is gone.
    package func controls() throws(CaptureError) -> [CameraControl] {
        var found: [CameraControl] = []
        var last: UInt32 = 0
        while found.count < Self.most {
            var query = v4l2_query_ext_ctrl()
            query.id = last | UInt32(V4L2_CTRL_FLAG_NEXT_CTRL)
            let number = ask(.queryControl, &query)
            if number == EINVAL || number == ENOTTY { break }
            guard number == 0 else {
                throw failure(VideoRequest.queryControl.name, number, .badControl, expected: "a list of controls")
            }
            // A driver that gives the same one again would never end.
            guard query.id > last else { break }
            last = query.id
            guard query.type != V4L2_CTRL_TYPE_CTRL_CLASS.rawValue else { continue }
            found.append(try control(query))
        }
        return found
    }

    private func control(_ query: v4l2_query_ext_ctrl) throws(CaptureError) -> CameraControl {
        let kind: CameraControl.Kind =
            switch query.type {
            case V4L2_CTRL_TYPE_INTEGER.rawValue, V4L2_CTRL_TYPE_INTEGER64.rawValue: .integer
            case V4L2_CTRL_TYPE_BOOLEAN.rawValue: .boolean
            case V4L2_CTRL_TYPE_MENU.rawValue, V4L2_CTRL_TYPE_INTEGER_MENU.rawValue: .menu
            case V4L2_CTRL_TYPE_BITMASK.rawValue: .bitmask
            default: .other
            }
        let words: [(Int32, String)] = [
            (V4L2_CTRL_FLAG_DISABLED, "disabled"), (V4L2_CTRL_FLAG_GRABBED, "grabbed"),
            (V4L2_CTRL_FLAG_READ_ONLY, "read-only"), (V4L2_CTRL_FLAG_INACTIVE, "inactive"),
            (V4L2_CTRL_FLAG_WRITE_ONLY, "write-only"), (V4L2_CTRL_FLAG_VOLATILE, "volatile"),
        ]
        var control = CameraControl(
            identifier: query.id, name: Self.spelling(text(of: query.name)), kind: query.nr_of_dims > 0 ? .other : kind,
            minimum: query.minimum, maximum: query.maximum, step: Int64(clamping: query.step),
            standard: query.default_value, value: nil, choices: [:],
            flags: words.filter { query.flags & UInt32($0.0) != 0 }.map(\.1))
        control.isWide = query.type == V4L2_CTRL_TYPE_INTEGER64.rawValue
        if control.kind == .menu { control.choices = try choices(query) }
        if control.kind != .other, control.isReadable {
            var value: Int64 = 0
            let number = read(control, into: &value)
            if number == ENODEV { throw failure("reading \(control.name)", number, .badControl, expected: "a value") }
            control.value = number == 0 ? value : nil
        }
        return control
    }

    private func choices(_ query: v4l2_query_ext_ctrl) throws(CaptureError) -> [Int64: String] {
        var found: [Int64: String] = [:]
        let first = max(0, query.minimum)
        for index in first...max(first, min(query.maximum, first + 255)) {
            var entry = v4l2_querymenu()
            entry.id = query.id
            entry.index = UInt32(index)
            let number = ask(.queryMenu, &entry)
            if number == ENODEV { throw failure(VideoRequest.queryMenu.name, number, .badControl, expected: "a menu") }
            guard number == 0 else { continue }
            found[index] =
                query.type == V4L2_CTRL_TYPE_MENU.rawValue ? text(of: entry.name) : "\(entry.value)"
        }
        return found
    }

    /// Whether the driver says that a control has no effect at present, mostly because an automatic owns it.
    package func isInactive(_ control: CameraControl) -> Bool {
        var query = v4l2_query_ext_ctrl()
        query.id = control.identifier
        return ask(.queryControl, &query) == 0 && query.flags & UInt32(V4L2_CTRL_FLAG_INACTIVE) != 0
    }

    /// Reads one value; 0 or the error number.
    package func read(_ control: CameraControl, into value: inout Int64) -> Int32 {
        var entry = v4l2_ext_control()
        entry.id = control.identifier
        let number = exchange(.getControls, &entry)
        guard number == 0 else { return number }
        // Bit masks have no sign, whatever the structure's field is.
        let narrow = control.kind == .bitmask ? Int64(UInt32(bitPattern: entry.value)) : Int64(entry.value)
        value = control.isWide ? entry.value64 : narrow
        return 0
    }

    /// Writes one value; 0 or the error number.
    package func write(_ value: Int64, to control: CameraControl) -> Int32 {
        var entry = v4l2_ext_control()
        entry.id = control.identifier
        if control.isWide { entry.value64 = value } else { entry.value = Int32(truncatingIfNeeded: value) }
        return exchange(.setControls, &entry)
    }

    private func exchange(_ request: VideoRequest, _ entry: inout v4l2_ext_control) -> Int32 {
        withUnsafeMutablePointer(to: &entry) { pointer in
            var list = v4l2_ext_controls()
            // Any control, of any class.
            list.which = UInt32(V4L2_CTRL_WHICH_CUR_VAL)
            list.count = 1
            list.controls = pointer
            return ask(request, &list)
        }
    }

    /// A control's name as `v4l2-ctl` spells it: small letters and digits, one `_` for each run of anything else.
    package static func spelling(_ name: String) -> String {
        var spelt = ""
        var gap = false
        for scalar in name.unicodeScalars {
            if scalar.isASCII, scalar.properties.isAlphabetic || (48...57).contains(scalar.value) {
                if gap, !spelt.isEmpty { spelt += "_" }
                gap = false
                spelt += scalar.properties.lowercaseMapping
            } else {
                gap = true
            }
        }
        return spelt
    }
}

extension CameraControl {
    /// Whether a value can be read back.
    var isReadable: Bool { !flags.contains("write-only") && !flags.contains("disabled") }

    /// What values it takes, in words.
    var range: String {
        switch kind {
        case .boolean: "0 or 1"
        case .menu: choices.sorted { $0.key < $1.key }.map { "\($0.key) (\($0.value))" }.joined(separator: ", ")
        default: "\(minimum) to \(maximum)" + (step > 1 ? " in steps of \(step)" : "")
        }
    }

    /// Whether a value is one of them.
    func takes(_ value: Int64) -> Bool {
        switch kind {
        case .menu: choices[value] != nil
        case .bitmask: UInt64(bitPattern: value) & ~UInt64(bitPattern: maximum) == 0
        default: value >= minimum && value <= maximum && (step <= 1 || (value - minimum) % step == 0)
        }
    }
}
