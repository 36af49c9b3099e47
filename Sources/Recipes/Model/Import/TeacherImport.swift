// SPDX-License-Identifier: Apache-2.0

import Digests
import Inspection

/// ResNet-18 weights as users have them, checked and made into a teacher: conv1 and layer1–layer3, batch norm folded.
///
/// Reads `.safetensors` (float32, float16, bfloat16) and PyTorch's `.pth` (see `TorchCheckpoint`), both with the names of
/// torchvision and timm, batch norm separate or folded. Nothing of a file is run.
public struct TeacherImport: Sendable {
    /// A public file whose bytes are known.
    public struct KnownFile: Sendable, Equatable {
        /// What it is called where it is published.
        public let name: String
        /// Which weights it holds.
        public let weights: String
        /// SHA-256 of all its bytes, which begins with the digits in torchvision's name for it.
        public let digest: String
    }

    /// Files that are recognised. (`resnet18-5c106cde.pth`, the same weights of 2017, is a tar archive and not read.)
    public static let knownFiles = [
        KnownFile(
            name: "resnet18-f37072fd.pth", weights: "torchvision ResNet-18, IMAGENET1K_V1",
            digest: "f37072fd47e89c5e827621c5baffa7500819f7896bbacec160b1a16c560e07ec")
    ]

    /// Where the best known file is published.
    public static let download = "https://download.pytorch.org/models/resnet18-f37072fd.pth"
    /// Larger files are not read; ResNet-18 has 47 MB.
    public static let mostBytes = 1 << 30

    private let contents: ImportedTrunk
    /// SHA-256 of the file that was read.
    public let digest: String
    /// The public file of this digest.
    public let known: KnownFile?
    /// What the weights made of the test picture.
    public let selfTest: TeacherSelfTest

    /// Folded weights by torchvision's names.
    public var weights: Weights { contents.weights }
    /// `safetensors`, `PyTorch zip` or `PyTorch legacy`.
    public var format: String { contents.format }
    /// What stood before torchvision's names, e.g. `module.`.
    public var prefix: String { contents.prefix }
    /// Tensors of ResNet-18 that a teacher doesn't need: layer4, classifier, counters.
    public var dropped: [String] { contents.dropped }
    /// Tensors that ResNet-18 doesn't have.
    public var unexpected: [String] { contents.unexpected }

    /// Reads, checks and tests a file.
    ///
    /// - Parameters:
    ///   - path: the file.
    ///   - digest: the SHA-256 that it must have, if any; upper or lower case.
    /// - Throws: `RecipeError` that names file and tensor, what was expected and found, and what to do.
    public static func read(_ path: String, digest: String? = nil) throws(RecipeError) -> TeacherImport {
        let bytes = try SafeFile.read(path, limit: mostBytes)
        let found = Digest.sha256(bytes)
        if let digest, digest.lowercased() != found {
            throw RecipeError(
                .mismatch, path, expected: "sha256 \(digest.lowercased())", found: found,
                hint: "the download is damaged or another file: don't use it")
        }
        return try TeacherImport(bytes, name: path, digest: found, trunk: .resNet18)
    }

    /// Checks and tests a file's bytes; `name` is for errors.
    package init(
        _ bytes: [UInt8], name: String, digest: String, trunk: TrunkShape
    ) throws(RecipeError) {
        contents = try ImportedTrunk(bytes, name: name, trunk: trunk)
        self.digest = digest
        known = Self.knownFiles.first { $0.digest == digest }
        selfTest = try TeacherSelfTest(of: contents.weights, levels: trunk.levels, name: name)
    }

    /// The teacher as a safetensors file.
    ///
    /// - Parameters:
    ///   - half: float16 instead of float32: half the size, values rounded.
    ///   - origin: name of the file that was read, for the metadata.
    ///   - tool: name and version of the program.
    public func encoded(half: Bool, origin: String, tool: String) -> [UInt8] {
        Safetensors(
            tensors: weights,
            metadata: [
                "architecture": "ResNet-18 trunk, batch norm folded", "origin": origin, "origin_sha256": digest,
                "origin_format": format, "weights": known?.weights ?? selfTest.verdict.rawValue, "tool": tool,
            ]
        ).encoded(floats: half ? .f16 : .f32)
    }
}
