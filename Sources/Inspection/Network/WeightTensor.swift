// SPDX-License-Identifier: Apache-2.0

/// A named array of float32 weights with its shape, row major, as a model file holds it.
public struct WeightTensor: Sendable, Equatable {
    /// Extents, outermost first; convolutions are `(out, in, height, width)`.
    public let shape: [Int]
    /// `shape.reduce(1, *)` values.
    public let values: [Float]

    /// A tensor.
    ///
    /// - Precondition: the number of values fits the shape.
    public init(shape: [Int], values: [Float]) {
        precondition(values.count == shape.reduce(1, *), "as many values as the shape has places")
        self.shape = shape
        self.values = values
    }
}

/// The weights of a network by torchvision's names.
public typealias Weights = [String: WeightTensor]

extension Weights {
    /// The same weights with every batch norm folded into the convolution before it (METHODS, notation).
    ///
    /// `convN.weight` with `bnN.weight, .bias, .running_mean, .running_var` (and `downsample.0` with `downsample.1`) becomes
    /// `convN.weight` and `convN.bias`. Weights that are folded already pass through.
    ///
    /// - Throws: `InspectionError` when a batch norm is incomplete or has another number of channels.
    public func batchNormFolded(epsilon: Float = 1e-5) throws(InspectionError) -> Weights {
        var result = self
        for (name, weight) in self where name.hasSuffix(".weight") && weight.shape.count == 4 {
            let convolution = String(name.dropLast(".weight".count))
            guard let norm = Self.batchNormName(after: convolution), let gamma = self[norm + ".weight"] else {
                continue
            }
            let channels = weight.shape[0]
            func part(_ suffix: String) throws(InspectionError) -> [Float] {
                guard let tensor = self[norm + suffix] else {
                    throw InspectionError(
                        .missingTensor, norm + suffix, expected: "a batch norm of four tensors",
                        found: "three or fewer",
                        hint: "export the model with its running statistics")
                }
                guard tensor.shape == [channels] else {
                    throw InspectionError(
                        .wrongShape, norm + suffix, expected: "\([channels])", found: "\(tensor.shape)",
                        hint: "it must fit \(name)")
                }
                return tensor.values
            }
            guard gamma.shape == [channels] else {
                throw InspectionError(
                    .wrongShape, norm + ".weight", expected: "\([channels])", found: "\(gamma.shape)",
                    hint: "it must fit \(name)")
            }
            let (beta, mean, variance) = (try part(".bias"), try part(".running_mean"), try part(".running_var"))
            let own = self[convolution + ".bias"]
            guard own == nil || own?.shape == [channels] else {
                throw InspectionError(
                    .wrongShape, convolution + ".bias", expected: "\([channels])", found: "\(own?.shape ?? [])",
                    hint: "it must fit \(name)")
            }
            let before = own?.values ?? [Float](repeating: 0, count: channels)
            var values = weight.values
            var bias = [Float](repeating: 0, count: channels)
            let run = values.count / Swift.max(channels, 1)
            for channel in 0..<channels {
                let scale = gamma.values[channel] / (variance[channel] + epsilon).squareRoot()
                for index in 0..<run { values[channel * run + index] *= scale }
                bias[channel] = beta[channel] + (before[channel] - mean[channel]) * scale
            }
            result[name] = WeightTensor(shape: weight.shape, values: values)
            result[convolution + ".bias"] = WeightTensor(shape: [channels], values: bias)
            for suffix in [".weight", ".bias", ".running_mean", ".running_var", ".num_batches_tracked"] {
                result[norm + suffix] = nil
            }
        }
        return result
    }

    /// `layer1.0.conv2` → `layer1.0.bn2`, `layer1.0.downsample.0` → `layer1.0.downsample.1`; nil for other names.
    static func batchNormName(after convolution: String) -> String? {
        var parts = convolution.split(separator: ".").map(String.init)
        guard let last = parts.popLast() else { return nil }
        if last.hasPrefix("conv") {
            parts.append("bn" + last.dropFirst("conv".count))
        } else if last == "0", parts.last == "downsample" {
            parts.append("1")
        } else {
            return nil
        }
        return parts.joined(separator: ".")
    }
}
