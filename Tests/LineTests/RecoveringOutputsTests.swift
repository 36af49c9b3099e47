// SPDX-License-Identifier: Apache-2.0

import Line
import Outputs
import Synchronization
import Testing

@Suite struct RecoveringOutputsTests {
    /// A chip that can be pulled out.
    private final class Chip: Sendable {
        let isThere = Mutex(true)
        let opened = Mutex<[SimulatedOutputs]>([])

        func open() throws(OutputsError) -> any LineOutputs {
            guard isThere.withLock({ $0 }) else {
                throw OutputsError(code: .open, thing: "chip", expected: "a chip", found: "none", hint: "plug it in")
            }
            let outputs = SimulatedOutputs()
            opened.withLock { $0.append(outputs) }
            return outputs
        }
    }

    @Test("outputs that were lost are opened again, off, with the lamp as it was")
    func recovery() throws {
        let chip = Chip()
        let outputs = RecoveringOutputs { () throws(OutputsError) in try chip.open() }
        try outputs.set(permit: true)
        try outputs.set(lamp: .green)
        let first = try #require(chip.opened.withLock { $0.first })
        first.simulateFailure(true)
        chip.isThere.withLock { $0 = false }
        #expect(throws: OutputsError.self) { try outputs.check() }
        #expect(throws: OutputsError.self) { try outputs.set(permit: false) }
        #expect(throws: OutputsError.self) { try outputs.set(lamp: .faultCode) }
        chip.isThere.withLock { $0 = true }
        try outputs.check()
        let second = try #require(chip.opened.withLock { $0.last })
        #expect(second !== first && !second.permit && second.lamp == .faultCode)
    }

    @Test("outputs that can't be opened are a failure of the call, not of the program")
    func missing() throws {
        let chip = Chip()
        chip.isThere.withLock { $0 = false }
        let outputs = RecoveringOutputs { () throws(OutputsError) in try chip.open() }
        #expect(throws: OutputsError.self) { try outputs.set(permit: false) }
        chip.isThere.withLock { $0 = true }
        try outputs.set(permit: false)
        try outputs.heartbeat()
        try outputs.reject()
        #expect(chip.opened.withLock { $0.count } == 1)
    }
}
