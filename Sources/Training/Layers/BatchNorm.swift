// SPDX-License-Identifier: Apache-2.0

/// Batch normalisation with its parameters: `PREFIX.weight`, `.bias`, `.running_mean`, `.running_var`.
public final class BatchNorm: Layer {
    /// torchvision's name of the layer.
    public let name: String
    /// γ, starts at 1.
    public let weight: Parameter
    /// β, starts at 0.
    public let bias: Parameter
    /// Running mean, starts at 0; not trained.
    public let runningMean: Parameter
    /// Unbiased running variance, starts at 1; not trained.
    public let runningVariance: Parameter
    /// Share of the batch's statistics in the new running ones, torch's 0.1.
    public let momentum: Double
    /// Added to the variance, torch's 10⁻⁵.
    public let epsilon: Double

    /// A normalisation of `channels` channels.
    public init(_ name: String, channels: Int, momentum: Double = 0.1, epsilon: Double = 1e-5) {
        func parameter(_ suffix: String, _ value: Float, isTrained: Bool) -> Parameter {
            Parameter(
                name + suffix, shape: [channels], values: .init(repeating: value, count: channels),
                isTrained: isTrained)
        }
        self.name = name
        self.momentum = momentum
        self.epsilon = epsilon
        weight = parameter(".weight", 1, isTrained: true)
        bias = parameter(".bias", 0, isTrained: true)
        runningMean = parameter(".running_mean", 0, isTrained: false)
        runningVariance = parameter(".running_var", 1, isTrained: false)
    }

    /// γ, β and the running statistics.
    public var parameters: [Parameter] { [weight, bias, runningMean, runningVariance] }

    /// What the operation works on.
    public var state: BatchNormalisationState {
        BatchNormalisationState(
            weight: weight.tensor, bias: bias.tensor, runningMean: runningMean.tensor,
            runningVariance: runningVariance.tensor, momentum: momentum, epsilon: epsilon)
    }

    /// `(N, H, W, C)` to the same shape.
    public func callAsFunction(_ x: Tensor, training: Bool) -> Tensor {
        batchNormalisation(x, state, training: training)
    }

    /// As above, with the addition and the ReLU that follow it in the same pass.
    public func callAsFunction(_ x: Tensor, training: Bool, residual: Tensor? = nil, relu: Bool) -> Tensor {
        batchNormalisation(x, state, training: training, residual: residual, relu: relu)
    }

    /// Nothing: it is folded into the convolution before it.
    public func folded() -> [FoldedConvolution] { [] }

    /// `y = scale · x + shift` with the running statistics.
    public func scaleAndShift() -> (scale: [Double], shift: [Double]) {
        let (mean, variance) = (runningMean.tensor.data, runningVariance.tensor.data)
        let (gamma, beta) = (weight.tensor.data, bias.tensor.data)
        let scale = gamma.indices.map { Double(gamma[$0]) / (Double(variance[$0]) + epsilon).squareRoot() }
        return (scale, beta.indices.map { Double(beta[$0]) - scale[$0] * Double(mean[$0]) })
    }
}
