// SPDX-License-Identifier: Apache-2.0

import CKernels

/// Teacher and student whose distances of all levels are multiplied (STPM, METHODS 2).
///
/// Source: Wang et al., "Student-Teacher Feature Pyramid Matching for Anomaly Detection", 2021. Two things are not as
/// published: distances are those of the 2×2 pooled maps that all our detectors share, and the product is taken at the
/// shallowest level's grid, to which deeper maps are upsampled, not at the input's size. Both let one map go through the
/// same statistics, smoothing and score as everybody else's, and the integers stay as they are.
public struct StudentProduct: MapDetector {
    /// The shallowest of `features`.
    public let level: Level
    /// Levels whose distances are multiplied.
    public let features: [Level]
    /// The two networks.
    public let networks: InspectionModel.Networks

    /// A product of the distances of some levels.
    ///
    /// - Parameter networks: two float32 networks or both in integers.
    /// - Throws: `InspectionError` for networks that have not the same maps, or are no pair.
    public init(_ networks: InspectionModel.Networks, features: [Level]) throws(InspectionError) {
        try networks.check(features)
        guard let level = features.min(), Set(features).count == features.count else {
            throw InspectionError(
                .badSetting, "levels", expected: "one or more, each once", found: "\(features.map(\.rawValue))",
                hint: "the student's file is damaged")
        }
        if case .oneMap = networks {
            throw InspectionError(
                .badSetting, "networks", expected: "a teacher and a student", found: "another detector",
                hint: "this is a fault of the program")
        }
        self.level = level
        self.features = features.sorted()
        self.networks = networks
    }

    /// Side of the square input in pixels.
    public var inputSize: Int { networks.inputSize }
    /// What both networks need.
    public var multiplyAccumulates: Int { networks.multiplyAccumulates }

    /// Buffers and engine.
    ///
    /// - Throws: `InspectionError` when the integer engine can't run here.
    public func runner(workers: Int, instructionSet: InstructionSet?) throws(InspectionError) -> any MapRunner {
        try ProductRunner(self, workers: workers, instructionSet: instructionSet)
    }
}

/// One thread's engine and maps.
private final class ProductRunner: MapRunner {
    private let engine: Engine
    private let stages: [Stage]
    private let product: FloatBuffer
    private let side: Int

    private enum Engine {
        case float32(teacher: FloatNetwork, student: FloatNetwork)
        case int8(IntegerNetwork)
    }

    private struct Stage {
        let level: Level
        let side: Int
        let distance: FloatBuffer
    }

    init(_ detector: StudentProduct, workers: Int, instructionSet: InstructionSet?) throws(InspectionError) {
        switch detector.networks {
        case .float32(let teacher, let student):
            engine = .float32(teacher: FloatNetwork(plan: teacher), student: FloatNetwork(plan: student))
        case .int8(let plan):
            engine = .int8(try IntegerNetwork(plan: plan, instructionSet: instructionSet, workers: workers))
        case .oneMap:
            throw InspectionError(
                .badSetting, "networks", expected: "a teacher and a student", found: "another detector",
                hint: "this is a fault of the program")
        }
        side = detector.side
        stages = detector.features.map { level in
            let side = detector.inputSize / level.reduction
            return Stage(level: level, side: side, distance: FloatBuffer(count: side * side, filledWith: .nan))
        }
        product = FloatBuffer(count: side * side, filledWith: .nan)
    }

    var distances: UnsafeBufferPointer<Float> { UnsafeBufferPointer(start: product.base, count: product.count) }

    func run(_ pixels: [UInt8]) {
        switch engine {
        case .float32(let teacher, let student):
            teacher.run(pixels)
            student.run(pixels)
            for stage in stages { stage.distance.compare(teacher, student, at: stage.level) }
        case .int8(let networks):
            networks.run(pixels)
            for stage in stages { stage.distance.take(networks, at: stage.level) }
        }
        product.fill(1)
        for stage in stages {
            ck_multiply_upsampled_f32(stage.distance.base, Int32(stage.side), product.base, Int32(side))
        }
    }
}
