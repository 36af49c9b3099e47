// SPDX-License-Identifier: Apache-2.0

import Inspection
import Recipes
import TorchFixtures

/// ResNet-18's trunk with few channels and random numbers, in every format that is imported.
struct TinyTrunk {
    static let shape = TrunkShape(stem: 2, stages: [2, 3, 4])

    /// With batch norm separate, and counters, classifier and layer4 as in a whole state dict.
    let weights: Weights

    init(_ seed: UInt64) {
        var random = SeededRandom(seed)
        weights = Self.shape.tensors.reduce(into: [:]) { result, tensor in
            let range: ClosedRange<Float> = tensor.name.hasSuffix("running_var") ? 0...2 : -1...1
            result[tensor.name] = WeightTensor(
                shape: tensor.shape, values: random.floats(tensor.shape.reduce(1, *), range))
        }
    }

    /// What an import has to give.
    var folded: Weights { get throws { try weights.batchNormFolded() } }

    /// A state dict in the order of the network, with what a teacher doesn't need.
    func torch(prefix: String = "") -> TorchFile {
        var entries: [TorchFile.Entry] = []
        for tensor in Self.shape.tensors {
            guard let weight = weights[tensor.name] else { continue }
            entries.append(.init(prefix + tensor.name, shape: weight.shape, values: weight.values))
            if tensor.name.hasSuffix("running_var") {
                let counter = prefix + tensor.name.dropLast("running_var".count) + "num_batches_tracked"
                entries.append(.init(counter, kind: "LongStorage", shape: [], data: [5, 0, 0, 0, 0, 0, 0, 0]))
            }
        }
        entries.append(.init(prefix + "layer4.0.conv1.weight", shape: [1], values: [.nan]))
        entries.append(.init(prefix + "fc.bias", shape: [2], values: [1, 2]))
        return TorchFile(entries)
    }

    var safetensors: Safetensors {
        Safetensors(tensors: weights.merging(["fc.bias": .init(shape: [2], values: [1, 2])]) { own, _ in own })
    }

    static func imported(_ bytes: [UInt8]) throws -> ImportedTrunk {
        try ImportedTrunk(bytes, name: "file", trunk: shape)
    }

    static func error(_ bytes: [UInt8]) -> RecipeError? { recipeError { _ = try imported(bytes) } }
}

/// Whether two sets of weights have the same names, shapes and bits.
func sameBits(_ one: Weights, _ other: Weights) -> Bool {
    one.keys.sorted() == other.keys.sorted()
        && one.allSatisfy { name, tensor in
            tensor.shape == other[name]?.shape
                && tensor.values.map(\.bitPattern) == other[name]?.values.map(\.bitPattern)
        }
}
