// SPDX-License-Identifier: Apache-2.0

import Glibc

extension OutputsError {
    private static func text(_ number: Int32) -> String { String(cString: strerror(number)) }

    /// ENOTSUPP, which the kernel keeps to itself but lets drivers return.
    private static let kernelNotSupported: Int32 = 524

    /// A chip's device can't be opened.
    static func opening(_ path: String, _ number: Int32) -> OutputsError {
        let (code, hint): (Code, String) =
            switch number {
            case ENOENT, ENXIO, ENODEV, ENOTDIR:
                (.noChip, "load the chip's driver; `jidoka doctor` lists the chips that there are")
            case EACCES:
                (.denied, "put the user into the group gpio and install the udev rule that gives it the chip")
            case EPERM: (.denied, "allow the device in the unit: DeviceAllow=char-gpiochip rw")
            case EMFILE, ENFILE: (.open, "raise the limit of open files")
            default: (.open, "see open(2)")
            }
        return OutputsError(
            code: code, thing: path, expected: "a GPIO chip that can be opened", found: text(number), errno: number,
            hint: hint)
    }

    /// A chip gives no answer about itself.
    static func asking(_ call: String, _ thing: String, _ number: Int32) -> OutputsError {
        let (code, hint): (Code, String) =
            switch number {
            case ENODEV: (.lost, "the chip went away: plug it in again, see the kernel's log")
            case ENOTTY: (.noChip, "name the device of a GPIO chip, e.g. /dev/gpiochip0")
            case EINVAL: (.open, "a kernel of 5.10 or later with CONFIG_GPIO_CDEV is needed")
            default: (.open, "see the kernel's log")
            }
        return OutputsError(
            code: code, thing: thing, expected: "\(call) to succeed", found: text(number), errno: number, hint: hint)
    }

    /// A line can't be claimed.
    ///
    /// - Parameter consumer: who holds the line when it is busy.
    static func claiming(
        _ thing: String, isOutput: Bool, consumer: String, _ number: Int32
    ) -> OutputsError {
        var found = text(number)
        let direction = isOutput ? "output" : "input"
        let (code, hint): (Code, String)
        switch number {
        case EBUSY:
            found = consumer.isEmpty ? "busy, held by somebody without a name" : "busy, held by \"\(consumer)\""
            (code, hint) = (.busy, "end its holder, or name another line; one line has one purpose")
        case ENODEV: (code, hint) = (.lost, "the chip went away: plug it in again, see the kernel's log")
        case EACCES, EPERM: (code, hint) = (.denied, "the chip's driver keeps this line to itself; name another")
        case ENXIO, EOPNOTSUPP, kernelNotSupported, EIO, EINVAL:
            if isOutput {
                (code, hint) = (.notAnOutput, "the chip can't drive this line; name one that can be an output")
            } else {
                (code, hint) = (.noInterrupt, "the chip reports no edges on this line; name one that has an interrupt")
            }
        default: (code, hint) = (.open, "see the kernel's log")
        }
        return OutputsError(
            code: code, thing: thing, expected: "a free line to claim as an \(direction)", found: found, errno: number,
            hint: hint)
    }

    /// A claimed line can't be set or read.
    static func line(_ thing: String, _ what: String, _ number: Int32) -> OutputsError {
        switch number {
        case ENODEV, EIO, ENXIO:
            OutputsError(
                code: .lost, thing: thing, expected: what, found: text(number), errno: number,
                hint: "the chip is gone or does not answer: check its plug and supply, see the kernel's log")
        default:
            OutputsError(
                code: .write, thing: thing, expected: what, found: text(number), errno: number,
                hint: "see the kernel's log")
        }
    }

    /// A line that reads differently from what was set.
    static func mismatch(_ thing: String, isOn: Bool) -> OutputsError {
        OutputsError(
            code: .mismatch, thing: thing, expected: isOn ? "on" : "off", found: isOn ? "off" : "on",
            hint: "something else drives the line, it is shorted, or the chip can't read its outputs back")
    }

    /// Something was asked of lines that were let go.
    static func released(_ thing: String) -> OutputsError {
        OutputsError(
            code: .released, thing: thing, expected: "claimed lines", found: "lines that were let go",
            hint: "claim them again")
    }

    /// The thread or its event counter can't be had.
    static func resource(_ call: String, _ thing: String, _ number: Int32) -> OutputsError {
        OutputsError(
            code: .open, thing: thing, expected: "\(call) to succeed", found: text(number), errno: number,
            hint: "raise the limits of open files and threads")
    }
}
