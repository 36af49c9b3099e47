// SPDX-License-Identifier: Apache-2.0

import CKernels

/// Level distance maps → one anomaly map `(size, size)` and its score. One mapper belongs to one thread.
public final class AnomalyMapper {
    /// How the map is made.
    public let settings: MapSettings
    /// Side of the map: the network's input size.
    public let size: Int
    private let stages: [Stage]
    private let taps: [Float]
    private var map: [Float]
    private var scratch: [Float]

    private final class Stage {
        let level: Level
        let side: Int
        let weight: Float
        let mean: [Float]
        let scale: [Float]
        var distance: [Float]
        let lower: [Int32]
        let upper: [Int32]
        let share: [Float]

        init(level: Level, size: Int, weight: Float, standardisation: (mean: [Float], scale: [Float])) {
            self.level = level
            side = size / level.reduction
            self.weight = weight
            mean = standardisation.mean
            scale = standardisation.scale
            distance = .init(repeating: 0, count: side * side)
            (lower, upper, share) = Self.interpolation(from: side, to: size)
        }

        /// Bilinear with pixel centres at half places (align_corners = false), edges repeated.
        static func interpolation(from side: Int, to size: Int) -> ([Int32], [Int32], [Float]) {
            var lower: [Int32] = []
            var upper: [Int32] = []
            var share: [Float] = []
            for index in 0..<size {
                let place = max(0, (Float(index) + 0.5) * Float(side) / Float(size) - 0.5)
                let low = min(Int(place), side - 1)
                lower.append(Int32(low))
                upper.append(Int32(min(low + 1, side - 1)))
                share.append(place - Float(low))
            }
            return (lower, upper, share)
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
            stages.append(Stage(level: level, size: size, weight: weight, standardisation: standardisation))
        }
        self.settings = settings
        self.size = size
        self.stages = stages
        taps = Self.gaussian(sigma: settings.smoothing * Float(size) / 256)
        map = .init(repeating: 0, count: size * size)
        scratch = .init(repeating: 0, count: size * size + size + 2 * taps.count)
    }

    /// Fills a level's distance map from two feature maps of the same shape.
    public func compare(_ teacher: FloatNetwork, _ student: FloatNetwork) {
        for stage in stages {
            guard let t = teacher.map(of: stage.level), let s = student.map(of: stage.level) else { continue }
            stage.distance.withUnsafeMutableBufferPointer { distance in
                ck_cosine_distance_f32(
                    t.values, t.row, s.values, s.row, distance.baseAddress, Int32(stage.side), Int32(stage.side),
                    Int32(t.shape.channels))
            }
        }
    }

    /// The raw distance map of a level, `(side, side)`: what statistics are made of.
    public func distances(of level: Level) -> [Float] { stages.first { $0.level == level }?.distance ?? [] }

    /// Replaces a level's raw distances: for statistics, experiments and tests.
    public func setDistances(_ distances: [Float], of level: Level) {
        guard let stage = stages.first(where: { $0.level == level }), distances.count == stage.distance.count else {
            return
        }
        stage.distance = distances
    }

    /// Standardises, upsamples, adds up and smooths the distances, then takes the score; NaN when anything isn't finite.
    public func score() -> Float {
        let count = map.count
        for index in 0..<count { map[index] = 0 }
        for stage in stages { add(stage) }
        return map.withUnsafeMutableBufferPointer { map in
            scratch.withUnsafeMutableBufferPointer { scratch in
                guard let values = map.baseAddress, let spare = scratch.baseAddress else { return .nan }
                if taps.count > 1 { ck_smooth_f32(values, Int32(size), taps, Int32(taps.count - 1), spare) }
                switch settings.score {
                case .maximum: return ck_maximum_f32(values, count)
                case .topPercent: return ck_top_mean_f32(values, count, max(1, count / 100), spare)
                }
            }
        }
    }

    /// The map of the last `score()`, `(size, size)`.
    public var values: [Float] { map }

    /// The largest value of the map of the last `score()`; NaN when anything isn't finite.
    public var maximum: Float { ck_maximum_f32(map, map.count) }

    private func add(_ stage: Stage) {
        scratch.withUnsafeMutableBufferPointer { scratch in
            map.withUnsafeMutableBufferPointer { map in
                guard let spare = scratch.baseAddress else { return }
                let count = stage.side * stage.side
                let row = spare + count
                ck_standardise_f32(stage.distance, stage.mean, stage.scale, spare, count)
                stage.lower.withUnsafeBufferPointer { lower in
                    stage.upper.withUnsafeBufferPointer { upper in
                        stage.share.withUnsafeBufferPointer { share in
                            var axis = ck_interpolation_f32(
                                lower: lower.baseAddress, upper: upper.baseAddress, share: share.baseAddress)
                            ck_upsample_add_f32(
                                spare, Int32(stage.side), map.baseAddress, Int32(size), &axis, stage.weight, row)
                        }
                    }
                }
            }
        }
    }

    /// Taps from the centre outwards, cut at 4 σ, summing to 1.
    ///
    /// Rounded to multiples of 2⁻²⁰, so that two maths libraries that differ in the last place give the same filter.
    static func gaussian(sigma: Float) -> [Float] {
        guard sigma > 0 else { return [1] }
        let radius = max(1, Int((4 * sigma).rounded(.up)))
        let raw = (0...radius).map { exponential(-0.5 * Double($0 * $0) / (Double(sigma) * Double(sigma))) }
        let sum = raw[0] + 2 * raw.dropFirst().reduce(0, +)
        let unit = 1_048_576.0
        var taps = raw.map { ($0 / sum * unit).rounded() }
        taps[0] = unit - 2 * taps.dropFirst().reduce(0, +)
        return taps.map { Float($0 / unit) }
    }

    /// eˣ for x ≤ 0 by squaring a short series: good to 1e-12, and free of libm.
    private static func exponential(_ x: Double) -> Double {
        guard x > -64 else { return 0 }  // far below what the taps are rounded to, and the series ends here
        let small = x / 1024
        var term = 1.0
        var sum = 1.0
        for k in 1...12 {
            term *= small / Double(k)
            sum += term
        }
        for _ in 0..<10 { sum *= sum }
        return sum
    }
}
