// SPDX-License-Identifier: Apache-2.0

/// Teacher and student with everything that turns a picture into a score. Immutable; runners share it.
public struct InspectionModel: Sendable {
    /// The networks, in the numbers that they are run in.
    public enum Networks: Sendable {
        /// The frozen network, and the one that has only seen good parts, in float32.
        case float32(teacher: NetworkPlan, student: NetworkPlan)
        /// Both in integers.
        case int8(IntegerPlan)
        /// A detector that makes one map.
        case oneMap(any MapDetector)
    }

    /// Teacher and student.
    public let networks: Networks
    /// How differences become a score.
    public let settings: MapSettings
    /// One per level, unless the normalisation is `none`.
    public let statistics: [LevelStatistics]

    /// Checks that the networks give the same maps for every level of the settings.
    ///
    /// - Throws: `InspectionError` that names the level.
    public init(
        networks: Networks, settings: MapSettings, statistics: [LevelStatistics]
    ) throws(InspectionError) {
        try networks.check(settings.levels)
        self.networks = networks
        self.settings = settings
        self.statistics = statistics
    }

    /// A model of two float32 networks.
    ///
    /// - Throws: `InspectionError` that names the level.
    public init(
        teacher: NetworkPlan, student: NetworkPlan, settings: MapSettings, statistics: [LevelStatistics]
    ) throws(InspectionError) {
        try self.init(
            networks: .float32(teacher: teacher, student: student), settings: settings, statistics: statistics)
    }

    /// Side of the square input in pixels.
    public var inputSize: Int { networks.inputSize }
}

/// Looks at pictures, one after the other, on one thread: picture in, score out, nothing allocated on the way.
public final class Inspector {
    /// What it looks with.
    public let model: InspectionModel
    /// Turns distances into maps and scores; open for statistics and heat maps.
    public let mapper: AnomalyMapper
    private let engine: Engine

    private enum Engine {
        case float32(teacher: FloatNetwork, student: FloatNetwork)
        case int8(IntegerNetwork)
        case oneMap(any MapRunner, at: Level)
    }

    /// Makes the buffers.
    ///
    /// - Parameters:
    ///   - workers: threads that share the work of an integer model, the caller's included; float32, the reference, runs on
    ///     one.
    ///   - instructionSet: of an integer model; nil for what `InstructionSet.current()` gives.
    /// - Throws: `InspectionError` when settings and statistics don't fit, or the integer engine can't run here.
    public init(
        model: InspectionModel, workers: Int = 1, instructionSet: InstructionSet? = nil
    ) throws(InspectionError) {
        self.model = model
        switch model.networks {
        case .float32(let teacher, let student):
            engine = .float32(teacher: FloatNetwork(plan: teacher), student: FloatNetwork(plan: student))
        case .int8(let plan):
            engine = .int8(try IntegerNetwork(plan: plan, instructionSet: instructionSet, workers: workers))
        case .oneMap(let detector):
            engine = .oneMap(
                try detector.runner(workers: workers, instructionSet: instructionSet), at: detector.level)
        }
        mapper = try AnomalyMapper(settings: model.settings, statistics: model.statistics, size: model.inputSize)
    }

    /// Runs both networks on one picture and leaves the distances of the levels in `mapper`.
    ///
    /// - Parameter pixels: `(size, size, 3)` bytes, RGB.
    public func compare(_ pixels: [UInt8]) {
        switch engine {
        case .float32(let teacher, let student):
            teacher.run(pixels)
            student.run(pixels)
            mapper.compare(teacher, student)
        case .int8(let networks):
            networks.run(pixels)
            mapper.compare(networks)
        case .oneMap(let runner, let level):
            runner.run(pixels)
            mapper.compare(runner, at: level)
        }
    }

    /// The score of one picture; NaN when anything on the way was not finite.
    ///
    /// - Parameter pixels: `(size, size, 3)` bytes, RGB.
    public func score(_ pixels: [UInt8]) -> Float {
        compare(pixels)
        return mapper.score()
    }

    /// The score of one frame.
    public func score(_ frame: borrowing Frame) -> Float { score(frame.pixels) }
}
