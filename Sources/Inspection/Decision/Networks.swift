// SPDX-License-Identifier: Apache-2.0

/// What the cases have in common.
extension InspectionModel.Networks {
    /// Side of the square input in pixels.
    public var inputSize: Int {
        switch self {
        case .float32(let teacher, _): teacher.inputSize
        case .int8(let plan): plan.inputSize
        case .oneMap(let detector): detector.inputSize
        }
    }

    /// Multiply-accumulates of one picture.
    public var multiplyAccumulates: Int {
        switch self {
        case .float32(let teacher, let student): teacher.multiplyAccumulates + student.multiplyAccumulates
        case .int8(let plan): plan.multiplyAccumulates
        case .oneMap(let detector): detector.multiplyAccumulates
        }
    }

    /// The compiled integers, if it runs in integers.
    public var integerPlan: IntegerPlan? {
        switch self {
        case .float32: nil
        case .int8(let plan): plan
        case .oneMap(let detector): (detector as? StudentProduct)?.networks.integerPlan
        }
    }

    /// Checks that there is a map of every level, of the same shape on both sides.
    ///
    /// - Throws: `InspectionError` that names the level.
    func check(_ levels: [Level]) throws(InspectionError) {
        if case .float32(let teacher, let student) = self, teacher.inputSize != student.inputSize {
            throw InspectionError(
                .wrongShape, "input size", expected: "\(teacher.inputSize) (teacher)",
                found: "\(student.inputSize) (student)",
                hint: "train the student again")
        }
        for level in levels {
            let side = inputSize / level.reduction
            func shape(_ levels: [(level: Level, shape: NetworkPlan.Shape)]) -> NetworkPlan.Shape? {
                levels.first { $0.level == level }?.shape
            }
            let (t, s): (NetworkPlan.Shape?, NetworkPlan.Shape?)
            switch self {
            case .float32(let teacher, let student): (t, s) = (shape(teacher.levels), shape(student.levels))
            case .int8(let plan): (t, s) = (shape(plan.levels), shape(plan.levels))
            case .oneMap(let detector):
                guard level == detector.level else {
                    throw InspectionError(
                        .wrongShape, "level \(level.rawValue)", expected: "\(detector.level.rawValue), the one map's",
                        found: level.rawValue, hint: "the recipe's map.levels must be [\(detector.level.rawValue)]")
                }
                continue
            }
            guard let t, let s, t == s, t.height == side, t.width == side else {
                throw InspectionError(
                    .wrongShape, "level \(level.rawValue)", expected: "two maps of \(side)×\(side) with equal channels",
                    found: "teacher \(t.map { "\($0)" } ?? "none"), student \(s.map { "\($0)" } ?? "none")",
                    hint: "teacher and student do not belong together")
            }
        }
    }
}
