// SPDX-License-Identifier: Apache-2.0

/// What the line may do, and why not.
///
/// The raw values are stable: they are in the history, in the latch and in every event line.
public enum LineState: String, Codable, Sendable, CaseIterable {
    /// Something needed is missing (recipe, picture source); permit off, lamp blue. The state after every boot.
    case blocked
    /// Parts are judged and the line moves; permit on, lamp green. Entered from `ready` by an explicit start, and from `andon`.
    case running
    /// A part is suspicious, or the scores drift: a timer runs until the line stops; permit on, lamp yellow.
    case andon
    /// A defect, or an unclean end while running; permit off, lamp red flashing. Latched: survives a restart.
    case stopped
    /// A named person has judged the stop; permit off, lamp red steady. Latched: survives a restart.
    case acknowledged
    /// All is there and nothing is latched; permit off until a start, lamp blue.
    case ready
    /// Jidoka itself can't judge parts; permit off, lamp in the fault code. Latched: comes back as `stopped`.
    case fault
    /// A named person lets the line run without Jidoka, for a limited time; permit on, lamp yellow and blue.
    case bypass

    /// Whether the line may run: the level of the energised output.
    public var permit: Bool { self == .running || self == .andon || self == .bypass }

    /// Whether a bad part stops the line.
    public var isInspecting: Bool { self == .running || self == .andon }

    /// What the lamp shows.
    public var lamp: Lamp {
        switch self {
        case .blocked, .ready: .blue
        case .running: .green
        case .andon: .yellow
        case .stopped: .redFlashing
        case .acknowledged: .red
        case .fault: .faultCode
        case .bypass: .yellowBlue
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
    /// `andon`: somebody has to look before the time is up.
    case yellow
    /// `stopped`: somebody has to come and look.
    case redFlashing = "red_flashing"
    /// `acknowledged`: somebody is there.
    case red
    /// `fault`: red with a rhythm of its own.
    case faultCode = "fault_code"
    /// `bypass`: the line runs, and nobody inspects it.
    case yellowBlue = "yellow_blue"
}
