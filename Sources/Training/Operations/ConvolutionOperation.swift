// SPDX-License-Identifier: Apache-2.0
import CTraining

/// How one convolution is cut into matrix products.
///
/// A few hundred output pixels at a time are unrolled into a matrix `(pixels, KH * KW * Ci)` that stays in the second
/// level cache and multiplied with the weight `(KH * KW * Ci, Co)`.
struct ConvolutionPlan {
    let window: ct_window
    let pictures: Int
    /// Floats of one input picture.
    let pictureCount: Int
    /// Output pixels of one picture, and how many of them one product handles.
    let pixels: Int, block: Int
    /// Blocks of one picture.
    let blocks: Int
    /// KH * KW * Ci, and Co.
    let taps: Int, outputs: Int
    /// The input pixels are the rows of the matrix already.
    let isPointwise: Bool

    init(x: Tensor, weight: Tensor, stride: Int, padding: Int) {
        let (n, h, w, c) = x.extents
        precondition(
            weight.shape.count == 4 && weight.shape[2] == c,
            "convolution: weight \(weight.shape) is not (KH, KW, \(c), Co) for input \(x.shape)")
        precondition(stride > 0 && padding >= 0, "convolution: stride \(stride), padding \(padding)")
        let kh = weight.shape[0], kw = weight.shape[1]
        window = ct_window(
            height: h, width: w, channels: c, kernelHeight: kh, kernelWidth: kw, stride: stride, padding: padding)
        pictures = n
        pictureCount = h * w * c
        pixels = Int(window.out_height) * Int(window.out_width)
        taps = kh * kw * c
        outputs = weight.shape[3]
        isPointwise = kh == 1 && kw == 1 && stride == 1 && padding == 0
        let most = min(1024, max(64, ConvolutionPlan.columnFloats / max(1, taps)))
        blocks = max(1, (pixels + most - 1) / most)
        block = min(max(1, pixels), ((pixels + blocks - 1) / blocks + 15) & ~15)
    }

    /// Floats that one block of columns may have: 256 KiB. On a shared Zen 5, 64 KiB to 512 KiB could not be told apart
    /// (92 to 105 pictures/s, as much as one size varied between runs).
    static let columnFloats = 65_536

    /// First output pixel and number of pixels of a block; the last blocks may be short or empty.
    func run(_ block: Int) -> (first: Int, count: Int) {
        let first = min(pixels, block * self.block)
        return (first, min(self.block, pixels - first))
    }

    /// The columns of one block: unrolled into scratch, or the input itself.
    @inline(__always)
    func columns(
        _ picture: UnsafePointer<Float>, first: Int, count: Int, scratch: UnsafeMutablePointer<Float>
    ) -> UnsafePointer<Float> {
        if isPointwise { return picture + first * taps }
        var window = window
        ct_im2col(&window, picture, first, count, scratch)
        return UnsafePointer(scratch)
    }
}

extension ct_window {
    /// A window with its output extents worked out.
    init(
        height: Int, width: Int, channels: Int, kernelHeight: Int, kernelWidth: Int, stride: Int, padding: Int
    ) {
        precondition(
            height + 2 * padding >= kernelHeight && width + 2 * padding >= kernelWidth,
            "a \(kernelHeight)×\(kernelWidth) window does not fit \(height)×\(width) with padding \(padding)")
        self.init(
            height: Int32(height), width: Int32(width), channels: Int32(channels),
            kernel_height: Int32(kernelHeight), kernel_width: Int32(kernelWidth), stride: Int32(stride),
            padding: Int32(padding), out_height: Int32((height + 2 * padding - kernelHeight) / stride + 1),
            out_width: Int32((width + 2 * padding - kernelWidth) / stride + 1))
    }
}

/// Cross-correlation of feature maps with a weight, zero padding on all sides.
///
/// - Parameters:
///   - x: `(N, H, W, Ci)`.
///   - weight: `(KH, KW, Ci, Co)`.
///   - bias: `(Co)`, or none.
///   - collectingMoments: also computes the mean and variance of each output channel while the values are in the cache;
///     a batch normalisation of the result then skips that pass.
/// - Returns: `(N, OH, OW, Co)` with `OH = (H + 2 padding − KH) / stride + 1`, rounded down.
public func convolution(
    _ x: Tensor, weight: Tensor, bias: Tensor? = nil, stride: Int = 1, padding: Int = 0,
    collectingMoments: Bool = false
) -> Tensor {
    let plan = ConvolutionPlan(x: x, weight: weight, stride: stride, padding: padding)
    precondition(
        bias.map { $0.shape == [plan.outputs] } ?? true,
        "convolution: bias \(bias?.shape ?? []) is not [\(plan.outputs)]")
    let (taps, outputs) = (plan.taps, plan.outputs)
    let result = Storage(count: plan.pictures * plan.pixels * outputs)
    let shards = plan.pictures * plan.blocks
    let partial = collectingMoments ? PartialMoments(parts: shards, channels: outputs) : nil
    let input = x.storage, kernel = weight.storage, offset = bias?.storage

    // Forward: y (P, Co) = columns (P, KH KW Ci) · weight (KH KW Ci, Co), block by block.
    Workers.forEach(shards, scratch: plan.isPointwise ? 0 : plan.block * taps) { shard, scratch in
        let (picture, block) = shard.quotientAndRemainder(dividingBy: plan.blocks)
        let (first, count) = plan.run(block)
        guard count > 0 else { return }
        let columns = plan.columns(
            input.pointer + picture * plan.pictureCount, first: first, count: count, scratch: scratch)
        let y = result.pointer + (picture * plan.pixels + first) * outputs
        multiply(
            Matrix(columns, stride: taps), Matrix(kernel.pointer, stride: outputs), rows: count, inner: taps,
            columns: outputs, into: y, stride: outputs)
        if let offset { ct_add_bias(y, offset.pointer, count, Int32(outputs)) }
        partial?.set(shard, y, pixels: count)
    }

    let shape = [plan.pictures, Int(plan.window.out_height), Int(plan.window.out_width), outputs]
    let (xLineage, weightLineage, biasLineage) = (x.lineage, weight.lineage, bias?.lineage)
    return Tensor.result(shape: shape, storage: result, of: [x, weight, bias], moments: partial?.combined()) {
        lineage in
        guard let dy = lineage.source() else { return }
        convolutionBackward(
            plan, dy: dy, input: input, kernel: kernel, x: xLineage, weight: weightLineage, bias: biasLineage)
    }
}

/// Backward: dweight (KH KW Ci, Co) = Σ columnsᵀ · dy, dcolumns (P, KH KW Ci) = dy (P, Co) · weightᵀ added back to dx.
///
/// The columns are unrolled again instead of kept: nine times the input would have to be. Each shard is a run of pictures
/// with a weight gradient of its own, so no two workers write to the same place and the sum has one order.
private func convolutionBackward(
    _ plan: ConvolutionPlan, dy: GradientSource, input: Storage, kernel: Storage, x: Lineage?, weight: Lineage?,
    bias: Lineage?
) {
    let (taps, outputs) = (plan.taps, plan.outputs)
    let shards = min(plan.pictures, gradientShards)
    let weights = taps * outputs
    // Each shard's row: its weight gradient, then its bias gradient.
    let row = weight == nil && bias == nil ? 0 : weights + outputs
    let partial = Storage(count: shards * row)
    let dx = x?.target()
    let columnCount = plan.isPointwise ? 0 : plan.block * taps
    Workers.forEach(shards, scratch: columnCount + plan.block * outputs) { shard, scratch in
        let sum = partial.pointer + shard * row
        let pictures = shard * plan.pictures / shards..<(shard + 1) * plan.pictures / shards
        for picture in pictures {
            let from = UnsafePointer(input.pointer + picture * plan.pictureCount)
            let to = dx.map { $0.pointer + picture * plan.pictureCount }
            if let to, dx?.isFresh == true, !plan.isPointwise { to.update(repeating: 0, count: plan.pictureCount) }
            for block in 0..<plan.blocks {
                let (first, count) = plan.run(block)
                guard count > 0 else { continue }
                let isFirst = picture == pictures.lowerBound && block == 0
                let gradient: UnsafePointer<Float>
                switch dy {
                case .stored(let dy):
                    gradient = UnsafePointer(dy.pointer + (picture * plan.pixels + first) * outputs)
                case .deferred(let dy):
                    dy.write(picture, first, count, scratch + columnCount)
                    gradient = UnsafePointer(scratch + columnCount)
                }
                if weight != nil {
                    multiply(
                        Matrix(
                            plan.columns(from, first: first, count: count, scratch: scratch), stride: taps,
                            isTransposed: true),
                        Matrix(gradient, stride: outputs), rows: taps, inner: count, columns: outputs, into: sum,
                        stride: outputs, accumulating: !isFirst)
                }
                if bias != nil { ct_channel_sums(gradient, count, Int32(outputs), !isFirst, sum + weights) }
                guard let to, let dx else { continue }
                multiply(
                    Matrix(gradient, stride: outputs), Matrix(kernel.pointer, stride: outputs, isTransposed: true),
                    rows: count, inner: outputs, columns: taps, into: plan.isPointwise ? to + first * taps : scratch,
                    stride: taps, accumulating: plan.isPointwise && !dx.isFresh)
                if !plan.isPointwise {
                    var window = plan.window
                    ct_col2im_add(&window, scratch, first, count, to)
                }
            }
        }
    }
    weight?.accumulateRows(partial, count: shards, stride: row, offset: 0)
    bias?.accumulateRows(partial, count: shards, stride: row, offset: weights)
}

/// Shards of a batch whose partial weight gradients are summed; fixed, so that the bits are.
let gradientShards = 8

extension Lineage {
    /// Adds the sum of `rows` partial gradients, in order.
    func accumulateRows(_ partial: Storage, count rows: Int, stride: Int, offset: Int) {
        let (target, isFresh) = target()
        Workers.forEachRun(of: count, grain: 1 << 14) { start, count in
            ct_sum_rows(partial.pointer + offset + start, Int32(rows), stride, count, !isFresh, target + start)
        }
    }
}
