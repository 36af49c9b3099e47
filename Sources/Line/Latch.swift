// SPDX-License-Identifier: Apache-2.0

/// What must survive a power cut: the state of the line, and whether the last run ended on purpose.
///
/// It is written in one transaction with the event that changed it.
public struct Latch: Codable, Sendable, Equatable {
    /// The state after the last event.
    public var state: LineState
    /// `true` only when the last event is a shutdown.
    public var cleanEnd: Bool
    /// Why the line is in `andon`, `stopped`, `acknowledged` or `fault`, or was before a bypass; `nil` otherwise.
    public var reason: String?
    /// The part that stopped the line, if one did: an acknowledgement is a verdict about this part.
    public var part: String?
    /// In `bypass`, what the line was and will be again when that ends; `nil` otherwise.
    public var underneath: LineState?

    /// A latch as it was read, or as a test wants it.
    public init(
        state: LineState, cleanEnd: Bool, reason: String? = nil, part: String? = nil, underneath: LineState? = nil
    ) {
        self.state = state
        self.cleanEnd = cleanEnd
        self.reason = reason
        self.part = part
        self.underneath = underneath
    }

    /// The latch to boot with when the recorded one can't be read: the line comes back stopped.
    public static func unreadable(_ why: String) -> Latch {
        Latch(state: .fault, cleanEnd: false, reason: "the recorded state can't be read: \(why)")
    }
}
