// SPDX-License-Identifier: Apache-2.0
import CTraining

/// A vector with `‖v‖² ≤` this counts as zero: its direction is noise. Square of 10⁻¹², torch's `normalize` limit.
public let zeroNormLimit: Float = 1e-24

/// `v / ‖v‖₂` of each pixel's channels; a zero vector (``zeroNormLimit``) stays zero and passes no gradient.
///
/// - Parameter x: `(N, H, W, C)`, or any shape whose last dimension holds the vectors.
public func channelNormalised(_ x: Tensor) -> Tensor {
    guard let channels = x.shape.last, channels > 0 else { preconditionFailure("no channels in shape \(x.shape)") }
    let input = x.storage, result = Storage(count: x.count), pixels = x.count / channels
    let inverse = Storage(count: pixels)

    // Forward: y = x / |x|.
    Workers.forEachRun(of: pixels, grain: normalisationGrain) { first, count in
        let at = first * channels
        ct_unit_vectors(
            input.pointer + at, count, Int32(channels), zeroNormLimit, result.pointer + at, inverse.pointer + first)
    }

    let xLineage = x.lineage
    return Tensor.result(shape: x.shape, storage: result, of: [x]) { lineage in
        // Backward: dx = (dy − y (y·dy)) / |x|.
        guard let dy = lineage.takeWritable() else { return }
        Workers.forEachRun(of: pixels, grain: normalisationGrain) { first, count in
            let at = first * channels
            ct_unit_vectors_backward(
                dy.pointer + at, result.pointer + at, inverse.pointer + first, count, Int32(channels),
                dy.pointer + at)
        }
        xLineage?.accumulate(dy)
    }
}
