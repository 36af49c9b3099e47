// SPDX-License-Identifier: Apache-2.0

import Outputs
import Recipes

/// GPIO lines as a configuration names them.
extension Configuration {
    /// A line by chip and offset (`chip: gpiochip0`, `line: 3`), or by its name (`name: permit`, with a chip if two have it).
    static func line(_ mapping: YAMLMapping) throws(RecipeError) -> GPIOLine {
        let chip = try mapping.optional("chip", as: String.self)
        let offset = try mapping.optional("line", as: Int.self, in: 0...65_535)
        let name = try mapping.optional("name", as: String.self)
        let isActiveLow = try mapping.optional("active_low", as: Bool.self) ?? false
        let bias = try mapping.optional("bias", oneOf: GPIOLine.Bias.self) ?? .asIs
        guard (name == nil) != (offset == nil) else {
            throw mapping.error(
                name == nil ? .missingKey : .contradiction, "line", expected: "either 'line' (a number) or 'name'",
                found: name == nil ? "neither" : "both", hint: "'jidoka doctor' and 'gpioinfo' show all lines")
        }
        guard name != nil || chip != nil else {
            throw mapping.error(
                .missingKey, "chip", expected: "the chip that line belongs to", found: "nothing",
                hint: "e.g. gpiochip0, or the chip's label")
        }
        try mapping.finish()
        return GPIOLine(chip: chip, offset: offset, name: name, isActiveLow: isActiveLow, bias: bias)
    }

    /// One wire, one purpose.
    static func checkLines(of configuration: Configuration, _ root: YAMLMapping) throws(RecipeError) {
        var used: [(purpose: String, line: GPIOLine)] = []
        if case .gpio(let lines) = configuration.outputs {
            let optional: [(String, GPIOLine?)] = [
                ("outputs.permit", lines.permit), ("outputs.andon", lines.andon), ("outputs.stop", lines.stop),
                ("outputs.escalation", lines.escalation), ("outputs.heartbeat", lines.heartbeat),
                ("outputs.reject", lines.reject),
            ]
            for (purpose, line) in optional { if let line { used.append((purpose, line)) } }
        }
        if let input = configuration.acknowledge { used.append(("inputs.acknowledge", input.line)) }
        if let input = configuration.encoder { used.append(("inputs.encoder", input.line)) }
        if let input = configuration.triggerInput { used.append(("source.input", input.line)) }
        for (index, one) in used.enumerated() {
            for other in used[..<index] where one.line.isSameWire(as: other.line) {
                throw root.error(
                    .contradiction, one.purpose, expected: "a line of its own",
                    found: "the line of \(other.purpose)", hint: "give every purpose its own line")
            }
        }
    }
}

extension GPIOLine {
    /// As far as the words tell: a chip may have two names.
    fileprivate func isSameWire(as other: GPIOLine) -> Bool {
        chip == other.chip && offset == other.offset && name == other.name
    }
}
