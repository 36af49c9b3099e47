// SPDX-License-Identifier: Apache-2.0

import CLinuxShims
import Glibc

/// A line that is ours: one request to the kernel of its own, so that nobody who drives one line can touch another.
struct ClaimedLine: Sendable {
    /// The name in the chip's list of holders.
    static let consumer = "jidokad"

    /// As messages name it, e.g. `permit (gpiochip0 line 3)`.
    let thing: String
    let address: GPIOAddress
    let descriptor: Int32

    /// Claims a line; an output is off from the first moment.
    ///
    /// - Throws: `.noChip`, `.denied`, `.busy`, `.notAnOutput`, `.noInterrupt`, `.lost`, `.open`.
    init(
        _ role: String, _ line: GPIOLine, at address: GPIOAddress, flags: gpio_v2_line_flag...,
        debounceMicroseconds: UInt32 = 0, calls: GPIOCalls
    ) throws(OutputsError) {
        let thing = "\(role) (\(address.text))"
        let chip = try OpenedChip(path: address.chipPath, calls: calls)
        defer { calls.close(chip.descriptor) }
        var bits = flags.reduce(UInt64(0)) { $0 | UInt64($1.rawValue) }
        if line.isActiveLow { bits |= UInt64(GPIO_V2_LINE_FLAG_ACTIVE_LOW.rawValue) }
        switch line.bias {
        case .asIs: break
        case .disabled: bits |= UInt64(GPIO_V2_LINE_FLAG_BIAS_DISABLED.rawValue)
        case .pullUp: bits |= UInt64(GPIO_V2_LINE_FLAG_BIAS_PULL_UP.rawValue)
        case .pullDown: bits |= UInt64(GPIO_V2_LINE_FLAG_BIAS_PULL_DOWN.rawValue)
        }
        var request = gpio_v2_line_request()
        clinux_gpio_prepare_claim(&request, UInt32(address.offset), Self.consumer, bits, debounceMicroseconds)
        let result = calls.ioctl(chip.descriptor, CLINUX_GPIO_CLAIM, &request)
        guard result == 0 else {
            let consumer = result == -EBUSY ? (try? chip.line(address.offset, calls: calls).consumer) ?? "" : ""
            let isOutput = bits & UInt64(GPIO_V2_LINE_FLAG_OUTPUT.rawValue) != 0
            throw .claiming(thing, isOutput: isOutput, consumer: consumer, -result)
        }
        self.thing = thing
        self.address = address
        descriptor = request.fd
    }

    /// Drives the line; one ioctl.
    func set(_ isOn: Bool, calls: GPIOCalls) throws(OutputsError) {
        var values = gpio_v2_line_values(bits: isOn ? 1 : 0, mask: 1)
        let result = calls.ioctl(descriptor, CLINUX_GPIO_SET_VALUES, &values)
        guard result == 0 else { throw .line(thing, "to be switched \(isOn ? "on" : "off")", -result) }
    }

    /// What the line is now; one ioctl.
    func value(calls: GPIOCalls) throws(OutputsError) -> Bool {
        var values = gpio_v2_line_values(bits: 0, mask: 1)
        let result = calls.ioctl(descriptor, CLINUX_GPIO_GET_VALUES, &values)
        guard result == 0 else { throw .line(thing, "to be read back", -result) }
        return values.bits & 1 != 0
    }

    /// Reads the line back.
    func verify(_ isOn: Bool, calls: GPIOCalls) throws(OutputsError) {
        guard try value(calls: calls) == isOn else { throw .mismatch(thing, isOn: isOn) }
    }

    /// Lets the line go; whether it stays driven is the chip's business.
    func close(calls: GPIOCalls) { calls.close(descriptor) }
}

/// All the outputs, claimed and off.
struct ClaimedOutputs: Sendable {
    private(set) var lines: [(role: GPIORole, line: ClaimedLine)] = []

    /// Claims every line or none. The permit is off before anything else is looked at, so that a mistake in another
    /// line's settings leaves no permit behind that a dead process had on.
    init(_ settings: GPIOOutputLines, calls: GPIOCalls) throws(OutputsError) {
        do throws(OutputsError) {
            for (role, line) in settings.roles { try claim(role, line, calls: calls) }
            guard 1...60_000 ~= settings.rejectMilliseconds else {
                throw OutputsError(
                    code: .settings, thing: "reject", expected: "a pulse of 1 to 60000 ms",
                    found: "\(settings.rejectMilliseconds) ms", hint: "correct the length of the reject pulse")
            }
        } catch {
            close(calls: calls)
            throw error
        }
    }

    /// Drives every line off that can be, and lets all go.
    ///
    /// - Throws: the first failure, after everything was tried.
    static func driveOff(_ settings: GPIOOutputLines, calls: GPIOCalls) throws(OutputsError) {
        var claimed = ClaimedOutputs()
        defer { claimed.close(calls: calls) }
        var failure: OutputsError?
        for (role, line) in settings.roles {
            do throws(OutputsError) { try claimed.claim(role, line, calls: calls) } catch { failure = failure ?? error }
        }
        if let failure { throw failure }
    }

    private init() {}

    private mutating func claim(_ role: GPIORole, _ line: GPIOLine, calls: GPIOCalls) throws(OutputsError) {
        let address = try GPIOAddress(of: line, role: role.rawValue, calls: calls)
        if let other = lines.first(where: { $0.line.address.isSameLine(as: address) }) {
            throw OutputsError(
                code: .settings, thing: "\(role.rawValue) (\(address.text))", expected: "a line of its own",
                found: "the line of \(other.role.rawValue)", hint: "give each output another line")
        }
        let claimed = try ClaimedLine(
            role.rawValue, line, at: address, flags: GPIO_V2_LINE_FLAG_OUTPUT, calls: calls)
        // From here on it is closed with the others.
        lines.append((role, claimed))
        try claimed.verify(false, calls: calls)
    }

    /// The line of a role, if the settings have one.
    subscript(role: GPIORole) -> ClaimedLine? { lines.first { $0.role == role }?.line }

    /// Lets all go.
    mutating func close(calls: GPIOCalls) {
        for (_, line) in lines { line.close(calls: calls) }
        lines = []
    }
}
