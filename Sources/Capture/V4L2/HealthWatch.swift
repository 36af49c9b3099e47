// SPDX-License-Identifier: Apache-2.0

import Inspection

/// Remembers what was said of the pictures' health, and when to look again; no clock of its own.
struct HealthWatch: Sendable {
    private let limits: CameraSettings.Limits
    private let camera: String
    private let report: @Sendable (PictureHealth) -> Void
    private let openedAt: UInt64
    private var lastLook: UInt64
    private var lastSequence: UInt64?
    private var reported: PictureHealth?
    private var reportedAt: UInt64
    private var undecodables = 0

    /// Nanoseconds between two looks while no part is due: the line's heartbeat needs two a second.
    private static let period: UInt64 = 500_000_000
    /// Nanoseconds of silence after the stale limit until the camera is given up.
    private static let respite: UInt64 = 5_000_000_000
    /// Many cameras take a second or more from the start of the stream to the first frame.
    private static let warmUp: UInt64 = 5_000_000_000
    /// Pictures in a row that can't be decoded until that is the camera's fault, not an accident.
    private static let tolerated = 2

    init(
        limits: CameraSettings.Limits, camera: String, now: UInt64, report: @escaping @Sendable (PictureHealth) -> Void
    ) {
        self.limits = limits
        self.camera = camera
        self.report = report
        openedAt = now
        lastLook = now
        reportedAt = now
    }

    /// How long silence is no news.
    enum Silence {
        case none
        case stale(CaptureError)
        case lost(CaptureError)
    }

    /// When to look at the newest picture.
    var nextLook: UInt64 { lastLook + Self.period }

    /// When silence has to be looked at next, so that it is noticed in time.
    func nextSilence(after lastArrival: UInt64) -> UInt64 {
        let stale = lastArrival + Self.nanoseconds(limits.staleSeconds)
        // Once past, the regular looks are enough.
        return stale > lastLook ? stale + 1 : .max
    }

    /// What the time since the last frame means.
    func silence(now: UInt64, lastArrival: UInt64, hasFrames: Bool) -> Silence {
        let stale = Self.nanoseconds(limits.staleSeconds)
        let limit = hasFrames ? stale : max(stale, Self.warmUp)
        let silent = now > lastArrival ? now - lastArrival : 0
        guard silent > limit else { return .none }
        let since = "none for \(formatted(Double(silent) / 1e9)) s"
        if silent > limit + Self.respite {
            return .lost(
                CaptureError(
                    .sourceLost, camera, expected: "frames", found: since, hint: "the camera hangs; it is opened again")
            )
        }
        return .stale(
            CaptureError(
                .stale, camera, expected: "a frame every \(formatted(limits.staleSeconds)) s", found: since,
                hint: "the camera hangs or its cable is loose"))
    }

    /// Notes a look at a picture, or at none; false when there is nothing new to look at.
    mutating func begin(_ sequence: UInt64?, now: UInt64) -> Bool {
        lastLook = now
        defer { lastSequence = sequence ?? lastSequence }
        return sequence != nil && sequence != lastSequence
    }

    /// A picture could not be decoded.
    mutating func undecodable(_ error: CaptureError) -> (@Sendable () -> Void)? {
        undecodables += 1
        guard undecodables > Self.tolerated else { return nil }
        return change(to: .bad(error))
    }

    /// Why a camera that has been frozen for a while is to be opened again, which is the usual cure; nil when it is not.
    var stuck: CaptureError? {
        guard case .bad(let error)? = reported, error.code == .frozen, lastLook > reportedAt + Self.respite else {
            return nil
        }
        return CaptureError(
            .sourceLost, camera, expected: error.expected, found: error.found,
            hint: "the camera is frozen; it is opened again")
    }

    /// A picture was decoded, and is fit or not, or there is none.
    ///
    /// - Parameter isMoving: whether two frames have differed since the camera was opened: before that it is not told fit.
    /// - Returns: what tells it, when that is news; to be called without a lock.
    mutating func turn(_ health: PictureHealth, isMoving: Bool = true) -> (@Sendable () -> Void)? {
        // A camera that was frozen before it was opened again shows its first picture as any other does.
        if health == .good, reported == nil, !isMoving, limits.frozenSeconds > 0 { return nil }
        if case .bad(let error) = health, error.code == .stale { return change(to: health) }
        undecodables = 0
        return change(to: health)
    }

    private mutating func change(to health: PictureHealth) -> (@Sendable () -> Void)? {
        switch (reported, health) {
        case (.good?, .good): return nil
        // The figures in it differ each time, the kind of fault is the news.
        case (.bad(let old)?, .bad(let new)) where old.code == new.code: return nil
        default:
            reported = health
            reportedAt = lastLook
            return { [report] in report(health) }
        }
    }

    /// Whether the same bytes have come too often.
    func frozen(_ same: (count: Int, since: UInt64), now: UInt64) -> CaptureError? {
        let limit = Self.nanoseconds(limits.frozenSeconds)
        guard limit > 0, same.count >= 10, now > same.since, now - same.since >= limit else { return nil }
        return CaptureError(
            .frozen, camera, expected: "frames that differ at least in their noise",
            found: "\(same.count) with the same bytes in \(formatted(Double(now - same.since) / 1e9)) s",
            hint: "the camera or its driver repeats an old picture; plug it in anew")
    }

    /// Seconds as nanoseconds; nonsense is 0.
    static func nanoseconds(_ seconds: Double) -> UInt64 {
        seconds > 0 && seconds < 1e9 ? UInt64(seconds * 1e9) : 0
    }
}
