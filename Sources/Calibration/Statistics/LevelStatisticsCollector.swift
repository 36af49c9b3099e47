// SPDX-License-Identifier: Apache-2.0

import Inspection

/// Running mean and deviation of distance maps, part after part, per location.
///
/// Welford's update in double precision, in the order of the parts: the same parts give the same bits.
public struct LevelStatisticsCollector {
    private let level: Level
    private let side: Int
    private var count = 0
    private var mean: [Double]
    private var squares: [Double]

    /// Collects maps of one level, `(side, side)`.
    public init(level: Level, side: Int) {
        self.level = level
        self.side = side
        mean = .init(repeating: 0, count: side * side)
        squares = mean
    }

    /// Takes in one part's map.
    ///
    /// - Precondition: `side * side` values.
    public mutating func add(_ map: [Float]) {
        precondition(map.count == mean.count, "a map of the level's shape")
        count += 1
        for index in map.indices {
            let value = Double(map[index])
            let difference = value - mean[index]
            mean[index] += difference / Double(count)
            squares[index] += difference * (value - mean[index])
        }
    }

    /// Mean and (n − 1) standard deviation per location.
    ///
    /// - Throws: `CalibrationError` for fewer than two parts or values that are not finite.
    public func statistics() throws(CalibrationError) -> LevelStatistics {
        guard count >= 2 else {
            throw CalibrationError(
                .tooFewParts, "select parts", expected: "at least 2", found: "\(count)", hint: "show more good parts")
        }
        do throws(InspectionError) {
            return try LevelStatistics(
                level: level, side: side, mean: mean.map { Float($0) },
                deviation: squares.map { Float(($0 / Double(count - 1)).squareRoot()) })
        } catch {
            throw CalibrationError(
                .notFinite, error.thing, expected: error.expected, found: error.found, hint: "train the recipe again")
        }
    }
}
