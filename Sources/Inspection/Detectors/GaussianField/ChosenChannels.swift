// SPDX-License-Identifier: Apache-2.0

/// Descriptors of some of the channels of several levels, at every place of the shallowest level's grid.
package struct ChosenChannels: Sendable {
    package let teacher: NetworkPlan
    /// Shallow first.
    package let features: [Level]
    /// Ascending, counted through all levels.
    package let channels: [Int]
    /// Rows and columns of the grid.
    package let side: Int
    /// The channels level by level, counted within it.
    let ofLevel: [(level: Level, channels: [Int])]

    /// - Throws: `InspectionError` for levels that the teacher has not and channels that are not ascending or not there.
    package init(teacher: NetworkPlan, features: [Level], channels: [Int]) throws(InspectionError) {
        let grid = try GaussianField.grid(of: features, in: teacher)
        let counts = features.map { level in teacher.levels.first { $0.level == level }?.shape.channels ?? 0 }
        let all = counts.reduce(0, +)
        guard (1...min(all, GaussianField.dimensionsLimit)).contains(channels.count),
            zip(channels, channels.dropFirst()).allSatisfy({ $0 < $1 }), let first = channels.first, first >= 0,
            let last = channels.last, last < all
        else {
            throw InspectionError(
                .badSetting, "channels", expected: "ascending numbers below \(all)",
                found: "\(channels.count) from \(channels.first ?? -1) to \(channels.last ?? -1)",
                hint: "the detector's file is damaged")
        }
        var ofLevel: [(level: Level, channels: [Int])] = []
        var start = 0
        for (level, count) in zip(features, counts) {
            let own = channels.filter { (start..<start + count).contains($0) }.map { $0 - start }
            if !own.isEmpty { ofLevel.append((level, own)) }
            start += count
        }
        self.teacher = teacher
        self.features = features
        self.channels = channels
        self.ofLevel = ofLevel
        side = teacher.inputSize / grid.reduction
    }

    /// One thread's network and descriptors.
    package final class Runner {
        private let chosen: ChosenChannels
        private let network: FloatNetwork
        /// `(side, side, channels)`.
        let values: FloatBuffer

        package init(_ chosen: ChosenChannels) {
            self.chosen = chosen
            network = FloatNetwork(plan: chosen.teacher)
            values = FloatBuffer(count: chosen.side * chosen.side * chosen.channels.count, filledWith: .nan)
        }

        /// The descriptors of the last run.
        package var descriptors: UnsafeBufferPointer<Float> {
            UnsafeBufferPointer(start: values.base, count: values.count)
        }

        package func run(_ pixels: [UInt8]) {
            network.run(pixels)
            let (side, dimensions) = (chosen.side, chosen.channels.count)
            var place = 0
            for (level, channels) in chosen.ofLevel {
                guard let map = network.map(of: level) else { return values.fill(.nan) }
                let step = side / map.shape.height
                channels.withUnsafeBufferPointer { channels in
                    for y in 0..<side {
                        let row = map.values + y / step * map.row
                        for x in 0..<side {
                            let pixel = row + x / step * map.shape.channels
                            let to = values.base + (y * side + x) * dimensions + place
                            for index in 0..<channels.count { to[index] = pixel[channels[index]] }
                        }
                    }
                }
                place += channels.count
            }
        }
    }
}
