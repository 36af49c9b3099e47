// SPDX-License-Identifier: Apache-2.0

import CLinuxShims
import Glibc
import Line
import Outputs
import Synchronization
import Testing

@Suite struct GPIOOutputsTests {
    @Test("every line is claimed as an output, off, under the daemon's name, and the permit first")
    func claims() throws {
        let kernel = SimulatedGPIO.rig()
        for name in ["permit", "andon", "stop", "heartbeat", "reject"] { kernel.edit(name) { $0.isHigh = true } }
        let outputs = try GPIOOutputs(.rig, calls: kernel.table)
        #expect(kernel.changes.map(\.name) == ["permit", "stop", "andon", "reject", "heartbeat"])
        #expect(kernel.changes.allSatisfy { !$0.isHigh })
        #expect(kernel.line("permit").consumer == "jidokad" && kernel.line("permit").has(GPIO_V2_LINE_FLAG_OUTPUT))
        try outputs.check()
    }

    @Test("the permit takes one ioctl and is read back with another")
    func permit() throws {
        let kernel = SimulatedGPIO.rig()
        let outputs = try GPIOOutputs(.rig, calls: kernel.table)
        kernel.settle()
        kernel.forget()
        try outputs.set(permit: true)
        #expect(kernel.callNames == ["set", "get"] && kernel.line("permit").isHigh)
        try outputs.set(permit: false)
        #expect(!kernel.line("permit").isHigh)
    }

    @Test("an active-low permit is high while it is off, and bias is asked for")
    func activeLow() throws {
        let kernel = SimulatedGPIO.rig()
        var lines = GPIOOutputLines(permit: GPIOLine(name: "permit", isActiveLow: true, bias: .pullUp))
        let outputs = try GPIOOutputs(lines, calls: kernel.table)
        #expect(kernel.line("permit").isHigh && kernel.line("permit").has(GPIO_V2_LINE_FLAG_BIAS_PULL_UP))
        try outputs.set(permit: true)
        #expect(!kernel.line("permit").isHigh)
        try outputs.check()
        outputs.release()
        #expect(kernel.line("permit").isHigh)
        let flags: [(GPIOLine.Bias, gpio_v2_line_flag)] = [
            (.disabled, GPIO_V2_LINE_FLAG_BIAS_DISABLED), (.pullDown, GPIO_V2_LINE_FLAG_BIAS_PULL_DOWN),
        ]
        for (bias, flag) in flags {
            lines.permit.bias = bias
            try GPIOOutputs(lines, calls: kernel.table).release()
            #expect(kernel.line("permit").has(flag))
        }
    }

    @Test("the heartbeat toggles, and is nothing without a line")
    func heartbeat() throws {
        let kernel = SimulatedGPIO.rig()
        let outputs = try GPIOOutputs(.rig, calls: kernel.table)
        for beat in 1...4 {
            try outputs.heartbeat()
            #expect(kernel.line("heartbeat").isHigh == (beat % 2 == 1))
            try outputs.check()
        }
        outputs.release()
        let bare = try GPIOOutputs(GPIOOutputLines(permit: GPIOLine(name: "permit")), calls: kernel.table)
        kernel.settle()
        kernel.forget()
        try bare.heartbeat()
        try bare.reject()
        try bare.set(lamp: .redFlashing)
        #expect(kernel.changes.isEmpty)
    }

    @Test("a permit that reads back as something else is an error that names line, expected and found")
    func stuck() throws {
        let kernel = SimulatedGPIO.rig()
        let outputs = try GPIOOutputs(.rig, calls: kernel.table)
        kernel.edit("permit") { $0.stuck = false }
        let error = failure { try outputs.set(permit: true) }
        #expect(error?.code == .mismatch && error?.expected == "on" && error?.found == "off")
        #expect(error?.thing == "permit (gpiochip0 line 0 \"permit\")")
        // It is not remembered as on, and was driven off again.
        #expect(!kernel.line("permit").isHigh)
        try outputs.check()
        kernel.edit("permit") { $0.stuck = true }
        #expect(failure { try outputs.check() }?.found == "on")
        #expect(failure { try outputs.set(permit: false) }?.code == .mismatch)
        kernel.edit("permit") { $0.stuck = nil }
        try outputs.set(permit: false)
        try outputs.check()
    }

    @Test("any output that differs from what was set is found by the check", arguments: ["andon", "stop", "heartbeat"])
    func differs(name: String) throws {
        let kernel = SimulatedGPIO.rig()
        let outputs = try GPIOOutputs(.rig, calls: kernel.table)
        try outputs.set(lamp: .red)
        try outputs.heartbeat()
        try outputs.check()
        kernel.edit(name) { $0.stuck = false }
        let error = failure { try outputs.check() }
        #expect(error?.code == .mismatch && error?.thing.hasPrefix(name) == true)
    }

    @Test("letting go drives everything off, closes everything and ends the thread; later calls say so")
    func release() throws {
        let kernel = SimulatedGPIO.rig()
        let outputs = try GPIOOutputs(.rig, calls: kernel.table)
        try outputs.set(permit: true)
        try outputs.set(lamp: .red)
        try outputs.reject()
        outputs.release()
        outputs.release()
        #expect(kernel.openDescriptors == 0)
        for name in ["permit", "andon", "stop", "heartbeat", "reject"] { #expect(!kernel.line(name).isHigh) }
        let acts: [() throws -> Void] = [
            { try outputs.set(permit: true) },
            { try outputs.set(permit: false) },
            { try outputs.set(lamp: .red) },
            { try outputs.heartbeat() },
            { try outputs.reject() },
            { try outputs.check() },
        ]
        for act in acts { #expect(failure(act)?.code == .released) }
        #expect(!kernel.callNames.contains { $0.contains("not open") })
    }

    @Test("letting go returns when the thread has ended, not before")
    func joins() throws {
        let kernel = SimulatedGPIO.rig()
        let inside = Mutex(0)
        var table = kernel.table
        table.poll = { set, count, timeout in
            inside.withLock { $0 += 1 }
            defer { inside.withLock { $0 -= 1 } }
            let ready = kernel.table.poll(set, count, timeout)
            // Whoever did not wait would be gone by now.
            usleep(20_000)
            return ready
        }
        let outputs = try GPIOOutputs(.rig, calls: table)
        kernel.settle()
        outputs.release()
        #expect(inside.withLock { $0 } == 0)
    }

    @Test("whoever forgets to let go loses nothing: the last reference does it")
    func deinitialisation() throws {
        let kernel = SimulatedGPIO.rig()
        for _ in 0..<100 {
            let outputs = try GPIOOutputs(.rig, calls: kernel.table)
            try outputs.set(permit: true)
        }
        #expect(kernel.openDescriptors == 0 && !kernel.line("permit").isHigh)
    }

    @Test("the lines after a crash are driven off, and nothing stays open")
    func driveOff() throws {
        let kernel = SimulatedGPIO.rig()
        for name in ["permit", "andon", "reject"] { kernel.edit(name) { $0.isHigh = true } }
        try GPIOOutputs.driveOff(.rig, calls: kernel.table)
        for name in ["permit", "andon", "reject"] { #expect(!kernel.line(name).isHigh) }
        #expect(kernel.openDescriptors == 0)
    }

    @Test("driving off goes on past a busy line and tells who holds it")
    func driveOffBusy() throws {
        let kernel = SimulatedGPIO.rig()
        let holder = try GPIOOutputs(GPIOOutputLines(permit: GPIOLine(name: "stop")), calls: kernel.table)
        for name in ["permit", "reject"] { kernel.edit(name) { $0.isHigh = true } }
        let error = failure { try GPIOOutputs.driveOff(.rig, calls: kernel.table) }
        #expect(error?.code == .busy && error?.found.contains("jidokad") == true)
        #expect(!kernel.line("permit").isHigh && !kernel.line("reject").isHigh)
        holder.release()
        #expect(kernel.openDescriptors == 0)
    }
}
