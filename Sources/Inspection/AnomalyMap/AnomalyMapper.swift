// SPDX-License-Identifier: Apache-2.0

import CKernels

/// Level distance maps → one anomaly map `(size, size)` and its score. One mapper belongs to one thread.
public final class AnomalyMapper {
    /// How the map is made.
    public let settings: MapSettings
    /// Side of the map: the network's input size.
    public let size: Int
    private let stages: [Stage]
    /// What the kernel reads of the stages, in their order.
    private let inputs: UnsafeMutableBufferPointer<ck_level_map_f32>
    private let map: FloatBuffer
    private let scratch: FloatBuffer

    private final class Stage {
        let level: Level
        let side: Int
        let mean: [Float]
        /// Times the level's weight.
        let scale: [Float]
        let axis: UpsamplingAxis
        let distance: FloatBuffer
        let standardised: FloatBuffer
        let widened: FloatBuffer

        init(
            level: Level, size: Int, weight: Float, smoothing: Double,
            standardisation: (mean: [Float], scale: [Float])
        ) {
            self.level = level
            side = size / level.reduction
            mean = standardisation.mean
            scale = standardisation.scale.map { $0 * weight }
            axis = UpsamplingAxis(side: side, size: size, sigma: smoothing)
            // Until distances come there is no score.
            distance = FloatBuffer(count: side * side, filledWith: .nan)
            standardised = FloatBuffer(count: side * side)
            widened = FloatBuffer(count: side * size)
        }

        var input: ck_level_map_f32 {
            ck_level_map_f32(axis: axis.tables, values: standardised.base, widened: widened.base)
        }
    }

    /// Prepares all tables and buffers.
    ///
    /// - Parameters:
    ///   - settings: levels, weights, normalisation, smoothing, score.
    ///   - statistics: one per level; may be empty when the normalisation is `none`.
    ///   - size: input size in pixels, multiple of 32.
    /// - Throws: `InspectionError` for settings that make no sense or statistics that don't fit.
    public init(settings: MapSettings, statistics: [LevelStatistics], size: Int) throws(InspectionError) {
        guard size % 32 == 0, (32...NetworkPlan.limits.size).contains(size) else {
            throw InspectionError(
                .badSetting, "map size", expected: "a multiple of 32 up to \(NetworkPlan.limits.size)",
                found: "\(size)", hint: "256 is usual")
        }
        guard !settings.levels.isEmpty, Set(settings.levels).count == settings.levels.count,
            settings.weights.count == settings.levels.count, settings.weights.allSatisfy({ $0 > 0 && $0.isFinite })
        else {
            throw InspectionError(
                .badSetting, "level weights", expected: "one weight above 0 for each level",
                found: "\(settings.levels.map(\.rawValue)) with \(settings.weights)", hint: "correct the recipe")
        }
        guard settings.smoothing.isFinite, (0...32).contains(settings.smoothing) else {
            throw InspectionError(
                .badSetting, "smoothing", expected: "0 to 32 pixels", found: "\(settings.smoothing)",
                hint: "4 is usual")
        }
        var stages: [Stage] = []
        for (level, weight) in zip(settings.levels, settings.weights) {
            let side = size / level.reduction
            let count = side * side
            var standardisation: (mean: [Float], scale: [Float]) = (
                .init(repeating: 0, count: count), .init(repeating: 1, count: count)
            )
            if settings.normalisation != .none {
                guard let known = statistics.first(where: { $0.level == level }), known.side == side else {
                    throw InspectionError(
                        .wrongShape, "statistics of \(level.rawValue)", expected: "a \(side)×\(side) map",
                        found: statistics.first { $0.level == level }.map { "\($0.side)×\($0.side)" } ?? "none",
                        hint: "calibrate again")
                }
                standardisation = known.standardisation(settings.normalisation)
            }
            stages.append(
                Stage(
                    level: level, size: size, weight: weight,
                    smoothing: Double(settings.smoothing) * Double(size) / 256, standardisation: standardisation))
        }
        self.settings = settings
        self.size = size
        self.stages = stages
        map = FloatBuffer(count: size * size)
        scratch = FloatBuffer(count: size * size)
        inputs = .allocate(capacity: stages.count)
        _ = inputs.initialize(from: stages.map(\.input))
    }

    deinit { inputs.deallocate() }

    /// Fills the levels' distance maps from the feature maps of two float32 networks.
    public func compare(_ teacher: FloatNetwork, _ student: FloatNetwork) {
        for stage in stages { stage.distance.compare(teacher, student, at: stage.level) }
    }

    /// Takes the distance maps over that an integer network left.
    public func compare(_ networks: IntegerNetwork) {
        for stage in stages { stage.distance.take(networks, at: stage.level) }
    }

    /// Takes the distance map over that a detector left.
    public func compare(_ runner: any MapRunner, at level: Level) {
        for stage in stages {
            guard stage.level == level else {
                stage.distance.fill(.nan)
                continue
            }
            stage.distance.copy(runner.distances)
        }
    }

    /// The raw distance map of a level, `(side, side)`: what statistics are made of.
    public func distances(of level: Level) -> [Float] { stages.first { $0.level == level }?.distance.values ?? [] }

    /// Replaces a level's raw distances: for statistics, experiments and tests.
    public func setDistances(_ distances: [Float], of level: Level) {
        guard let stage = stages.first(where: { $0.level == level }) else { return }
        distances.withUnsafeBufferPointer { stage.distance.copy($0) }
    }

    /// Standardises, upsamples, smooths and adds up the distances, then takes the score; NaN when anything isn't finite.
    public func score() -> Float {
        for stage in stages {
            ck_standardise_f32(
                stage.distance.base, stage.mean, stage.scale, stage.standardised.base, stage.distance.count)
        }
        ck_anomaly_map_f32(inputs.baseAddress, Int32(inputs.count), Int32(size), map.base)
        return score(by: settings.score)
    }

    /// The score of the map of the last `score()` by any rule: for choices among rules.
    public func score(by rule: MapSettings.ScoreRule) -> Float {
        guard rule != .maximum else { return maximum }
        return ck_top_mean_f32(map.base, map.count, rule.count(of: map.count), scratch.base)
    }

    /// The map of the last `score()`, `(size, size)`.
    public var values: [Float] { map.values }

    /// The largest value of the map of the last `score()`; NaN when anything isn't finite.
    public var maximum: Float { ck_maximum_f32(map.base, map.count) }
}

/// Floats at one place for good: kernels keep pointers to them, and nothing copies them behind our back.
final class FloatBuffer {
    let base: UnsafeMutablePointer<Float>
    let count: Int

    init(count: Int, filledWith value: Float = 0) {
        self.count = count
        base = .allocate(capacity: count)
        base.initialize(repeating: value, count: count)
    }

    deinit { base.deallocate() }

    /// A copy.
    var values: [Float] { [Float](UnsafeBufferPointer(start: base, count: count)) }

    /// The same value everywhere.
    func fill(_ value: Float) { base.update(repeating: value, count: count) }

    /// Cosine distances of a level's feature maps, place by place; NaN everywhere when one of them is missing: distances of
    /// another picture must not pass for this one's.
    func compare(_ teacher: FloatNetwork, _ student: FloatNetwork, at level: Level) {
        guard let t = teacher.map(of: level), let s = student.map(of: level),
            t.shape == s.shape, t.shape.height * t.shape.width == count
        else { return fill(.nan) }
        ck_cosine_distance_f32(
            t.values, t.row, s.values, s.row, base, Int32(t.shape.height), Int32(t.shape.width),
            Int32(t.shape.channels))
    }

    /// A level's distances that an integer network left; NaN everywhere when there are none.
    func take(_ networks: IntegerNetwork, at level: Level) {
        guard let distances = networks.distances(of: level) else { return fill(.nan) }
        copy(distances)
    }

    /// Takes values over; NaN everywhere when they are not as many: old values must not pass for new ones.
    func copy(_ values: UnsafeBufferPointer<Float>) {
        guard values.count == count, let first = values.baseAddress else { return fill(.nan) }
        base.update(from: first, count: count)
    }
}
