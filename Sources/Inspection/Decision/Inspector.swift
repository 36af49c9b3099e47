// SPDX-License-Identifier: Apache-2.0

/// Teacher and student with everything that turns a picture into a score. Immutable; runners share it.
public struct InspectionModel: Sendable {
    /// The frozen network.
    public let teacher: NetworkPlan
    /// The network that has only seen good parts.
    public let student: NetworkPlan
    /// How differences become a score.
    public let settings: MapSettings
    /// One per level, unless the normalisation is `none`.
    public let statistics: [LevelStatistics]

    /// Checks that both networks give the same maps for every level of the settings.
    ///
    /// - Throws: `InspectionError` that names the level.
    public init(
        teacher: NetworkPlan, student: NetworkPlan, settings: MapSettings, statistics: [LevelStatistics]
    ) throws(InspectionError) {
        guard teacher.inputSize == student.inputSize else {
            throw InspectionError(
                .wrongShape, "input size", expected: "\(teacher.inputSize) (teacher)",
                found: "\(student.inputSize) (student)",
                hint: "train the student again")
        }
        for level in settings.levels {
            let t = teacher.levels.first { $0.level == level }?.shape
            let s = student.levels.first { $0.level == level }?.shape
            let side = teacher.inputSize / level.reduction
            guard let t, let s, t == s, t.height == side, t.width == side else {
                throw InspectionError(
                    .wrongShape, "level \(level.rawValue)", expected: "two maps of \(side)×\(side) with equal channels",
                    found: "teacher \(t.map { "\($0)" } ?? "none"), student \(s.map { "\($0)" } ?? "none")",
                    hint: "teacher and student do not belong together")
            }
        }
        self.teacher = teacher
        self.student = student
        self.settings = settings
        self.statistics = statistics
    }

    /// Side of the square input in pixels.
    public var inputSize: Int { teacher.inputSize }
}

/// Looks at pictures, one after the other, on one thread: picture in, score out, nothing allocated on the way.
public final class Inspector {
    /// What it looks with.
    public let model: InspectionModel
    /// Both networks and the mapper; open for statistics and heat maps.
    public let teacher: FloatNetwork
    /// See `teacher`.
    public let student: FloatNetwork
    /// See `teacher`.
    public let mapper: AnomalyMapper

    /// Makes the buffers.
    ///
    /// - Throws: `InspectionError` when settings and statistics don't fit.
    public init(model: InspectionModel) throws(InspectionError) {
        self.model = model
        teacher = FloatNetwork(plan: model.teacher)
        student = FloatNetwork(plan: model.student)
        mapper = try AnomalyMapper(settings: model.settings, statistics: model.statistics, size: model.inputSize)
    }

    /// The score of one picture; NaN when anything on the way was not finite.
    ///
    /// - Parameter pixels: `(size, size, 3)` bytes, RGB.
    public func score(_ pixels: [UInt8]) -> Float {
        teacher.run(pixels)
        student.run(pixels)
        mapper.compare(teacher, student)
        return mapper.score()
    }

    /// The score of one frame.
    public func score(_ frame: borrowing Frame) -> Float { score(frame.pixels) }
}
