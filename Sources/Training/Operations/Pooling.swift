// SPDX-License-Identifier: Apache-2.0
import CTraining

/// The largest value of each window, per channel; the border never wins, the first of equal values does, NaN always.
///
/// - Parameters:
///   - x: `(N, H, W, C)`.
///   - kernel: side of the window, 1...15.
///   - stride: step of the window.
///   - padding: border around the picture, at most half the kernel.
/// - Returns: `(N, OH, OW, C)`, `OH = (H + 2 padding − kernel) / stride + 1` rounded down.
public func maxPooling(_ x: Tensor, kernel: Int, stride: Int, padding: Int = 0) -> Tensor {
    var window = ct_window(pooling: x, kernel: kernel, stride: stride, padding: padding)
    let (n, h, w, channels) = x.extents
    let pixels = Int(window.out_height) * Int(window.out_width)
    let input = x.storage, result = Storage(count: n * pixels * channels)
    let index = ByteStorage(count: result.count)

    // Forward: y = max over the window; the number of the tap that won is kept.
    let grain = 256, runs = (pixels + grain - 1) / grain
    Workers.forEach(n * runs) { shard, _ in
        let (picture, run) = shard.quotientAndRemainder(dividingBy: runs)
        let first = run * grain
        let at = (picture * pixels + first) * channels
        ct_max_pool(
            &window, input.pointer + picture * h * w * channels, nil, nil, first, min(grain, pixels - first),
            result.pointer + at, index.pointer + at, nil)
    }

    let xLineage = x.lineage
    let shape = [n, Int(window.out_height), Int(window.out_width), channels]
    return Tensor.result(shape: shape, storage: result, of: [x]) { [window] lineage in
        // Backward: each input pixel gathers dy of the windows that it won.
        guard let dy = lineage.stored() else { return }
        xLineage?.accumulate(
            DeferredGradient(pictures: n, pixels: h * w, channels: channels) { picture, first, count, to in
                var window = window
                let at = picture * pixels * channels
                ct_max_pool_backward(
                    &window, dy.pointer + at, index.pointer + at, nil, nil, nil, nil, nil, first, count, to)
            })
    }
}

/// The mean of each window, per channel; no padding.
///
/// - Parameters:
///   - x: `(N, H, W, C)`.
///   - kernel: side of the window, 1...15.
///   - stride: step of the window.
/// - Returns: `(N, OH, OW, C)`, `OH = (H − kernel) / stride + 1` rounded down.
public func averagePooling(_ x: Tensor, kernel: Int, stride: Int) -> Tensor {
    var window = ct_window(pooling: x, kernel: kernel, stride: stride, padding: 0)
    let (n, h, w, channels) = x.extents
    let pixels = Int(window.out_height) * Int(window.out_width)
    let input = x.storage, result = Storage(count: n * pixels * channels)

    // Forward: y = Σ over the window / kernel².
    let grain = 256, runs = (pixels + grain - 1) / grain
    Workers.forEach(n * runs) { shard, _ in
        let (picture, run) = shard.quotientAndRemainder(dividingBy: runs)
        let first = run * grain
        ct_average_pool(
            &window, input.pointer + picture * h * w * channels, first, min(grain, pixels - first),
            result.pointer + (picture * pixels + first) * channels)
    }

    let xLineage = x.lineage
    let shape = [n, Int(window.out_height), Int(window.out_width), channels]
    return Tensor.result(shape: shape, storage: result, of: [x]) { [window] lineage in
        // Backward: dx += dy / kernel² for each pixel of the window.
        guard let dy = lineage.stored(), let xLineage else { return }
        let dx = xLineage.target()
        Workers.forEach(n) { picture, _ in
            var window = window
            let to = dx.pointer + picture * h * w * channels
            if dx.isFresh { to.update(repeating: 0, count: h * w * channels) }
            ct_average_pool_backward(&window, dy.pointer + picture * pixels * channels, to)
        }
    }
}
