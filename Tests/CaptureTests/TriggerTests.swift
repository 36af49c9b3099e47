// SPDX-License-Identifier: Apache-2.0

import Capture
import Testing

@Suite("triggers")
struct TriggerTests {
    private let ms: UInt64 = 1_000_000

    @Test("events are heard while armed, counted, debounced and delayed")
    func events() {
        let trigger = EventTrigger(debounce: 10, delay: 100)
        #expect(trigger.fire(at: 5) == .notArmed)
        trigger.setArmed(true)
        #expect(trigger.next(until: 0) == .none)
        #expect(trigger.fire(at: 10) == .taken(1))
        #expect(trigger.fire(at: 15) == .bounced)
        #expect(trigger.fire(at: 19) == .bounced)
        #expect(trigger.fire(at: 20) == .taken(2))
        #expect(trigger.next(until: 0) == .part(PartMoment(number: 1, moment: 110)))
        #expect(trigger.next(until: 0) == .part(PartMoment(number: 2, moment: 120)))
        #expect(trigger.next(until: 0) == .none)
    }

    @Test("a full trigger says so, and the part that got no place has a number all the same")
    func full() {
        let trigger = EventTrigger(debounce: 0, delay: 0, capacity: 2)
        trigger.setArmed(true)
        #expect(trigger.fire(at: 1) == .taken(1))
        #expect(trigger.fire(at: 2) == .taken(2))
        #expect(trigger.fire(at: 3) == .full)
        _ = trigger.next(until: 0)
        #expect(trigger.fire(at: 4) == .taken(4))
    }

    @Test("disarming forgets what waits and says how much, and the count goes on")
    func disarm() {
        let trigger = EventTrigger(debounce: 0, delay: 0)
        #expect(trigger.setArmed(true) == 0)
        _ = trigger.fire(at: 1)
        #expect(trigger.setArmed(false) == 1)
        #expect(trigger.next(until: 0) == .none)
        trigger.setArmed(true)
        #expect(trigger.fire(at: 2) == .taken(2))
    }

    @Test("an event and the end wake who waits an hour")
    func wakes() {
        let trigger = EventTrigger(debounce: 0, delay: 0)
        trigger.setArmed(true)
        let hour = DeadlineGate.now() + 3_600_000 * ms
        later { _ = trigger.fire(at: 7) }
        #expect(trigger.next(until: hour) == .part(PartMoment(number: 1, moment: 7)))
        later { trigger.stop() }
        #expect(trigger.next(until: hour) == .ended)
        #expect(trigger.fire(at: 9) == .notArmed)
    }

    @Test("a rate gives parts on its grid while armed, none before, and wakes when armed or stopped")
    func rate() {
        let trigger = RateTrigger(rate: 1000)
        #expect(trigger.isFreeRunning)
        #expect(trigger.next(until: 0) == .none)
        #expect(trigger.next(until: DeadlineGate.now() + 2 * ms) == .none)
        let hour = DeadlineGate.now() + 3_600_000 * ms
        later { trigger.setArmed(true) }
        var moments: [UInt64] = []
        for number in UInt64(1)...5 {
            guard case .part(let part) = trigger.next(until: hour) else {
                Issue.record("no part")
                return
            }
            #expect(part.number == number)
            #expect(part.moment <= DeadlineGate.now())
            moments.append(part.moment)
        }
        for (one, other) in zip(moments, moments.dropFirst()) { #expect(other >= one + ms) }
        trigger.setArmed(false)
        #expect(trigger.next(until: 0) == .none)
        later { trigger.stop() }
        #expect(trigger.next(until: hour) == .ended)
    }

    @Test("rate 0 is always due, with the moment of arming")
    func everyFrame() {
        let trigger = RateTrigger(rate: 0)
        let before = DeadlineGate.now()
        trigger.setArmed(true)
        let after = DeadlineGate.now()
        for number in UInt64(1)...3 {
            guard case .part(let part) = trigger.next(until: 0) else {
                Issue.record("no part")
                return
            }
            #expect(part.number == number)
            #expect(part.moment >= before && part.moment <= after)
        }
    }

    @Test("rates that make no sense are taken as the nearest that does")
    func nonsense() {
        for rate in [Double.nan, -1, .infinity, 1e-300, 1e300] {
            let trigger = RateTrigger(rate: rate)
            trigger.setArmed(true)
            #expect(trigger.next(until: 0) != .ended)
        }
    }
}
