// SPDX-License-Identifier: Apache-2.0

import CKernels

/// Compiles teacher and student into the bytes of one plan, as `ck_plan.h` describes them.
enum IntegerPlanner {
    /// The bytes of a plan, and a name for each of its maps.
    ///
    /// - Throws: `InspectionError` that names the node, tensor or level.
    static func compile(
        teacher: QuantisedNetwork, student: QuantisedNetwork, levels: [Level], inputSize: Int
    ) throws(InspectionError) -> (bytes: [UInt8], names: [String]) {
        guard inputSize % 32 == 0, (32...NetworkPlan.limits.size).contains(inputSize) else {
            throw InspectionError(
                .badSetting, "input size", expected: "a multiple of 32 up to \(NetworkPlan.limits.size)",
                found: "\(inputSize)", hint: "256 is usual")
        }
        guard !levels.isEmpty, Set(levels).count == levels.count else {
            throw InspectionError(
                .badSetting, "levels", expected: "one or more of stem, layer1, layer2, layer3, each once",
                found: "\(levels.map(\.rawValue))", hint: "name the levels to compare")
        }
        var program = IntegerProgram(inputSize: inputSize)
        let order = levels.sorted()
        let teacherMaps = try IntegerLowering(
            teacher, role: "teacher", levels: order, inputSize: inputSize, foldsPooling: true
        ).lower(into: &program)
        let studentMaps = try IntegerLowering(
            student, role: "student", levels: order, inputSize: inputSize, foldsPooling: false
        ).lower(into: &program)
        for level in order {
            guard let t = teacherMaps[level], let s = studentMaps[level] else { continue }
            try compare(t, s, at: level, side: inputSize / level.reduction, in: &program)
        }
        program.schedule()
        return (IntegerPlanEncoder(program, inputSize: inputSize).bytes, program.values.map(\.name))
    }

    private static func compare(
        _ teacher: IntegerLowering.Output, _ student: IntegerLowering.Output, at level: Level, side: Int,
        in program: inout IntegerProgram
    ) throws(InspectionError) {
        let map = program.values[teacher.value].shape
        let t = NetworkPlan.Shape(
            height: map.height / teacher.pooling, width: map.width / teacher.pooling, channels: map.channels)
        let s = program.values[student.value].shape
        guard t == s, t.height == side, t.width == side else {
            throw InspectionError(
                .wrongShape, "level \(level.rawValue)", expected: "two maps of \(side)×\(side) with equal channels",
                found: "teacher \(t), student \(s)", hint: "teacher and student do not belong together")
        }
        let value = program.add(
            .init(
                name: "distance of \(level.rawValue)", kind: CK_F32,
                shape: .init(height: side, width: side, channels: 1), maximum: 0, scale: 1))
        program.add(
            .init(
                name: "distance of \(level.rawValue)", operation: CK_DISTANCE, input: teacher.value,
                second: student.value, kernel: teacher.pooling, groups: [.init(output: value)],
                work: 3 * side * side * t.channels))
    }
}
