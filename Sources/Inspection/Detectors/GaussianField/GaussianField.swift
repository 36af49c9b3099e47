// SPDX-License-Identifier: Apache-2.0

import CKernels

/// A Gaussian of teacher features for every place of the picture; the map is the Mahalanobis distance (PaDiM, METHODS 9).
///
/// Source: Defard et al., "PaDiM: a Patch Distribution Modeling Framework for Anomaly Detection and Localization", 2020,
/// section III. A descriptor is a fixed random choice of the channels of all levels; a place of the shallowest level's grid
/// takes a deeper level's values from the pixel above it (nearest, as the authors' code does). Not as published: the maps
/// are the 2×2 pooled ones that all our detectors share.
public struct GaussianField: MapDetector {
    /// Most channels of a descriptor.
    public static let dimensionsLimit = Int(CK_MAHALANOBIS_F32_DIMENSIONS)

    /// The shallowest of `features`.
    public let level: Level
    /// Levels whose channels are chosen from.
    public let features: [Level]
    let descriptor: ChosenChannels
    /// `(locations, dimensions)`.
    let mean: [Float]
    /// As `ck_mahalanobis_f32` reads it.
    let factor: [Float]

    /// Packs Gaussians.
    ///
    /// - Parameters:
    ///   - teacher: gives the features.
    ///   - features: levels, any order.
    ///   - channels: which of all the levels' channels, shallow level first, are looked at: ascending, each once.
    ///   - mean: `(locations, dimensions)`.
    ///   - factor: `(locations, dimensions · (dimensions + 1) / 2)`: row after row the lower triangle of L⁻¹, L the Cholesky
    ///     factor of the covariance; its diagonal is above 0.
    /// - Throws: `InspectionError` for wrong counts and for numbers that are not finite.
    public init(
        teacher: NetworkPlan, features: [Level], channels: [Int], mean: [Float], factor: [Float]
    ) throws(InspectionError) {
        level = try Self.grid(of: features, in: teacher)
        self.features = features.sorted()
        descriptor = try ChosenChannels(teacher: teacher, features: self.features, channels: channels)
        let dimensions = channels.count
        let locations = descriptor.side * descriptor.side
        let triangle = dimensions * (dimensions + 1) / 2
        guard mean.count == locations * dimensions, factor.count == locations * triangle else {
            throw InspectionError(
                .wrongShape, "Gaussians", expected: "\(locations) of \(dimensions) dimensions",
                found: "\(mean.count) means, \(factor.count) factors", hint: "train the recipe again")
        }
        guard mean.allSatisfy(\.isFinite), factor.allSatisfy(\.isFinite) else {
            throw InspectionError(
                .notFinite, "Gaussians", expected: "finite numbers", found: "NaN or infinity",
                hint: "the detector's file is damaged")
        }
        for location in 0..<locations {
            for row in 0..<dimensions where factor[location * triangle + row * (row + 3) / 2] <= 0 {
                throw InspectionError(
                    .badSetting, "Gaussian \(location)", expected: "a diagonal above 0",
                    found: "\(factor[location * triangle + row * (row + 3) / 2])",
                    hint: "the detector's file is damaged")
            }
        }
        self.mean = mean
        self.factor = Self.packed(factor, locations: locations, dimensions: dimensions)
    }

    /// Side of the square input in pixels.
    public var inputSize: Int { descriptor.teacher.inputSize }
    /// Channels of a descriptor.
    public var dimensions: Int { descriptor.channels.count }
    /// What the teacher and the distances need.
    public var multiplyAccumulates: Int {
        descriptor.teacher.multiplyAccumulates + side * side * dimensions * (dimensions + 1) / 2
    }

    /// Buffers; the work is done on the caller's thread.
    public func runner(workers: Int, instructionSet: InstructionSet?) throws(InspectionError) -> any MapRunner {
        GaussianRunner(self)
    }

    /// Rows in blocks of sixteen, column by column.
    private static func packed(_ factor: [Float], locations: Int, dimensions: Int) -> [Float] {
        let rows = Int(CK_MAHALANOBIS_F32_BLOCK)
        let blocks = (dimensions + rows - 1) / rows
        let count = (0..<blocks).reduce(0) { $0 + min(rows * ($1 + 1), dimensions) * rows }
        return [Float](unsafeUninitializedCapacity: locations * count) { packed, initialised in
            packed.initialize(repeating: 0)
            factor.withUnsafeBufferPointer { factor in
                var (to, from) = (0, 0)
                for _ in 0..<locations {
                    for block in 0..<blocks {
                        let first = block * rows
                        let columns = min(first + rows, dimensions)
                        for row in first..<columns {
                            for column in 0...row {
                                packed[to + column * rows + row - first] = factor[from + row * (row + 1) / 2 + column]
                            }
                        }
                        to += columns * rows
                    }
                    from += dimensions * (dimensions + 1) / 2
                }
            }
            initialised = locations * count
        }
    }
}

/// One thread's network and maps.
private final class GaussianRunner: MapRunner {
    private let field: GaussianField
    private let descriptors: ChosenChannels.Runner
    private let map: FloatBuffer

    init(_ field: GaussianField) {
        self.field = field
        descriptors = ChosenChannels.Runner(field.descriptor)
        map = FloatBuffer(count: field.side * field.side, filledWith: .nan)
    }

    var distances: UnsafeBufferPointer<Float> { UnsafeBufferPointer(start: map.base, count: map.count) }

    func run(_ pixels: [UInt8]) {
        descriptors.run(pixels)
        ck_mahalanobis_f32(
            descriptors.values.base, field.mean, field.factor, map.base, Int32(map.count), Int32(field.dimensions))
    }
}
