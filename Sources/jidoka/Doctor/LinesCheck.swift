// SPDX-License-Identifier: Apache-2.0

import Daemon
import Outputs

/// The GPIO chips of the machine, and the configured lines on them.
enum LinesCheck {
    /// A line and what it is for.
    struct Wanted {
        let purpose: String
        let line: GPIOLine
    }

    /// The lines in a configuration.
    static func wanted(_ configuration: Configuration) -> [Wanted] {
        var lines: [(String, GPIOLine?)] = []
        if case .gpio(let outputs) = configuration.outputs {
            lines = [
                ("permit", outputs.permit), ("andon", outputs.andon), ("stop", outputs.stop),
                ("escalation", outputs.escalation), ("heartbeat", outputs.heartbeat), ("reject", outputs.reject),
            ]
        }
        lines.append(("acknowledge", configuration.acknowledge?.line))
        lines.append(("encoder", configuration.encoder?.line))
        if case .camera(_, .input(let input, _, _)) = configuration.source { lines.append(("trigger", input.line)) }
        return lines.compactMap { purpose, line in line.map { Wanted(purpose: purpose, line: $0) } }
    }

    static func findings(_ chips: [GPIOChip], wanted: [Wanted]) -> [Finding] {
        var findings = chips.map { chip -> Finding in
            if let error = chip.error {
                return .warning("gpio", "\(chip.path): \(error)", "join the group 'gpio' to look at it, or ask as root")
            }
            let used = chip.lines.filter(\.isUsed).map { line in
                "  line \(line.offset)\(line.name.isEmpty ? "" : " \"\(line.name)\"") used by \(line.consumer)"
            }
            let named = chip.lines.filter { !$0.name.isEmpty && !$0.isUsed }.prefix(16).map {
                "\($0.offset) \"\($0.name)\""
            }
            let names = named.isEmpty ? [] : ["  free: " + named.joined(separator: ", ")]
            let text = (["\(chip.name) \(chip.label), \(chip.lines.count) lines"] + used + names).joined(
                separator: "\n")
            return .ok("gpio", text)
        }
        if chips.isEmpty {
            let found = "no GPIO chip on this machine"
            findings.append(
                wanted.isEmpty
                    ? .ok("gpio", found + "; none is configured")
                    : .error("gpio", found, "load the chip's driver, or set 'outputs' to another kind"))
        }
        if wanted.isEmpty, !chips.isEmpty {
            findings.append(
                .warning(
                    "gpio", "no line is configured: nothing stops the line", "see 'outputs' in 'jidokad --example'"))
        }
        guard !chips.isEmpty else { return findings }
        return findings + wanted.map { finding(for: $0, chips) }
    }

    private static func finding(for wanted: Wanted, _ chips: [GPIOChip]) -> Finding {
        let title = "\(wanted.purpose) (\(wanted.line))"
        let matching = matches(wanted.line, chips)
        guard let (chip, line) = matching.first else {
            return .error("gpio", "\(title): not found", "correct it in the configuration; the lines are listed above")
        }
        guard matching.count == 1 else {
            let places = matching.map { "\($0.chip.name) line \($0.line.offset)" }.joined(separator: ", ")
            return .error("gpio", "\(title): \(places) all match", "give the chip, too")
        }
        let place = "\(chip.name) line \(line.offset)\(line.name.isEmpty ? "" : " \"\(line.name)\"")"
        guard line.isUsed else { return .ok("gpio", "\(title): \(place), free") }
        return line.consumer.hasPrefix("jidoka")
            ? .ok("gpio", "\(title): \(place), held by the daemon (\(line.consumer))")
            : .error("gpio", "\(title): \(place) is used by \(line.consumer)", "end that, or take another line")
    }

    private static func matches(_ line: GPIOLine, _ chips: [GPIOChip]) -> [(chip: GPIOChip, line: GPIOChip.Line)] {
        let named = chips.filter { chip in
            line.chip.map { $0 == chip.name || $0 == chip.path || $0 == chip.label } ?? true
        }
        return named.flatMap { chip in
            chip.lines.filter { one in
                (line.offset.map { $0 == one.offset } ?? true) && (line.name.map { $0 == one.name } ?? true)
            }.map { (chip, $0) }
        }
    }
}
