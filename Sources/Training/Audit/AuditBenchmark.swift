// SPDX-License-Identifier: Apache-2.0

import Calibration
import Inspection
import Pictures
import Recipes

/// How many defective pictures, slipped into a good set, an audit brings to the front.
public struct AuditBenchmark: Sendable, Encodable {
    /// What is tried.
    public struct Choices: Sendable {
        /// Defective pictures slipped in.
        public var slipped = 10
        /// Pictures that a person looks at.
        public var looked = 40
        /// Draws of other defective pictures.
        public var draws = 20
        /// Seed of the draws.
        public var seed: UInt64 = 1
        /// Also what the defects cost that are left in.
        public var recall = false
        /// Synthetic defects blended into the good pictures instead of the set's own: for choices.
        public var blended = false
        /// Levels that pictures are compared by.
        public var levels = AuditPatches.usualLevels
        /// How a picture becomes network input.
        public var input = InputRule()

        /// The usual ones.
        public init() {}
    }

    /// What defects in the good set cost a memory of patches: shares of the other defective parts found, means over draws.
    public struct Recall: Sendable, Encodable {
        /// False-stop rate of all three.
        public let alpha: Double
        /// Without any defect in the set.
        public let clean: Double
        /// With all that were slipped in.
        public let left: Double
        /// With those taken out that were among the pictures looked at, calibrate parts counted as exceedances; nil: see below.
        public let audited: Double?
        /// Draws in which so many calibrate parts were taken out that the rate was not supported; `audited` is without them.
        public let unsupported: Int
    }

    /// Name of the data set.
    public let set: String
    /// SHA-256 of the teacher's file.
    public let teacher: String
    /// Levels that pictures were compared by.
    public let levels: [Level]
    /// Whether the defects were synthetic ones.
    public let blended: Bool
    /// Good pictures.
    public let good: Int
    /// Defective pictures to draw from.
    public let defective: Int
    /// Defects among the pictures looked at, for each draw.
    public let found: [Int]
    /// Slipped in, looked at.
    public let slipped: Int, looked: Int
    /// Share found of each kind, over all draws.
    public let kinds: [String: Double]
    /// What they cost; nil where it was not asked for, or the set is too small for the rate.
    public let recall: Recall?

    /// Found, on average over draws.
    public var mean: Double { Double(found.reduce(0, +)) / Double(max(1, found.count)) }

    /// The false-stop rate of `Recall`.
    static let alpha = 0.1

    /// Runs all draws; features of all pictures are computed once.
    ///
    /// - Returns: nil when it was stopped.
    /// - Throws: `CalibrationError` for a set without enough pictures, `RecipeError`, `TrainingError`.
    public init?(
        _ data: DataSet, teacher: (bytes: [UInt8], name: String), choices: Choices = Choices(),
        progress: RecipeCalibration.Progress? = nil, shouldStop: () -> Bool = { false }
    ) throws {
        let defects = choices.blended ? data.good.count : data.test.count { $0.defect != nil }
        guard data.good.count >= PatchSuspicion.fewest, defects >= choices.slipped else {
            throw CalibrationError(
                .badData, data.root,
                expected: "\(PatchSuspicion.fewest) good and \(choices.slipped) defective pictures or more",
                found: "\(data.good.count) and \(defects)", hint: "see 'Data sets' in the README")
        }
        let file = try ModelFile.teacher(teacher.bytes, name: teacher.name, levels: choices.levels)
        let patches = try AuditPatches(
            teacher: try file.plan(inputSize: choices.input.size, name: teacher.name), levels: choices.levels)
        let pictures = try AuditPictures(data, choices: choices) { progress?("reading pictures", $0, $1) }
        guard !shouldStop() else { return nil }
        let store = try patches.store(pictures.pixels) { progress?("teacher's features", $0, $1) }
        let trial = AuditTrial(
            store: store, patches: patches, groups: pictures.groups, good: data.good.count,
            count: pictures.pixels.count)
        var random = RandomSource(seed: choices.seed)
        var (found, losses) = ([Int](), [AuditTrial.Loss]())
        var kinds: [String: (found: Int, slipped: Int)] = [:]
        for draw in 0..<choices.draws {
            guard !shouldStop() else { return nil }
            progress?("draws", draw, choices.draws)
            var order = Array(data.good.count..<trial.count)
            random.shuffle(&order)
            let slipped = Array(order.prefix(choices.slipped))
            let front = Set(try trial.front(slipped, looked: choices.looked, seed: random.next()))
            found.append(slipped.count { front.contains($0) })
            for index in slipped {
                let kind = pictures.kinds[index - data.good.count]
                kinds[kind, default: (0, 0)].slipped += 1
                kinds[kind, default: (0, 0)].found += front.contains(index) ? 1 : 0
            }
            let seed = random.next()
            guard choices.recall else { continue }
            losses.append(try trial.loss(slipped, front: front, alpha: Self.alpha, seed: seed))
        }
        progress?("draws", choices.draws, choices.draws)
        set = data.root.split(separator: "/").last.map(String.init) ?? data.root
        self.teacher = file.digest
        (levels, blended) = (patches.levels, choices.blended)
        (good, defective) = (data.good.count, defects)
        (slipped, looked) = (choices.slipped, choices.looked)
        self.found = found
        self.kinds = kinds.mapValues { Double($0.found) / Double($0.slipped) }
        recall = losses.isEmpty ? nil : Self.mean(losses)
    }

    private static func mean(_ losses: [AuditTrial.Loss]) -> Recall? {
        func mean(_ values: [Double]) -> Double? {
            values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
        }
        guard let clean = mean(losses.compactMap(\.clean)), let left = mean(losses.compactMap(\.left)) else {
            return nil
        }
        return Recall(
            alpha: alpha, clean: clean, left: left,
            audited: mean(losses.compactMap(\.audited)), unsupported: losses.count { $0.audited == nil })
    }

    enum CodingKeys: String, CodingKey {
        case set, teacher, levels, blended, good, defective, slipped, looked, found, mean, kinds, recall
    }

    /// With the mean.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(set, forKey: .set)
        try container.encode(teacher, forKey: .teacher)
        try container.encode(levels, forKey: .levels)
        try container.encode(blended, forKey: .blended)
        try container.encode(good, forKey: .good)
        try container.encode(defective, forKey: .defective)
        try container.encode(slipped, forKey: .slipped)
        try container.encode(looked, forKey: .looked)
        try container.encode(found, forKey: .found)
        try container.encode(mean, forKey: .mean)
        try container.encode(kinds, forKey: .kinds)
        try container.encodeIfPresent(recall, forKey: .recall)
    }
}
