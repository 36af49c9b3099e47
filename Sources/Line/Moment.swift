// SPDX-License-Identifier: Apache-2.0

/// When something happened, by both clocks.
public struct Moment: Sendable, Equatable {
    /// For people: nanoseconds since 1970, UTC. It is copied into the events and decides nothing, as it can be set.
    public var wall: UInt64
    /// For timers: nanoseconds of a clock that only goes forward, `CLOCK_MONOTONIC`.
    public var monotonic: UInt64

    /// A moment by both clocks.
    public init(wall: UInt64, monotonic: UInt64) {
        self.wall = wall
        self.monotonic = monotonic
    }
}
