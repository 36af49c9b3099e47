// SPDX-License-Identifier: Apache-2.0

import CKernels
import Testing

@Suite struct AnomalyKernelTests {
    private func distance(_ t: [Float], _ s: [Float], channels: Int) -> [Float] {
        let width = t.count / channels
        var output = [Float](repeating: -1, count: width)
        ck_cosine_distance_f32(t, t.count, s, s.count, &output, 1, Int32(width), Int32(channels))
        return output
    }

    @Test("the cosine distance is half the squared distance of the unit vectors, for 1 to 70 channels")
    func cosine() {
        for channels in 1...70 {
            var random = SeededRandom(UInt64(channels))
            let (t, s) = (random.floats(5 * channels), random.floats(5 * channels))
            for (x, found) in distance(t, s, channels: channels).enumerated() {
                let a = t[(x * channels)..<((x + 1) * channels)].map { Double($0) }
                let b = s[(x * channels)..<((x + 1) * channels)].map { Double($0) }
                let (na, nb) = (a.reduce(0) { $0 + $1 * $1 }.squareRoot(), b.reduce(0) { $0 + $1 * $1 }.squareRoot())
                let expected = zip(a, b).reduce(0) { $0 + ($1.0 / na - $1.1 / nb) * ($1.0 / na - $1.1 / nb) } / 2
                #expect(abs(Double(found) - expected) < 2e-6)
            }
        }
    }

    @Test("rows apart in memory are found by their row lengths")
    func cosineRows() {
        let (t, s): ([Float], [Float]) = ([1, 0, 9, 9, 0, 1, 9, 9], [1, 0, 9, 1, 0, 9])
        var output = [Float](repeating: -1, count: 2)
        ck_cosine_distance_f32(t, 4, s, 3, &output, 2, 1, 2)
        #expect(output == [0, 1])
    }

    @Test("equal vectors are never below zero apart, and positive scales cancel")
    func cosineScales() {
        var random = SeededRandom(4)
        for channels in [1, 16, 17, 64, 256] {
            let t = random.floats(40 * channels)
            #expect(distance(t, t.map { $0 * 3.7 }, channels: channels).allSatisfy { $0 >= 0 && $0 < 1e-6 })
            #expect(distance(t, t.map { -$0 }, channels: channels).allSatisfy { abs($0 - 2) < 1e-6 })
        }
    }

    @Test("a vector of norm zero has no distance from anything: it is blind")
    func cosineZero() {
        for channels in [1, 15, 16, 17, 64] {
            let (zero, one) = ([Float](repeating: 0, count: channels), [Float](repeating: 1, count: channels))
            #expect(distance(zero, one, channels: channels)[0].isNaN)
            #expect(distance(one, zero, channels: channels)[0].isNaN)
            #expect(distance(zero, zero, channels: channels)[0].isNaN)
        }
    }

    @Test(
        "NaN and infinity in either vector give NaN, beside a vector of norm zero too",
        arguments: [Float.nan, .infinity, -.infinity])
    func cosineNotFinite(value: Float) {
        for channels in [1, 15, 16, 17, 64] {
            for place in Set([0, channels / 2, channels - 1]) {
                for other: Float in [0, 1, -0.5] {
                    var broken = [Float](repeating: 1, count: channels)
                    broken[place] = value
                    let whole = [Float](repeating: other, count: channels)
                    #expect(distance(broken, whole, channels: channels)[0].isNaN)
                    #expect(distance(whole, broken, channels: channels)[0].isNaN)
                }
            }
        }
    }

    @Test(
        "the map is axis · values · axisᵀ, summed over levels in one order, to the bit",
        arguments: [16, 32, 48, 64, 80, 144])
    func map(size: Int) {
        var random = SeededRandom(UInt64(size))
        for sides in [[1], [5], [4, 9], [8, 3, 2]] {
            let axes = sides.map { RandomAxis(side: $0, size: size, &random) }
            let values = sides.map { random.floats($0 * $0) }
            var expected = [Float](repeating: 0, count: size * size)
            var widened: [[Float]] = []
            for (axis, values) in zip(axes, values) {
                var wide = [Float](repeating: 0, count: axis.side * size)
                for y in 0..<axis.side {
                    for x in 0..<size {
                        let (block, lane) = (x / 16, x % 16)
                        for k in 0..<axis.blockTaps {
                            wide[y * size + x].addProduct(
                                values[y * axis.side + Int(axis.blockFirst[block]) + k],
                                axis.blockWeights[(block * axis.blockTaps + k) * 16 + lane])
                        }
                    }
                }
                widened.append(wide)
            }
            for y in 0..<size {
                for x in 0..<size {
                    for (axis, wide) in zip(axes, widened) {
                        for k in 0..<axis.taps {
                            expected[y * size + x].addProduct(
                                axis.weights[y * axis.taps + k], wide[(Int(axis.first[y]) + k) * size + x])
                        }
                    }
                }
            }
            var found = [Float](repeating: -1, count: size * size)
            run(axes[...], values[...], []) { levels in
                ck_anomaly_map_f32(levels, Int32(levels.count), Int32(size), &found)
            }
            #expect(found.map(\.bitPattern) == expected.map(\.bitPattern))
        }
    }

    /// Bands of random weights.
    private struct RandomAxis {
        let side: Int
        let taps: Int
        let first: [Int32]
        let weights: [Float]
        let blockTaps: Int
        let blockFirst: [Int32]
        let blockWeights: [Float]
        let size: Int

        init(side: Int, size: Int, _ random: inout SeededRandom) {
            self.side = side
            self.size = size
            taps = Int.random(in: 1...side, using: &random)
            blockTaps = Int.random(in: 1...side, using: &random)
            let (most, blockMost) = (Int32(side - taps), Int32(side - blockTaps))
            first = (0..<size).map { _ in Int32.random(in: 0...most, using: &random) }
            blockFirst = (0..<size / 16).map { _ in Int32.random(in: 0...blockMost, using: &random) }
            weights = random.floats(size * taps)
            blockWeights = random.floats(size * blockTaps)
        }
    }

    /// Pins the tables of all levels, one after the other.
    private func run(
        _ axes: ArraySlice<RandomAxis>, _ values: ArraySlice<[Float]>, _ levels: [ck_level_map_f32],
        body: ([ck_level_map_f32]) -> Void
    ) {
        guard let axis = axes.first, let map = values.first else { return body(levels) }
        var widened = [Float](repeating: -1, count: axis.side * axis.size)
        axis.first.withUnsafeBufferPointer { first in
            axis.weights.withUnsafeBufferPointer { weights in
                axis.blockFirst.withUnsafeBufferPointer { blockFirst in
                    axis.blockWeights.withUnsafeBufferPointer { blockWeights in
                        map.withUnsafeBufferPointer { map in
                            widened.withUnsafeMutableBufferPointer { widened in
                                let tables = ck_axis_f32(
                                    side: Int32(axis.side), taps: Int32(axis.taps), first: first.baseAddress,
                                    weights: weights.baseAddress, block_taps: Int32(axis.blockTaps),
                                    block_first: blockFirst.baseAddress, block_weights: blockWeights.baseAddress)
                                let level = ck_level_map_f32(
                                    axis: tables, values: map.baseAddress, widened: widened.baseAddress)
                                run(axes.dropFirst(), values.dropFirst(), levels + [level], body: body)
                            }
                        }
                    }
                }
            }
        }
    }

    @Test("standardising takes the mean off and multiplies, in place too")
    func standardise() {
        var random = SeededRandom(8)
        for count in [0, 1, 15, 16, 17, 65] {
            var values = random.floats(count)
            let (mean, scale) = (random.floats(count), random.floats(count))
            let expected = values.indices.map { (values[$0] - mean[$0]) * scale[$0] }
            values.withUnsafeMutableBufferPointer {
                ck_standardise_f32($0.baseAddress, mean, scale, $0.baseAddress, count)
            }
            #expect(values == expected)
        }
    }

    private func topMean(_ values: [Float], _ k: Int) -> Float {
        var scratch = [Float](repeating: 0, count: values.count)
        return ck_top_mean_f32(values, values.count, k, &scratch)
    }

    @Test("maximum and top mean agree with sorting, with ties, for k from 1 to all")
    func scores() {
        for count in [1, 2, 3, 10, 63, 64, 65, 257] {
            for distinct in [2, 5, 1_000_000] {
                var random = SeededRandom(UInt64(count + distinct))
                let values = (0..<count).map { _ in Float(Int.random(in: -distinct...distinct, using: &random)) / 7 }
                #expect(ck_maximum_f32(values, count) == values.max())
                let sorted = values.sorted(by: >)
                for k in Set([1, 2, count / 2, count - 1, count]) where (1...count).contains(k) {
                    let expected = sorted.prefix(k).reduce(0.0) { $0 + Double($1) } / Double(k)
                    #expect(abs(Double(topMean(values, k)) - expected) <= 1e-6 * max(1, abs(expected)))
                }
                #expect(topMean(values, 1) == values.max())
            }
        }
    }

    @Test("a sorted, a falling and a constant map have the right top mean")
    func scoresOfOrderedMaps() {
        let rising = (0..<1000).map { Float($0) }
        #expect(topMean(rising, 10) == 994.5)
        #expect(topMean(rising.reversed(), 10) == 994.5)
        #expect(topMean(.init(repeating: -3, count: 1000), 10) == -3)
    }

    /// The definition: the k-th largest is the bound, what is above is added up in the order of the map.
    private func topMeanBySorting(_ values: [Float], _ k: Int) -> Float {
        let bound = values.sorted(by: >)[k - 1]
        let above = values.filter { $0 > bound }
        let sum = above.reduce(0.0) { $0 + Double($1) }
        return Float((sum + Double(bound) * Double(k - above.count)) / Double(k))
    }

    @Test("the top mean has the bits of sorting, whether a seventeenth of the map is a fair sample or not")
    func topMeanBits() {
        var random = SeededRandom(4)
        let count = 128 * 128
        let noise = random.floats(count)
        let smooth = (0..<count).map { index in
            let (x, y) = (Float(index % 128) / 128, Float(index / 128) / 128)
            return x * (1 - x) * y * (1 - y) + 0.01 * noise[index]
        }
        // The largest stand only where the sample looks, nowhere it looks, and all in one place.
        let seen = noise.indices.map { $0 % 17 == 0 ? noise[$0] + 10 : noise[$0] }
        let unseen = noise.indices.map { $0 % 17 == 0 ? noise[$0] - 10 : noise[$0] }
        let corner = noise.indices.map { $0 < 500 ? noise[$0] + 10 : noise[$0] }
        let steps = noise.map { ($0 * 2).rounded() }
        for values in [noise, smooth, seen, unseen, corner, steps, .init(repeating: 2, count: count)] {
            for k in [1, 16, 49, 163, 491, 5000, count - 1, count] {
                #expect(topMean(values, k).bitPattern == topMeanBySorting(values, k).bitPattern, "k \(k)")
            }
        }
    }

    @Test("one value that is not finite, anywhere, makes the score NaN", arguments: [Float.nan, .infinity, -.infinity])
    func scoresNotFinite(value: Float) {
        for count in [1, 2, 16, 33, 64, 100, 130] {
            for place in 0..<count {
                var values = [Float](repeating: -1, count: count)
                values[place] = value
                #expect(ck_maximum_f32(values, count).isNaN)
                #expect(topMean(values, 1).isNaN)
                #expect(topMean(values, count).isNaN)
            }
        }
    }
}
