// SPDX-License-Identifier: Apache-2.0

/// A named tensor that belongs to a layer: trained by an optimiser, or state that only the layer changes.
public final class Parameter {
    /// torchvision's name, for example `layer1.0.conv1.weight`.
    public let name: String
    /// The values; convolution weights are `(KH, KW, Ci, Co)`.
    public let tensor: Tensor
    /// False for state that the optimiser must not touch, such as running means.
    public let isTrained: Bool

    /// A parameter of given values.
    public init(_ name: String, shape: [Int], values: [Float], isTrained: Bool = true) {
        self.name = name
        self.isTrained = isTrained
        tensor = Tensor(shape: shape, values: values, requiresGradient: isTrained)
    }

    /// The gradient, nil when none has arrived.
    public var gradient: [Float]? { tensor.gradient }
}

/// A named array of float32: the form in which parameters and optimiser states are saved.
public struct NamedArray: Equatable, Sendable {
    /// Unique within one file.
    public var name: String
    /// Extent of each dimension.
    public var shape: [Int]
    /// Row major.
    public var values: [Float]

    /// An array; `values` must fill `shape`.
    public init(name: String, shape: [Int], values: [Float]) {
        self.name = name
        self.shape = shape
        self.values = values
    }
}

extension Sequence<Parameter> {
    /// All values, trained or not, under their names.
    public func exported() -> [NamedArray] {
        map { NamedArray(name: $0.name, shape: $0.tensor.shape, values: $0.tensor.values) }
    }

    /// Takes over values that ``exported()`` gave, all or nothing.
    ///
    /// - Throws: `TrainingError` when a name is missing, unknown or doubled, a shape differs or a value is not finite.
    public func load(_ arrays: [NamedArray]) throws(TrainingError) {
        let parameters = Array(self)
        let byName = try NamedArray.matched(arrays, to: parameters.map { ($0.name, $0.tensor.shape) })
        for (parameter, array) in zip(parameters, byName) { _ = parameter.tensor.data.update(from: array.values) }
    }
}

extension NamedArray {
    /// The arrays in the order of the wanted names, after checking names, shapes and values.
    static func matched(
        _ arrays: [NamedArray], to wanted: [(name: String, shape: [Int])]
    ) throws(TrainingError) -> [NamedArray] {
        var byName: [String: NamedArray] = [:]
        for array in arrays {
            guard byName.updateValue(array, forKey: array.name) == nil else {
                throw TrainingError(.duplicate, array.name, expected: "each name once", found: "two arrays")
            }
        }
        var result: [NamedArray] = []
        for (name, shape) in wanted {
            guard let array = byName.removeValue(forKey: name) else {
                throw TrainingError(
                    .missing, name, expected: "an array of shape \(shape)", found: "\(arrays.count) other arrays",
                    hint: "the state belongs to another network or optimiser")
            }
            guard array.shape == shape, array.values.count == shape.reduce(1, *) else {
                throw TrainingError(
                    .shape, name, expected: "\(shape)", found: "\(array.shape) with \(array.values.count) values",
                    hint: "the state belongs to another network or optimiser")
            }
            guard array.values.allSatisfy(\.isFinite) else {
                throw TrainingError(.value, name, expected: "finite values", found: "NaN or infinity")
            }
            result.append(array)
        }
        if let name = byName.keys.min() {
            throw TrainingError(
                .unknown, name, expected: "\(wanted.count) known names", found: "\(arrays.count) arrays",
                hint: "the state belongs to another network or optimiser")
        }
        return result
    }
}
