// SPDX-License-Identifier: Apache-2.0

/// Brings parts and frames together; no clock and no waiting.
///
/// Triggered: each part gets the first frame taken at or after its moment, and keeps it until it is asked for; a part
/// whose frame is damaged, was dropped, came late or never, or shows the part behind it, fails, rather than being judged
/// by a picture of something else.
/// Free-running: one part at a time, and the newest frame wins.
package struct PartQueue: Sendable {
    /// What became of a part.
    package enum Outcome: Sendable {
        case picture(PartMoment, CameraFrame)
        case failed(PartMoment, why: String)
    }

    private let isFreeRunning: Bool
    private let capacity: Int
    private let patience: UInt64
    /// Recent frames, for a part that is reported after its frame has come already.
    private var recent: [CameraFrame] = []
    private var forgottenAt: UInt64?
    /// The frames, of the recent ones, that a part has got.
    private var given: [UInt64] = []
    private var pending: [PartMoment] = []
    private var outcomes: [Outcome] = []

    /// Frames that are remembered for late parts.
    private static let memory = 4
    /// A frame may come so many usual intervals, and so many nanoseconds, after the part's moment; what comes later than both
    /// shows where the part was once.
    private static let lateness = (intervals: UInt64(3), time: UInt64(200_000_000))
    /// Parts that may wait for their frame, and failures for being heard.
    private static let most = 256

    /// An empty queue.
    ///
    /// - Parameters:
    ///   - capacity: pictures that may wait to be asked for.
    ///   - patience: nanoseconds after a part's moment in which its frame must come.
    package init(isFreeRunning: Bool, capacity: Int, patience: UInt64) {
        self.isFreeRunning = isFreeRunning
        self.capacity = capacity
        self.patience = patience
    }

    /// Whether a free-running trigger is to be asked for the next part.
    package var wantsPart: Bool { !isFreeRunning || (pending.isEmpty && outcomes.isEmpty) }

    /// When the oldest waiting part fails if nothing comes; nil when none waits.
    package var nextExpiry: UInt64? { isFreeRunning ? nil : pending.map { $0.moment &+ patience }.min() }

    /// A part was reported.
    package mutating func add(_ part: PartMoment) {
        guard !isFreeRunning else {
            pending = [part]
            return
        }
        if let index = recent.firstIndex(where: { $0.takenAt >= part.moment }) {
            // A frame that is not known any more may have been the first.
            guard index > 0 || part.moment > forgottenAt ?? 0 else {
                return settle(.failed(part, why: "it was reported after its picture was forgotten"))
            }
            settle(outcome(part, recent[index], after: index > 0 ? recent[index - 1].takenAt : forgottenAt))
        } else if pending.count < Self.most {
            pending.append(part)
        } else {
            settle(.failed(part, why: "\(Self.most) parts wait for a picture already"))
        }
    }

    /// A frame has come.
    package mutating func add(_ frame: CameraFrame) {
        guard !isFreeRunning else {
            guard frame.bytes != nil else { return }
            if case .picture(let part, _)? = outcomes.first {
                outcomes = [.picture(part, frame)]
            } else if let part = pending.first, frame.takenAt >= part.moment {
                pending = []
                outcomes = [.picture(part, frame)]
            }
            return
        }
        let before = recent.last?.takenAt
        let due = pending.filter { $0.moment <= frame.takenAt }
        // The last one to come is the one in front of the camera.
        let shown = due.max { $0.moment < $1.moment }
        for part in due {
            settle(
                part == shown
                    ? outcome(part, frame, after: before)
                    : .failed(part, why: "the next part came before its picture was taken"))
        }
        pending.removeAll { $0.moment <= frame.takenAt }
        recent.append(frame)
        if recent.count > Self.memory {
            forgottenAt = recent.removeFirst().takenAt
        }
    }

    /// Gives up parts whose frame did not come in time.
    package mutating func expire(now: UInt64) {
        guard !isFreeRunning else { return }
        for part in pending where now > part.moment &+ patience {
            settle(.failed(part, why: "no picture within \(formatted(Double(patience) / 1e9)) s"))
        }
        pending.removeAll { now > $0.moment &+ patience }
    }

    /// The oldest part that has its picture or never gets one.
    package mutating func take() -> Outcome? {
        outcomes.isEmpty ? nil : outcomes.removeFirst()
    }

    /// Forgets all parts.
    ///
    /// - Returns: how many there were; none when free-running, where only what is looked at is a part.
    @discardableResult
    package mutating func clear() -> Int {
        defer {
            pending = []
            outcomes = []
        }
        return isFreeRunning ? 0 : pending.count + outcomes.count
    }

    private mutating func outcome(_ part: PartMoment, _ frame: CameraFrame, after before: UInt64?) -> Outcome {
        if frame.lost > 0, let before, frame.takenAt > before {
            // Dropped frames are taken to have come at even intervals.
            let step = (frame.takenAt - before) / (frame.lost + 1)
            if part.moment <= frame.takenAt - step {
                return .failed(part, why: "the frame that shows it was dropped by the camera or its driver")
            }
        }
        if let limit = latest, frame.takenAt - part.moment > limit {
            let late = formatted(Double(frame.takenAt - part.moment) / 1e9)
            return .failed(
                part, why: "the first picture was taken \(late) s after it: the camera had stopped for a while")
        }
        if case .spoiled(let why) = frame.content { return .failed(part, why: why) }
        guard !given.contains(frame.sequence) else {
            return .failed(part, why: "its picture is the one of another part: they follow each other too closely")
        }
        given.append(frame.sequence)
        if given.count > Self.memory + 1 { given.removeFirst() }
        return .picture(part, frame)
    }

    /// How long after a part its frame may be taken; nil while nobody knows the camera's rate.
    private var latest: UInt64? {
        let gaps = zip(recent, recent.dropFirst()).compactMap { earlier, later in
            later.takenAt > earlier.takenAt ? (later.takenAt - earlier.takenAt) / (later.lost + 1) : nil
        }
        return gaps.min().map { max($0 * Self.lateness.intervals, Self.lateness.time) }
    }

    private mutating func settle(_ outcome: Outcome) {
        guard case .picture(let part, _) = outcome else {
            if outcomes.count < Self.most { outcomes.append(outcome) }
            return
        }
        let pictures = outcomes.count { if case .picture = $0 { true } else { false } }
        // The oldest are kept, in order: the line has seen them first.
        if pictures < capacity {
            outcomes.append(outcome)
        } else if outcomes.count < Self.most {
            outcomes.append(.failed(part, why: "\(capacity) parts with pictures wait to be judged already"))
        }
    }
}
