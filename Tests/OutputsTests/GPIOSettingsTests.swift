// SPDX-License-Identifier: Apache-2.0

import Glibc
import Outputs
import Testing

@Suite struct GPIOSettingsTests {
    @Test("a line describes itself as a person would")
    func description() {
        #expect(GPIOLine(chip: "gpiochip0", offset: 3).description == "gpiochip0 line 3")
        #expect(GPIOLine(name: "permit", isActiveLow: true).description == "line \"permit\" (active low)")
        #expect(GPIOLine(name: "door", bias: .pullUp).description == "line \"door\" (bias pull-up)")
    }

    @Test("the catalog lists every chip with its lines, holders included, and why one can't be looked at")
    func catalog() throws {
        let kernel = SimulatedGPIO([
            .init(path: "/dev/gpiochip0", label: "rig", lines: [.init(name: "permit"), .init()]),
            .init(path: "/dev/gpiochip1", label: "secret", lines: [.init()], openErrno: EACCES),
        ])
        let outputs = try GPIOOutputs(
            GPIOOutputLines(permit: GPIOLine(name: "permit", isActiveLow: true)), calls: kernel.table)
        let chips = GPIOCatalog.chips(calls: kernel.table)
        #expect(chips.map(\.path) == ["/dev/gpiochip0", "/dev/gpiochip1"])
        #expect(chips[0].name == "gpiochip0" && chips[0].label == "rig" && chips[0].error == nil)
        let permit = chips[0].lines[0]
        #expect(permit.name == "permit" && permit.isUsed && permit.consumer == "jidokad")
        #expect(permit.isOutput && permit.isActiveLow)
        #expect(!chips[0].lines[1].isUsed && chips[0].lines[1].name.isEmpty && chips[0].lines[1].offset == 1)
        #expect(chips[1].lines.isEmpty && chips[1].error?.code == .denied)
        outputs.release()
        for number in [EIO, ENOTTY, ENODEV, EINVAL] {
            for call in ["chip", "line"] {
                kernel.fail { name, _ in name == call ? number : 0 }
                #expect(GPIOCatalog.chips(calls: kernel.table)[0].error?.errno == number)
            }
        }
        #expect(kernel.openDescriptors == 0)
    }

    @Test("the system's own table lists chips without failing, whether there are any or not")
    func system() {
        for chip in GPIOCatalog.chips() { #expect(chip.path.hasPrefix("/dev/gpiochip")) }
        #expect(GPIOCalls.system.open("/dev/no such device") == -ENOENT)
        var value: Int32 = 0
        #expect(GPIOCalls.system.ioctl(-1, 0, &value) == -EBADF)
        #expect(GPIOCalls.system.read(-1, &value, 4) == Int(-EBADF))
    }

    @Test("one file that is no GPIO chip is refused as one")
    func noChip() {
        let error = failure {
            try GPIOOutputs.driveOff(GPIOOutputLines(permit: GPIOLine(chip: "/dev/null", offset: 0)))
        }
        #expect(error?.code == .noChip && error?.errno == ENOTTY && error?.thing == "/dev/null")
    }
}
