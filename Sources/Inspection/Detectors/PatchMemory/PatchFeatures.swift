// SPDX-License-Identifier: Apache-2.0

import CKernels

/// Locally aggregated features of several levels, at every place of the shallowest level's grid.
///
/// Each level's map is averaged over 3×3 neighbourhoods and upsampled (bilinear); channels are put one after the other.
/// Source: Roth et al., 2022, equations 2 to 4, with the mean as aggregation.
package struct PatchFeatures: Sendable {
    package let teacher: NetworkPlan
    /// Shallow first.
    package let features: [Level]
    /// Rows and columns of the grid.
    package let side: Int
    /// Channels of all levels.
    package let dimensions: Int

    /// - Throws: `InspectionError` for levels that the teacher has not.
    package init(teacher: NetworkPlan, features: [Level]) throws(InspectionError) {
        let grid = try PatchMemory.grid(of: features, in: teacher)
        self.teacher = teacher
        self.features = features
        side = teacher.inputSize / grid.reduction
        dimensions = teacher.levels.filter { features.contains($0.level) }.reduce(0) { $0 + $1.shape.channels }
    }

    /// One thread's network and patches.
    package final class Runner {
        private let patches: PatchFeatures
        private let network: FloatNetwork
        private let means: [(level: Level, mean: FloatBuffer)]
        /// `(side, side, dimensions)`.
        let values: FloatBuffer

        package init(_ patches: PatchFeatures) {
            self.patches = patches
            network = FloatNetwork(plan: patches.teacher)
            means = patches.teacher.levels.filter { patches.features.contains($0.level) }.map { level, shape in
                (level, FloatBuffer(count: shape.height * shape.width * shape.channels))
            }
            values = FloatBuffer(count: patches.side * patches.side * patches.dimensions, filledWith: .nan)
        }

        /// The patches of the last run.
        package var descriptors: UnsafeBufferPointer<Float> {
            UnsafeBufferPointer(start: values.base, count: values.count)
        }

        package func run(_ pixels: [UInt8]) {
            network.run(pixels)
            var place = 0
            for (level, mean) in means {
                guard let map = network.map(of: level) else { return values.fill(.nan) }
                let (side, channels) = (Int32(map.shape.height), Int32(map.shape.channels))
                ck_local_mean_f32(map.values, map.row, side, channels, mean.base)
                ck_upsample_features_f32(
                    mean.base, side, channels, values.base + place, Int32(patches.side), patches.dimensions)
                place += map.shape.channels
            }
        }
    }
}
