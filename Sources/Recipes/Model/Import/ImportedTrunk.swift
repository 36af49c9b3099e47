// SPDX-License-Identifier: Apache-2.0

import Inspection

/// The trunk's tensors of a file in any of the formats, each of the right shape and finite, batch norm folded.
package struct ImportedTrunk: Sendable {
    /// Folded weights by torchvision's names.
    package let weights: Weights
    package let format: String
    package let prefix: String
    package let dropped: [String]
    package let unexpected: [String]

    /// Reads and checks a file's bytes; `name` is for errors.
    ///
    /// - Throws: `RecipeError` that names file and tensor, what was expected and found.
    package init(_ bytes: [UInt8], name: String, trunk: TrunkShape) throws(RecipeError) {
        let source = try Self.open(bytes, name: name)
        let names = source.names
        guard let prefix = Self.prefix(source, names: names) else { throw Self.unknownNames(names, name: name) }
        var taken: Set<String> = []
        let separate = try Self.collect(source, prefix: prefix, trunk: trunk, file: name, taken: &taken)
        (dropped, unexpected) = try Self.rest(names, taken: taken, prefix: prefix, file: name)
        do throws(InspectionError) {
            weights = try separate.batchNormFolded()
        } catch {
            throw RecipeError(
                .badFile, "\(name): \(error.thing)", expected: error.expected, found: error.found, hint: error.hint)
        }
        for (tensor, values) in weights.sorted(by: { $0.key < $1.key }) {
            try Self.checkFinite(values, "\(name): \(tensor), batch norm folded")
        }
        self.prefix = prefix
        format = source.format
    }

    private static func open(_ bytes: [UInt8], name: String) throws(RecipeError) -> WeightSource {
        if bytes.starts(with: ZipArchive.signature) || bytes.starts(with: TorchCheckpoint.legacyStart) {
            return .torch(try TorchCheckpoint(bytes, name: name))
        }
        if let kind = foreign(bytes) {
            throw RecipeError(
                .badFile, name, expected: "a .safetensors file or one of torch.save", found: kind,
                hint:
                    "download \(TeacherImport.download), or save again: torch.save(torch.load(FILE).state_dict(), NEW)")
        }
        return .safetensors(try Safetensors.parse(bytes, name: name))
    }

    /// Formats that are told apart only for a better hint.
    private static func foreign(_ bytes: [UInt8]) -> String? {
        if bytes.count >= 512, bytes[257..<262].elementsEqual("ustar".utf8) || bytes.starts(with: "sys_info\0".utf8) {
            return "a tar archive, PyTorch's format until 2017 (resnet18-5c106cde.pth is one)"
        }
        if bytes.starts(with: [0x80]), bytes.count > 1, bytes[1] <= 5 { return "a bare pickle" }
        if bytes.starts(with: [0x89] + Array("HDF".utf8)) { return "an HDF5 file (Keras)" }
        if bytes.starts(with: [0x1F, 0x8B]) { return "a gzip file" }
        if bytes.starts(with: "<!".utf8) || bytes.starts(with: "<html".utf8) { return "a web page" }
        if bytes.starts(with: "version https://git-lfs".utf8) { return "a Git LFS pointer, not the file itself" }
        return bytes.isEmpty ? "an empty file" : nil
    }

    /// What stands before `conv1.weight`, when that has the shape of the first convolution; the shortest such prefix.
    private static func prefix(_ source: WeightSource, names: [String]) -> String? {
        names.filter { $0 == "conv1.weight" || $0.hasSuffix(".conv1.weight") }
            .filter { source.shape(of: $0).map { $0.count == 4 && $0[1] == 3 } == true }
            .map { String($0.dropLast("conv1.weight".count)) }
            .min { $0.utf8.count < $1.utf8.count }
    }

    private static func unknownNames(_ names: [String], name: String) -> RecipeError {
        let hint =
            if names.contains(where: { $0.contains("embedder.embedder.convolution") }) {
                "these are the names of Hugging Face's transformers: take timm's resnet18 or \(TeacherImport.download)"
            } else if names.contains("conv1.0.weight") {
                "a deep stem (timm's resnet18d): take a plain resnet18, e.g. \(TeacherImport.download)"
            } else {
                "take \(TeacherImport.download)"
            }
        return RecipeError(
            .badFile, name, expected: "ResNet-18 with torchvision's or timm's names, conv1.weight first",
            found: names.isEmpty ? "no tensors" : "\(names.count) tensors: " + names.prefix(3).joined(separator: ", "),
            hint: hint)
    }

    /// The trunk's tensors, each of the right shape and finite.
    private static func collect(
        _ source: WeightSource, prefix: String, trunk: TrunkShape, file: String, taken: inout Set<String>
    ) throws(RecipeError) -> Weights {
        var result: Weights = [:]
        func take(_ tensor: String, _ shape: [Int]) throws(RecipeError) {
            let own = prefix + tensor
            guard let found = source.shape(of: own), found == shape else {
                throw RecipeError(
                    .badFile, "\(file): \(own)", expected: "ResNet-18's \(shape)",
                    found: source.shape(of: own).map { "\($0)" } ?? "no such tensor",
                    hint: "only ResNet-18 is a teacher here: take \(TeacherImport.download)")
            }
            let values = try source.weight(own, file: file)
            try checkFinite(values, "\(file): \(own)")
            taken.insert(own)
            result[tensor] = values
        }
        for convolution in trunk.convolutions {
            let channels = [convolution.shape[0]]
            try take(convolution.name + ".weight", convolution.shape)
            let hasBias = source.shape(of: prefix + convolution.name + ".bias") != nil
            if hasBias { try take(convolution.name + ".bias", channels) }
            let norm = convolution.norm
            // Without a bias of its own, a convolution must have a batch norm: silently adding nothing would be wrong.
            guard !hasBias || source.shape(of: "\(prefix)\(norm).weight") != nil else { continue }
            for part in [".weight", ".bias", ".running_mean", ".running_var"] { try take(norm + part, channels) }
            // Trained networks have dead channels with variance 0; a negative one is damage.
            let variances = result[norm + ".running_var"]?.values ?? []
            if let least = variances.min(), least < 0 {
                throw RecipeError(
                    .badFile, "\(file): \(prefix)\(norm).running_var", expected: "variances of 0 or more",
                    found: "\(least)", hint: "the file is damaged: download it again and compare its sha256")
            }
        }
        return result
    }

    /// What is left over: known and not needed, or not known.
    private static func rest(
        _ names: [String], taken: Set<String>, prefix: String, file: String
    ) throws(RecipeError) -> (dropped: [String], unexpected: [String]) {
        var dropped: [String] = []
        var unexpected: [String] = []
        for name in names where !taken.contains(name) {
            let own = name.hasPrefix(prefix) ? String(name.dropFirst(prefix.count)) : name
            let top = own.split(separator: ".").first.map(String.init) ?? own
            if own.hasSuffix(".num_batches_tracked") || ["layer4", "fc"].contains(top) {
                dropped.append(name)
            } else if ["conv1", "bn1", "layer1", "layer2", "layer3"].contains(top), name.hasPrefix(prefix) {
                throw RecipeError(
                    .badFile, "\(file): \(name)", expected: "the tensors of ResNet-18", found: "one more",
                    hint: "a deeper or another ResNet can't be a teacher here: take \(TeacherImport.download)")
            } else {
                unexpected.append(name)
            }
        }
        return (dropped, unexpected)
    }

    private static func checkFinite(_ tensor: WeightTensor, _ thing: String) throws(RecipeError) {
        guard let place = tensor.values.firstIndex(where: { !$0.isFinite }) else { return }
        throw RecipeError(
            .badFile, thing, expected: "finite numbers", found: "\(tensor.values[place]) at \(place)",
            hint: "the file is damaged or its training has diverged: download it again and compare its sha256")
    }
}
