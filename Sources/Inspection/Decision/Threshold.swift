// SPDX-License-Identifier: Apache-2.0

/// The bound between pass and stop.
public struct Threshold: Sendable, Equatable, Codable {
    /// A part passes when its score is at most this.
    public let stop: Float
    /// A part is suspicious when its score is above this; nil: none is.
    public let warn: Float?

    /// What a score means for the part.
    public enum Outcome: String, Sendable, Codable {
        /// score ≤ threshold.
        case pass
        /// score > threshold.
        case stop
        /// The score is NaN or infinite: the box can't see, which is never a pass.
        case fault
    }

    /// A threshold; must be finite.
    ///
    /// - Throws: `InspectionError` for NaN or infinity.
    public init(stop: Float, warn: Float? = nil) throws(InspectionError) {
        guard stop.isFinite, warn?.isFinite ?? true else {
            throw InspectionError(
                .notFinite, "threshold", expected: "a finite number", found: stop.isFinite ? "\(warn ?? 0)" : "\(stop)",
                hint: "calibrate again")
        }
        self.stop = stop
        self.warn = warn
    }

    /// Pass, stop or fault.
    public func judge(_ score: Float) -> Outcome {
        guard score.isFinite else { return .fault }
        return score <= stop ? .pass : .stop
    }
}
