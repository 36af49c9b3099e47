// SPDX-License-Identifier: Apache-2.0

import Glibc
import Inspection

/// The teacher's features at every place of layer2's grid, for comparing pictures of a set with one another.
///
/// Each level's map is averaged over 3×3 neighbourhoods; layer1's is then averaged 2×2, layer3's repeated 2×2, so that all
/// levels meet in a sixteenth of the picture's side. Coarser than `PatchFeatures`: a set has hundreds of pictures to be compared
/// with hundreds of others.
package struct AuditPatches: Sendable {
    /// Levels that a place is described by: those that bring most synthetic defects to the front ('The audit' in models/RESULTS.md),
    /// and the ones of PatchCore (Roth et al., 2022).
    package static let usualLevels: [Level] = [.layer2, .layer3]

    let teacher: NetworkPlan
    /// Levels that a place is described by, shallow first.
    package let levels: [Level]
    /// Rows and columns of the grid.
    package let side: Int
    /// Channels of all levels, shallow first.
    package let channels: [Int]
    /// Floats of one place.
    package var dimensions: Int { channels.reduce(0, +) }
    /// Places of one picture.
    package var places: Int { side * side }

    /// - Throws: `TrainingError` for a teacher without these levels at their usual sizes.
    package init(teacher: NetworkPlan, levels: [Level] = usualLevels) throws(TrainingError) {
        self.teacher = teacher
        self.levels = levels.sorted()
        side = teacher.inputSize / Level.layer2.reduction
        var channels: [Int] = []
        for level in self.levels {
            let expected = teacher.inputSize / level.reduction
            let shape = teacher.levels.first { $0.level == level }?.shape
            guard let shape, shape.height == expected, shape.width == expected else {
                throw TrainingError(
                    .shape, "teacher", expected: "\(level.rawValue) of \(expected)×\(expected)",
                    found: shape.map { "\($0.height)×\($0.width)" } ?? "none", hint: "take another teacher")
            }
            channels.append(shape.channels)
        }
        self.channels = channels
    }

    /// Features of pictures, `(pictures, places, dimensions)`, computed on all cores.
    ///
    /// - Throws: `TrainingError` for too many of them, or features that are not finite.
    package func store(
        _ pictures: [[UInt8]], progress: (@Sendable (Int, Int) -> Void)?
    ) throws(TrainingError) -> DescriptorStore {
        let store = try DescriptorStore(pictures: pictures.count, places: places, dimensions: dimensions)
        store.fill(pictures, progress: progress, runner: { Runner(self) }) { runner, pixels in
            runner.run(pixels)
            return UnsafeBufferPointer(start: runner.values.pointer, count: runner.values.count)
        }
        guard let blind = store.firstBlind else { return store }
        throw TrainingError(
            .value, "features of picture \(blind + 1)", expected: "finite numbers", found: "NaN or infinity",
            hint: "the teacher's file is damaged")
    }

    /// One thread's network.
    final class Runner {
        private let patches: AuditPatches
        private let network: FloatNetwork
        private let mean: Storage
        /// `(side, side, dimensions)`.
        let values: Storage

        init(_ patches: AuditPatches) {
            self.patches = patches
            network = FloatNetwork(plan: patches.teacher)
            values = Storage(zeros: patches.places * patches.dimensions)
            mean = Storage(
                count: patches.teacher.levels.map { $0.shape.height * $0.shape.width * $0.shape.channels }.max() ?? 1)
        }

        func run(_ pixels: [UInt8]) {
            network.run(pixels)
            var first = 0
            for level in patches.levels {
                guard let map = network.map(of: level) else { continue }
                average(map.values, row: map.row, side: map.shape.height, channels: map.shape.channels)
                spread(side: map.shape.height, channels: map.shape.channels, first: first)
                first += map.shape.channels
            }
        }

        /// Means of 3×3 places, of fewer at the edges, into `mean`.
        private func average(_ map: UnsafePointer<Float>, row: Int, side: Int, channels: Int) {
            for y in 0..<side {
                for x in 0..<side {
                    let output = mean.pointer + (y * side + x) * channels
                    let (rows, columns) = (max(0, y - 1)...min(side - 1, y + 1), max(0, x - 1)...min(side - 1, x + 1))
                    let share = 1 / Float(rows.count * columns.count)
                    output.update(repeating: 0, count: channels)
                    for row in rows.map({ map + $0 * row }) {
                        for column in columns {
                            let input = row + column * channels
                            for channel in 0..<channels { output[channel] += share * input[channel] }
                        }
                    }
                }
            }
        }

        /// `mean` on the common grid: averaged where it is finer, repeated where it is coarser.
        private func spread(side: Int, channels: Int, first: Int) {
            let grid = patches.side
            let finer = max(1, side / grid)
            let coarser = max(1, grid / side)
            let share = 1 / Float(finer * finer)
            for y in 0..<grid {
                for x in 0..<grid {
                    let output = values.pointer + (y * grid + x) * patches.dimensions + first
                    output.update(repeating: 0, count: channels)
                    for dy in 0..<finer {
                        for dx in 0..<finer {
                            let place = (y * finer / coarser + dy) * side + x * finer / coarser + dx
                            let input = mean.pointer + place * channels
                            for channel in 0..<channels { output[channel] += share * input[channel] }
                        }
                    }
                }
            }
        }
    }
}
