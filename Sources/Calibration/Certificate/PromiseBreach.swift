// SPDX-License-Identifier: Apache-2.0

/// Whether the false stops that were seen speak against what a threshold promises.
///
/// What is kept on average over calibrations may be less in a single one: such a promise is broken only by what order statistics do not
/// allow either.
public enum PromiseBreach: String, Sendable, Encodable {
    /// Nothing speaks against it.
    case kept
    /// Above the promised rate, and within what this very calibration may be.
    case doubtful
    /// Above that as well.
    case broken

    /// Judges; all are rates of good parts, 0 to 1.
    ///
    /// - Parameters:
    ///   - lowest: the lower limit of the rate that was seen.
    ///   - promised: the promised rate.
    ///   - confident: the rate that this calibration keeps with 95 %, or with its own confidence.
    public init(lowest: Double, promised: Double, confident: Double) {
        self = lowest > max(promised, confident) ? .broken : lowest > promised ? .doubtful : .kept
    }
}
