// SPDX-License-Identifier: Apache-2.0

import Threads

/// A part at fixed intervals, for a line that has no sensor: the newest picture is taken, and none waits for its turn.
public final class RateTrigger: Trigger {
    private struct State {
        var pace: Pace
        var due: UInt64?
        var number: UInt64 = 0
        var armedAt: UInt64?
        var isStopped = false
    }

    private let rate: Double
    private let monitor: Monitor<State>

    /// A trigger of a part rate.
    ///
    /// - Parameter rate: parts per second, 1/3600 to 10,000 (others are taken as the nearest of these); 0 or less is
    ///   every
    ///   frame of the camera.
    public init(rate: Double) {
        self.rate = rate > 0 ? min(max(rate, 1.0 / 3600), 10_000) : 0
        monitor = Monitor(State(pace: Pace(rate: self.rate)))
    }

    /// True.
    public var isFreeRunning: Bool { true }

    /// The next part of the grid, while armed.
    public func next(until deadline: UInt64) -> TriggerAnswer {
        while true {
            let now = DeadlineGate.now()
            let due = monitor.change { state -> UInt64? in
                guard state.armedAt != nil, !state.isStopped else { return nil }
                let due = state.due ?? state.pace.deadline(now: now)
                state.due = due
                return due
            }
            // Changes wake this wait as well: whoever arms or stops it is heard at once.
            let answer = monitor.wait(until: min(due ?? deadline, deadline)) { state -> TriggerAnswer? in
                if state.isStopped { return .ended }
                guard let armedAt = state.armedAt else { return due == nil ? nil : TriggerAnswer.none }
                guard let due = state.due else { return TriggerAnswer.none }
                guard due <= DeadlineGate.now() else { return nil }
                state.due = nil
                state.number += 1
                // Without a grid any picture since the start will do, also one that waits already.
                return .part(PartMoment(number: state.number, moment: state.pace.period == 0 ? armedAt : due))
            }
            switch answer {
            case .part(let part): return .part(part)
            case .ended: return .ended
            default: if DeadlineGate.now() >= deadline { return .none }
            }
        }
    }

    /// Begins a new grid, or ends it.
    @discardableResult
    public func setArmed(_ on: Bool) -> Int {
        monitor.change { state in
            guard (state.armedAt != nil) != on else { return }
            state.armedAt = on ? DeadlineGate.now() : nil
            state.due = nil
            state.pace = Pace(rate: rate)
        }
        // What nobody has looked at was no part.
        return 0
    }

    /// Ends the trigger.
    public func stop() {
        monitor.change { $0.isStopped = true }
    }
}
