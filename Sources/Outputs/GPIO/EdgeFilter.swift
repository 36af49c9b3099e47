// SPDX-License-Identifier: Apache-2.0

/// Debounce for a chip whose kernel driver refuses to: a level counts once it has stood for the period; pure.
///
/// Like the kernel's own debounce it reports the end of the period, not the first contact.
package struct EdgeFilter: Sendable {
    /// How long a level has to stand, in nanoseconds.
    package let period: Int64
    /// The level that counted last; `true` is on.
    package private(set) var level: Bool
    private var candidate: (level: Bool, since: Int64)?

    /// Starts from the level that the line has when it is claimed.
    package init(period: Int64, level: Bool) {
        self.period = period
        self.level = level
    }

    /// When the present candidate will count, on the clock of the edges; `nil` when nothing is under way.
    package var deadline: Int64? { candidate.map { $0.since + period } }

    /// Takes a raw edge to a level; tells whether the level before it had stood long enough to count.
    package mutating func edge(to level: Bool, at time: Int64) -> (isOn: Bool, time: Int64)? {
        let settled = settle(at: time)
        candidate = level == self.level ? nil : (level, time)
        return settled
    }

    /// Tells whether the candidate has stood long enough by now.
    package mutating func settle(at time: Int64) -> (isOn: Bool, time: Int64)? {
        guard let candidate, time - candidate.since >= period else { return nil }
        level = candidate.level
        self.candidate = nil
        return (candidate.level, candidate.since + period)
    }

}
