// SPDX-License-Identifier: Apache-2.0

/// One line of a GPIO chip, as the settings name it: by its own name, or by chip and offset.
public struct GPIOLine: Sendable, Hashable, CustomStringConvertible {
    /// The chip's resistor on the line. The kernel ignores it silently on a chip that has none.
    public enum Bias: String, Sendable, CaseIterable {
        /// What the firmware left.
        case asIs = "as-is"
        /// No resistor.
        case disabled
        /// Towards the supply.
        case pullUp = "pull-up"
        /// Towards ground.
        case pullDown = "pull-down"
    }

    /// `gpiochipN`, `/dev/gpiochipN` or the chip's label; `nil` searches every chip for the name.
    public var chip: String?
    /// Number of the line on its chip, from 0; needs `chip`.
    public var offset: Int?
    /// The line's name; must be the only one among the chips, or on the chip if one is given. With an offset, both
    /// must be the same line.
    public var name: String?
    /// Whether the low level counts as on.
    public var isActiveLow: Bool
    /// The chip's resistor on the line.
    public var bias: Bias

    /// All the settings; a name, or a chip and an offset, are needed.
    public init(
        chip: String? = nil, offset: Int? = nil, name: String? = nil, isActiveLow: Bool = false, bias: Bias = .asIs
    ) {
        self.chip = chip
        self.offset = offset
        self.name = name
        self.isActiveLow = isActiveLow
        self.bias = bias
    }

    /// As a person would say it, e.g. `gpiochip0 line 3 (active low)`.
    public var description: String {
        var words: [String] = []
        if let chip { words.append(chip) }
        words.append("line")
        if let offset { words.append("\(offset)") }
        if let name { words.append("\"\(name)\"") }
        if isActiveLow { words.append("(active low)") }
        if bias != .asIs { words.append("(bias \(bias.rawValue))") }
        return words.joined(separator: " ")
    }
}

/// The lines that the daemon drives.
public struct GPIOOutputLines: Sendable, Equatable {
    /// Energised = the line may run.
    public var permit: GPIOLine
    /// Signal lamp for people.
    public var andon: GPIOLine?
    /// On while the line is stopped by the daemon: an input of the PLC.
    public var stop: GPIOLine?
    /// On when nobody has acknowledged a stop in time.
    public var escalation: GPIOLine?
    /// Toggles on completed decisions; the PLC watches it.
    public var heartbeat: GPIOLine?
    /// One pulse for each part to be sorted out.
    public var reject: GPIOLine?
    /// Length of a reject pulse in milliseconds, 1 … 60,000.
    public var rejectMilliseconds: Int

    /// All the lines.
    public init(
        permit: GPIOLine, andon: GPIOLine? = nil, stop: GPIOLine? = nil, escalation: GPIOLine? = nil,
        heartbeat: GPIOLine? = nil, reject: GPIOLine? = nil, rejectMilliseconds: Int = 100
    ) {
        self.permit = permit
        self.andon = andon
        self.stop = stop
        self.escalation = escalation
        self.heartbeat = heartbeat
        self.reject = reject
        self.rejectMilliseconds = rejectMilliseconds
    }

    /// The lines with what they are for; the permit comes first, always.
    var roles: [(role: GPIORole, line: GPIOLine)] {
        let optional: [(GPIORole, GPIOLine?)] = [
            (.stop, stop), (.andon, andon), (.escalation, escalation), (.reject, reject), (.heartbeat, heartbeat),
        ]
        return [(.permit, permit)] + optional.compactMap { role, line in line.map { (role, $0) } }
    }
}

/// What an output line is for; the raw value is the name in settings and messages.
enum GPIORole: String, Sendable {
    case permit, stop, andon, escalation, reject, heartbeat
}
