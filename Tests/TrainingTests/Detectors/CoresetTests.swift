// SPDX-License-Identifier: Apache-2.0

import Testing
import Training

@Suite(.serialized) struct CoresetTests {
    private func greedy(_ vectors: [Float], dimensions: Int, first: Int, wanted: Int) -> [Int] {
        vectors.withUnsafeBufferPointer { vectors in
            guard let base = vectors.baseAddress else { return [] }
            return Coreset.greedy(
                base, count: vectors.count / dimensions, dimensions: dimensions, first: first, wanted: wanted)
        }
    }

    @Test("the farthest is chosen each time, of equals the first")
    func order() {
        // On a line: from 0 the farthest is 10, then 6 (4 away from 10), then 3 (3 from both), then 1 (as near as 9).
        #expect(greedy([0, 1, 3, 6, 9, 10], dimensions: 1, first: 0, wanted: 6) == [0, 5, 3, 2, 1, 4])
        // In a plane: a square's corners, the opposite one first, then the first of two equals.
        #expect(greedy([0, 0, 2, 0, 0, 2, 2, 2, 1, 1], dimensions: 2, first: 0, wanted: 5) == [0, 3, 1, 2, 4])
        #expect(greedy([0, 1, 3], dimensions: 1, first: 1, wanted: 1) == [1])
    }

    @Test("vectors that are all alike are remembered once")
    func alike() {
        #expect(greedy([2, 2, 2, 2], dimensions: 1, first: 2, wanted: 4) == [2])
        #expect(greedy([2, 2, 5, 5], dimensions: 1, first: 0, wanted: 4) == [0, 2])
    }

    @Test("a tenth is kept, at least one and at most ten thousand")
    func size() {
        #expect([1, 9, 10, 61_440, 100_000, 1_000_000].map(Coreset.size) == [1, 1, 1, 6144, 10_000, 10_000])
    }

    @Test("a projection keeps distances nearly, and short vectors as they are")
    func projection() {
        var random = RandomSource(seed: 5)
        let vectors = (0..<2 * 384).map { _ in Float(random.normal()) }
        vectors.withUnsafeBufferPointer { vectors in
            guard let base = vectors.baseAddress else { return }
            let projected = Coreset.projection(base, count: 2, dimensions: 384, random: &random)
            func distance(_ values: UnsafePointer<Float>, _ count: Int) -> Float {
                var squares: Float = 0
                for index in 0..<count {
                    let difference = values[index] - values[count + index]
                    squares += difference * difference
                }
                return squares.squareRoot()
            }
            let (before, after) = (distance(base, 384), distance(projected.pointer, 128))
            #expect((0.8...1.25).contains(after / before), "\(before) became \(after)")
            let short = Coreset.projection(base, count: 6, dimensions: 128, random: &random)
            #expect((0..<768).allSatisfy { short.pointer[$0] == vectors[$0] })
        }
    }

    @Test("any number of threads chooses the same")
    func threads() {
        let before = Workers.threads
        defer { Workers.threads = before }
        var random = RandomSource(seed: 6)
        let count = 9000, dimensions = 200
        let vectors = (0..<count * dimensions).map { _ in Float(random.uniform()) }
        var chosen: Set<[Int]> = []
        for threads in [1, 2, 3, 2] {
            Workers.threads = threads
            var random = RandomSource(seed: 7)
            vectors.withUnsafeBufferPointer { vectors in
                guard let base = vectors.baseAddress else { return }
                let projected = Coreset.projection(base, count: count, dimensions: dimensions, random: &random)
                chosen.insert(
                    Coreset.greedy(projected.pointer, count: count, dimensions: 128, first: 17, wanted: 90))
            }
        }
        #expect(chosen.count == 1 && chosen.first?.count == 90)
        #expect(Set(chosen.first ?? []).count == 90)
    }
}
