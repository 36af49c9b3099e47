// SPDX-License-Identifier: Apache-2.0

import Capture
import Testing

@Suite struct PaceTests {
    @Test("small delays don't add up: deadlines stay on the grid of the first one")
    func noDrift() {
        var pace = Pace(rate: 10)
        #expect(pace.period == 100_000_000)
        #expect(pace.deadline(now: 5) == 5)
        var now: UInt64 = 5
        for step in 1...1000 as ClosedRange<UInt64> {
            let due = pace.deadline(now: now)
            #expect(due == 5 + step * 100_000_000)
            // The consumer is late by up to most of a period every time.
            now = due + step % 10 * 9_000_000
        }
    }

    @Test("after a stall the next part is due at once and the one after it a whole period later: no burst")
    func stall() {
        var pace = Pace(rate: 10)
        _ = pace.deadline(now: 0)
        #expect(pace.deadline(now: 50_000_000) == 100_000_000)
        #expect(pace.deadline(now: 7_000_000_000) == 7_000_000_000)
        #expect(pace.deadline(now: 7_000_000_001) == 7_100_000_000)
        // Late by less than a period: the grid is kept and the delay is caught up.
        #expect(pace.deadline(now: 7_250_000_000) == 7_200_000_000)
        #expect(pace.deadline(now: 7_250_000_000) == 7_300_000_000)
    }

    @Test("rate 0 is never in the future")
    func unlimited() {
        var pace = Pace(rate: 0)
        for now in [3, 3, 9, 1_000_000] as [UInt64] { #expect(pace.deadline(now: now) == now) }
    }

    @Test("a gate waits for the clock, not less, and a deadline in the past does not wait")
    func gate() {
        let gate = DeadlineGate()
        let deadline = DeadlineGate.now() + 3_000_000
        #expect(gate.wait(until: deadline))
        #expect(DeadlineGate.now() >= deadline)
        #expect(gate.wait(until: 0))
        #expect(!gate.isClosed)
        gate.close()
        gate.close()
        #expect(gate.isClosed)
        #expect(!gate.wait(until: 0))
        #expect(!gate.wait(until: .max))
    }

    @Test("closing wakes a waiter whose deadline lies an age ahead")
    func closing() {
        for _ in 0..<20 {
            let gate = DeadlineGate()
            later { gate.close() }
            #expect(!gate.wait(until: .max))
        }
    }
}
