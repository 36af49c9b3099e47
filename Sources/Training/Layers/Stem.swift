// SPDX-License-Identifier: Apache-2.0

/// The start of a residual network: 7×7 convolution with stride 2, batch normalisation, ReLU, 3×3 maximum with stride 2.
///
/// Names under the prefix: `conv1 bn1`.
public final class Stem: Layer {
    private let convolution: Convolution
    private let normalisation: BatchNorm

    /// A stem with random weights.
    ///
    /// - Parameters:
    ///   - prefix: put before `conv1` and `bn1`; usually empty, else with its dot.
    ///   - inputs: channels of the picture.
    ///   - outputs: channels of the output.
    ///   - random: source of the weights.
    public init(_ prefix: String = "", in inputs: Int = 3, out outputs: Int = 64, random: inout RandomSource) {
        convolution = Convolution(
            prefix + "conv1", in: inputs, out: outputs, kernel: 7, stride: 2, padding: 3, random: &random)
        normalisation = BatchNorm(prefix + "bn1", channels: outputs)
    }

    /// All parameters in torchvision's order.
    public var parameters: [Parameter] { convolution.parameters + normalisation.parameters }

    /// `(N, H, W, 3)` to `(N, H / 4, W / 4, 64)`.
    public func callAsFunction(_ x: Tensor, training: Bool) -> Tensor {
        batchNormalisedMaxPooling(
            convolution.forNormalisation(x, training: training), normalisation.state, training: training, kernel: 3,
            stride: 2, padding: 1)
    }

    /// One convolution; ReLU and pooling follow it.
    public func folded() -> [FoldedConvolution] { [convolution.folded(with: normalisation)] }
}
