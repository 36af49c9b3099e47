// SPDX-License-Identifier: Apache-2.0

import CKernels

/// Patches of good parts; the map is the distance of every patch to the nearest of them (PatchCore, METHODS 9).
///
/// Source: Roth et al., "Towards Total Recall in Industrial Anomaly Detection", 2022, sections 3.1 to 3.3. The image score
/// is the map's like everybody's: the re-weighting of equation 7 is not done. Not as published: the maps are the 2×2
/// pooled ones that all our detectors share, so the grid is coarser.
public struct PatchMemory: MapDetector {
    /// Most vectors that are accepted.
    public static let limit = 1 << 20

    /// The shallowest of `features`.
    public let level: Level
    /// Levels whose channels make a patch.
    public let features: [Level]
    /// Vectors of the memory.
    public let count: Int
    let patches: PatchFeatures
    /// As `ck_nearest_f32` reads it.
    let memory: [Float]
    let offsets: [Float]

    /// Packs a memory.
    ///
    /// - Parameters:
    ///   - teacher: gives the features.
    ///   - features: levels, any order.
    ///   - memory: `(count, dimensions)`, the dimensions being the channels of all levels, shallow first.
    /// - Throws: `InspectionError` for wrong counts and for numbers that are not finite.
    public init(teacher: NetworkPlan, features: [Level], memory: [Float]) throws(InspectionError) {
        level = try Self.grid(of: features, in: teacher)
        self.features = features.sorted()
        patches = try PatchFeatures(teacher: teacher, features: self.features)
        let dimensions = patches.dimensions
        count = memory.count / dimensions
        guard (1...Self.limit).contains(count), memory.count == count * dimensions else {
            throw InspectionError(
                .wrongShape, "memory", expected: "1 to \(Self.limit) vectors of \(dimensions)",
                found: "\(memory.count) values", hint: "train the recipe again")
        }
        // Their squares must be finite too, or nothing would ever be near them.
        let norms = (0..<count).map { vector in
            memory[(vector * dimensions)..<((vector + 1) * dimensions)].reduce(0.0) { $0 + Double($1) * Double($1) }
        }
        guard norms.allSatisfy({ Float($0).isFinite }) else {
            throw InspectionError(
                .notFinite, "memory", expected: "finite vectors", found: "NaN or infinity",
                hint: "the detector's file is damaged")
        }
        (self.memory, offsets) = Self.packed(memory, norms: norms, dimensions: dimensions)
    }

    /// Blocks of vectors, dimension by dimension, and −|m|²/2 of each.
    private static func packed(_ memory: [Float], norms: [Double], dimensions: Int) -> ([Float], [Float]) {
        let lanes = Int(CK_NEAREST_F32_BLOCK)
        let blocks = (norms.count + lanes - 1) / lanes
        var packed = [Float](repeating: 0, count: blocks * dimensions * lanes)
        var offsets = [Float](repeating: -.infinity, count: blocks * lanes)
        memory.withUnsafeBufferPointer { memory in
            packed.withUnsafeMutableBufferPointer { packed in
                for vector in norms.indices {
                    let block = vector / lanes * dimensions * lanes + vector % lanes
                    for index in 0..<dimensions { packed[block + index * lanes] = memory[vector * dimensions + index] }
                }
            }
        }
        for (vector, norm) in norms.enumerated() { offsets[vector] = Float(-norm / 2) }
        return (packed, offsets)
    }

    /// Side of the square input in pixels.
    public var inputSize: Int { patches.teacher.inputSize }
    /// What the teacher and the search need.
    public var multiplyAccumulates: Int {
        patches.teacher.multiplyAccumulates + side * side * count * patches.dimensions
    }

    /// Buffers; the work is done on the caller's thread.
    public func runner(workers: Int, instructionSet: InstructionSet?) throws(InspectionError) -> any MapRunner {
        MemoryRunner(self)
    }
}

/// One thread's network and maps.
private final class MemoryRunner: MapRunner {
    private let detector: PatchMemory
    private let patches: PatchFeatures.Runner
    private let best: FloatBuffer
    private let block: UnsafeMutablePointer<Int32>
    private let map: FloatBuffer

    init(_ detector: PatchMemory) {
        self.detector = detector
        patches = PatchFeatures.Runner(detector.patches)
        let count = detector.side * detector.side
        let lanes = Int(CK_NEAREST_F32_BLOCK)
        map = FloatBuffer(count: count, filledWith: .nan)
        best = FloatBuffer(count: count * lanes)
        block = .allocate(capacity: count * lanes)
        block.initialize(repeating: -1, count: count * lanes)
    }

    deinit { block.deallocate() }

    var distances: UnsafeBufferPointer<Float> { UnsafeBufferPointer(start: map.base, count: map.count) }

    func run(_ pixels: [UInt8]) {
        patches.run(pixels)
        detector.memory.withUnsafeBufferPointer { memory in
            detector.offsets.withUnsafeBufferPointer { offsets in
                var work = ck_nearest_work_f32()
                work.values = UnsafePointer(patches.values.base)
                work.memory = memory.baseAddress
                work.offsets = offsets.baseAddress
                work.best = best.base
                work.block = block
                work.output = map.base
                work.count = Int32(map.count)
                work.blocks = Int32(offsets.count / Int(CK_NEAREST_F32_BLOCK))
                work.dimensions = Int32(detector.patches.dimensions)
                ck_nearest_f32(&work)
            }
        }
    }
}
