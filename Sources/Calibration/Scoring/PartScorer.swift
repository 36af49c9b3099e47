// SPDX-License-Identifier: Apache-2.0

import Inspection

/// Scores many pictures with one model, each thread with buffers of its own: the bits are those of one thread.
public struct PartScorer: Sendable {
    /// What it looks with.
    public let model: InspectionModel

    /// A scorer.
    public init(_ model: InspectionModel) { self.model = model }

    /// What is known of one picture.
    public struct Scored: Sendable {
        /// The score by the model's rule; NaN is a fault.
        public let score: Float
        /// The largest value of its map.
        public let peak: Float
        /// The map, `(size, size)`, where it was asked for.
        public let map: [Float]
        /// Milliseconds from pixels to score.
        public let milliseconds: Double
    }

    /// Scores of pictures, in their order.
    ///
    /// - Parameters:
    ///   - pictures: `(size, size, 3)` bytes each.
    ///   - maps: keep the anomaly maps (size² floats each).
    /// - Throws: `InspectionError` when settings and statistics don't fit.
    public func scores(
        _ pictures: [[UInt8]], maps: Bool = false, threads: Int = Parallel.cores,
        progress: (@Sendable (Int, Int) -> Void)? = nil
    ) throws(InspectionError) -> [Scored] {
        _ = try Inspector(model: model)
        return Parallel.map(pictures, threads: threads, progress: progress, context: { try? Inspector(model: model) }) {
            pixels, inspector in
            guard let inspector else { return Scored(score: .nan, peak: .nan, map: [], milliseconds: 0) }
            let start = ContinuousClock.now
            let score = inspector.score(pixels)
            let spent = ContinuousClock.now - start
            return Scored(
                score: score, peak: inspector.mapper.maximum, map: maps ? inspector.mapper.values : [],
                milliseconds: Double(spent.components.seconds) * 1e3 + Double(spent.components.attoseconds) / 1e15)
        }
    }

    /// Raw distance maps of every level of the settings, per picture; needs no statistics.
    ///
    /// - Throws: `InspectionError` when networks and settings don't fit.
    public static func distances(
        _ networks: InspectionModel.Networks, levels: [Level], pictures: [[UInt8]],
        progress: (@Sendable (Int, Int) -> Void)? = nil
    ) throws(InspectionError) -> [[Level: [Float]]] {
        let model = try InspectionModel(
            networks: networks, settings: MapSettings(levels: levels, normalisation: .none), statistics: [])
        _ = try Inspector(model: model)
        return Parallel.map(pictures, progress: progress, context: { try? Inspector(model: model) }) {
            pixels, inspector in
            guard let inspector else { return [:] }
            inspector.compare(pixels)
            return Dictionary(uniqueKeysWithValues: levels.map { ($0, inspector.mapper.distances(of: $0)) })
        }
    }

    /// Statistics of every level over the distance maps of good pictures.
    ///
    /// - Throws: `CalibrationError` for fewer than two pictures or maps that are not finite.
    public static func statistics(
        of maps: [[Level: [Float]]], levels: [Level], size: Int
    ) throws(CalibrationError) -> [LevelStatistics] {
        var result: [LevelStatistics] = []
        for level in levels {
            var collector = LevelStatisticsCollector(level: level, side: size / level.reduction)
            for map in maps { if let values = map[level] { collector.add(values) } }
            result.append(try collector.statistics())
        }
        return result
    }
}
