// SPDX-License-Identifier: Apache-2.0

import Pictures
import Testing

@Suite struct NaturalOrderTests {
    @Test("numbers count as numbers, folders stay together, leading zeros and long numbers have a fixed order")
    func order() {
        let sorted = [
            "1.png", "2.png", "10.png", "a/2.png", "a/10.png", "a-1.png", "part1b2.png", "part1b10.png", "part2.png",
            "part02.png", "part00000000000000000000000003.png", "part99999999999999999999999999.png",
        ]
        var expected = sorted
        // Same number: the bytes decide, and '0' comes before '2'.
        expected.swapAt(8, 9)
        #expect(sorted.shuffled().sorted(by: NaturalOrder.precedes) == expected)
        #expect(sorted.reversed().sorted(by: NaturalOrder.precedes) == expected)
    }

    @Test("it is a strict total order over many made-up names")
    func total() {
        let pieces = ["a", "1", "01", "10", "/", "-", "b", ""]
        var names: Set<String> = []
        for x in pieces { for y in pieces { for z in pieces { names.insert(x + y + z) } } }
        let sorted = names.sorted(by: NaturalOrder.precedes)
        for (index, name) in sorted.enumerated() {
            #expect(!NaturalOrder.precedes(name, name))
            for later in sorted[(index + 1)...] {
                #expect(NaturalOrder.precedes(name, later) && !NaturalOrder.precedes(later, name))
            }
        }
    }
}
