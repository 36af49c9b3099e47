// SPDX-License-Identifier: Apache-2.0

/// Two 3×3 convolutions beside a shortcut, as in ResNet-18: `ReLU(bn2(conv2(ReLU(bn1(conv1 x)))) + shortcut(x))`.
///
/// The shortcut is the identity, or a 1×1 convolution with batch normalisation where stride or width change.
/// Names under the prefix: `conv1 bn1 conv2 bn2 downsample.0 downsample.1`.
public final class BasicBlock: Layer {
    private let conv1: Convolution, conv2: Convolution
    private let bn1: BatchNorm, bn2: BatchNorm
    private let downsample: (convolution: Convolution, normalisation: BatchNorm)?

    /// A block with random weights.
    ///
    /// - Parameters:
    ///   - prefix: for example `layer1.0`.
    ///   - inputs: channels of the input.
    ///   - middle: channels between the two convolutions; nil is as many as the output has.
    ///   - outputs: channels of the output.
    ///   - stride: of the first convolution and of the shortcut.
    ///   - random: source of the weights.
    public init(
        _ prefix: String, in inputs: Int, middle: Int? = nil, out outputs: Int, stride: Int = 1,
        random: inout RandomSource
    ) {
        let middle = middle ?? outputs
        conv1 = Convolution(
            prefix + ".conv1", in: inputs, out: middle, kernel: 3, stride: stride, padding: 1, random: &random)
        bn1 = BatchNorm(prefix + ".bn1", channels: middle)
        conv2 = Convolution(prefix + ".conv2", in: middle, out: outputs, kernel: 3, padding: 1, random: &random)
        bn2 = BatchNorm(prefix + ".bn2", channels: outputs)
        downsample =
            stride == 1 && inputs == outputs
            ? nil
            : (
                Convolution(
                    prefix + ".downsample.0", in: inputs, out: outputs, kernel: 1, stride: stride, random: &random),
                BatchNorm(prefix + ".downsample.1", channels: outputs)
            )
    }

    private var layers: [any Layer] {
        [conv1, bn1, conv2, bn2] + (downsample.map { [$0.convolution, $0.normalisation] } ?? [])
    }

    /// All parameters in torchvision's order.
    public var parameters: [Parameter] { layers.flatMap(\.parameters) }

    /// `(N, H, W, Ci)` to `(N, OH, OW, Co)`, `OH = (H − 1) / stride + 1` rounded down.
    public func callAsFunction(_ x: Tensor, training: Bool) -> Tensor {
        var shortcut = x
        if let (convolution, normalisation) = downsample {
            shortcut = normalisation(convolution.forNormalisation(x, training: training), training: training)
        }
        let middle = bn1(conv1.forNormalisation(x, training: training), training: training, relu: true)
        return bn2(
            conv2.forNormalisation(middle, training: training), training: training, residual: shortcut, relu: true)
    }

    /// Two convolutions, or three with the shortcut's.
    public func folded() -> [FoldedConvolution] {
        [conv1.folded(with: bn1), conv2.folded(with: bn2)]
            + (downsample.map { [$0.convolution.folded(with: $0.normalisation)] } ?? [])
    }
}
