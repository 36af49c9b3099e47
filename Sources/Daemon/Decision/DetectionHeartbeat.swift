// SPDX-License-Identifier: Apache-2.0

import Inspection
import Recipes

/// Every so many good parts a defect is blended into a copy of the picture, and must be found as often as at calibration.
package struct DetectionHeartbeat {
    /// A defect to be blended into a copy of a part's picture.
    package struct Order: Sendable {
        /// The part.
        package let part: String
        /// Its picture, `(size, size, 3)` bytes.
        package let pixels: [UInt8]
        /// Which order.
        package let seed: UInt64
        /// Which defect.
        package let defect: UInt64
        /// Which size.
        package let sizeClass: Int
    }

    /// A picture with its defect.
    package struct Trial: Sendable {
        /// Which order it is.
        package let seed: UInt64
        /// `(size, size, 3)` bytes.
        package let pixels: [UInt8]
        /// When it was there, `CLOCK_MONOTONIC` in nanoseconds.
        package let madeAt: UInt64

        package init(seed: UInt64, pixels: [UInt8], madeAt: UInt64) {
            (self.seed, self.pixels, self.madeAt) = (seed, pixels, madeAt)
        }
    }

    /// What follows from a trial.
    package enum Outcome: Equatable {
        /// Nothing.
        case none
        /// Too many are missed, in words.
        case alarm(String)
        /// The defects on the kept picture go on: order the next one.
        case again
        /// They are over.
        case burstOver
    }

    /// Defects on the kept picture after an alarm.
    package static let burstTrials = 20

    /// What calibration missed.
    package let expected: CalibrationFile.Detection
    /// The line's trials since the recipe was loaded, or since the last alarm was over.
    package private(set) var test: DetectionTest
    /// The picture with its defect, to be scored when there is time.
    package private(set) var trial: Trial?
    /// Why there is an alarm; nil: there is none.
    package private(set) var alarm: String?
    private var burst: DetectionTest?
    private var kept: (part: String, pixels: [UInt8])?
    private var ordered: UInt64?
    private var nextSeed: UInt64
    private var goodParts: UInt64 = 0

    /// A heartbeat that has seen nothing.
    ///
    /// - Parameter seed: number of the first order, each further one's is one more; it picks the defects.
    /// - Returns: nil when calibration missed so many that it would tell nothing.
    package init?(_ expected: CalibrationFile.Detection, seed: UInt64) {
        guard expected.tellsBlindness else { return nil }
        self.expected = expected
        test = DetectionTest(limit: expected.limit)
        nextSeed = seed
    }

    /// Whether the defects on the kept picture are not over.
    package var isBursting: Bool { burst.map { !$0.isAlarm && $0.trials < Self.burstTrials } ?? false }

    /// Counts a good part.
    ///
    /// - Parameter every: of how many good parts one is taken; 0 is none.
    /// - Returns: whether this is one of those, and nothing is under way.
    package mutating func isDue(every: UInt64) -> Bool {
        goodParts += 1
        return every > 0 && goodParts % every == 0 && ordered == nil && trial == nil && alarm == nil && burst == nil
    }

    /// Orders a defect on a part's picture, which is kept.
    package mutating func order(on part: String, _ pixels: [UInt8]) -> Order {
        kept = (part, pixels)
        defer { nextSeed &+= 1 }
        ordered = nextSeed
        let defects = expected.seeds
        let defect = defects.isEmpty ? nextSeed : defects[Int(nextSeed % UInt64(defects.count))]
        return Order(part: part, pixels: pixels, seed: nextSeed, defect: defect, sizeClass: expected.sizeClass)
    }

    /// The next order on the kept picture; nil without one.
    package mutating func orderAgain() -> Order? { kept.map { order(on: $0.part, $0.pixels) } }

    /// Begins with the defects on the kept picture: whether what gave the alarm is over.
    package mutating func beginBurst() {
        trial = nil
        burst = DetectionTest(limit: expected.limit)
    }

    /// Takes a picture that was ordered; another one is of an earlier recipe, or not wanted any more.
    package mutating func take(_ trial: Trial) {
        guard trial.seed == ordered else { return }
        ordered = nil
        self.trial = trial
    }

    /// Takes the score of `trial`.
    package mutating func take(score: Float, threshold: Threshold) -> Outcome {
        trial = nil
        let verdict = threshold.judge(score)
        if burst != nil {
            // No number at all is no detection either.
            burst?.add(wasMissed: verdict != .stop)
            return isBursting ? .again : .burstOver
        }
        guard verdict != .fault else {
            return raise("a defect blended into \(kept?.part ?? "a part") has the score \(score), which is no number")
        }
        guard test.add(wasMissed: verdict == .pass) else { return .none }
        return raise(
            "the detection heartbeat missed \(test.missed) of \(test.trials) blended defects, calibration missed "
                + "\(expected.missed) of \(expected.trials); the last one was on \(kept?.part ?? "a part")")
    }

    /// Ends the defects on the kept picture; what gave the alarm is over when they are found.
    ///
    /// - Returns: what is still wrong, in words; nil when nothing is, and then it begins anew.
    package mutating func endBurst() -> String? {
        defer { burst = nil }
        guard let alarm else { return nil }
        guard let burst, !burst.isAlarm, burst.trials >= Self.burstTrials,
            burst.missed < burst.trials
        else {
            let found = burst.map { "\($0.missed) of \($0.trials) were missed again on \(kept?.part ?? "its picture")" }
            return found.map { "\(alarm); \($0)" } ?? alarm
        }
        self.alarm = nil
        test = DetectionTest(limit: expected.limit)
        return nil
    }

    private mutating func raise(_ why: String) -> Outcome {
        alarm = why
        return .alarm(why)
    }
}
