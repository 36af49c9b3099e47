// SPDX-License-Identifier: Apache-2.0

import Inspection

/// Which tensors a ResNet trunk has to have, by torchvision's names (timm's are the same).
package struct TrunkShape: Sendable {
    /// One convolution with its extents `(out, in, height, width)`.
    struct Convolution {
        let name: String
        /// The batch norm behind it.
        let norm: String
        let shape: [Int]
    }

    /// Channels of conv1 and of each stage.
    let stem: Int
    let stages: [Int]

    /// ResNet-18 (He et al. 2016, table 1) without layer4 and classifier: two basic blocks a stage.
    package static let resNet18 = TrunkShape(stem: 64, stages: [64, 128, 256])

    /// A trunk of the same kind with other channels, for tests.
    package init(stem: Int, stages: [Int]) {
        self.stem = stem
        self.stages = stages
    }

    /// All convolutions in the order they run.
    var convolutions: [Convolution] {
        var result = [Convolution(name: "conv1", norm: "bn1", shape: [stem, 3, 7, 7])]
        var before = stem
        for (stage, channels) in stages.enumerated() {
            for unit in 0..<2 {
                let name = "layer\(stage + 1).\(unit)"
                for (number, inputs) in [(1, before), (2, channels)] {
                    result.append(
                        Convolution(
                            name: "\(name).conv\(number)", norm: "\(name).bn\(number)", shape: [channels, inputs, 3, 3])
                    )
                }
                if unit == 0, stage > 0 {
                    result.append(
                        Convolution(
                            name: "\(name).downsample.0", norm: "\(name).downsample.1", shape: [channels, before, 1, 1])
                    )
                }
                before = channels
            }
        }
        return result
    }

    /// Names and shapes of all tensors with batch norm separate, as a state dict has them (counters left out).
    package var tensors: [(name: String, shape: [Int])] {
        convolutions.flatMap { convolution in
            [(convolution.name + ".weight", convolution.shape)]
                + [".weight", ".bias", ".running_mean", ".running_var"].map {
                    (convolution.norm + $0, [convolution.shape[0]])
                }
        }
    }

    /// Levels that the trunk has a stage for, and the stem.
    var levels: [Level] { [.stem] + [Level.layer1, .layer2, .layer3].prefix(stages.count) }
}

/// The tensors of a file, whatever the file is: shapes at once, numbers when they are wanted.
enum WeightSource {
    case safetensors(Safetensors)
    case torch(TorchCheckpoint)

    var format: String {
        switch self {
        case .safetensors: "safetensors"
        case .torch(let checkpoint): checkpoint.container.rawValue
        }
    }

    /// Names of all floating-point and integer tensors, sorted.
    var names: [String] {
        switch self {
        case .safetensors(let file): (Array(file.tensors.keys) + Array(file.integers.keys)).sorted()
        case .torch(let checkpoint): checkpoint.names
        }
    }

    func shape(of name: String) -> [Int]? {
        switch self {
        case .safetensors(let file): file.tensors[name]?.shape ?? file.integers[name]?.shape
        case .torch(let checkpoint): checkpoint.shape(of: name)
        }
    }

    func weight(_ name: String, file path: String) throws(RecipeError) -> WeightTensor {
        switch self {
        case .safetensors(let file):
            guard let tensor = file.tensors[name] else {
                throw TorchCheckpoint.odd("\(path): \(name)", "a tensor of floating-point numbers", "integers")
            }
            return tensor
        case .torch(let checkpoint): return try checkpoint.weight(name)
        }
    }
}
