// SPDX-License-Identifier: Apache-2.0

extension CalibrationFile {
    /// How many defects, blended into calibrate parts, the recipe missed: what the detection heartbeat expects on the line.
    public struct Detection: Codable, Sendable, Equatable {
        /// Size of the defects, an index into `BlendedDefect.shares`.
        public var sizeClass: Int
        /// The defects that are blended (seeds of `BlendedDefect`): those that this recipe finds best; empty: any.
        public var seeds: [UInt64]
        /// Blended defects.
        public var trials: Int
        /// Of them: scores that passed.
        public var missed: Int
        /// The miss rate that is not exceeded with a confidence of 99 % if trials were independent (Clopper and Pearson), at most 1.
        public var limit: Double

        /// Beyond this miss rate a blind box looks like a seeing one for too long, and twenty misses of twenty would be no alarm, so that a
        /// burst would acquit it (0.72 is the last with which they are one).
        public static let highestLimit = 0.7

        /// Whether the detection heartbeat can tell a blind box from one that misses what it missed at calibration.
        public var tellsBlindness: Bool { limit <= Self.highestLimit }

        enum CodingKeys: String, CodingKey {
            case seeds, trials, missed, limit
            case sizeClass = "size_class"
        }

        /// A count of missed defects.
        public init(sizeClass: Int, seeds: [UInt64] = [], trials: Int, missed: Int, limit: Double) {
            self.sizeClass = sizeClass
            self.seeds = seeds
            self.trials = trials
            self.missed = missed
            self.limit = limit
        }

        /// Whether the numbers can be true.
        var isPossible: Bool {
            (0...4).contains(sizeClass) && seeds.count <= 1_000 && trials > 0 && (0...trials).contains(missed)
                && limit > Double(missed) / Double(trials) - 1e-9 && limit > 0 && limit <= 1
        }
    }
}
