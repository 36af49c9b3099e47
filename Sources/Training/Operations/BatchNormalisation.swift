// SPDX-License-Identifier: Apache-2.0
import CTraining

/// The tensors and constants of one batch normalisation; torch's conventions.
///
/// Source: Ioffe and Szegedy, "Batch Normalization", 2015, algorithm 1.
public struct BatchNormalisationState {
    /// Scale γ and shift β, `(C)` each.
    public var weight: Tensor, bias: Tensor
    /// Running mean and unbiased running variance, `(C)` each; changed in place by training passes.
    public var runningMean: Tensor, runningVariance: Tensor
    /// Share of the batch's statistics in the new running ones.
    public var momentum: Double
    /// Added to the variance.
    public var epsilon: Double

    /// A state; the defaults are torch's.
    public init(
        weight: Tensor, bias: Tensor, runningMean: Tensor, runningVariance: Tensor, momentum: Double = 0.1,
        epsilon: Double = 1e-5
    ) {
        let shape = weight.shape
        precondition(
            shape.count == 1 && bias.shape == shape && runningMean.shape == shape && runningVariance.shape == shape,
            "batch normalisation: weight, bias and running statistics must all be (C), not \(shape), \(bias.shape), "
                + "\(runningMean.shape), \(runningVariance.shape)")
        self.weight = weight
        self.bias = bias
        self.runningMean = runningMean
        self.runningVariance = runningVariance
        self.momentum = momentum
        self.epsilon = epsilon
    }
}

/// `y = (x − mean) / √(variance + ε) · γ + β` per channel, then optionally `+ residual`, then optionally ReLU: one pass.
///
/// - Parameters:
///   - x: `(N, H, W, C)`.
///   - state: γ, β and the running statistics.
///   - training: uses the batch's mean and biased variance, and moves the running statistics towards the batch's mean and
///     unbiased variance; otherwise uses the running statistics.
///   - residual: added before the ReLU; the shape of `x`.
///   - relu: whether negative results become 0. NaN stays NaN.
/// - Precondition: in training at least two values per channel.
public func batchNormalisation(
    _ x: Tensor, _ state: BatchNormalisationState, training: Bool, residual: Tensor? = nil, relu: Bool = false
) -> Tensor {
    precondition(
        residual.map { $0.shape == x.shape } ?? true,
        "batch normalisation: residual \(residual?.shape ?? []) is not \(x.shape)")
    let factors = BatchNormalisationFactors(x, state, training: training)
    let channels = factors.channels, pixels = factors.pixels
    let input = x.storage, result = Storage(count: x.count), addend = residual?.storage

    // Forward: y = a x + b with a = γ / √(variance + ε), b = β − a mean.
    Workers.forEachRun(of: pixels, grain: normalisationGrain) { first, count in
        let at = first * channels
        ct_normalise(
            input.pointer + at, addend.map { UnsafePointer($0.pointer + at) }, factors.a, factors.b, count,
            Int32(channels), relu, result.pointer + at)
    }

    let (xLineage, residualLineage) = (x.lineage, residual?.lineage)
    let (weight, bias) = (state.weight.lineage, state.bias.lineage)
    let output = relu ? result : nil
    return Tensor.result(shape: x.shape, storage: result, of: [x, state.weight, state.bias, residual]) { lineage in
        // Backward: g = dy where y > 0; dresidual = g; dβ = Σ g; dγ = Σ g (x − mean) / deviation;
        // dx = a (g − dβ / M − (x − mean) / deviation · dγ / M), or a g outside training.
        let writesMasked = residualLineage != nil && relu
        guard let dy = writesMasked ? lineage.takeWritable() : lineage.stored() else { return }
        let gradients = factors.gradients { first, count, sum, product in
            let at = first * channels
            ct_normalise_sums(
                dy.pointer + at, output.map { UnsafePointer($0.pointer + at) }, input.pointer + at, factors.mean,
                count, Int32(channels), sum, product, writesMasked ? dy.pointer + at : nil)
        }
        weight?.accumulate(gradients.weight)
        bias?.accumulate(gradients.bias)
        residualLineage?.accumulate(dy)
        let mask = writesMasked ? nil : output
        xLineage?.accumulate(
            DeferredGradient(pictures: x.shape[0], pixels: x.shape[1] * x.shape[2], channels: channels) {
                picture, first, count, to in
                let at = (picture * factors.pixelsPerPicture + first) * channels
                ct_normalise_backward(
                    dy.pointer + at, mask.map { UnsafePointer($0.pointer + at) }, input.pointer + at, factors.mean,
                    factors.a, gradients.k, gradients.m, count, Int32(channels), to)
            })
    }
}

/// Pixels of one shard in normalisation passes.
let normalisationGrain = 512

/// What forward and backward passes need per channel.
final class BatchNormalisationFactors {
    let channels: Int, pixels: Int, pixelsPerPicture: Int
    private let training: Bool
    private let storage: Storage
    private let inverseDeviation: [Double]

    /// `y = a x + b`.
    var a: UnsafePointer<Float> { UnsafePointer(storage.pointer) }
    var b: UnsafePointer<Float> { UnsafePointer(storage.pointer + channels) }
    var mean: UnsafePointer<Float> { UnsafePointer(storage.pointer + 2 * channels) }

    /// Finds the statistics (and moves the running ones in training).
    init(_ x: Tensor, _ state: BatchNormalisationState, training: Bool) {
        let (n, h, w, c) = x.extents
        precondition(
            state.weight.shape == [c], "batch normalisation: weight \(state.weight.shape) for input \(x.shape)")
        channels = c
        pixels = n * h * w
        pixelsPerPicture = h * w
        self.training = training
        storage = Storage(count: 3 * c)
        var inverse = [Double](repeating: 0, count: c)
        let moments = training ? x.moments ?? ChannelMoments(of: x) : nil
        precondition(
            !training || pixels > 1, "batch normalisation in training needs more than one value per channel: \(x.shape)"
        )
        let runningMean = state.runningMean.data, runningVariance = state.runningVariance.data
        for channel in 0..<c {
            let mean: Double, variance: Double
            if let moments {
                mean = moments.mean[channel]
                variance = moments.variance[channel]
                let unbiased = variance * Double(pixels) / Double(pixels - 1)
                let keep = 1 - state.momentum
                runningMean[channel] = Float(keep * Double(runningMean[channel]) + state.momentum * mean)
                runningVariance[channel] = Float(keep * Double(runningVariance[channel]) + state.momentum * unbiased)
            } else {
                mean = Double(runningMean[channel])
                variance = Double(runningVariance[channel])
            }
            inverse[channel] = 1 / (variance + state.epsilon).squareRoot()
            let scale = Double(state.weight.storage.pointer[channel]) * inverse[channel]
            storage.pointer[channel] = Float(scale)
            storage.pointer[c + channel] = Float(Double(state.bias.storage.pointer[channel]) - scale * mean)
            storage.pointer[2 * c + channel] = Float(mean)
        }
        inverseDeviation = inverse
    }

    /// dγ, dβ and the factors of `dx = a g − k (x − mean) − m`.
    struct Gradients {
        let weight: Storage, bias: Storage
        fileprivate let factors: Storage
        var k: UnsafePointer<Float> { UnsafePointer(factors.pointer) }
        var m: UnsafePointer<Float> { UnsafePointer(factors.pointer + weight.count) }
    }

    /// Sums over the parts of `total` pixels that `part` computes; for a part it writes Σ g and Σ g (x − mean).
    func gradients(
        over total: Int? = nil,
        _ part: (
            _ first: Int, _ count: Int, _ sum: UnsafeMutablePointer<Float>, _ product: UnsafeMutablePointer<Float>
        ) -> Void
    ) -> Gradients {
        let total = total ?? pixels
        let parts = (total + normalisationGrain - 1) / normalisationGrain
        let sums = Storage(count: parts * 2 * channels)
        Workers.forEachRun(of: total, grain: normalisationGrain) { first, count in
            let row = sums.pointer + first / normalisationGrain * 2 * channels
            part(first, count, row, row + channels)
        }
        let result = Gradients(
            weight: Storage(count: channels), bias: Storage(count: channels), factors: Storage(count: 2 * channels))
        for channel in 0..<channels {
            var sum = 0.0, product = 0.0
            for part in 0..<parts {
                sum += Double(sums.pointer[part * 2 * channels + channel])
                product += Double(sums.pointer[(part * 2 + 1) * channels + channel])
            }
            let inverse = inverseDeviation[channel]
            result.bias.pointer[channel] = Float(sum)
            result.weight.pointer[channel] = Float(product * inverse)
            let a = training ? Double(storage.pointer[channel]) / Double(pixels) : 0
            result.factors.pointer[channel] = Float(a * inverse * inverse * product)
            result.factors.pointer[channels + channel] = Float(a * sum)
        }
        return result
    }
}
