// SPDX-License-Identifier: Apache-2.0

import Glibc
import Line
import Outputs
import Testing

@Suite struct GPIOFailureTests {
    private func claim(_ line: GPIOLine, _ kernel: SimulatedGPIO) -> OutputsError? {
        failure {
            try GPIOOutputs(GPIOOutputLines(permit: line), calls: kernel.table).release()
        }
    }

    @Test("each mistake in the settings has its own error, names what is there, and leaves nothing open")
    func settings() throws {
        let kernel = SimulatedGPIO.rig()
        let cases: [(GPIOLine, OutputsError.Code, String)] = [
            (GPIOLine(), .settings, "neither"),
            (GPIOLine(offset: 3), .settings, "an offset without a chip"),
            (GPIOLine(chip: "gpiochip7", offset: 0), .noChip, "gpiochip0 (edge-rig), gpiochip1 (other)"),
            (GPIOLine(chip: "/dev/gpiochip7", offset: 0), .noChip, "No such file or directory"),
            (GPIOLine(chip: "edge-rig", offset: 8), .noLine, "8"),
            (GPIOLine(chip: "edge-rig", offset: -1), .noLine, "-1"),
            (GPIOLine(name: "premit"), .noLine, "permit, "),
            (GPIOLine(chip: "other", name: "permit"), .noLine, "spare, lamp"),
            (GPIOLine(name: "spare"), .ambiguous, "gpiochip0 line 7 \"spare\", gpiochip1 line 0 \"spare\""),
            (GPIOLine(offset: 1, name: "permit"), .settings, "the name at gpiochip0 line 0 \"permit\""),
        ]
        for (line, code, found) in cases {
            let error = claim(line, kernel)
            #expect(error?.code == code, "\(line): \(String(describing: error))")
            #expect(error?.found.hasPrefix(found) == true, "\(line): \(error?.found ?? "")")
            #expect(error?.hint.isEmpty == false)
        }
        #expect(kernel.openDescriptors == 0)
    }

    @Test("name, chip and offset, device, and label all find a line")
    func ways() {
        let kernel = SimulatedGPIO.rig()
        let ways = [
            GPIOLine(name: "lamp"), GPIOLine(chip: "gpiochip1", offset: 2), GPIOLine(chip: "/dev/gpiochip1", offset: 2),
            GPIOLine(chip: "other", offset: 2), GPIOLine(chip: "other", name: "lamp"),
            GPIOLine(chip: "other", offset: 2, name: "lamp"), GPIOLine(chip: "other", name: "spare"),
            GPIOLine(offset: 7, name: "spare"),
        ]
        for line in ways { #expect(claim(line, kernel) == nil, "\(line)") }
    }

    @Test("two chips with one label are told apart by their devices only")
    func ambiguousLabel() {
        let kernel = SimulatedGPIO([
            .init(path: "/dev/gpiochip0", label: "usb", lines: [.init()]),
            .init(path: "/dev/gpiochip1", label: "usb", lines: [.init()]),
        ])
        #expect(claim(GPIOLine(chip: "usb", offset: 0), kernel)?.code == .ambiguous)
        #expect(claim(GPIOLine(chip: "gpiochip1", offset: 0), kernel) == nil)
        #expect(kernel.openDescriptors == 0)
    }

    @Test("a chip that may not be opened is said to be so, with the errno and what to do")
    func denied() {
        for (number, hint) in [(EACCES, "gpio"), (EPERM, "DeviceAllow")] {
            let kernel = SimulatedGPIO([
                .init(path: "/dev/gpiochip0", label: "rig", lines: [.init(name: "permit")], openErrno: number)
            ])
            let direct = claim(GPIOLine(chip: "gpiochip0", offset: 0), kernel)
            #expect(direct?.code == .denied && direct?.errno == number && direct?.hint.contains(hint) == true)
            let named = claim(GPIOLine(name: "permit"), kernel)
            #expect(named?.code == .noLine && named?.found.contains("not looked at: /dev/gpiochip0") == true)
            #expect(named?.hint.contains(hint) == true)
        }
    }

    @Test("one line for two purposes is refused, also when it is named in two ways")
    func twice() {
        let kernel = SimulatedGPIO.rig()
        var lines = GPIOOutputLines(permit: GPIOLine(name: "permit"))
        lines.stop = GPIOLine(chip: "edge-rig", offset: 0)
        let error = failure { try GPIOOutputs(lines, calls: kernel.table).release() }
        #expect(error?.code == .settings && error?.found == "the line of permit")
        #expect(kernel.openDescriptors == 0)
    }

    @Test("a busy line names its holder, a line that can't be driven says so, and all is let go again")
    func busyAndInput() throws {
        let kernel = SimulatedGPIO.rig()
        kernel.edit("reject") { ($0.holder, $0.consumer) = (1, "spi0 CS0") }
        let busy = failure { try GPIOOutputs(.rig, calls: kernel.table).release() }
        #expect(busy?.code == .busy && busy?.found == "busy, held by \"spi0 CS0\"" && busy?.errno == EBUSY)
        kernel.edit("reject") { ($0.holder, $0.canDrive) = (nil, false) }
        let input = failure { try GPIOOutputs(.rig, calls: kernel.table).release() }
        #expect(input?.code == .notAnOutput && input?.errno == EIO)
        #expect(kernel.openDescriptors == 0)
    }

    @Test("a mistake in another line's settings still drives the permit off that a dead process left on")
    func permitFirst() {
        let kernel = SimulatedGPIO.rig()
        kernel.edit("permit") { $0.isHigh = true }
        var lines = GPIOOutputLines.rig
        lines.andon = GPIOLine(name: "no such line")
        #expect(failure { try GPIOOutputs(lines, calls: kernel.table).release() } != nil)
        #expect(!kernel.line("permit").isHigh)
        kernel.edit("permit") { $0.isHigh = true }
        lines = .rig
        lines.rejectMilliseconds = 0
        let error = failure { try GPIOOutputs(lines, calls: kernel.table).release() }
        #expect(error?.code == .settings && !kernel.line("permit").isHigh)
        #expect(kernel.openDescriptors == 0)
    }

    @Test("whichever call fails while claiming: an error with that errno, nothing open, no thread left")
    func everyCallWhileClaiming() throws {
        let kernel = SimulatedGPIO.rig()
        try GPIOOutputs(.rig, calls: kernel.table).release()
        let calls = kernel.callNames.count
        for number in [EIO, ENODEV, EMFILE, ENOMEM] {
            for index in 0..<calls {
                kernel.forget()
                kernel.fail { call, at in at == index && call != "read" && call != "poll" ? number : 0 }
                let error = failure {
                    try GPIOOutputs(.rig, calls: kernel.table).release()
                }
                // The last calls are those of letting go, which can't fail, and of the thread.
                if let error { #expect(error.errno == number || error.found.contains("not looked at")) }
                #expect(kernel.openDescriptors == 0, "errno \(number) at call \(index)")
                #expect(!kernel.line("permit").isHigh)
            }
        }
        kernel.fail(nil)
        try GPIOOutputs(.rig, calls: kernel.table).release()
    }

    @Test(
        "each act passes the kernel's error on, and works again when the kernel does", arguments: [EIO, ENXIO, EINVAL])
    func acts(number: Int32) throws {
        let kernel = SimulatedGPIO.rig()
        let outputs = try GPIOOutputs(.rig, calls: kernel.table)
        kernel.settle()
        let acts: [(String, () throws -> Void)] = [
            ("set", { try outputs.set(permit: true) }),
            ("get", { try outputs.set(permit: true) }),
            ("set", { try outputs.set(permit: false) }),
            ("set", { try outputs.heartbeat() }),
            ("set", { try outputs.set(lamp: .red) }),
            ("set", { try outputs.reject() }),
            ("get", { try outputs.check() }),
        ]
        for (call, act) in acts {
            kernel.fail { name, _ in name == call ? number : 0 }
            #expect(failure(act)?.errno == number)
            kernel.fail(nil)
            // What the thread met meanwhile is told once; then all is well.
            _ = failure { try outputs.check() }
            try outputs.set(permit: false)
            try outputs.check()
        }
        #expect(kernel.line("andon").isHigh && kernel.line("stop").isHigh)
    }

    @Test("what the lamp's thread meets is told by the next check, and the lamp goes on when it can")
    func threadFailure() throws {
        let kernel = SimulatedGPIO.rig()
        let outputs = try GPIOOutputs(.rig, calls: kernel.table)
        try outputs.set(lamp: .redFlashing)
        kernel.settle()
        kernel.fail { name, _ in name == "set" ? EIO : 0 }
        kernel.advance(milliseconds: 700)
        kernel.fail(nil)
        kernel.advance(milliseconds: 100)
        #expect(!kernel.line("andon").isHigh)
        let error = failure { try outputs.check() }
        #expect(error?.code == .lost && error?.thing.hasPrefix("andon") == true)
        try outputs.check()
        kernel.advance(milliseconds: 300)
        #expect(kernel.line("andon").isHigh)
    }

    @Test("a chip that was lost and is back is claimed again by 'permit off': all off, lamp as before")
    func lostAndBack() throws {
        let kernel = SimulatedGPIO.rig()
        let outputs = try GPIOOutputs(.rig, calls: kernel.table)
        try outputs.set(permit: true)
        try outputs.set(lamp: .red)
        kernel.setGone(true)
        #expect(failure { try outputs.check() }?.errno == ENODEV)
        for _ in 0..<3 {
            #expect(failure { try outputs.set(permit: false) }?.code == .lost)
            #expect(failure { try outputs.set(permit: true) }?.code == .lost)
            #expect(failure { try outputs.heartbeat() }?.code == .lost)
            #expect(failure { try outputs.check() }?.code == .lost)
        }
        kernel.setGone(false)
        // A chip that came back with the permit on.
        kernel.edit("permit") { $0.isHigh = true }
        kernel.advance(milliseconds: 1_000)
        try outputs.set(permit: false)
        #expect(!kernel.line("permit").isHigh && kernel.line("andon").isHigh && kernel.line("stop").isHigh)
        try outputs.check()
        try outputs.set(permit: true)
        outputs.release()
        #expect(kernel.openDescriptors == 0)
    }

    @Test("a lost chip is looked for once a second at most, however often the permit is driven off")
    func looksOnceASecond() throws {
        let kernel = SimulatedGPIO.rig()
        let outputs = try GPIOOutputs(.rig, calls: kernel.table)
        kernel.settle()
        kernel.setGone(true)
        _ = failure { try outputs.set(permit: false) }
        kernel.forget()
        for _ in 0..<1_000 { _ = failure { try outputs.set(permit: false) } }
        #expect(!kernel.callNames.contains("open"))
    }

    @Test("losing only the lamp's chip is a failure, too, and is repaired the same way")
    func lampChip() throws {
        let kernel = SimulatedGPIO.rig()
        var lines = GPIOOutputLines.rig
        lines.andon = GPIOLine(name: "lamp")
        let outputs = try GPIOOutputs(lines, calls: kernel.table)
        kernel.setGone(true, chip: 1)
        #expect(failure { try outputs.set(lamp: .red) }?.code == .lost)
        #expect(failure { try outputs.set(permit: true) }?.code == .lost)
        #expect(!kernel.line("permit").isHigh)
        #expect(failure { try outputs.set(permit: false) }?.code == .lost)
        #expect(!kernel.line("permit").isHigh)
        kernel.setGone(false, chip: 1)
        kernel.advance(milliseconds: 1_000)
        try outputs.set(permit: false)
        try outputs.check()
        #expect(kernel.line("lamp").isHigh)
    }

    @Test("a thousand losses and returns leave no descriptor behind")
    func losses() throws {
        let kernel = SimulatedGPIO.rig()
        let outputs = try GPIOOutputs(.rig, calls: kernel.table)
        let open = kernel.openDescriptors
        for _ in 0..<1_000 {
            kernel.setGone(true)
            #expect(failure { try outputs.set(permit: false) } != nil)
            kernel.setGone(false)
            kernel.advance(milliseconds: 1_000)
            try outputs.set(permit: false)
            try outputs.set(permit: true)
        }
        #expect(kernel.openDescriptors == open)
    }
}
