// SPDX-License-Identifier: Apache-2.0

import Digests
import Inspection
import Recipes
import Testing
import TorchFixtures

@Suite struct TeacherImportTests {
    private let trunk = TinyTrunk(2)

    /// The error after a change of the weights in both formats, which has to be the same kind.
    private func error(_ change: (inout Weights) -> Void) -> RecipeError? {
        var weights = trunk.weights
        change(&weights)
        let entries = weights.map { TorchFile.Entry($0.key, shape: $0.value.shape, values: $0.value.values) }
        let torch = TinyTrunk.error(TorchFile(entries).zip.bytes)
        let safe = TinyTrunk.error(Safetensors(tensors: weights).encoded())
        #expect(torch?.thing == safe?.thing && torch?.found == safe?.found)
        return torch
    }

    @Test("what a teacher doesn't need is left out and listed, what nobody knows is named")
    func leftOut() throws {
        var file = trunk.torch(prefix: "backbone.")
        file.entries.append(.init("head.weight", shape: [1], values: [1]))
        let imported = try TinyTrunk.imported(file.zip.bytes)
        #expect(imported.unexpected == ["head.weight"])
        #expect(imported.prefix == "backbone." && imported.dropped.count == 17)
        #expect(
            imported.dropped.contains("backbone.fc.bias") && imported.dropped.contains("backbone.layer4.0.conv1.weight")
        )
        #expect(imported.weights["conv1.weight"]?.shape == [2, 3, 7, 7])
    }

    @Test("folded weights pass through bit for bit, and a convolution with neither bias nor batch norm is refused")
    func folded() throws {
        let folded = try trunk.folded
        #expect(sameBits(try TinyTrunk.imported(Safetensors(tensors: folded).encoded()).weights, folded))
        let refused = error { weights in
            for part in [".weight", ".bias", ".running_mean", ".running_var"] { weights["layer1.1.bn2" + part] = nil }
        }
        #expect(refused?.thing == "file: layer1.1.bn2.weight" && refused?.found == "no such tensor")
    }

    @Test("missing tensors, other shapes and deeper networks are refused by name")
    func shapes() {
        for name in TinyTrunk.shape.tensors.map(\.name) where name != "conv1.weight" {
            #expect(error { $0[name] = nil }?.thing == "file: \(name)")
        }
        #expect(
            error { $0["conv1.weight"] = .init(shape: [3, 3, 7, 7], values: .init(repeating: 0, count: 441)) } != nil)
        #expect(error { $0["layer2.0.bn1.bias"] = .init(shape: [4], values: [0, 0, 0, 0]) }?.found == "[4]")
        let deeper = error { $0["layer1.2.conv1.weight"] = .init(shape: [1], values: [0]) }
        #expect(deeper?.thing == "file: layer1.2.conv1.weight" && deeper?.hint.contains("deeper") == true)
        #expect(error { $0["layer1.0.conv3.weight"] = .init(shape: [1], values: [0]) } != nil)
    }

    @Test("NaN, infinity and negative variances are refused; variances of 0 are dead channels and stay")
    func numbers() {
        for (bad, text) in [(Float.nan, "nan"), (.infinity, "inf"), (-.infinity, "-inf")] {
            for name in [
                "conv1.weight", "layer3.1.bn2.running_mean", "layer2.0.downsample.1.weight", "bn1.running_var",
            ] {
                let refused = error { weights in
                    guard let tensor = weights[name] else { return }
                    var values = tensor.values
                    values[values.count - 1] = bad
                    weights[name] = .init(shape: tensor.shape, values: values)
                }
                #expect(refused?.thing == "file: \(name)" && refused?.found.hasPrefix(text) == true)
            }
        }
        #expect(
            error { $0["bn1.running_var"] = .init(shape: [2], values: [1, -1e-9]) }?.expected
                == "variances of 0 or more")
        #expect(error { $0["bn1.running_var"] = .init(shape: [2], values: [1, 0]) } == nil)
        // Finite numbers whose fold is not.
        let overflow = error {
            $0["bn1.weight"] = .init(shape: [2], values: [3e38, 3e38])
            $0["bn1.running_var"] = .init(shape: [2], values: [0, 0])
        }
        #expect(overflow?.thing.contains("folded") == true)
    }

    @Test(
        "other files get a hint that says what they are",
        arguments: [
            ([UInt8]("<!DOCTYPE html>".utf8), "web page"),
            (Array("version https://git-lfs.github.com".utf8), "Git LFS"),
            ([0x80, 2, 0x7D, 0x2E], "bare pickle"), ([0x1F, 0x8B, 8], "gzip"), ([0x89] + Array("HDF\r\n".utf8), "HDF5"),
            ([], "empty"),
            (.init(repeating: 0, count: 257) + Array("ustar  ".utf8) + .init(repeating: 0, count: 300), "tar archive"),
        ] as [([UInt8], String)])
    func foreign(bytes: [UInt8], word: String) {
        let refused = TinyTrunk.error(bytes)
        #expect(refused?.found.contains(word) == true && refused?.hint.contains("resnet18-f37072fd.pth") == true)
    }

    @Test("networks with other names get a hint where to find the right ones")
    func names() {
        func hint(_ name: String) -> String? {
            TinyTrunk.error(Safetensors(tensors: [name: .init(shape: [1], values: [1])]).encoded())?.hint
        }
        #expect(hint("resnet.embedder.embedder.convolution.weight")?.contains("transformers") == true)
        #expect(hint("conv1.0.weight")?.contains("resnet18d") == true)
        #expect(hint("blocks.0.attn.qkv.weight")?.contains(TeacherImport.download) == true)
    }

    @Test("training on a file of PyTorch says how to import it")
    func importFirst() {
        for bytes in [trunk.torch().zip.bytes, trunk.torch().legacy] {
            let refused = recipeError { _ = try ModelFile.teacher(bytes, name: "weights.pth", levels: [.layer1]) }
            #expect(refused?.hint.contains("jidoka model import weights.pth") == true)
        }
    }

    @Test("a sha256 that was asked for must be the file's; known files are named by theirs")
    func digests() throws {
        let folder = try ScratchFolder()
        let path = folder.path + "/w.pth"
        let bytes = trunk.torch().zip.bytes
        writeQuickly(bytes, to: path)
        let other = String(repeating: "0", count: 64)
        let refused = recipeError { _ = try TeacherImport.read(path, digest: other) }
        #expect(refused?.code == .mismatch && refused?.found == Digest.sha256(bytes))
        // The right one, in capitals: the next thing that is wrong is the network.
        #expect(
            recipeError { _ = try TeacherImport.read(path, digest: Digest.sha256(bytes).uppercased()) }?.code
                == .badFile)
        for known in TeacherImport.knownFiles {
            #expect(known.digest.count == 64 && known.name.hasSuffix("-\(known.digest.prefix(8)).pth"))
        }
        #expect(TeacherImport.download.hasSuffix(TeacherImport.knownFiles[0].name))
        #expect(recipeError { _ = try TeacherImport.read(folder.path + "/none") }?.code == .unreadable)
    }

    @Test("brain floats are read from safetensors, half floats are written and read back rounded once")
    func halves() throws {
        let weights: Weights = ["a": .init(shape: [3], values: [1 / 3, -65504, 1e-7])]
        let half = try Safetensors.parse(Safetensors(tensors: weights).encoded(floats: .f16), name: "h")
        #expect(half.tensors["a"]?.values == [1 / 3, -65504, 1e-7].map { Float(Float16($0 as Float)) })
        let header = #"{"b":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]}}"#
        let bytes = [UInt8(header.utf8.count), 0, 0, 0, 0, 0, 0, 0] + Array(header.utf8) + [0x80, 0x3F, 0x49, 0xC0]
        #expect(try Safetensors.parse(bytes, name: "b").tensors["b"]?.values == [1, -3.140625])
    }
}
