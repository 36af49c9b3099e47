// SPDX-License-Identifier: Apache-2.0

/// What the line may do, and why not.
///
/// The raw values are stable: they are in the history, in the latch and in every event line.
public enum LineState: String, Codable, Sendable, CaseIterable {
    /// Something needed is missing (recipe, picture source); permit off, lamp blue. The state after every boot.
    case blocked
    /// Parts are judged and the line moves; permit on, lamp green. Entered only from `ready` by an explicit start.
    case running
    /// A defect, or an unclean end while running; permit off, lamp red flashing. Latched: survives a restart.
    case stopped
    /// A named person has judged the stop; permit off, lamp red steady. Latched: survives a restart.
    case acknowledged
    /// All is there and nothing is latched; permit off until a start, lamp blue.
    case ready
    /// Jidoka itself can't judge parts; permit off, lamp in the fault code. Latched: comes back as `stopped`.
    case fault

    /// Whether the line may run: the level of the energised output.
    public var permit: Bool { self == .running }

    /// What the lamp shows.
    public var lamp: Lamp {
        switch self {
        case .blocked, .ready: .blue
        case .running: .green
        case .stopped: .redFlashing
        case .acknowledged: .red
        case .fault: .faultCode
        }
    }
}

/// What the operator sees from afar; raw values are stable.
public enum Lamp: String, Codable, Sendable, CaseIterable {
    /// Shown by nobody: the daemon has shut down cleanly.
    case off
    /// `blocked` or `ready`: waiting for a person.
    case blue
    /// `running`.
    case green
    /// `stopped`: somebody has to come and look.
    case redFlashing = "red_flashing"
    /// `acknowledged`: somebody is there.
    case red
    /// `fault`: red with a rhythm of its own.
    case faultCode = "fault_code"
}

/// What must survive a power cut: the state of the line, and whether the last run ended on purpose.
///
/// It is written in one transaction with the event that changed it.
public struct Latch: Codable, Sendable, Equatable {
    /// The state after the last event.
    public var state: LineState
    /// `true` only when the last event is a shutdown.
    public var cleanEnd: Bool
    /// Why the line is `stopped`, `acknowledged` or in `fault`; `nil` otherwise.
    public var reason: String?
    /// The part that stopped the line, if one did: an acknowledgement is a verdict about this part.
    public var part: String?

    /// A latch as it was read, or as a test wants it.
    public init(state: LineState, cleanEnd: Bool, reason: String? = nil, part: String? = nil) {
        self.state = state
        self.cleanEnd = cleanEnd
        self.reason = reason
        self.part = part
    }

    /// The latch to boot with when the recorded one can't be read: the line comes back stopped.
    public static func unreadable(_ why: String) -> Latch {
        Latch(state: .fault, cleanEnd: false, reason: "the recorded state can't be read: \(why)")
    }
}
