// SPDX-License-Identifier: Apache-2.0

import Recipes
import TorchFixtures

/// A file of PyTorch with a trunk of few channels, batch norm separate, half of it in half precision.
enum TinyCheckpoint {
    private static let trunk = TrunkShape(stem: 2, stages: [2, 3])

    static var file: TorchFile {
        TorchFile(
            trunk.tensors.enumerated().map { index, tensor in
                let (kind, half): (String, [UInt8]) =
                    index % 2 == 0 ? ("FloatStorage", [0, 0, 0, 0x3F]) : ("HalfStorage", [0, 0x38])
                let count = tensor.shape.reduce(1, *)
                return .init(
                    tensor.name, kind: kind, shape: tensor.shape,
                    data: Array([[UInt8]](repeating: half, count: count).joined()))
            })
    }

    /// Reads the trunk; what is accepted has to be finite.
    static func load(_ bytes: [UInt8]) throws {
        let weights = try ImportedTrunk(bytes, name: "fuzz", trunk: trunk).weights
        guard weights.values.allSatisfy({ $0.values.allSatisfy(\.isFinite) }) else { fatalMismatch("pth") }
    }
}
