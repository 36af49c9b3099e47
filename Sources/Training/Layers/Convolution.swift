// SPDX-License-Identifier: Apache-2.0

/// A convolution with its weight: `PREFIX.weight` and, when asked for, `PREFIX.bias`.
public final class Convolution: Layer {
    /// torchvision's name of the layer.
    public let name: String
    /// `(KH, KW, Ci, Co)`.
    public let weight: Parameter
    /// `(Co)`.
    public let bias: Parameter?
    /// Step of the window.
    public let stride: Int
    /// Zeros around the picture.
    public let padding: Int

    /// A convolution with random weights: normal, deviation `√(2 / (Co · KH · KW))`; the bias starts at 0.
    ///
    /// Source: He et al., "Delving deep into rectifiers", 2015, fan-out form, as torchvision's residual networks start.
    public init(
        _ name: String, in inputs: Int, out outputs: Int, kernel: Int, stride: Int = 1, padding: Int = 0,
        bias: Bool = false, random: inout RandomSource
    ) {
        self.name = name
        self.stride = stride
        self.padding = padding
        let deviation = (2 / Double(outputs * kernel * kernel)).squareRoot()
        let values = (0..<kernel * kernel * inputs * outputs).map { _ in Float(random.normal() * deviation) }
        weight = Parameter(name + ".weight", shape: [kernel, kernel, inputs, outputs], values: values)
        self.bias =
            bias ? Parameter(name + ".bias", shape: [outputs], values: .init(repeating: 0, count: outputs)) : nil
    }

    /// The weight and the bias, if there is one.
    public var parameters: [Parameter] { [weight] + (bias.map { [$0] } ?? []) }

    /// `(N, H, W, Ci)` to `(N, OH, OW, Co)`.
    public func callAsFunction(_ x: Tensor, training: Bool) -> Tensor {
        convolution(x, weight: weight.tensor, bias: bias?.tensor, stride: stride, padding: padding)
    }

    /// `(N, H, W, Ci)` to `(N, OH, OW, Co)`, with the moments that a following batch normalisation needs in training.
    func forNormalisation(_ x: Tensor, training: Bool) -> Tensor {
        convolution(
            x, weight: weight.tensor, bias: bias?.tensor, stride: stride, padding: padding,
            collectingMoments: training)
    }

    /// The convolution as it is.
    public func folded() -> [FoldedConvolution] { [folded(scale: nil, shift: nil)] }

    /// The convolution followed by a batch normalisation with its running statistics.
    public func folded(with normalisation: BatchNorm) -> FoldedConvolution {
        let (scale, shift) = normalisation.scaleAndShift()
        return folded(scale: scale, shift: shift)
    }

    private func folded(scale: [Double]?, shift: [Double]?) -> FoldedConvolution {
        let shape = weight.tensor.shape, source = weight.tensor.data
        let (kh, kw, ci, co) = (shape[0], shape[1], shape[2], shape[3])
        precondition(scale.map { $0.count == co } ?? true, "\(name): batch normalisation of another width")
        var values = [Float](repeating: 0, count: source.count)
        for o in 0..<co {
            for i in 0..<ci {
                for tap in 0..<kh * kw {
                    let factor: Double = scale?[o] ?? 1
                    values[(o * ci + i) * kh * kw + tap] = Float(Double(source[(tap * ci + i) * co + o]) * factor)
                }
            }
        }
        let biases: [Float] = (0..<co).map { o in
            let own: Float = bias?.tensor.data[o] ?? 0
            let factor: Double = scale?[o] ?? 1, offset: Double = shift?[o] ?? 0
            return Float(Double(own) * factor + offset)
        }
        return FoldedConvolution(name: name, shape: [co, ci, kh, kw], weight: values, bias: biases)
    }
}
