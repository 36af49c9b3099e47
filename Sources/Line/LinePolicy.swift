// SPDX-License-Identifier: Apache-2.0

/// The rules of a line: how it warns, when it stops, and who is called. Times are nanoseconds.
public struct LinePolicy: Sendable, Hashable {
    /// How far a part goes from the camera.
    public enum Travel: Sendable, Hashable {
        /// For so long.
        case time(UInt64)
        /// For so many counts of the conveyor's encoder; when they have not come by `limit`, the encoder is not believed.
        case counts(UInt64, limit: UInt64)
    }

    /// `k` of the last `n` parts.
    public struct Share: Sendable, Hashable {
        /// How many.
        public var count: Int
        /// Of how many, 1 ... 64.
        public var window: Int

        /// `count` of `window` parts.
        public init(count: Int, of window: Int) {
            self.count = count
            self.window = window
        }
    }

    /// How long an andon may last before it stops the line.
    public var andonTime: UInt64
    /// How many parts an andon may last before it stops the line, wherever the timer is; nil is any number.
    public var andonParts: Int?
    /// So many good parts in a row end an andon that suspicious parts have raised; nil: only a person does.
    public var goodParts: Int?
    /// So many suspicious parts among the last ones stop the line; nil: the timer alone does.
    public var suspicious: Share?
    /// Where a bad part is when the line has stopped; nil: the line stops at once.
    public var stopTravel: Travel?
    /// Where a part is sorted out; nil: beside the camera.
    public var rejectTravel: Travel?
    /// So many parts in a row without a verdict in time are a fault; 1 is the first one.
    public var unjudgedLimit: Int
    /// A stop that nobody has acknowledged by then is escalated; nil is never.
    public var escalationTime: UInt64?
    /// The longest bypass.
    public var bypassLimit: UInt64
    /// The box must have shown that it finds known defects within this time, or the line is blocked; nil: it need not.
    public var challengePeriod: UInt64?

    /// Rules; without any, one suspicious part raises an andon for a minute, and ten good ones end it.
    public init(
        andonTime: UInt64 = 60_000_000_000, andonParts: Int? = nil, goodParts: Int? = 10, suspicious: Share? = nil,
        stopTravel: Travel? = nil, rejectTravel: Travel? = nil, unjudgedLimit: Int = 1, escalationTime: UInt64? = nil,
        bypassLimit: UInt64 = 8 * 3600 * 1_000_000_000, challengePeriod: UInt64? = nil
    ) {
        self.andonTime = andonTime
        self.andonParts = andonParts
        self.goodParts = goodParts
        self.suspicious = suspicious
        self.stopTravel = stopTravel
        self.rejectTravel = rejectTravel
        self.unjudgedLimit = unjudgedLimit
        self.escalationTime = escalationTime
        self.bypassLimit = bypassLimit
        self.challengePeriod = challengePeriod
    }
}
