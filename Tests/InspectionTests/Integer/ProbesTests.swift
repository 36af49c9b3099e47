// SPDX-License-Identifier: Apache-2.0

import CProbes
import Glibc
import Testing

@Suite struct ProbesTests {
    @Test("system calls are counted one by one, and a quiet function has none")
    func systemCalls() {
        #expect(system_calls_of({ _ in for _ in 0..<7 { _ = getppid() } }, nil) == 7)
        #expect(
            system_calls_of(
                { _ in
                    var sum = 0
                    for index in 0..<1000 { sum &+= index }
                    precondition(sum > 0)
                }, nil) == 0)
    }

    @Test("allocations are counted")
    func allocations() {
        let before = allocations_so_far()
        // Not plain malloc: the compiler removes one that nobody writes to.
        let file = fopen("/dev/null", "r")
        #expect(allocations_so_far() > before)
        if let file { fclose(file) }
    }
}
