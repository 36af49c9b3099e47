// SPDX-License-Identifier: Apache-2.0

/// Where a line really is.
struct GPIOAddress: Sendable, Hashable {
    /// The device of the chip that answered.
    var chipPath: String
    /// The kernel's name of the chip: one chip may be reached by several paths.
    var chipName: String
    /// Number of the line on the chip.
    var offset: Int
    /// The line's own name; may be empty.
    var lineName: String

    /// As messages name it, e.g. `gpiochip0 line 3 "permit"`.
    var text: String { "\(chipName) line \(offset)\(lineName.isEmpty ? "" : " \"\(lineName)\"")" }

    /// Whether it is the same line, whatever the path.
    func isSameLine(as other: GPIOAddress) -> Bool { chipName == other.chipName && offset == other.offset }

    /// Finds the line that the settings name.
    ///
    /// - Parameters:
    ///   - line: the settings.
    ///   - role: what it is for, in messages.
    /// - Throws: `.settings`, `.noChip`, `.noLine`, `.ambiguous`, `.denied`, `.lost`, `.open`.
    init(of line: GPIOLine, role: String, calls: GPIOCalls) throws(OutputsError) {
        let thing = "\(role) (\(line))"
        guard line.name?.isEmpty == false || (line.chip != nil && line.offset != nil) else {
            throw OutputsError(
                code: .settings, thing: thing, expected: "the line's name, or a chip and an offset",
                found: line.offset == nil ? "neither" : "an offset without a chip",
                hint: "`jidoka doctor` lists chips and lines")
        }
        let (chips, failures) = try Self.chips(line.chip, thing: thing, calls: calls)
        defer { for chip in chips { calls.close(chip.descriptor) } }
        if let name = line.name, !name.isEmpty {
            self = try Self.named(name, line.offset, in: chips, failures, thing: thing, calls: calls)
            return
        }
        let offset = line.offset ?? -1
        guard let chip = chips.first, 0..<chip.lineCount ~= offset else {
            let count = chips.first?.lineCount ?? 0
            throw OutputsError(
                code: .noLine, thing: thing, expected: "an offset from 0 to \(count - 1)", found: "\(offset)",
                hint: "\(chips.first?.name ?? "the chip") has \(count) lines")
        }
        self.init(chip, try chip.line(offset, calls: calls))
    }

    private init(_ chip: OpenedChip, _ line: GPIOChip.Line) {
        chipPath = chip.path
        chipName = chip.name
        offset = line.offset
        lineName = line.name
    }

    /// The chips to look at, open: the one that is named, or all; and why others can't be looked at.
    private static func chips(
        _ wanted: String?, thing: String, calls: GPIOCalls
    ) throws(OutputsError) -> (open: [OpenedChip], failures: [OutputsError]) {
        let paths = calls.chipPaths()
        if let wanted {
            let path = wanted.hasPrefix("/") ? wanted : "/dev/\(wanted)"
            if wanted.hasPrefix("/") || paths.contains(path) {
                return ([try OpenedChip(path: path, calls: calls)], [])
            }
        }
        var chips: [OpenedChip] = []
        var failures: [OutputsError] = []
        for path in paths {
            do throws(OutputsError) {
                chips.append(try OpenedChip(path: path, calls: calls))
            } catch {
                failures.append(error)
            }
        }
        guard let wanted else { return (chips, failures) }
        let matching = chips.filter { $0.label == wanted }
        for chip in chips where chip.label != wanted { calls.close(chip.descriptor) }
        guard matching.count == 1 else {
            for chip in matching { calls.close(chip.descriptor) }
            let there = chips.map { "\($0.name) (\($0.label))" }
            throw matching.isEmpty
                ? missing(.noChip, thing, "a chip \"\(wanted)\"", there, failures, "name the chip's device or label")
                : OutputsError(
                    code: .ambiguous, thing: thing, expected: "one chip with the label \"\(wanted)\"",
                    found: matching.map(\.name).joined(separator: ", "), hint: "name the chip's device instead")
        }
        return (matching, failures)
    }

    private static func named(
        _ name: String, _ offset: Int?, in chips: [OpenedChip], _ failures: [OutputsError], thing: String,
        calls: GPIOCalls
    ) throws(OutputsError) -> GPIOAddress {
        var found: [GPIOAddress] = []
        var names: [String] = []
        for chip in chips {
            for line in try chip.lines(calls: calls) where !line.name.isEmpty {
                if line.name == name { found.append(GPIOAddress(chip, line)) } else { names.append(line.name) }
            }
        }
        if let offset, found.contains(where: { $0.offset == offset }) { found.removeAll { $0.offset != offset } }
        guard let only = found.first else {
            let near = names.sorted { distance($0, name) < distance($1, name) }
            throw missing(.noLine, thing, "a line named \"\(name)\"", near, failures, "correct the name")
        }
        guard found.count == 1 else {
            throw OutputsError(
                code: .ambiguous, thing: thing, expected: "one line named \"\(name)\"",
                found: found.map(\.text).joined(separator: ", "), hint: "give the chip, too")
        }
        guard offset == nil || offset == only.offset else {
            throw OutputsError(
                code: .settings, thing: thing, expected: "name and offset of one line",
                found: "the name at \(only.text)", hint: "leave the offset out, or correct it")
        }
        return only
    }

    /// What is there instead, nearest first, and what could not be looked at.
    private static func missing(
        _ code: OutputsError.Code, _ thing: String, _ expected: String, _ there: [String], _ failures: [OutputsError],
        _ hint: String
    ) -> OutputsError {
        var found = there.isEmpty ? "none with a name" : there.prefix(8).joined(separator: ", ")
        if there.count > 8 { found += " and \(there.count - 8) more" }
        guard let failure = failures.first else {
            return OutputsError(code: code, thing: thing, expected: expected, found: found, hint: hint)
        }
        found += "; not looked at: \(failures.map { "\($0.thing) (\($0.found))" }.joined(separator: ", "))"
        return OutputsError(
            code: code, thing: thing, expected: expected, found: found, errno: failure.errno,
            hint: "\(hint); \(failure.hint)")
    }

    /// Edits that make one name out of another, upper and lower case alike (Levenshtein).
    private static func distance(_ first: String, _ second: String) -> Int {
        let (first, second) = (Array(first.lowercased().utf8), Array(second.lowercased().utf8))
        var row = Array(0...second.count)
        for (i, a) in first.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, b) in second.enumerated() {
                (diagonal, row[j + 1]) = (row[j + 1], min(diagonal + (a == b ? 0 : 1), row[j] + 1, row[j + 1] + 1))
            }
        }
        return row[second.count]
    }
}
