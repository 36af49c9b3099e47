// SPDX-License-Identifier: Apache-2.0

import Inspection
import Recipes
import Testing
import TorchFixtures

@Suite struct TorchCheckpointTests {
    private let trunk = TinyTrunk(1)

    @Test("both containers of torch.save give the same bits as the tensors that went in")
    func containers() throws {
        let expected = try trunk.folded
        let zip = try TinyTrunk.imported(trunk.torch().zip.bytes)
        let legacy = try TinyTrunk.imported(trunk.torch().legacy)
        #expect(sameBits(zip.weights, expected) && zip.format == "PyTorch zip")
        #expect(sameBits(legacy.weights, expected) && legacy.format == "PyTorch legacy")
        #expect(sameBits(try TinyTrunk.imported(trunk.safetensors.encoded()).weights, expected))
    }

    @Test("archives without zip64 end, sizes before the data, or without byte order are read as well")
    func variants() throws {
        var zip = trunk.torch().zip
        zip.zip64 = false
        for index in zip.records.indices { zip.records[index].flags = 0 }
        zip.records.removeAll { $0.name.hasSuffix("byteorder") }
        #expect(sameBits(try TinyTrunk.imported(zip.bytes).weights, try trunk.folded))
    }

    @Test("parameters, wrapped checkpoints and prefixes of parallel training are understood")
    func wrapped() throws {
        var file = trunk.torch(prefix: "module.")
        for index in file.entries.indices where index % 3 == 0 { file.entries[index].isParameter = true }
        for key in ["state_dict", "model_state_dict", "model"] {
            file.wrapper = key
            for bytes in [file.zip.bytes, file.legacy] {
                let imported = try TinyTrunk.imported(bytes)
                #expect(sameBits(imported.weights, try trunk.folded) && imported.prefix == "module.")
            }
        }
    }

    @Test("half and brain precision are widened exactly")
    func halves() throws {
        let numbers: [UInt16] = [0x0000, 0x8000, 0x3C00, 0xC000, 0x0001, 0x7BFF]
        let data = numbers.flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] }
        let file = TorchFile([
            .init("h", kind: "HalfStorage", shape: [6], data: data),
            .init("b", kind: "BFloat16Storage", shape: [3, 2], data: data),
        ])
        for bytes in [file.zip.bytes, file.legacy] {
            let checkpoint = try TorchCheckpoint(bytes, name: "file")
            let half = try checkpoint.weight("h").values
            #expect(half.map(\.bitPattern) == numbers.map { Float(Float16(bitPattern: $0)).bitPattern })
            let brain = try checkpoint.weight("b")
            #expect(brain.shape == [3, 2])
            #expect(brain.values.map(\.bitPattern) == numbers.map { UInt32($0) << 16 })
        }
    }

    @Test("views with strides and offsets are copied by them")
    func strides() throws {
        let values = (0..<24).map(Float.init)
        var transposed = TorchFile.Entry("t", shape: [2, 3], values: values)
        (transposed.strides, transposed.offset) = ([1, 8], 3)
        var lastOf = TorchFile.Entry("l", shape: [1, 2], values: values)
        (lastOf.strides, lastOf.offset) = ([999, 1], 22)
        var empty = TorchFile.Entry("e", shape: [0, 3], values: values)
        empty.offset = 24
        // Nobody steps along an axis of one: its stride may be anything, even what would overflow.
        var pointwise = TorchFile.Entry("p", shape: [3, 1, 1], values: values)
        pointwise.strides = [8, .max, .max]
        let checkpoint = try TorchCheckpoint(
            TorchFile([transposed, lastOf, empty, pointwise]).zip.bytes, name: "file")
        #expect(try checkpoint.weight("p").values == [0, 8, 16])
        #expect(try checkpoint.weight("t") == WeightTensor(shape: [2, 3], values: [3, 11, 19, 4, 12, 20]))
        #expect(try checkpoint.weight("l").values == [22, 23])
        #expect(try checkpoint.weight("e").values.isEmpty)
    }

    @Test("every length short of the whole file is refused, and so is every longer one")
    func truncation() throws {
        let small = TorchFile([.init("a", shape: [2], values: [1, 2]), .init("b", shape: [], values: [3])])
        for whole in [small.zip.bytes, small.legacy] {
            _ = try TorchCheckpoint(whole, name: "file")
            for length in 0..<whole.count {
                let cut = Array(whole.prefix(length))
                #expect(recipeError { _ = try TorchCheckpoint(cut, name: "file") } != nil, "\(length)")
            }
            for more in [1, 22, 98] {
                let long = whole + [UInt8](repeating: 0, count: more)
                #expect(recipeError { _ = try TorchCheckpoint(long, name: "file") } != nil)
            }
        }
    }

    @Test("storages of another size, another order of bytes or a program instead of weights are refused")
    func misfits() {
        func error(_ change: (inout StoredZip) -> Void) -> RecipeError? {
            var zip = trunk.torch().zip
            change(&zip)
            return TinyTrunk.error(zip.bytes)
        }
        #expect(error { $0.records[3].data.removeLast(4) }?.thing.contains("storage") == true)
        #expect(error { $0.records[3].data += [0, 0, 0, 0] }?.expected.contains("bytes") == true)
        #expect(error { $0.records.remove(at: 3) }?.found == "no such record")
        #expect(error { $0.records[1].data = Array("big".utf8) }?.expected.contains("little") == true)
        #expect(error { $0.records.append(.init("archive/constants.pkl", [])) }?.found == "a TorchScript program")
        #expect(error { $0.records[0].data += [0] }?.found == "more behind it")
        #expect(error { $0.records.removeFirst() }?.thing == "file: archive/data.pkl")
    }
}
