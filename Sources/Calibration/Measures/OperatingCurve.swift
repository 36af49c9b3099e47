// SPDX-License-Identifier: Apache-2.0

/// Every choice that a threshold leaves on scores of good and defective parts: the ROC curve and the precision-recall curve.
public struct OperatingCurve: Sendable, Equatable {
    /// What one threshold gives; a part stops when score > threshold.
    public struct Point: Codable, Sendable, Equatable {
        /// The largest score that passes; −∞ where every part stops.
        public let threshold: Float
        /// Share of good parts that stop (false-positive rate), 0 ... 1.
        public let falseStopRate: Double
        /// Share of defective parts that stop (true-positive rate), 0 ... 1.
        public let recall: Double
        /// Share of the stops that were right, 0 ... 1; 1 where nothing stops, by convention.
        public let precision: Double
    }

    /// One point per different score and one where everything stops, from the strictest threshold (nothing stops) on.
    public let points: [Point]

    /// The curve of two sets of scores.
    ///
    /// - Returns: nil when either side is empty or a score is NaN.
    public init?(good: [Float], defective: [Float]) {
        guard !good.isEmpty, !defective.isEmpty, !(good + defective).contains(where: \.isNaN) else { return nil }
        let scores =
            (good.map { (score: $0, isDefective: false) } + defective.map { (score: $0, isDefective: true) })
            .sorted { $0.score > $1.score }
        var points: [Point] = []
        var (falseStops, hits) = (0, 0)
        func append(_ threshold: Float) {
            points.append(
                Point(
                    threshold: threshold, falseStopRate: Double(falseStops) / Double(good.count),
                    recall: Double(hits) / Double(defective.count),
                    precision: falseStops + hits > 0 ? Double(hits) / Double(falseStops + hits) : 1))
        }
        for (index, item) in scores.enumerated() {
            // Equal scores stop together or not at all.
            if index == 0 || scores[index - 1].score != item.score { append(item.score) }
            if item.isDefective { hits += 1 } else { falseStops += 1 }
        }
        append(-.infinity)
        self.points = points
    }

    /// Average precision: Σ (Rₖ − Rₖ₋₁) Pₖ over the thresholds, no interpolation (as scikit-learn defines it); 0 ... 1.
    public var averagePrecision: Double {
        zip(points, points.dropFirst()).reduce(0) { $0 + ($1.1.recall - $1.0.recall) * $1.1.precision }
    }

    /// Area under the ROC curve by the trapezoid rule; equals `RankMeasures.auroc`.
    public var auroc: Double {
        zip(points, points.dropFirst()).reduce(0) {
            $0 + ($1.1.falseStopRate - $1.0.falseStopRate) * ($1.0.recall + $1.1.recall) / 2
        }
    }

    /// What a given threshold does on these scores.
    public func point(at threshold: Float) -> Point {
        // Between two scores the parts above the higher one stop: that is the point of the lower one.
        let found = points.first { $0.threshold <= threshold } ?? points[0]
        return Point(
            threshold: threshold, falseStopRate: found.falseStopRate, recall: found.recall, precision: found.precision)
    }
}
