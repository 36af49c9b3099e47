// SPDX-License-Identifier: Apache-2.0

import Outputs
import Testing

@Suite struct GPIOSettingsTests {
    @Test("a line describes itself as a person would")
    func description() {
        #expect(GPIOLine(chip: "gpiochip0", offset: 3).description == "gpiochip0 line 3")
        #expect(GPIOLine(name: "permit", isActiveLow: true).description == "line \"permit\" (active low)")
        #expect(GPIOLine(name: "door", bias: .pullUp).description == "line \"door\" (bias pull-up)")
    }
}
