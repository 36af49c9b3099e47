// SPDX-License-Identifier: Apache-2.0
import CTraining

/// Batch normalisation, ReLU and maximum pooling in one: what ``batchNormalisation(_:_:training:residual:relu:)`` with ReLU
/// followed by ``maxPooling(_:kernel:stride:padding:)`` gives, without the array between them.
///
/// In the stem of a residual network that array is the largest of all; neither it nor its gradient is ever written.
///
/// - Parameters:
///   - x: `(N, H, W, C)`.
///   - state: γ, β and the running statistics.
///   - training: as for the batch normalisation.
///   - kernel: side of the window, 1...15.
///   - stride: step of the window.
///   - padding: border that never wins, at most half the kernel.
/// - Returns: `(N, OH, OW, C)`.
public func batchNormalisedMaxPooling(
    _ x: Tensor, _ state: BatchNormalisationState, training: Bool, kernel: Int, stride: Int, padding: Int = 0
) -> Tensor {
    var window = ct_window(pooling: x, kernel: kernel, stride: stride, padding: padding)
    let factors = BatchNormalisationFactors(x, state, training: training)
    let (n, _, _, channels) = x.extents
    let pixels = Int(window.out_height) * Int(window.out_width), perPicture = factors.pixelsPerPicture
    let input = x.storage, result = Storage(count: n * pixels * channels)
    // Which tap won, and the input value there: all that the backward pass needs to know about the pooling.
    let index = ByteStorage(count: result.count), best = Storage(count: result.count)

    // Forward: y = ReLU(max over the window of (a x + b)).
    let grain = 256, runs = (pixels + grain - 1) / grain
    Workers.forEach(n * runs) { shard, _ in
        let (picture, run) = shard.quotientAndRemainder(dividingBy: runs)
        let first = run * grain
        let at = (picture * pixels + first) * channels
        ct_max_pool(
            &window, input.pointer + picture * perPicture * channels, factors.a, factors.b, first,
            min(grain, pixels - first), result.pointer + at, index.pointer + at, best.pointer + at)
    }

    let (xLineage, weight, bias) = (x.lineage, state.weight.lineage, state.bias.lineage)
    let shape = [n, Int(window.out_height), Int(window.out_width), channels]
    return Tensor.result(shape: shape, storage: result, of: [x, state.weight, state.bias]) { [window] lineage in
        // Backward: the sums run over the winners only; dx gathers, for each input pixel, the windows that it won.
        guard let dy = lineage.stored() else { return }
        let gradients = factors.gradients(over: n * pixels) { first, count, sum, product in
            let at = first * channels
            ct_max_pool_sums(
                dy.pointer + at, index.pointer + at, best.pointer + at, factors.mean, count, Int32(channels), sum,
                product)
        }
        weight?.accumulate(gradients.weight)
        bias?.accumulate(gradients.bias)
        xLineage?.accumulate(
            DeferredGradient(pictures: n, pixels: perPicture, channels: channels) { picture, first, count, to in
                var window = window
                let at = picture * pixels * channels
                ct_max_pool_backward(
                    &window, dy.pointer + at, index.pointer + at, input.pointer + picture * perPicture * channels,
                    factors.mean, factors.a, gradients.k, gradients.m, first, count, to)
            })
    }
}

/// Bytes from the pool.
struct ByteStorage {
    private let storage: Storage
    let pointer: UnsafeMutablePointer<UInt8>

    init(count: Int) {
        storage = Storage(count: (count + 3) / 4)
        pointer = UnsafeMutableRawPointer(storage.pointer).assumingMemoryBound(to: UInt8.self)
    }
}

extension ct_window {
    init(pooling x: Tensor, kernel: Int, stride: Int, padding: Int) {
        let (_, h, w, c) = x.extents
        precondition(
            (1...15).contains(kernel) && stride > 0 && (0...kernel / 2).contains(padding),
            "pooling: kernel \(kernel) (1...15), stride \(stride), padding \(padding) (0...\(kernel / 2))")
        self.init(
            height: h, width: w, channels: c, kernelHeight: kernel, kernelWidth: kernel, stride: stride,
            padding: padding)
    }
}
