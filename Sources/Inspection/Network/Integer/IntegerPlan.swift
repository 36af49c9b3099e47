// SPDX-License-Identifier: Apache-2.0

import CKernels

/// Teacher and student compiled into one list of integer steps, from the picture to the distance maps of the levels.
///
/// `@unchecked Sendable`: the bytes are written once, in `init`, and only read afterwards.
public final class IntegerPlan: @unchecked Sendable {
    /// Side of the square input, a multiple of 32.
    public let inputSize: Int
    /// Multiply-accumulates of one picture: what both networks need, without padding.
    public let multiplyAccumulates: Int
    /// Levels that are compared, shallow first, with the shape of the compared maps.
    public let levels: [(level: Level, shape: NetworkPlan.Shape)]
    /// The value that holds each level's distances.
    public let outputs: [Level: Int]
    /// Network and node of each map, for tests and measurements; empty when the plan comes from bytes.
    package let names: [String]
    /// Aligned as `ck_plan_check` wants them.
    let memory: UnsafeRawBufferPointer

    /// Compiles two networks.
    ///
    /// - Parameters:
    ///   - teacher: a 2 × 2 mean that only a level reads is taken while comparing.
    ///   - levels: a subset of those that both networks give.
    ///   - inputSize: multiple of 32, 32 ... 2048.
    /// - Throws: `InspectionError` that names the node, tensor or level.
    public convenience init(
        teacher: QuantisedNetwork, student: QuantisedNetwork, levels: [Level], inputSize: Int
    ) throws(InspectionError) {
        let compiled = try IntegerPlanner.compile(
            teacher: teacher, student: student, levels: levels, inputSize: inputSize)
        try self.init(bytes: compiled.bytes, names: compiled.names)
    }

    /// A plan that was written down before.
    ///
    /// - Parameter bytes: what `bytes` gave. Nothing in them is trusted.
    /// - Throws: `InspectionError` for anything that could not have been made by this version.
    public convenience init(bytes: [UInt8]) throws(InspectionError) { try self.init(bytes: bytes, names: []) }

    private init(bytes: [UInt8], names: [String]) throws(InspectionError) {
        // A whole header can always be read, whatever it holds.
        let count = max(bytes.count, MemoryLayout<ck_plan_header>.size)
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: Int(CK_ALIGNMENT))
        copy.initializeMemory(as: UInt8.self, repeating: 0)
        copy.copyBytes(from: bytes)
        let memory = UnsafeRawBufferPointer(start: copy.baseAddress, count: bytes.count)
        do throws(InspectionError) {
            var error = ck_plan_error()
            guard ck_plan_check(copy.baseAddress, bytes.count, &error) == 0 else {
                throw InspectionError(plan: error)
            }
            let found = try Self.comparisons(in: memory)
            self.levels = found.levels
            self.outputs = found.outputs
        } catch {
            copy.deallocate()
            throw error
        }
        self.memory = memory
        self.names = names
        let header = copy.load(as: ck_plan_header.self)
        inputSize = Int(header.input_size)
        multiplyAccumulates = Int(clamping: header.multiply_accumulates)
    }

    deinit { memory.deallocate() }

    /// A copy of the bytes, to be written down.
    public var bytes: [UInt8] { [UInt8](memory) }

    /// Every map, by index: for tests and experiments.
    package var values: [ck_plan_value] { Self.values(in: memory) }

    /// Every step, in the order that they run in: for tests and experiments.
    package var steps: [ck_plan_step] { Self.steps(in: memory) }

    private static func values(in memory: UnsafeRawBufferPointer) -> [ck_plan_value] {
        let header = memory.load(as: ck_plan_header.self)
        return (0..<Int(header.value_count)).map {
            memory.load(
                fromByteOffset: MemoryLayout<ck_plan_header>.size + $0 * MemoryLayout<ck_plan_value>.size,
                as: ck_plan_value.self)
        }
    }

    private static func steps(in memory: UnsafeRawBufferPointer) -> [ck_plan_step] {
        let header = memory.load(as: ck_plan_header.self)
        let first =
            MemoryLayout<ck_plan_header>.size + Int(header.value_count) * MemoryLayout<ck_plan_value>.size
        return (0..<Int(header.step_count)).map {
            memory.load(fromByteOffset: first + $0 * MemoryLayout<ck_plan_step>.size, as: ck_plan_step.self)
        }
    }

    /// The level that each comparison of a checked plan belongs to, by the side of its map.
    private static func comparisons(
        in memory: UnsafeRawBufferPointer
    ) throws(InspectionError) -> (levels: [(level: Level, shape: NetworkPlan.Shape)], outputs: [Level: Int]) {
        let (values, size) = (values(in: memory), Int(memory.load(as: ck_plan_header.self).input_size))
        var levels: [(level: Level, shape: NetworkPlan.Shape)] = []
        var outputs: [Level: Int] = [:]
        for step in steps(in: memory) where step.operation == CK_DISTANCE.rawValue {
            let (map, student) = (values[Int(step.group.0.output)], values[Int(step.second)])
            let (height, width) = (Int(map.height), Int(map.width))
            guard height == width, let level = Level.allCases.first(where: { $0.reduction * height == size }),
                outputs[level] == nil
            else {
                throw InspectionError(
                    .badPlan, "distances of \(height)×\(width)", expected: "the side of a level, each once",
                    found: "an input of \(size)×\(size)", hint: "make the plan again from the model file")
            }
            outputs[level] = Int(step.group.0.output)
            levels.append((level, .init(height: height, width: width, channels: Int(student.channels))))
        }
        guard !levels.isEmpty else {
            throw InspectionError(
                .badPlan, "plan", expected: "one distance map or more", found: "none",
                hint: "make the plan again from the model file")
        }
        return (levels.sorted { $0.level < $1.level }, outputs)
    }
}

extension InspectionError {
    /// What `ck_plan_check` found.
    init(plan error: ck_plan_error) {
        let what = error.what.map { String(cString: $0) } ?? "plan"
        self.init(
            .badPlan, "\(what) of \(error.index)", expected: "\(error.expected)", found: "\(error.found)",
            hint: "make the plan again from the model file")
    }
}
