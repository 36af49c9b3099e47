// SPDX-License-Identifier: Apache-2.0

import Digests
import Inspection
import Recipes
import Testing

@Suite struct SafetensorsTests {
    /// A file of a given header and as many data bytes.
    private func file(_ header: String, data: Int = 0, length: UInt64? = nil) -> [UInt8] {
        let length = length ?? UInt64(header.utf8.count)
        return (0..<8).map { UInt8(truncatingIfNeeded: length >> UInt64(8 * $0)) } + Array(header.utf8)
            + [UInt8](repeating: 0, count: data)
    }

    private func error(_ bytes: [UInt8]) -> RecipeError? {
        recipeError { _ = try Safetensors.parse(bytes, name: "m.safetensors") }
    }

    private let small = Safetensors(
        tensors: [
            "b": .init(shape: [2, 3], values: [1, -2, 3.5, 0, .leastNonzeroMagnitude, .greatestFiniteMagnitude]),
            "a \"quoted\" / ü": .init(shape: [1], values: [7]), "scalar": .init(shape: [], values: [0.1]),
            "empty": .init(shape: [0, 4], values: []),
        ], metadata: ["format": "test", "graph": "{\"a\": [1, {}]}"])

    @Test("what is written is read back bit for bit")
    func roundTrip() throws {
        let read = try Safetensors.parse(small.encoded(), name: "m")
        #expect(read.tensors == small.tensors)
        #expect(read.metadata == small.metadata)
        #expect(try Safetensors.parse(Safetensors().encoded(), name: "m").tensors.isEmpty)
        let nan = Safetensors(tensors: ["n": .init(shape: [2], values: [.nan, -.infinity])])
        let back = try #require(try Safetensors.parse(nan.encoded(), name: "m").tensors["n"])
        #expect(back.values[0].isNaN && back.values[1] == -.infinity)
    }

    @Test("equal content gives equal bytes, whatever the order it was put in; the header ends on 8 bytes")
    func deterministic() {
        let names = (0..<30).map { "t\($0)" }
        var forwards = Safetensors()
        var backwards = Safetensors()
        for name in names { forwards.tensors[name] = .init(shape: [1], values: [Float(name.count)]) }
        for name in names.reversed() { backwards.tensors[name] = .init(shape: [1], values: [Float(name.count)]) }
        forwards.metadata = ["a": "1", "b": "2", "c": "3"]
        backwards.metadata = ["c": "3", "b": "2", "a": "1"]
        #expect(forwards.encoded() == backwards.encoded())
        #expect(forwards.encoded()[0] % 8 == 0)
    }

    @Test("half precision is widened; integers are checked and left out")
    func kinds() throws {
        let header = """
            {"h":{"dtype":"F16","shape":[3],"data_offsets":[0,6]},"i":{"dtype":"I8","shape":[2],"data_offsets":[6,8]},\
            "l":{"dtype":"I64","shape":[1],"data_offsets":[8,16]}}
            """
        var bytes = file(header, data: 16)
        // 1, −2, smallest subnormal.
        bytes.replaceSubrange((bytes.count - 16)..<(bytes.count - 10), with: [0x00, 0x3C, 0x00, 0xC0, 0x01, 0x00])
        let read = try Safetensors.parse(bytes, name: "m")
        #expect(read.tensors == ["h": .init(shape: [3], values: [1, -2, Float(Float16.leastNonzeroMagnitude)])])
    }

    @Test("every length short of the whole file is refused, and so is every longer one")
    func truncation() {
        let bytes = small.encoded()
        for length in 0..<bytes.count {
            #expect(error(Array(bytes.prefix(length)))?.thing.hasPrefix("m.safetensors") == true, "\(length) bytes")
        }
        for more in 1...9 { #expect(error(bytes + [UInt8](repeating: 0, count: more))?.code == .badFile) }
        #expect(error(bytes) == nil)
    }

    @Test(
        "a header length that lies is refused",
        arguments: [0, 1, 3, 1 << 20, 1 << 31, 1 << 40, UInt64.max, UInt64.max - 7, 1 << 63])
    func headerLength(length: UInt64) {
        #expect(error(file("{}", length: length))?.code == .badFile)
        #expect(
            error(file("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", data: 4, length: length))
                != nil)
    }

    @Test(
        "headers that are no header of tensors are refused",
        arguments: [
            "[]", "0", "null", "\"a\"", "{", "{}}", "{\"a\":1}", "{\"a\":{}}", "{\"__metadata__\":1}",
            "{\"__metadata__\":{\"a\":1}}", "{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}",
            "{\"a\":{\"dtype\":\"F32\",\"shape\":1,\"data_offsets\":[0,4]}}",
            "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[]}}",
            "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0]}}",
            "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4,8]}}",
            "{\"a\":{\"dtype\":\"F32\",\"shape\":[1.5],\"data_offsets\":[0,4]}}",
            "{\"a\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[0,4]}}",
            "{\"a\":{\"dtype\":\"f32\",\"shape\":[1],\"data_offsets\":[0,4]}}", "\u{0}\u{0}", "  ",
        ])
    func badHeader(header: String) {
        #expect(error(file(header, data: 4))?.code == .badFile)
    }

    @Test("deeply nested headers are refused without a crash")
    func deep() {
        #expect(error(file(String(repeating: "[", count: 200_000))) != nil)
        #expect(error(file(String(repeating: "{\"a\":", count: 100_000))) != nil)
    }

    @Test(
        "negative, huge and unfitting shapes and offsets are refused",
        arguments: [
            "[-1],\"data_offsets\":[0,4]", "[-1,-1],\"data_offsets\":[0,4]", "[2],\"data_offsets\":[0,4]",
            "[9223372036854775807],\"data_offsets\":[0,4]", "[9223372036854775807,2],\"data_offsets\":[0,4]",
            "[4294967296,4294967296],\"data_offsets\":[0,4]", "[4294967297],\"data_offsets\":[0,4]",
            "[18446744073709551616],\"data_offsets\":[0,4]", "[1e40],\"data_offsets\":[0,4]",
            "[1,1,1,1,1,1,1,1,1],\"data_offsets\":[0,4]", "[1],\"data_offsets\":[4,0]", "[1],\"data_offsets\":[-4,0]",
            "[1],\"data_offsets\":[0,9223372036854775807]", "[1],\"data_offsets\":[-9223372036854775808,4]",
            "[1],\"data_offsets\":[9223372036854775803,9223372036854775807]", "[1],\"data_offsets\":[4,8]",
            "[0],\"data_offsets\":[0,4]", "[1],\"data_offsets\":[0,3]",
            "[0,9223372036854775807],\"data_offsets\":[0,4]",
        ])
    func badShape(rest: String) {
        #expect(error(file("{\"a\":{\"dtype\":\"F32\",\"shape\":" + rest + "}}", data: 4))?.code == .badFile)
    }

    private func two(_ first: String, _ second: String, names: (String, String) = ("a", "b")) -> String {
        "{\"\(names.0)\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":\(first)},"
            + "\"\(names.1)\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":\(second)}}"
    }

    @Test("overlaps and gaps between tensors are refused")
    func overlaps() {
        #expect(error(file(two("[0,4]", "[4,8]"), data: 8)) == nil)
        #expect(error(file(two("[4,8]", "[0,4]"), data: 8)) == nil)
        #expect(error(file(two("[0,4]", "[0,4]"), data: 8)) != nil)
        #expect(error(file(two("[0,4]", "[0,4]"), data: 4)) != nil)
        #expect(error(file(two("[0,4]", "[2,6]"), data: 6)) != nil)
        #expect(error(file(two("[0,4]", "[5,9]"), data: 9)) != nil)
        #expect(error(file(two("[4,8]", "[8,12]"), data: 12)) != nil)
        #expect(error(file(two("[0,4]", "[4,8]"), data: 4)) != nil)
        #expect(error(file(two("[0,4]", "[4,8]"), data: 12)) != nil)
    }

    @Test("a key that stands twice is refused: nobody can say which one counts")
    func duplicates() {
        #expect(error(file(two("[0,4]", "[0,4]", names: ("a", "a")), data: 4)) != nil)
        #expect(error(file(two("[0,4]", "[4,8]", names: ("a", "a")), data: 8)) != nil)
        #expect(error(file(two("[0,4]", "[4,8]", names: ("a", "\\u0061")), data: 8)) != nil)
        #expect(error(file("{\"__metadata__\":{},\"__metadata__\":{}}")) != nil)
        #expect(error(file("{\"__metadata__\":{\"k\":\"1\",\"k\":\"2\"}}")) != nil)
        let twice = "{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}"
        #expect(error(file(twice, data: 4)) != nil)
        #expect(error(file("{\"__metadata__\":{\"k\":\"a:b{\\\"c\\\":1}\"}}")) == nil)
    }

    @Test("empty tensors share their place with a neighbour, in every order of names")
    func emptyTensors() {
        for names in [("a", "b"), ("b", "a")] {
            let header =
                "{\"\(names.0)\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]},"
                + "\"\(names.1)\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}"
            for _ in 0..<20 { #expect(error(file(header, data: 4)) == nil) }
        }
    }

    @Test("a file changed at random is refused or read: it never crashes")
    func mutations() {
        let count = repetitions(20_000, thorough: 200_000, of: "mutated safetensors files")
        var random = SeededRandom(5)
        let original = small.encoded()
        let headerEnd = 8 + Int(original[0]) + Int(original[1]) * 256
        let pieces = [
            "-1", "9223372036854775807", "1e99", "[", "]", "{", "}", "\"", ",", ":", "null", "\\u0000", "F16", "0",
        ]
        var read = 0
        for _ in 0..<count {
            var bytes = original
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let inHeader = Int.random(in: 0..<headerEnd, using: &random)
                switch Int.random(in: 0..<6, using: &random) {
                case 0: bytes[min(inHeader, bytes.count - 1)] = UInt8.random(in: 0...255, using: &random)
                case 1:
                    bytes[Int.random(in: 0..<bytes.count, using: &random)] ^=
                        1 << UInt8.random(in: 0...7, using: &random)
                case 2:
                    let piece = Array((pieces.randomElement(using: &random) ?? "").utf8)
                    bytes.insert(contentsOf: piece, at: min(inHeader, bytes.count))
                case 3: bytes.remove(at: min(inHeader, bytes.count - 1))
                case 4: bytes.removeLast(Int.random(in: 0..<min(40, bytes.count - 1), using: &random))
                default:
                    // Digits of shapes and offsets.
                    let at = min(inHeader, bytes.count - 1)
                    if (48...57).contains(bytes[at]) { bytes[at] = UInt8.random(in: 48...57, using: &random) }
                }
            }
            // Half of them with a length that fits again.
            if Bool.random(using: &random), let end = bytes.lastIndex(of: UInt8(ascii: "}")), end > 8 {
                let length = UInt64(end - 7)
                for i in 0..<8 { bytes[i] = UInt8(truncatingIfNeeded: length >> UInt64(8 * i)) }
            }
            if let file = try? Safetensors.parse(bytes, name: "m") {
                read += 1
                #expect(file.tensors.values.allSatisfy { $0.values.count == $0.shape.reduce(1, *) })
            }
        }
        print("mutated safetensors files: \(read) still readable")
        #expect(read < count)
    }

    @Test("our own model files need their format and a graph that can be read")
    func modelFile() throws {
        let weights = TestRecipe.trunk(1)
        let graph = try ResidualTrunk.graph(of: weights, levels: [.layer1])
        let bytes = ModelFile.encoded(weights: weights, graph: graph, metadata: ["note": "x"])
        #expect(bytes == ModelFile.encoded(weights: weights, graph: graph, metadata: ["note": "x"]))
        let read = try ModelFile.ours(bytes, name: "s")
        #expect(read.graph == graph && read.weights == weights && read.metadata["note"] == "x")
        #expect(read.digest == Digest.sha256(bytes))
        func error(_ metadata: [String: String]) -> RecipeError? {
            recipeError { _ = try ModelFile.ours(Safetensors(metadata: metadata).encoded(), name: "s") }
        }
        #expect(error([:])?.expected.contains(ModelFile.format) == true)
        #expect(error(["format": "jidoka-model-0"])?.found == "jidoka-model-0")
        #expect(error(["format": ModelFile.format])?.expected.contains("graph") == true)
        #expect(error(["format": ModelFile.format, "graph": "{"])?.code == .badFile)
        let incomplete = try ModelFile.ours(ModelFile.encoded(weights: [:], graph: graph, metadata: [:]), name: "s")
        #expect(recipeError { _ = try incomplete.plan(inputSize: 32, name: "s") }?.thing == "s: conv1.weight")
    }

    @Test("a teacher without the tensors of a level is refused with the tensor's name")
    func teacher() {
        let bytes = Safetensors(tensors: TestRecipe.trunk(1)).encoded()
        #expect(recipeError { _ = try ModelFile.teacher(bytes, name: "t", levels: [.layer1]) } == nil)
        let error = recipeError { _ = try ModelFile.teacher(bytes, name: "t", levels: [.layer1, .layer2]) }
        #expect(error?.code == .badFile && error?.thing == "t: layer2.0.conv1.weight")
    }
}
