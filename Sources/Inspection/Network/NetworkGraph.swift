// SPDX-License-Identifier: Apache-2.0

/// A network as data: nodes in the order they run, each naming its inputs. Kept as JSON in the model file.
public struct NetworkGraph: Codable, Sendable, Equatable {
    /// What a node computes.
    public enum Operation: String, Codable, Sendable {
        /// `weight * input + bias`, zero-padded.
        case convolution
        /// Largest value under the window.
        case maximumPooling
        /// Mean of the window.
        case averagePooling
        /// Sum of two inputs of the same shape.
        case add
    }

    /// One step of the network.
    public struct Node: Codable, Sendable, Equatable {
        /// Unique; a convolution's weights are `NAME.weight` and `NAME.bias`.
        public var name: String
        /// What it computes.
        public var operation: Operation
        /// Names of earlier nodes, or `input`.
        public var inputs: [String]
        /// Side of the window; 1 for `add`.
        public var kernel: Int
        /// Step of the window.
        public var stride: Int
        /// Rows and columns added on each side.
        public var padding: Int
        /// Negative results become zero.
        public var relu: Bool

        /// A node.
        public init(
            _ name: String, _ operation: Operation, inputs: [String], kernel: Int = 1, stride: Int = 1,
            padding: Int = 0,
            relu: Bool = false
        ) {
            self.name = name
            self.operation = operation
            self.inputs = inputs
            self.kernel = kernel
            self.stride = stride
            self.padding = padding
            self.relu = relu
        }
    }

    /// Nodes, inputs before users.
    public var nodes: [Node]
    /// The node whose map each level compares, by level.
    public var outputs: [Level: String]

    /// A graph; it is checked when a plan is made of it.
    public init(nodes: [Node], outputs: [Level: String]) {
        self.nodes = nodes
        self.outputs = outputs
    }
}

/// Where teacher and student are compared (METHODS 1).
public enum Level: String, Codable, Sendable, CaseIterable, Comparable, CodingKeyRepresentable {
    /// After the first convolution and max-pool; a quarter of the input's side, 64 channels.
    case stem
    /// After the first stage; compared at an eighth of the input's side, 64 channels.
    case layer1
    /// After the second stage; a sixteenth, 128 channels.
    case layer2
    /// After the third stage; a thirty-second, 256 channels.
    case layer3

    /// Input pixels per map pixel.
    public var reduction: Int {
        switch self {
        case .stem: 4
        case .layer1: 8
        case .layer2: 16
        case .layer3: 32
        }
    }

    /// Channels of the map.
    public var channels: Int {
        switch self {
        case .stem, .layer1: 64
        case .layer2: 128
        case .layer3: 256
        }
    }

    /// Shallow before deep.
    public static func < (a: Level, b: Level) -> Bool { a.reduction < b.reduction }
}
