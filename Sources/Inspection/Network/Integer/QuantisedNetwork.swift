// SPDX-License-Identifier: Apache-2.0

/// A network in integers, as the model file holds it: what the quantiser makes and the planner compiles.
///
/// Maps are unsigned bytes with zero point 0; value = byte × scale. The picture itself is value `input` with scale 1: pixels
/// enter as they are, mean and deviation being folded into the convolutions that read them, and its border holds
/// the rounded mean colour.
public struct QuantisedNetwork: Sendable, Equatable {
    /// One convolution: real weight = weights × scale, real bias = bias × scale × scale of the input.
    public struct Convolution: Sendable, Equatable {
        /// `(out, in, height, width)`.
        public var shape: [Int]
        /// Row major, −127 ... 127.
        public var weights: [Int8]
        /// `(out)`.
        public var bias: [Int32]
        /// `(out)`, above 0.
        public var scale: [Float]

        /// A convolution; checked when a plan is made of it.
        public init(shape: [Int], weights: [Int8], bias: [Int32], scale: [Float]) {
            self.shape = shape
            self.weights = weights
            self.bias = bias
            self.scale = scale
        }
    }

    /// The layers, as in float32.
    public var graph: NetworkGraph
    /// By node name.
    public var convolutions: [String: Convolution]
    /// Scale of each node's map, by name, for every map that is stored: bytes where the node ends with a ReLU or pools such
    /// a map; steps of a signed 16-bit number where it is a convolution without ReLU that is added to another (the
    /// `downsample` of a residual unit). A convolution whose only use is the first input of an `add` needs none.
    public var activations: [String: Float]
    /// Largest byte of every map but the picture: 127 or 255.
    public var activationMaximum: Int

    /// Largest sum of the magnitudes of an even-odd pair of weights, in `packedOrder`, for inputs up to `maximum`: AVX2 adds
    /// two products in signed 16 bits before it widens.
    public static func pairLimit(inputMaximum maximum: Int) -> Int { min(254, 32767 / maximum) }

    /// The order in which a plan holds the weights of one output channel, as places in (row, column, channel).
    ///
    /// Each row of the kernel first gives its whole groups of four; where kernel · channels is no multiple of 4, what the
    /// rows have too much follows, row by row. Weights at positions 2i and 2i + 1 are a pair; a last one alone pairs with 0.
    ///
    /// - Parameters:
    ///   - kernel: side of the kernel.
    ///   - channels: input channels.
    /// - Returns: `kernel * kernel * channels` places, each once.
    public static func packedOrder(kernel: Int, channels: Int) -> [Int] {
        let run = kernel * channels
        let whole = run / 4 * 4
        let rows = 0..<kernel
        return rows.flatMap { row in (0..<whole).map { row * run + $0 } }
            + rows.flatMap { row in (whole..<run).map { row * run + $0 } }
    }

    /// `packedOrder` as places in one output channel of `(out, in, height, width)`.
    static func packedPlaces(kernel: Int, channels: Int) -> [Int] {
        packedOrder(kernel: kernel, channels: channels).map { place in
            place % channels * kernel * kernel + place / channels
        }
    }

    /// A network; checked when a plan is made of it.
    public init(
        graph: NetworkGraph, convolutions: [String: Convolution], activations: [String: Float], activationMaximum: Int
    ) {
        self.graph = graph
        self.convolutions = convolutions
        self.activations = activations
        self.activationMaximum = activationMaximum
    }
}
