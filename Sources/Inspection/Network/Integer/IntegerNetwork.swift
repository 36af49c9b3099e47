// SPDX-License-Identifier: Apache-2.0

import CKernels

/// Runs an integer plan: picture in, distance maps out. One runner belongs to one thread, a plan may be shared.
///
/// All memory and threads are made once; a run allocates nothing. The bits don't depend on the instruction set or on the
/// number of workers.
public final class IntegerNetwork {
    /// The plan that is run.
    public let plan: IntegerPlan
    /// What it runs on.
    public let instructionSet: InstructionSet
    /// Threads that share the work, the caller's included.
    public let workers: Int
    private let runner: OpaquePointer

    /// Makes the arena and the threads.
    ///
    /// - Parameters:
    ///   - instructionSet: nil for what `InstructionSet.current()` gives.
    ///   - workers: 1 ... 64, the caller's thread included.
    /// - Throws: `InspectionError` for an instruction set that this CPU has not, and when memory or threads are missing.
    public init(
        plan: IntegerPlan, instructionSet: InstructionSet? = nil, workers: Int = 1
    ) throws(InspectionError) {
        let set: InstructionSet
        if let instructionSet { set = instructionSet } else { set = try InstructionSet.current() }
        try set.check()
        guard (1...64).contains(workers) else {
            throw InspectionError(
                .badSetting, "workers", expected: "1 to 64", found: "\(workers)", hint: "one per core at most")
        }
        var error = ck_plan_error()
        guard
            let runner = ck_runner_make(
                plan.memory.baseAddress, plan.memory.count, set.kernels, Int32(workers), &error)
        else {
            guard error.what == nil else { throw InspectionError(plan: error) }
            throw InspectionError(
                .noResources, "integer engine", expected: "memory and \(workers - 1) thread(s)", found: "not enough",
                hint: "use fewer workers or a smaller input size")
        }
        self.plan = plan
        self.instructionSet = set
        self.workers = workers
        self.runner = runner
    }

    deinit { ck_runner_free(runner) }

    /// Runs both networks on one picture.
    ///
    /// - Parameter pixels: `(size, size, 3)` bytes, RGB.
    /// - Precondition: as many bytes as the plan's input size wants.
    public func run(_ pixels: [UInt8]) {
        precondition(pixels.count == plan.inputSize * plan.inputSize * 3, "a picture of the plan's input size")
        pixels.withUnsafeBufferPointer { ck_runner_run(runner, $0.baseAddress) }
    }

    /// Distances of a level after a run, `(side, side)`: 0 ... 1, NaN where a feature is all zeros. Valid until the next
    /// run; nil for a level that the plan has not.
    public func distances(of level: Level) -> UnsafeBufferPointer<Float>? {
        guard let value = plan.outputs[level] else { return nil }
        // Distances have one channel and no border: their rows follow each other.
        var row = 0
        guard let first = ck_runner_value(runner, UInt32(value), &row),
            let side = plan.levels.first(where: { $0.level == level })?.shape.width
        else { return nil }
        return UnsafeBufferPointer(start: first.assumingMemoryBound(to: Float.self), count: side * side)
    }

    /// A copy of a map, `(height, width, channels)` without border, as far as its place was not taken over: for tests.
    package func values(of index: Int) -> [Int] {
        let value = plan.values[index]
        var row = 0
        guard value.kind != CK_F32.rawValue, let first = ck_runner_value(runner, UInt32(index), &row) else { return [] }
        var result: [Int] = []
        for y in 0..<Int(value.height) {
            for i in 0..<Int(value.width * value.channels) {
                result.append(
                    value.kind == CK_U8.rawValue
                        ? Int(first.load(fromByteOffset: y * row + i, as: UInt8.self))
                        : Int(first.load(fromByteOffset: y * row + 2 * i, as: Int16.self)))
            }
        }
        return result
    }
}
