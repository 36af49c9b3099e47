// SPDX-License-Identifier: Apache-2.0

import Calibration
import Inspection
import Recipes

extension AccuracyReport {
    /// Runs that differ in their seed only.
    public struct Group: Encodable, Sendable {
        /// Name of the data set.
        public let set: String
        /// What looks at the teacher's features.
        public let detector: Recipe.Detector
        /// Name of the teacher.
        public let teacher: String
        /// Side of the input in pixels.
        public let size: Int
        /// Width of the reduced student.
        public let width: Double
        /// Share of a step's places that the reduced student learns from.
        public let hardest: Double
        /// In which numbers it runs.
        public let engine: Recipe.Engine
        /// Levels of the teacher's features.
        public let levels: [Level]
        /// Seeds that are finished.
        public let seeds: [UInt64]
        /// Figures; null where no run has one.
        public let imageAUROC, hindsightAUROC, pixelAUROC, aupro, averagePrecision, recallAtZeroFP, trainingSeconds,
            latencyMS: SeedSpread?
        /// Of the mean image AUROC: what other parts may give, while the deviation says what other seeds give.
        public let imageAUROCInterval: AUROCInterval?

        enum CodingKeys: String, CodingKey {
            case set, detector, teacher, size, width, hardest, engine, levels, seeds
            case imageAUROC = "image_auroc"
            case imageAUROCInterval = "image_auroc_interval"
            case hindsightAUROC = "hindsight_auroc"
            case pixelAUROC = "pixel_auroc"
            case aupro = "aupro_30"
            case averagePrecision = "average_precision"
            case recallAtZeroFP = "recall_at_zero_fp"
            case trainingSeconds = "training_seconds"
            case latencyMS = "latency_ms"
        }

        /// The detector by name, with what is not usual about its student.
        var title: String {
            let usual = DistillationSettings()
            guard detector == .reducedStudent else { return detector.rawValue }
            return detector.rawValue + (width == usual.width ? "" : ", width \(width)")
                + (hardest == usual.hardest ? "" : ", hardest \(hardest)")
        }

        init(_ key: AccuracyCase.Group, _ runs: [AccuracyRun]) {
            (set, detector, teacher, size) = (key.set, key.detector, key.teacher, key.size)
            (width, hardest, engine, levels) = (key.width, key.hardest, key.engine, key.levels)
            seeds = runs.map(\.one.seed)
            func spread(_ value: (AccuracyRun) -> Double?) -> SeedSpread? { SeedSpread(runs.compactMap(value)) }
            let area = spread(\.evaluation.imageAUROC)
            imageAUROC = area
            // A data set whose seeds are judged on different parts has the interval of the fewest.
            imageAUROCInterval = area.flatMap {
                AUROCInterval(
                    auroc: $0.mean, good: runs.map(\.evaluation.nGood).min() ?? 0,
                    defective: runs.map(\.evaluation.nDefect).min() ?? 0)
            }
            // Figures of some seeds only would not stand beside those of all.
            func whole(_ value: (AccuracyRun) -> Double?) -> SeedSpread? {
                runs.allSatisfy { value($0) != nil } ? spread(value) : nil
            }
            hindsightAUROC = whole { $0.hindsight?.imageAUROC }
            pixelAUROC = spread(\.evaluation.pixelAUROC)
            aupro = spread(\.evaluation.aupro)
            averagePrecision = spread(\.evaluation.averagePrecision)
            recallAtZeroFP = spread(\.evaluation.recallAtZeroFP)
            trainingSeconds = spread(\.trainingSeconds)
            latencyMS = whole(\.milliseconds) ?? spread(\.evaluation.latencyMS)
        }

        /// Every key is written, null where there is no value.
        public func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(set, forKey: .set)
            try container.encode(detector, forKey: .detector)
            try container.encode(teacher, forKey: .teacher)
            try container.encode(size, forKey: .size)
            try container.encode(width, forKey: .width)
            try container.encode(hardest, forKey: .hardest)
            try container.encode(engine, forKey: .engine)
            try container.encode(levels, forKey: .levels)
            try container.encode(seeds, forKey: .seeds)
            try container.encode(imageAUROC, forKey: .imageAUROC)
            try container.encode(imageAUROCInterval, forKey: .imageAUROCInterval)
            try container.encode(hindsightAUROC, forKey: .hindsightAUROC)
            try container.encode(pixelAUROC, forKey: .pixelAUROC)
            try container.encode(aupro, forKey: .aupro)
            try container.encode(averagePrecision, forKey: .averagePrecision)
            try container.encode(recallAtZeroFP, forKey: .recallAtZeroFP)
            try container.encode(trainingSeconds, forKey: .trainingSeconds)
            try container.encode(latencyMS, forKey: .latencyMS)
        }
    }
}
