// SPDX-License-Identifier: Apache-2.0

/// A named array of integers with its shape, row major, as a model file holds it.
public struct IntegerTensor: Sendable, Equatable {
    /// The numbers, by their width.
    public enum Values: Sendable, Equatable {
        /// I8.
        case bytes([Int8])
        /// I32.
        case words([Int32])
    }

    /// Extents, outermost first.
    public let shape: [Int]
    /// `shape.reduce(1, *)` numbers.
    public let values: Values

    /// A tensor.
    ///
    /// - Precondition: the number of values fits the shape.
    public init(shape: [Int], values: Values) {
        let count =
            switch values {
            case .bytes(let values): values.count
            case .words(let values): values.count
            }
        precondition(count == shape.reduce(1, *), "as many values as the shape has places")
        self.shape = shape
        self.values = values
    }

    /// The numbers if they are signed bytes.
    public var bytes: [Int8]? { if case .bytes(let values) = values { values } else { nil } }

    /// The numbers if they are 32-bit.
    public var words: [Int32]? { if case .words(let values) = values { values } else { nil } }

    var kind: Safetensors.Kind {
        switch values {
        case .bytes: .i8
        case .words: .i32
        }
    }
}
