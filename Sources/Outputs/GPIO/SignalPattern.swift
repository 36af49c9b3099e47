// SPDX-License-Identifier: Apache-2.0

import Line

/// What the signal lamp does over time; pure.
enum SignalPattern: Sendable, Equatable {
    case off
    case on
    /// Half a second on, half a second off: somebody has to come.
    case blinking
    /// Two short flashes a second: the box itself has a fault.
    case doubleFlash
    /// One short flash a second: a part is suspicious.
    case singleFlash
    /// On, with a short gap each second: the line runs, and nobody inspects it.
    case shortGap

    /// What people see for each lamp.
    init(_ lamp: Lamp) {
        self =
            switch lamp {
            case .off, .blue, .green: .off
            case .red: .on
            case .redFlashing: .blinking
            case .faultCode: .doubleFlash
            case .yellow: .singleFlash
            case .yellowBlue: .shortGap
            }
    }

    /// Whether the PLC is told that the line is stopped.
    static func isStopped(_ lamp: Lamp) -> Bool {
        switch lamp {
        case .off, .blue, .green, .yellow, .yellowBlue: false
        case .redFlashing, .red, .faultCode: true
        }
    }

    /// The level at a time, and when it changes next.
    ///
    /// - Parameter elapsed: nanoseconds since the pattern began.
    /// - Returns: the level, and nanoseconds since the pattern began of the next change; `nil` for never.
    func level(at elapsed: Int64) -> (isOn: Bool, next: Int64?) {
        let period: Int64 = 1_000_000_000
        let millisecond: Int64 = 1_000_000
        let start = elapsed - elapsed % period
        let phase = elapsed - start
        switch self {
        case .off: return (false, nil)
        case .on: return (true, nil)
        case .blinking:
            return phase < period / 2 ? (true, start + period / 2) : (false, start + period)
        case .singleFlash:
            return phase < 100 * millisecond ? (true, start + 100 * millisecond) : (false, start + period)
        case .shortGap:
            return phase < 900 * millisecond ? (true, start + 900 * millisecond) : (false, start + period)
        case .doubleFlash:
            if phase < 100 * millisecond { return (true, start + 100 * millisecond) }
            if phase < 300 * millisecond { return (false, start + 300 * millisecond) }
            if phase < 400 * millisecond { return (true, start + 400 * millisecond) }
            return (false, start + period)
        }
    }
}

/// Reject pulses, one after the other with a gap, so that each is seen as a pulse of its own; pure.
package struct PulseQueue: Sendable, Equatable {
    private enum Phase: Equatable {
        case idle
        case on(until: Int64)
        case gap(until: Int64)
    }

    /// Off for at least so long between two pulses, in nanoseconds: the filter of a PLC's input takes some milliseconds.
    package static let gap: Int64 = 20_000_000
    /// Pulses that may wait; more means that parts come faster than pulses fit between them.
    package static let limit = 16

    /// Length of a pulse in nanoseconds.
    package let length: Int64
    private var phase = Phase.idle
    package private(set) var waiting = 0

    package init(length: Int64) { self.length = length }

    /// Asks for one more pulse; `false` when too many wait.
    package mutating func add() -> Bool {
        guard waiting < Self.limit else { return false }
        waiting += 1
        return true
    }

    /// What the line has to be now, and when to ask again; `nil` for not before the next `add`.
    ///
    /// Counted from the time of the call, not of the deadline: a late call makes a pulse longer, never shorter.
    package mutating func step(at now: Int64) -> (isOn: Bool, next: Int64?) {
        if case .on(let end) = phase, now >= end { phase = .gap(until: now + Self.gap) }
        if case .gap(let end) = phase, now >= end { phase = .idle }
        if case .idle = phase, waiting > 0 {
            waiting -= 1
            phase = .on(until: now + length)
        }
        switch phase {
        case .idle: return (false, nil)
        case .on(let end): return (true, end)
        case .gap(let end): return (false, end)
        }
    }
}
