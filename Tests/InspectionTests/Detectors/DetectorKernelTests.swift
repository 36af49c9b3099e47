// SPDX-License-Identifier: Apache-2.0

import CKernels
import Testing

@Suite struct DetectorKernelTests {
    @Test("a product takes deeper values between pixel centres, edges repeated, and keeps NaN")
    func product() {
        var output = [Float](repeating: 2, count: 16)
        ck_multiply_upsampled_f32([1, 3, 5, 7], 2, &output, 4)
        // Centres of four lie at −1/4, 1/4, 3/4 and 5/4 of the two.
        let row: [Float] = [1, 1.5, 2.5, 3]
        let expected: [Float] = [0, 1, 3, 4].flatMap { (down: Float) in row.map { 2 * ($0 + down) } }
        #expect(output == expected)
        ck_multiply_upsampled_f32([3], 1, &output, 4)
        #expect(output == expected.map { $0 * 3 })
        ck_multiply_upsampled_f32([1, .nan, 1, 1], 2, &output, 4)
        #expect(output[3].isNaN && output[12].isFinite)
    }

    @Test("a map of the same side is multiplied value by value")
    func productOfEqualSides() {
        var random = SeededRandom(1)
        let (a, b) = (random.floats(64), random.floats(64))
        var output = a
        ck_multiply_upsampled_f32(b, 8, &output, 8)
        #expect(output == zip(a, b).map { $0 * $1 })
    }

    @Test("a local mean is a ninth of what lies around, and of nothing outside")
    func localMean() {
        // Two channels, a border of rubbish on the right that must not be read.
        let input: [Float] = [1, 10, 2, 20, 99, 99, 3, 30, 4, 40, 99, 99]
        var output = [Float](repeating: 0, count: 8)
        ck_local_mean_f32(input, 6, 2, 2, &output)
        for place in 0..<4 {
            #expect(output[2 * place] == 10 * (1.0 / 9) && output[2 * place + 1] == 100 * (1.0 / 9))
        }
        var one = [Float](repeating: 0, count: 9)
        ck_local_mean_f32([9, 0, 0, 0, 0, 0, 0, 0, 18], 3, 3, 1, &one)
        #expect(one == [1, 1, 0, 1, 3, 2, 0, 2, 2])
    }

    @Test("features are upsampled channel by channel into their place")
    func features() {
        var output = [Float](repeating: -1, count: 16 * 3)
        ck_upsample_features_f32([1, 10, 3, 30, 5, 50, 7, 70], 2, 2, &output, 4, 3)
        var map = [Float](repeating: 1, count: 16)
        ck_multiply_upsampled_f32([1, 3, 5, 7], 2, &map, 4)
        for place in 0..<16 {
            #expect(output[3 * place] == map[place])
            #expect(abs(output[3 * place + 1] - 10 * map[place]) < 1e-5)
            #expect(output[3 * place + 2] == -1)
        }
    }

    /// Lower triangles, row after row, as the kernel wants them.
    private func packed(_ factor: [Float], dimensions: Int) -> [Float] {
        var result: [Float] = []
        for first in stride(from: 0, to: dimensions, by: 16) {
            for column in 0..<min(first + 16, dimensions) {
                for row in first..<first + 16 {
                    let isInside = row < dimensions && column <= row
                    result.append(isInside ? factor[row * (row + 1) / 2 + column] : 0)
                }
            }
        }
        return result
    }

    @Test("Mahalanobis distances are those of a hand's reckoning")
    func mahalanobis() {
        // Σ = diag(4, 9): W = diag(1/2, 1/3); then a correlated pair with L = ((2, 0), (1, 1)), W = ((1/2, 0), (−1/2, 1)).
        let factor = packed([0.5, 0, 1.0 / 3], dimensions: 2) + packed([0.5, -0.5, 1], dimensions: 2)
        var output: [Float] = [0, 0]
        ck_mahalanobis_f32([5, 10, 3, 4], [1, 1, 1, 1], factor, &output, 2, 2)
        #expect(abs(output[0] - Float(4 + 9).squareRoot()) < 1e-6)
        #expect(abs(output[1] - Float(1 + 4).squareRoot()) < 1e-6)
        ck_mahalanobis_f32([1, 1, .nan, 4], [1, 1, 1, 1], factor, &output, 2, 2)
        #expect(output[0] == 0 && output[1].isNaN)
    }

    @Test(
        "Mahalanobis distances of any number of dimensions are the double sum's", arguments: [1, 15, 16, 17, 33, 100])
    func mahalanobisOf(dimensions: Int) {
        var random = SeededRandom(UInt64(dimensions))
        let places = 3
        let factors = (0..<places).map { _ in random.floats(dimensions * (dimensions + 1) / 2) }
        let (values, mean) = (random.floats(places * dimensions), random.floats(places * dimensions))
        var output = [Float](repeating: 0, count: places)
        let all = factors.flatMap { packed($0, dimensions: dimensions) }
        ck_mahalanobis_f32(values, mean, all, &output, Int32(places), Int32(dimensions))
        for place in 0..<places {
            var squares = 0.0
            for row in 0..<dimensions {
                var sum = 0.0
                for column in 0...row {
                    let index = place * dimensions + column
                    sum += Double(factors[place][row * (row + 1) / 2 + column]) * Double(values[index] - mean[index])
                }
                squares += sum * sum
            }
            #expect(abs(Double(output[place]) - squares.squareRoot()) < 1e-5 * (1 + squares.squareRoot()))
        }
    }

    /// Distances to the nearest of a memory.
    private func nearest(_ values: [Float], _ memory: [Float], dimensions: Int) -> [Float] {
        let (count, vectors) = (values.count / dimensions, memory.count / dimensions)
        let blocks = (vectors + 31) / 32
        var packed = [Float](repeating: 0, count: blocks * 32 * dimensions)
        var offsets = [Float](repeating: -.infinity, count: blocks * 32)
        for vector in 0..<vectors {
            let own = memory[(vector * dimensions)..<((vector + 1) * dimensions)]
            for (index, value) in own.enumerated() {
                packed[(vector / 32 * dimensions + index) * 32 + vector % 32] = value
            }
            let square: Float = own.reduce(0) { $0 + $1 * $1 }
            offsets[vector] = -square / 2
        }
        var best = [Float](repeating: 0, count: count * 32)
        var block = [Int32](repeating: 0, count: count * 32)
        var output = [Float](repeating: 0, count: count)
        values.withUnsafeBufferPointer { values in
            packed.withUnsafeBufferPointer { packed in
                offsets.withUnsafeBufferPointer { offsets in
                    best.withUnsafeMutableBufferPointer { best in
                        block.withUnsafeMutableBufferPointer { block in
                            output.withUnsafeMutableBufferPointer { output in
                                var work = ck_nearest_work_f32(
                                    values: values.baseAddress, memory: packed.baseAddress,
                                    offsets: offsets.baseAddress, best: best.baseAddress, block: block.baseAddress,
                                    output: output.baseAddress, count: Int32(count), blocks: Int32(blocks),
                                    dimensions: Int32(dimensions))
                                ck_nearest_f32(&work)
                            }
                        }
                    }
                }
            }
        }
        return output
    }

    @Test("the nearest of a memory is found and its distance is exact")
    func nearestByHand() {
        let memory: [Float] = [0, 0, 10, 0, 0, 10]
        let values: [Float] = [3, 4, 10, 1, 0, 10, 6, 0, -3, -4, .nan, 0, .infinity, 0]
        let found = nearest(values, memory, dimensions: 2)
        #expect(found.prefix(5) == [5, 1, 0, 4, 5])
        #expect(found[5].isNaN && !found[6].isFinite)
    }

    @Test(
        "the nearest of any number of vectors is a full search's, whatever the number of values",
        arguments: [1, 31, 32, 33, 100], [1, 3, 4, 5, 9])
    func nearestOf(vectors: Int, count: Int) {
        let dimensions = 37
        var random = SeededRandom(UInt64(vectors * 10 + count))
        let (memory, values) = (random.floats(vectors * dimensions), random.floats(count * dimensions))
        let found = nearest(values, memory, dimensions: dimensions)
        for index in 0..<count {
            var least = Double.infinity
            for vector in 0..<vectors {
                var squares = 0.0
                for place in 0..<dimensions {
                    let difference = Double(values[index * dimensions + place] - memory[vector * dimensions + place])
                    squares += difference * difference
                }
                least = min(least, squares.squareRoot())
            }
            #expect(abs(Double(found[index]) - least) < 1e-5)
        }
    }
}
