// SPDX-License-Identifier: Apache-2.0

import CTraining
import Inspection

/// A few vectors that lie close to all (PatchCore's greedy k-centre choice).
///
/// Source: Roth et al., 2022, algorithm 1: again and again the vector that is farthest from those chosen is chosen too,
/// by distances after a random projection (Johnson and Lindenstrauss; Sinha et al., "Small-GAN", 2020). The first one is
/// random.
package enum Coreset {
    /// Share of all vectors that is kept, the paper's.
    package static let share = 0.1
    /// Most vectors that are kept, whatever the share: the memory is searched for every patch of every picture.
    package static let limit = 10_000
    /// Dimensions that distances are taken in.
    package static let projected = 128

    /// How many of some vectors are kept: a tenth, at least one, at most 10,000.
    package static func size(of count: Int) -> Int { min(limit, max(1, Int(Double(count) * share))) }

    /// Vectors projected to `projected` dimensions by normal numbers; as they are when they have not more.
    ///
    /// Scaled by 1/√projected, so that distances are kept on average.
    package static func projection(
        _ vectors: UnsafePointer<Float>, count: Int, dimensions: Int, random: inout RandomSource
    ) -> Storage {
        guard dimensions > projected else {
            let copy = Storage(count: count * dimensions)
            copy.pointer.update(from: vectors, count: count * dimensions)
            return copy
        }
        let scale = 1 / Double(projected).squareRoot()
        let matrix = (0..<dimensions * projected).map { _ in Float(random.normal() * scale) }
        let result = Storage(count: count * projected)
        matrix.withUnsafeBufferPointer { matrix in
            guard let matrix = matrix.baseAddress else { return }
            Workers.forEachRun(of: count, grain: 1024) { start, rows in
                multiply(
                    Matrix(vectors + start * dimensions, stride: dimensions), Matrix(matrix, stride: projected),
                    rows: rows, inner: dimensions, columns: projected, into: result.pointer + start * projected,
                    stride: projected)
            }
        }
        return result
    }

    /// The chosen vectors in their order; of vectors equally far the first is taken. The same on any number of threads.
    ///
    /// Ends early when every vector is at a chosen one's place.
    ///
    /// - Parameters:
    ///   - vectors: `(count, dimensions)`.
    ///   - first: the one to begin with.
    ///   - wanted: 1 ... count.
    ///   - shouldStop: asked now and then; a choice that is cut short is of no use.
    package static func greedy(
        _ vectors: UnsafePointer<Float>, count: Int, dimensions: Int, first: Int, wanted: Int,
        progress: (@Sendable (Int, Int) -> Void)? = nil, shouldStop: () -> Bool = { false }
    ) -> [Int] {
        precondition((1...count).contains(wanted) && (0..<count).contains(first), "vectors that are there")
        let nearest = Storage(count: count)
        nearest.pointer.update(repeating: .infinity, count: count)
        let grain = max(256, (1 << 18) / max(1, dimensions))
        let runs = (count + grain - 1) / grain
        var farthest = [ct_farthest](repeating: ct_farthest(), count: runs)
        var chosen = [first]
        while chosen.count < wanted {
            if chosen.count % 64 == 0 {
                progress?(chosen.count, wanted)
                if shouldStop() { break }
            }
            let centre = vectors + chosen[chosen.count - 1] * dimensions
            farthest.withUnsafeMutableBufferPointer { farthest in
                guard let farthest = farthest.baseAddress else { return }
                Workers.forEach(runs) { run, _ in
                    let start = run * grain
                    farthest[run] = ct_update_nearest(
                        vectors + start * dimensions, min(grain, count - start), Int32(dimensions), centre,
                        nearest.pointer + start)
                }
            }
            var best = 0
            for run in 1..<max(1, runs) where farthest[run].distance > farthest[best].distance { best = run }
            guard farthest[best].distance > 0 else { break }
            chosen.append(best * grain + farthest[best].index)
        }
        return chosen
    }
}
