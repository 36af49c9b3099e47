// SPDX-License-Identifier: Apache-2.0

import Outputs

extension SimulatedGPIO {
    /// A rig with every line by name on one chip, and a second chip with a name twice.
    static func rig() -> SimulatedGPIO {
        let names = ["permit", "andon", "stop", "heartbeat", "reject", "trigger", "acknowledge", "spare"]
        return SimulatedGPIO([
            Chip(path: "/dev/gpiochip0", label: "edge-rig", lines: names.map { Line(name: $0) }),
            Chip(path: "/dev/gpiochip1", label: "other", lines: [Line(name: "spare"), Line(), Line(name: "lamp")]),
        ])
    }
}

extension GPIOOutputLines {
    /// All the outputs of the rig.
    static let rig = GPIOOutputLines(
        permit: GPIOLine(name: "permit"), andon: GPIOLine(name: "andon"), stop: GPIOLine(name: "stop"),
        heartbeat: GPIOLine(name: "heartbeat"), reject: GPIOLine(name: "reject"))
}

/// The error that a call throws.
func failure<R>(_ body: () throws -> R) -> OutputsError? {
    do {
        _ = try body()
        return nil
    } catch {
        return error as? OutputsError
    }
}
