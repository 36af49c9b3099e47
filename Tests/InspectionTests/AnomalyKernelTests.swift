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

    private func upsample(_ map: [Float], side: Int, size: Int, weight: Float = 1, onto: Float = 0) -> [Float] {
        let axis = axis(side, size)
        var output = [Float](repeating: onto, count: size * size)
        var row = [Float](repeating: 0, count: side)
        axis.lower.withUnsafeBufferPointer { lower in
            axis.upper.withUnsafeBufferPointer { upper in
                axis.share.withUnsafeBufferPointer { share in
                    var work = ck_interpolation_f32(
                        lower: lower.baseAddress, upper: upper.baseAddress, share: share.baseAddress)
                    ck_upsample_add_f32(map, Int32(side), &output, Int32(size), &work, weight, &row)
                }
            }
        }
        return output
    }

    private func axis(_ side: Int, _ size: Int) -> (lower: [Int32], upper: [Int32], share: [Float]) {
        let places = (0..<size).map { max(0, (Double($0) + 0.5) * Double(side) / Double(size) - 0.5) }
        let lower = places.map { min(Int32($0), Int32(side - 1)) }
        return (lower, lower.map { min($0 + 1, Int32(side - 1)) }, zip(places, lower).map { Float($0 - Double($1)) })
    }

    @Test(
        "upsampling is bilinear, takes the weight and adds on top",
        arguments: [(1, 32), (2, 32), (4, 32), (8, 64), (5, 12)])
    func upsampling(side: Int, size: Int) {
        var random = SeededRandom(UInt64(side))
        let map = random.floats(side * side)
        let found = upsample(map, side: side, size: size, weight: 0.75, onto: 2)
        let axis = axis(side, size)
        var worst = 0.0
        for y in 0..<size {
            for x in 0..<size {
                func at(_ a: Int32, _ b: Int32) -> Double { Double(map[Int(a) * side + Int(b)]) }
                let (fy, fx) = (Double(axis.share[y]), Double(axis.share[x]))
                let top = (1 - fx) * at(axis.lower[y], axis.lower[x]) + fx * at(axis.lower[y], axis.upper[x])
                let bottom = (1 - fx) * at(axis.upper[y], axis.lower[x]) + fx * at(axis.upper[y], axis.upper[x])
                worst = max(worst, abs(2 + 0.75 * ((1 - fy) * top + fy * bottom) - Double(found[y * size + x])))
            }
        }
        #expect(worst < 1e-6)
    }

    @Test("a constant map stays constant when upsampled")
    func upsamplingConstant() {
        #expect(upsample(.init(repeating: 0.3, count: 64), side: 8, size: 64).allSatisfy { $0 == 0.3 })
    }

    private let taps: [Float] = [0.375, 0.25, 0.0625]

    private func smooth(_ map: [Float], size: Int, taps: [Float]) -> [Float] {
        var map = map
        let radius = taps.count - 1
        var scratch = [Float](repeating: -99, count: size * size + size + 2 * radius)
        ck_smooth_f32(&map, Int32(size), taps, Int32(radius), &scratch)
        return map
    }

    @Test("an impulse spreads over both axes alike")
    func smoothingImpulse() {
        let size = 11
        var map = [Float](repeating: 0, count: size * size)
        map[5 * size + 5] = 1
        let result = smooth(map, size: size, taps: taps)
        for y in 0..<size {
            for x in 0..<size {
                let (dy, dx) = (abs(y - 5), abs(x - 5))
                let expected = dy < 3 && dx < 3 ? taps[dy] * taps[dx] : 0
                #expect(result[y * size + x] == expected)
                #expect(result[y * size + x] == result[x * size + y])
            }
        }
        #expect(abs(result.reduce(0, +) - 1) < 1e-6)
    }

    @Test("smoothing equals the Double reference with repeated edges, and keeps constants")
    func smoothing() {
        for size in [1, 2, 3, 16, 33] {
            for count in [1, 2, 3, 9] {
                var random = SeededRandom(UInt64(size * 100 + count))
                let raw = random.floats(count, 0...1)
                let sum = raw[0] + 2 * raw.dropFirst().reduce(0, +)
                let taps = raw.map { $0 / sum }
                let map = random.floats(size * size)
                let found = smooth(map, size: size, taps: taps)
                func clamped(_ i: Int) -> Int { min(max(i, 0), size - 1) }
                func tap(_ d: Int) -> Double { Double(taps[abs(d)]) }
                var worst = 0.0
                for y in 0..<size {
                    for x in 0..<size {
                        var expected = 0.0
                        for dy in (1 - count)..<count {
                            for dx in (1 - count)..<count {
                                expected += tap(dy) * tap(dx) * Double(map[clamped(y + dy) * size + clamped(x + dx)])
                            }
                        }
                        worst = max(worst, abs(expected - Double(found[y * size + x])))
                    }
                }
                #expect(worst < 1e-6)
                let constant = smooth(.init(repeating: 5, count: size * size), size: size, taps: taps)
                #expect(constant.allSatisfy { abs($0 - 5) < 1e-5 })
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
        for count in [1, 2, 3, 10, 64, 257] {
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

    @Test("one value that is not finite, anywhere, makes the score NaN", arguments: [Float.nan, .infinity, -.infinity])
    func scoresNotFinite(value: Float) {
        for count in [1, 2, 16, 33, 100] {
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
