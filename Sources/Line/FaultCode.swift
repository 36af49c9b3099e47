// SPDX-License-Identifier: Apache-2.0

/// Why Jidoka can't judge parts; raw values are stable.
public enum FaultCode: String, Codable, Sendable, CaseIterable {
    /// The camera or folder is gone; cleared by `sourceReady`.
    case sourceLost = "source_lost"
    /// The recipe or its calibration is gone; cleared by `recipeReady`.
    case recipeMissing = "recipe_missing"
    /// Pictures come too late or not at all.
    case pictureStale = "picture_stale"
    /// A part's picture is truncated or corrupt, so that the part can't be judged; momentary.
    case pictureCorrupt = "picture_corrupt"
    /// The picture is dark.
    case pictureDark = "picture_dark"
    /// The picture is saturated.
    case pictureSaturated = "picture_saturated"
    /// The picture never changes.
    case pictureFrozen = "picture_frozen"
    /// Too many verdicts in a row came late or not at all; momentary.
    case lateVerdicts = "late_verdicts"
    /// A score or threshold is NaN or infinite; momentary.
    case nonFiniteScore = "non_finite_score"
    /// A file's hash is not the recorded one.
    case badHash = "bad_hash"
    /// An event could not be recorded; momentary, as every way out of the fault has to be recorded itself.
    case recordFailed = "record_failed"
    /// The permit, lamp or heartbeat can't be set.
    case outputFailed = "output_failed"
    /// Trigger or acknowledge button can't be read.
    case inputFailed = "input_failed"
    /// A part came past of which there is no picture, or parts came faster than they can be judged; momentary.
    case partMissed = "part_missed"
    /// A known defect was passed, or a known good part would have been stopped; cleared by a challenge that is passed.
    case challengeFailed = "challenge_failed"
    /// Jidoka has broken a rule of its own.
    case `internal`

    /// Causes that the pictures themselves give, and that good pictures clear.
    public static let ofPictures: [FaultCode] = [.pictureStale, .pictureDark, .pictureSaturated, .pictureFrozen]

    /// What no bypass can run with: nobody would know of it, or the permit is not in our hands.
    public var endsBypass: Bool { [.recordFailed, .outputFailed, .internal].contains(self) }

    /// A momentary fault is over when it has been reported; the others stay active until they are cleared.
    public var isMomentary: Bool {
        [.nonFiniteScore, .recordFailed, .pictureCorrupt, .partMissed, .lateVerdicts, .internal].contains(self)
    }
}
