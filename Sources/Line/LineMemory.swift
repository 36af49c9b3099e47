// SPDX-License-Identifier: Apache-2.0

/// How long an andon has been there, and what may end it.
struct Andon: Sendable, Hashable {
    /// When it stops the line, `CLOCK_MONOTONIC`.
    let end: UInt64
    /// Parts until it stops the line; nil is any number.
    var partsLeft: Int?
    /// Good parts since the last suspicious one.
    var goodInRow = 0
    /// The scores drift: good parts are no sign that this is over.
    var isByDrift = false

    func abstracted(_ now: UInt64, enough: Int?) -> Andon {
        // More than enough good parts in a row, under a drift, are enough.
        Andon(
            end: timeLeft(until: end, at: now), partsLeft: partsLeft, goodInRow: min(goodInRow, enough ?? 0),
            isByDrift: isByDrift)
    }
}

/// When a part is where it has to be. While the line may not run the conveyor stands, and so does the part.
struct Arrival: Sendable, Hashable {
    /// What is known of a part's way.
    enum Progress { case onItsWay, there, lost }

    /// By the clock, or by the encoder and then not believed after this time; while the conveyor stands, the time left.
    private var deadline: UInt64
    private var isMoving = true
    private var count: UInt64?
    private let limit: UInt64

    /// A part that was in front of the camera then.
    init(_ travel: LinePolicy.Travel, since: UInt64, encoder: UInt64) {
        switch travel {
        case .time(let time): (deadline, count, limit) = (since &+ time, nil, time)
        case .counts(let counts, let limit): (deadline, count, self.limit) = (since &+ limit, encoder &+ counts, limit)
        }
    }

    /// Whether the encoder tells.
    var isCounted: Bool { count != nil }

    func progress(_ now: UInt64, encoder: UInt64) -> Progress {
        if let count, encoder >= count { return .there }
        guard isMoving, now >= deadline else { return .onItsWay }
        return count == nil ? .there : .lost
    }

    /// When to look again; nil while it stands.
    var due: UInt64? { isMoving ? deadline : nil }

    func abstracted(_ now: UInt64, _ encoder: UInt64) -> Arrival {
        var arrival = self
        if isMoving { arrival.deadline = timeLeft(until: deadline, at: now) }
        arrival.count = count.map { $0 &- encoder }
        return arrival
    }

    /// The conveyor stands.
    mutating func halt(_ now: UInt64) {
        guard isMoving else { return }
        (deadline, isMoving) = (timeLeft(until: deadline, at: now), false)
    }

    /// The conveyor moves: a clock goes on where it was, and counts are expected from now on.
    mutating func move(_ now: UInt64) {
        guard !isMoving else { return }
        (deadline, isMoving) = (now &+ (isCounted ? limit : deadline), true)
    }
}

/// A bad part on its way to where it can be stopped.
struct PendingStop: Sendable, Hashable {
    let part: String
    private let score: Float
    private let threshold: Float
    var arrival: Arrival

    init(_ verdict: Verdict, arrival: Arrival) {
        part = verdict.part
        score = verdict.score
        threshold = verdict.threshold
        self.arrival = arrival
    }

    /// What it was judged to be.
    private var verdict: Verdict { Verdict(part: part, score: score, threshold: threshold) }

    /// Why the line will stop, in words.
    var reason: String { verdict.reasonToStop }

    func fill(_ event: inout LineEvent) { verdict.fill(&event) }

    func abstracted(_ now: UInt64, _ encoder: UInt64) -> PendingStop {
        var pending = self
        pending.arrival = arrival.abstracted(now, encoder)
        return pending
    }
}

/// A part on its way to where it is sorted out.
struct PendingReject: Sendable, Hashable {
    let part: String
    var arrival: Arrival

    /// More than fit between camera and gate are not believed.
    static let limit = 1024

    func abstracted(_ now: UInt64, _ encoder: UInt64) -> PendingReject {
        PendingReject(part: part, arrival: arrival.abstracted(now, encoder))
    }
}

/// What the last parts were.
struct RecentParts: Sendable, Hashable {
    /// The newest part in the lowest bit: 1 for a suspicious one.
    private var bits: UInt64 = 0
    /// Parts in a row without a verdict in time.
    var unjudgedInRow = 0

    mutating func add(suspicious: Bool) {
        bits = bits << 1 | (suspicious ? 1 : 0)
        unjudgedInRow = 0
    }

    /// Somebody has looked at them.
    mutating func forgetSuspicious() { bits = 0 }

    /// Forgets what is too long ago to matter.
    mutating func keep(_ share: LinePolicy.Share?) { bits = share.map { bits(in: $0) } ?? 0 }

    /// How many suspicious ones are among the parts that `share` looks at.
    func count(in share: LinePolicy.Share) -> Int { bits(in: share).nonzeroBitCount }

    /// A shift by all 64 bits leaves none.
    private func bits(in share: LinePolicy.Share) -> UInt64 { bits & ~(UInt64.max << UInt64(max(0, share.window))) }
}
