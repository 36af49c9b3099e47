// SPDX-License-Identifier: Apache-2.0

import Line
import Outputs
import Testing

@Suite struct SignalTests {
    private func changes(_ kernel: SimulatedGPIO, _ name: String) -> [String] {
        kernel.changes.filter { $0.name == name }.map { "\($0.isHigh ? "+" : "-")\($0.milliseconds)" }
    }

    @Test("each lamp drives andon and stop as the table says")
    func lamps() throws {
        let kernel = SimulatedGPIO.rig()
        let outputs = try GPIOOutputs(.rig, calls: kernel.table)
        let table: [(Lamp, Bool, Bool)] = [
            (.off, false, false), (.blue, false, false), (.red, true, true), (.green, false, false),
            (.redFlashing, true, true), (.blue, false, false), (.faultCode, true, true),
            (.yellow, true, false), (.green, false, false), (.yellowBlue, true, false),
        ]
        for (lamp, andon, stop) in table {
            try outputs.set(lamp: lamp)
            #expect(kernel.line("andon").isHigh == andon && kernel.line("stop").isHigh == stop, "\(lamp)")
            try outputs.check()
        }
        #expect(Set(table.map(\.0)) == Set(Lamp.allCases))
    }

    @Test("stopped blinks once a second and stop stays on; acknowledged is steady")
    func blinking() throws {
        let kernel = SimulatedGPIO.rig()
        let outputs = try GPIOOutputs(.rig, calls: kernel.table)
        try outputs.set(lamp: .redFlashing)
        kernel.advance(milliseconds: 2_100)
        #expect(changes(kernel, "andon") == ["+0", "-500", "+1000", "-1500", "+2000"])
        // Asking for the same lamp again does not begin the rhythm anew.
        try outputs.set(lamp: .redFlashing)
        kernel.advance(milliseconds: 500)
        #expect(changes(kernel, "andon").last == "-2500")
        try outputs.set(lamp: .red)
        kernel.advance(milliseconds: 5_000)
        #expect(changes(kernel, "andon").last == "+2600" && changes(kernel, "stop") == ["+0"])
    }

    @Test("a fault flashes twice a second in a rhythm of its own")
    func fault() throws {
        let kernel = SimulatedGPIO.rig()
        let outputs = try GPIOOutputs(.rig, calls: kernel.table)
        try outputs.set(lamp: .faultCode)
        kernel.advance(milliseconds: 1_350)
        #expect(changes(kernel, "andon") == ["+0", "-100", "+300", "-400", "+1000", "-1100", "+1300"])
    }

    @Test("every reject is a pulse of its own with a gap of 20 ms")
    func pulses() throws {
        let kernel = SimulatedGPIO.rig()
        let outputs = try GPIOOutputs(.rig, calls: kernel.table)
        for _ in 0..<3 { try outputs.reject() }
        kernel.advance(milliseconds: 50)
        try outputs.reject()
        kernel.advance(milliseconds: 1_000)
        #expect(changes(kernel, "reject") == ["+0", "-100", "+120", "-220", "+240", "-340", "+360", "-460"])
        try outputs.reject()
        #expect(kernel.line("reject").isHigh)
    }

    @Test("more rejects than can be pulsed are an error, not a delay without end")
    func tooManyPulses() throws {
        let kernel = SimulatedGPIO.rig()
        let outputs = try GPIOOutputs(.rig, calls: kernel.table)
        for _ in 0...PulseQueue.limit { try outputs.reject() }
        let error = failure { try outputs.reject() }
        #expect(error?.code == .overrun && error?.thing.hasPrefix("reject") == true)
        kernel.advance(milliseconds: 120 * Int64(PulseQueue.limit + 1))
        #expect(changes(kernel, "reject").count == 2 * (PulseQueue.limit + 1))
    }

    @Test("pulses and blinking leave permit and heartbeat alone, and the permit leaves them alone")
    func independence() throws {
        let kernel = SimulatedGPIO.rig()
        let outputs = try GPIOOutputs(.rig, calls: kernel.table)
        try outputs.set(permit: true)
        try outputs.heartbeat()
        kernel.forget()
        try outputs.set(lamp: .faultCode)
        try outputs.reject()
        kernel.advance(milliseconds: 10_000)
        #expect(Set(kernel.changes.map(\.name)) == ["andon", "stop", "reject"])
        #expect(kernel.line("permit").isHigh && kernel.line("heartbeat").isHigh)
    }

    @Test("with nothing to blink the thread sleeps without an end")
    func sleeps() throws {
        let kernel = SimulatedGPIO.rig()
        let outputs = try GPIOOutputs(.rig, calls: kernel.table)
        try outputs.set(lamp: .red)
        kernel.settle()
        let calls = kernel.callCount
        kernel.advance(milliseconds: 3_600_000)
        #expect(kernel.callCount == calls)
    }

    @Test("a step that comes late makes a pulse longer, never shorter, and keeps the gap")
    func late() {
        var queue = PulseQueue(length: 100)
        #expect(queue.step(at: 0) == (false, nil))
        #expect(queue.add() && queue.add())
        #expect(queue.step(at: 10) == (true, 110))
        #expect(queue.step(at: 109) == (true, 110))
        #expect(queue.step(at: 500) == (false, 500 + PulseQueue.gap))
        #expect(queue.step(at: 499 + PulseQueue.gap) == (false, 500 + PulseQueue.gap))
        #expect(queue.step(at: 900 + PulseQueue.gap) == (true, 1_000 + PulseQueue.gap))
        #expect(queue.waiting == 0)
    }
}
