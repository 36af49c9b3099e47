// SPDX-License-Identifier: Apache-2.0

import Inspection

/// Small networks with random weights in torchvision's names.
enum TestNetworks {
    /// A trunk up to `deepest`.
    ///
    /// - Parameters:
    ///   - units: per stage; 1 gives the reduced student, 2 a ResNet-18.
    ///   - halving: the first stage's first unit has stride 2, as in the student; a ResNet-18's has not.
    static func trunk(_ seed: UInt64, deepest: Level = .layer2, units: Int = 1, halving: Bool = true) -> Weights {
        var random = SeededRandom(seed)
        var weights: Weights = [:]
        func convolution(_ name: String, _ out: Int, _ into: Int, _ kernel: Int) {
            let count = out * into * kernel * kernel
            let bound = (6 / Float(into * kernel * kernel)).squareRoot()
            weights[name + ".weight"] = WeightTensor(
                shape: [out, into, kernel, kernel], values: random.floats(count, -bound...bound))
            weights[name + ".bias"] = WeightTensor(shape: [out], values: random.floats(out, -0.1...0.1))
        }
        convolution("conv1", 64, 3, 7)
        var into = 64
        for level in [Level.layer1, .layer2, .layer3] where level <= deepest {
            for unit in 0..<units {
                let name = "\(level.rawValue).\(unit)"
                if unit == 0, halving || level != .layer1 {
                    convolution(name + ".downsample.0", level.channels, into, 1)
                }
                convolution(name + ".conv1", level.channels, into, 3)
                convolution(name + ".conv2", level.channels, level.channels, 3)
                into = level.channels
            }
        }
        return weights
    }

    /// The same weights with a batch norm taken out of every convolution: folding it gives `weights` again.
    static func unfolded(_ weights: Weights, seed: UInt64) -> Weights {
        var random = SeededRandom(seed)
        var result = weights
        for name in weights.keys.sorted() where name.hasSuffix(".weight") {
            guard let weight = weights[name], let bias = weights[name.dropLast(7) + ".bias"] else { continue }
            let convolution = String(name.dropLast(".weight".count))
            let norm =
                convolution.hasSuffix("downsample.0")
                ? String(convolution.dropLast()) + "1" : convolution.replacing("conv", with: "bn")
            let channels = weight.shape[0]
            let run = weight.values.count / channels
            let (gamma, mean) = (random.floats(channels, 0.5...2), random.floats(channels))
            let variance = random.floats(channels, 0.1...3)
            let scale = (0..<channels).map { gamma[$0] / (variance[$0] + 1e-5).squareRoot() }
            result[name] = WeightTensor(
                shape: weight.shape, values: weight.values.indices.map { weight.values[$0] / scale[$0 / run] })
            result[convolution + ".bias"] = nil
            func vector(_ suffix: String, _ values: [Float]) {
                result[norm + suffix] = WeightTensor(shape: [channels], values: values)
            }
            vector(".weight", gamma)
            vector(".running_mean", mean)
            vector(".running_var", variance)
            vector(".bias", (0..<channels).map { bias.values[$0] + mean[$0] * scale[$0] })
        }
        return result
    }

    /// A picture of noise.
    static func picture(_ size: Int, seed: UInt64) -> [UInt8] {
        var random = SeededRandom(seed)
        return random.bytes(size * size * 3)
    }

    /// A convolution with random weights for hand-made graphs.
    static func tensor(_ shape: [Int], seed: UInt64) -> WeightTensor {
        var random = SeededRandom(seed)
        return WeightTensor(shape: shape, values: random.floats(shape.reduce(1, *)))
    }
}

/// The `InspectionError` of some work, nil when it went through.
func inspectionError(_ body: () throws -> Void) -> InspectionError? {
    do {
        try body()
        return nil
    } catch {
        return error as? InspectionError
    }
}
