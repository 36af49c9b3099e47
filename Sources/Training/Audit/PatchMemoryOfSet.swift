// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Mean and scale of every channel over a set: levels count alike, whatever their number of channels and their size.
struct PatchScale: Sendable {
    private let mean: [Float]
    private let factor: [Float]

    /// - Parameter channels: of the levels, one after the other.
    init(_ store: DescriptorStore, of pictures: [Int], channels: [Int]) {
        let dimensions = store.dimensions
        var sums = [Double](repeating: 0, count: dimensions)
        var squares = sums
        for picture in pictures {
            for place in 0..<store.places {
                let vector = store.base + picture * store.stride + place * dimensions
                for channel in 0..<dimensions {
                    let value = Double(vector[channel])
                    sums[channel] += value
                    squares[channel] += value * value
                }
            }
        }
        let count = Double(max(1, pictures.count * store.places))
        let width = channels.flatMap { Array(repeating: Double($0), count: $0) }
        mean = sums.map { Float($0 / count) }
        factor = (0..<dimensions).map { channel in
            let centre = sums[channel] / count
            let deviation = max(0, squares[channel] / count - centre * centre).squareRoot()
            // A channel that never changes says nothing.
            return deviation > 1e-6 ? Float(1 / (deviation * width[channel].squareRoot())) : 0
        }
    }

    /// Writes vectors as they are compared.
    func apply(_ vectors: UnsafePointer<Float>, count: Int, to output: UnsafeMutablePointer<Float>) {
        let dimensions = mean.count
        mean.withUnsafeBufferPointer { mean in
            factor.withUnsafeBufferPointer { factor in
                for vector in 0..<count {
                    let (from, to) = (vectors + vector * dimensions, output + vector * dimensions)
                    for channel in 0..<dimensions { to[channel] = (from[channel] - mean[channel]) * factor[channel] }
                }
            }
        }
    }
}

/// Places of every picture of a set, all or some chosen at random, and whose they are.
struct PatchMemoryOfSet {
    /// Vectors that are compared with in one product; whole lanes of ``highest(_:plus:)``.
    private static let chunk = 1_024

    private let vectors: Storage
    /// −|m|²/2 of each vector.
    private let offsets: [Float]
    /// The part of each vector.
    private let owners: [Int]
    private let dimensions: Int

    init(_ store: DescriptorStore, of pictures: [Int], groups: [Int], scale: PatchScale, seed: UInt64) {
        dimensions = store.dimensions
        let each = max(1, min(store.places, PatchSuspicion.memory / max(1, pictures.count)))
        vectors = Storage(count: pictures.count * each * dimensions)
        var random = RandomSource(seed: seed)
        var owners: [Int] = []
        var order = Array(0..<store.places)
        for picture in pictures {
            // The first of a shuffle that goes on from picture to picture.
            for place in 0..<each {
                order.swapAt(place, place + random.below(store.places - place))
                scale.apply(
                    store.base + picture * store.stride + order[place] * dimensions, count: 1,
                    to: vectors.pointer + owners.count * dimensions)
                owners.append(groups[picture])
            }
        }
        self.owners = owners
        offsets = owners.indices.map { [vectors, dimensions] vector in
            let values = UnsafeBufferPointer(start: vectors.pointer + vector * dimensions, count: dimensions)
            return -values.reduce(Float(0)) { $0 + $1 * $1 } / 2
        }
    }

    /// Logarithms of the distances to the nearest vector of another part, `(pictures, places)`.
    func maps(
        of pictures: [Int], groups: [Int], in store: DescriptorStore, scale: PatchScale,
        progress: (@Sendable (Int, Int) -> Void)?
    ) -> [Float] {
        let places = store.places
        let result = Storage(count: pictures.count * places)
        let batch = 16
        // In batches, so that progress is seen; what comes out does not depend on them.
        for start in stride(from: 0, to: pictures.count, by: batch) {
            let end = min(pictures.count, start + batch)
            let scratch = places * (dimensions + Self.chunk) + Self.chunk
            Workers.forEach(end - start, scratch: scratch) { shard, scratch in
                let index = start + shard
                look(
                    at: store.base + pictures[index] * store.stride, of: groups[pictures[index]], places: places,
                    scale: scale, scratch: scratch, into: result.pointer + index * places)
            }
            progress?(end, pictures.count)
        }
        return Array(UnsafeBufferPointer(start: result.pointer, count: result.count))
    }

    private func look(
        at picture: UnsafePointer<Float>, of part: Int, places: Int, scale: PatchScale,
        scratch: UnsafeMutablePointer<Float>, into map: UnsafeMutablePointer<Float>
    ) {
        let products = scratch + places * dimensions
        let bias = products + places * Self.chunk
        scale.apply(picture, count: places, to: scratch)
        map.update(repeating: -.infinity, count: places)
        for start in stride(from: 0, to: owners.count, by: Self.chunk) {
            let count = min(Self.chunk, owners.count - start)
            multiply(
                Matrix(scratch, stride: dimensions),
                Matrix(vectors.pointer + start * dimensions, stride: dimensions, isTransposed: true), rows: places,
                inner: dimensions, columns: count, into: products, stride: Self.chunk)
            // The part's own places, and whatever a row holds beyond the product, never are the highest.
            for column in 0..<Self.chunk {
                let counts = column < count && owners[start + column] != part
                bias[column] = counts ? offsets[start + column] : -.infinity
            }
            for place in 0..<places {
                map[place] = max(map[place], Self.highest(products + place * Self.chunk, plus: bias))
            }
        }
        for place in 0..<places {
            let vector = UnsafeBufferPointer(start: scratch + place * dimensions, count: dimensions)
            let square = vector.reduce(Float(0)) { $0 + $1 * $1 } - 2 * map[place]
            map[place] = log(max(max(0, square).squareRoot(), 1e-6))
        }
    }

    /// The highest sum of two rows of a chunk, sixteen at a time; what is no number does not count.
    private static func highest(_ row: UnsafePointer<Float>, plus bias: UnsafePointer<Float>) -> Float {
        typealias Lanes = SIMD16<Float>
        let (row, bias) = (UnsafeRawPointer(row), UnsafeRawPointer(bias))
        var best = Lanes(repeating: -.infinity)
        for offset in stride(from: 0, to: chunk * MemoryLayout<Float>.size, by: MemoryLayout<Lanes>.size) {
            let sum =
                row.loadUnaligned(fromByteOffset: offset, as: Lanes.self)
                + bias.loadUnaligned(fromByteOffset: offset, as: Lanes.self)
            best.replace(with: sum, where: sum .> best)
        }
        return best.max()
    }
}
