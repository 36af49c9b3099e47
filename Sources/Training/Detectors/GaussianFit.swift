// SPDX-License-Identifier: Apache-2.0

import COpenBLAS
import Inspection

/// Mean and inverse Cholesky factor of the covariance of descriptors, place by place (PaDiM).
///
/// Source: Defard et al., 2020, equation 1: sample covariance with n − 1, plus ε I with ε = 0.01.
package struct GaussianFit {
    /// Added to every variance.
    package static let epsilon = 0.01
    /// Channels of a descriptor, the paper's for ResNet-18.
    package static let dimensions = 100

    /// `(places, dimensions)`.
    package private(set) var mean: [Float]
    /// `(places, dimensions · (dimensions + 1) / 2)`: lower triangles of L⁻¹, row after row.
    package private(set) var factor: [Float]

    /// A random choice of channels, ascending: all of them when there are not more.
    package static func channels(of all: Int, count: Int = dimensions, seed: UInt64) -> [Int] {
        var random = RandomSource(seed: seed)
        var channels = Array(0..<all)
        random.shuffle(&channels)
        return channels.prefix(count).sorted()
    }

    /// Fits every place; the same bits on any number of threads.
    ///
    /// - Precondition: two pictures or more.
    package init(_ store: DescriptorStore, progress: (@Sendable (Int, Int) -> Void)? = nil) {
        let (places, dimensions) = (store.places, store.dimensions)
        let triangle = dimensions * (dimensions + 1) / 2
        var mean = [Float](repeating: 0, count: places * dimensions)
        var factor = [Float](repeating: 0, count: places * triangle)
        mean.withUnsafeMutableBufferPointer { mean in
            factor.withUnsafeMutableBufferPointer { factor in
                guard let mean = mean.baseAddress, let factor = factor.baseAddress else { return }
                // A run of places shares its buffers.
                let run = 32
                Workers.forEach((places + run - 1) / run) { shard, _ in
                    var place = Place(pictures: store.pictures, dimensions: dimensions)
                    for index in (shard * run)..<min(places, (shard + 1) * run) {
                        place.fit(store, index, mean: mean + index * dimensions, factor: factor + index * triangle)
                    }
                    progress?(min(places, (shard + 1) * run), places)
                }
            }
        }
        self.mean = mean
        self.factor = factor
    }

    /// Buffers for one place, in double precision.
    private struct Place {
        let pictures: Int
        let dimensions: Int
        var centred: [Double]
        var covariance: [Double]

        init(pictures: Int, dimensions: Int) {
            self.pictures = pictures
            self.dimensions = dimensions
            centred = .init(repeating: 0, count: pictures * dimensions)
            covariance = .init(repeating: 0, count: dimensions * dimensions)
        }

        mutating func fit(
            _ store: DescriptorStore, _ place: Int, mean: UnsafeMutablePointer<Float>,
            factor: UnsafeMutablePointer<Float>
        ) {
            let (n, d) = (pictures, dimensions)
            centred.withUnsafeMutableBufferPointer { x in
                for picture in 0..<n {
                    let values = store.base + picture * store.stride + place * d
                    for i in 0..<d { x[picture * d + i] = Double(values[i]) }
                }
                for i in 0..<d {
                    var sum = 0.0
                    for picture in 0..<n { sum += x[picture * d + i] }
                    let centre = sum / Double(n)
                    mean[i] = Float(centre)
                    for picture in 0..<n { x[picture * d + i] -= centre }
                }
            }
            OpenBLASCore.useOneThread()
            cblas_dsyrk(
                CblasRowMajor, CblasLower, CblasTrans, blasint(d), blasint(n), 1 / Double(n - 1), centred, blasint(d),
                0, &covariance, blasint(d))
            for i in 0..<d { covariance[i * d + i] += GaussianFit.epsilon }
            let inverse = TriangularInverse.ofCholesky(&covariance, side: d)
            var next = 0
            for row in 0..<d {
                for column in 0...row {
                    factor[next] = Float(inverse[row * d + column])
                    next += 1
                }
            }
        }
    }
}

/// L⁻¹ of a symmetric positive definite matrix H = L Lᵀ.
package enum TriangularInverse {
    /// The lower triangle of L⁻¹, `(side, side)` row major, what stands above it being 0.
    ///
    /// - Parameter matrix: the lower triangle is read, and overwritten by L.
    package static func ofCholesky(_ matrix: inout [Double], side: Int) -> [Double] {
        var inverse = [Double](repeating: 0, count: side * side)
        matrix.withUnsafeMutableBufferPointer { a in
            for row in 0..<side {
                for column in 0..<row {
                    var sum = a[row * side + column]
                    for k in 0..<column { sum -= a[row * side + k] * a[column * side + k] }
                    a[row * side + column] = sum / a[column * side + column]
                }
                var pivot = a[row * side + row]
                for k in 0..<row { pivot -= a[row * side + k] * a[row * side + k] }
                // ε lies on the diagonal: only rounding could push a pivot below half of it.
                a[row * side + row] = max(pivot, GaussianFit.epsilon / 2).squareRoot()
            }
            inverse.withUnsafeMutableBufferPointer { b in
                // Row by row: L⁻¹[row] = (e_row − Σ L[row][k] L⁻¹[k]) / L[row][row].
                for row in 0..<side {
                    for k in 0..<row {
                        let value = a[row * side + k]
                        for column in 0...k { b[row * side + column] -= value * b[k * side + column] }
                    }
                    b[row * side + row] = 1
                    let pivot = a[row * side + row]
                    for column in 0...row { b[row * side + column] /= pivot }
                }
            }
        }
        return inverse
    }
}
