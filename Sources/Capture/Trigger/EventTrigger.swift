// SPDX-License-Identifier: Apache-2.0

import Threads

/// What became of an event.
public enum FireAnswer: Sendable, Equatable {
    /// It is part number so and so.
    case taken(UInt64)
    /// It came within the debounce time of the event before.
    case bounced
    /// Parts are not taken at the moment.
    case notArmed
    /// Too many parts wait for their picture; this one was counted, but gets none.
    case full
}

/// A part for each event: the edge of a sensor, or a command.
public final class EventTrigger: Trigger {
    private struct State {
        var waiting: [PartMoment] = []
        var number: UInt64 = 0
        var last: UInt64?
        var isArmed = false
        var isStopped = false
    }

    private let debounce: UInt64
    private let delay: UInt64
    private let capacity: Int
    private let monitor = Monitor(State())

    /// A trigger that is fired from outside.
    ///
    /// - Parameters:
    ///   - debounce: nanoseconds after an event in which others are not heard.
    ///   - delay: nanoseconds from the event to the moment when the part is in front of the camera.
    ///   - capacity: parts that may wait to be asked for, ≥ 1.
    public init(debounce: UInt64, delay: UInt64, capacity: Int = 16) {
        self.debounce = debounce
        self.delay = delay
        self.capacity = max(1, capacity)
    }

    /// An event.
    ///
    /// - Parameter moment: when it happened, nanoseconds of `CLOCK_MONOTONIC`, such as the kernel's time of an edge.
    public func fire(at moment: UInt64) -> FireAnswer {
        monitor.change { state in
            guard state.isArmed, !state.isStopped else { return .notArmed }
            if let last = state.last, moment >= last, moment < last &+ debounce { return .bounced }
            state.last = moment
            state.number += 1
            guard state.waiting.count < capacity else { return .full }
            state.waiting.append(PartMoment(number: state.number, moment: moment &+ delay))
            return .taken(state.number)
        }
    }

    /// The oldest part that was not asked for yet.
    public func next(until deadline: UInt64) -> TriggerAnswer {
        let answer = monitor.wait(until: deadline) { state -> TriggerAnswer? in
            if state.isStopped { return .ended }
            return state.waiting.isEmpty ? nil : .part(state.waiting.removeFirst())
        }
        return answer ?? TriggerAnswer.none
    }

    /// Begins or ends hearing events; ending forgets the parts that wait.
    @discardableResult
    public func setArmed(_ on: Bool) -> Int {
        monitor.change { state in
            state.isArmed = on
            guard !on else { return 0 }
            defer { state.waiting = [] }
            return state.waiting.count
        }
    }

    /// Ends the trigger.
    public func stop() {
        monitor.change { $0.isStopped = true }
    }
}
