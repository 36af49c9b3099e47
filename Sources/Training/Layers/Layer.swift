// SPDX-License-Identifier: Apache-2.0

/// A part of a network with parameters of its own.
public protocol Layer: AnyObject {
    /// All parameters, trained or not, in torchvision's order and names.
    var parameters: [Parameter] { get }

    /// The layer's output for a feature map.
    ///
    /// - Parameters:
    ///   - x: `(N, H, W, C)`.
    ///   - training: whether batch normalisation uses the batch's statistics (and moves the running ones).
    func callAsFunction(_ x: Tensor, training: Bool) -> Tensor

    /// The layer's convolutions with the running batch normalisation folded in, for the inference file.
    func folded() -> [FoldedConvolution]
}

/// A convolution as inference wants it: `y = weight * x + bias`.
public struct FoldedConvolution: Equatable, Sendable {
    /// torchvision's name of the convolution, for example `layer1.0.conv1` or `layer1.0.downsample.0`.
    public var name: String
    /// `(Co, Ci, KH, KW)`.
    public var shape: [Int]
    /// OIHW, row major.
    public var weight: [Float]
    /// `(Co)`.
    public var bias: [Float]

    /// As arrays for a safetensors file: `NAME.weight` and `NAME.bias`.
    public var arrays: [NamedArray] {
        [
            NamedArray(name: name + ".weight", shape: shape, values: weight),
            NamedArray(name: name + ".bias", shape: [bias.count], values: bias),
        ]
    }
}
