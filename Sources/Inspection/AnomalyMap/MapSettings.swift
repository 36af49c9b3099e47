// SPDX-License-Identifier: Apache-2.0

/// How feature differences become one map and one score: chosen on good parts, kept in the recipe.
public struct MapSettings: Codable, Sendable, Equatable {
    /// What makes maps comparable between levels and between places of the picture.
    public enum Normalisation: String, Codable, Sendable, CaseIterable {
        /// Raw cosine distances.
        case none
        /// (d − μ)/σ with one μ and σ per level: for textures that move under the camera.
        case global
        /// (d − μ)/(σ + 0.3 σ̄) with μ and σ per level and location: for parts that always lie the same way.
        case perLocation = "per-location"
    }

    /// How the map becomes one number.
    public enum ScoreRule: String, Codable, Sendable, CaseIterable {
        /// The largest value.
        case maximum
        /// The mean of the largest 0.3 %.
        case topThreePerMille = "top-0.3-percent"
        /// The mean of the largest 1 %: less noisy, less sharp for tiny defects.
        case topPercent = "top-1-percent"
        /// The mean of the largest 3 %: for defects that cover a good part of the picture.
        case topThreePercent = "top-3-percent"

        /// How many of a map's values make the score.
        ///
        /// - Parameter values: those of the whole map.
        public func count(of values: Int) -> Int {
            switch self {
            case .maximum: 1
            case .topThreePerMille: max(1, values * 3 / 1000)
            case .topPercent: max(1, values / 100)
            case .topThreePercent: max(1, values * 3 / 100)
            }
        }
    }

    /// Levels that are compared, shallow first.
    public var levels: [Level]
    /// One weight per level, > 0.
    public var weights: [Float]
    /// What makes maps comparable.
    public var normalisation: Normalisation
    /// Standard deviation of the Gaussian over both axes, in pixels of a 256-pixel input (scaled with the input); 0 is none.
    public var smoothing: Float
    /// How the map becomes one number.
    public var score: ScoreRule

    /// Settings; checked when a mapper is made.
    public init(
        levels: [Level], weights: [Float]? = nil, normalisation: Normalisation = .perLocation, smoothing: Float = 4,
        score: ScoreRule = .maximum
    ) {
        let order = levels.indices.sorted { levels[$0] < levels[$1] }
        self.levels = order.map { levels[$0] }
        // A weight moves with its level.
        self.weights =
            weights.map { given in given.count == order.count ? order.map { given[$0] } : given }
            ?? .init(repeating: 1, count: order.count)
        self.normalisation = normalisation
        self.smoothing = smoothing
        self.score = score
    }

    /// Whether both make the same map, whatever they make of it.
    public func isSameMap(as other: MapSettings) -> Bool {
        var other = other
        other.score = score
        return self == other
    }

    /// Levels with weights other than 1, normalisation, score, smoothing; on one line.
    public var summary: String {
        let levels = zip(levels, weights).map { $1 == 1 ? $0.rawValue : "\($1)·\($0.rawValue)" }
        return "\(levels.joined(separator: " + ")), \(normalisation.rawValue), \(score.rawValue), "
            + "smoothing \(smoothing)"
    }
}

/// Mean and deviation of one level's distance map over good (select) parts, per location.
public struct LevelStatistics: Sendable, Equatable {
    /// The level.
    public let level: Level
    /// Rows and columns of the level's map.
    public let side: Int
    /// `(side, side)` means.
    public let mean: [Float]
    /// `(side, side)` standard deviations, ≥ 0.
    public let deviation: [Float]

    /// Statistics of one level.
    ///
    /// - Throws: `InspectionError` for wrong counts, negative deviations or numbers that are not finite.
    public init(level: Level, side: Int, mean: [Float], deviation: [Float]) throws(InspectionError) {
        guard side > 0, mean.count == side * side, deviation.count == side * side else {
            throw InspectionError(
                .wrongShape, "statistics of \(level.rawValue)", expected: "two maps of \(side)×\(side)",
                found: "\(mean.count) and \(deviation.count) values", hint: "calibrate again")
        }
        guard mean.allSatisfy(\.isFinite), deviation.allSatisfy({ $0.isFinite && $0 >= 0 }) else {
            throw InspectionError(
                .notFinite, "statistics of \(level.rawValue)", expected: "finite numbers, deviations ≥ 0",
                found: "something else", hint: "calibrate again")
        }
        self.level = level
        self.side = side
        self.mean = mean
        self.deviation = deviation
    }

    /// What is taken from a distance and what it is multiplied with, per location, for a kind of normalisation.
    ///
    /// The deviation gets a floor of 0.3 times its mean over the map, so that a place that hardly ever varied does not
    /// shout (DESIGN, 'Scores and location').
    func standardisation(_ normalisation: MapSettings.Normalisation) -> (mean: [Float], scale: [Float]) {
        let count = Float(side * side)
        switch normalisation {
        case .none:
            return (.init(repeating: 0, count: side * side), .init(repeating: 1, count: side * side))
        case .global:
            let centre = mean.reduce(0, +) / count
            // Variance of all values together: within locations and between them.
            var variance: Float = 0
            for i in mean.indices {
                variance += deviation[i] * deviation[i] + (mean[i] - centre) * (mean[i] - centre)
            }
            let scale = 1 / max((variance / count).squareRoot(), .leastNormalMagnitude.squareRoot())
            return (.init(repeating: centre, count: side * side), .init(repeating: scale, count: side * side))
        case .perLocation:
            let floor = max(0.3 * deviation.reduce(0, +) / count, .leastNormalMagnitude.squareRoot())
            return (mean, deviation.map { 1 / ($0 + floor) })
        }
    }
}
