// SPDX-License-Identifier: Apache-2.0

/// Makes ONE distance map of a picture, where teacher and reduced student make one of each level. Immutable; runners share
/// it.
///
/// A further detector is a folder beside this file with a type that conforms, its file in Recipes/Detectors and its
/// training in Training/Detectors.
public protocol MapDetector: Sendable {
    /// The level whose grid the map has and under whose name it goes.
    var level: Level { get }
    /// Levels of the teacher's features that it looks at, shallow first.
    var features: [Level] { get }
    /// Side of the square input in pixels.
    var inputSize: Int { get }
    /// Multiply-accumulates of one picture.
    var multiplyAccumulates: Int { get }

    /// Makes the buffers, and the threads of an integer engine, of one runner.
    ///
    /// - Throws: `InspectionError` when the engine can't run here.
    func runner(workers: Int, instructionSet: InstructionSet?) throws(InspectionError) -> any MapRunner
}

/// What one thread needs to run a detector; a run allocates nothing.
public protocol MapRunner: AnyObject {
    /// Looks at one picture.
    ///
    /// - Parameter pixels: `(size, size, 3)` bytes, RGB.
    func run(_ pixels: [UInt8])

    /// The map of the last run, `(side, side)`: ≥ 0, or NaN where the detector was blind. Valid until the next run.
    var distances: UnsafeBufferPointer<Float> { get }
}

extension MapDetector {
    /// Rows and columns of the map.
    public var side: Int { inputSize / level.reduction }

    /// The shallowest of some levels, whose grid the map has.
    ///
    /// - Throws: `InspectionError` when there is none, one twice, or one that the network has not at its usual size.
    static func grid(of levels: [Level], in network: NetworkPlan) throws(InspectionError) -> Level {
        for level in levels {
            let side = network.inputSize / level.reduction
            let shape = network.levels.first { $0.level == level }?.shape
            guard let shape, shape.height == side, shape.width == side else {
                throw InspectionError(
                    .wrongShape, "level \(level.rawValue)", expected: "a map of \(side)×\(side)",
                    found: shape.map { "\($0)" } ?? "none", hint: "detector and teacher do not belong together")
            }
        }
        guard let grid = levels.min(), Set(levels).count == levels.count else {
            throw InspectionError(
                .badSetting, "levels", expected: "one or more, each once", found: "\(levels.map(\.rawValue))",
                hint: "the detector's file is damaged")
        }
        return grid
    }
}
