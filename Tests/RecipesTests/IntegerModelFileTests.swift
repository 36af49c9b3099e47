// SPDX-License-Identifier: Apache-2.0

import Digests
import Inspection
import Pictures
import Recipes
import Testing

@Suite struct IntegerModelFileTests {
    /// Random integers for the graph of a test trunk.
    static func network(_ seed: UInt64) throws -> QuantisedNetwork {
        var random = SeededRandom(seed)
        let weights = TestRecipe.trunk(seed)
        let graph = try ResidualTrunk.graph(of: weights, levels: [.layer1])
        var network = QuantisedNetwork(graph: graph, convolutions: [:], activations: [:], activationMaximum: 255)
        for node in graph.nodes where node.operation == .convolution {
            guard let shape = weights[node.name + ".weight"]?.shape else { continue }
            network.convolutions[node.name] = .init(
                shape: shape,
                weights: (0..<shape.reduce(1, *)).map { _ in Int8.random(in: -64...64, using: &random) },
                bias: (0..<shape[0]).map { _ in Int32.random(in: -9999...9999, using: &random) },
                scale: (0..<shape[0]).map { _ in Float.random(in: 0.001...0.002, using: &random) })
        }
        for name in ["conv1", "stem", "layer1.0.conv1", "layer1.0.downsample.0", "layer1.0"] {
            // All magnitudes: the text must hold every bit.
            network.activations[name] = Float.random(in: 0.01...0.1, using: &random)
        }
        network.activations["stem"] = network.activations["conv1"]
        return network
    }

    static func file(origin: IntegerModelFile.Origin? = nil, input: String = "32 stretch all") throws
        -> IntegerModelFile
    {
        let digest = String(repeating: "0a", count: 32)
        return IntegerModelFile(
            teacher: try network(1), student: try network(2), inputSize: 32, levels: [.layer1], input: input,
            origin: origin ?? .init(teacher: digest, student: digest, parts: digest, tool: "t", method: "m"))
    }

    @Test("a file goes through its bytes unchanged, and equal files have equal bytes")
    func roundTrip() throws {
        let file = try Self.file()
        let bytes = file.encoded()
        #expect(try IntegerModelFile.parse(bytes, name: "f") == file)
        #expect(try Self.file().encoded() == bytes)
        #expect(try file.plan(levels: [.layer1], inputSize: 32, name: "f").inputSize == 32)
        #expect(recipeError { _ = try file.plan(levels: [.layer1], inputSize: 64, name: "f") }?.code == .mismatch)
    }

    @Test("what is missing, too much, of another kind or out of range is refused with the file's name")
    func refused() throws {
        let good = try Safetensors.parse(try Self.file().encoded(), name: "f")
        func error(_ change: (inout Safetensors) -> Void) -> RecipeError? {
            var file = good
            change(&file)
            return recipeError { _ = try IntegerModelFile.parse(file.encoded(), name: "f") }
        }
        #expect(error { _ in } == nil)
        for key in good.metadata.keys {
            let failure = error { $0.metadata[key] = nil }
            #expect(failure?.code == .badFile && failure?.thing.hasPrefix("f") == true, "\(key)")
        }
        for (key, value) in [
            ("format", "jidoka-int8-0"), ("activation_maximum", "200"), ("input_size", "33"), ("input_size", "4096"),
            ("levels", "layer9"), ("levels", "layer1 layer1"), ("levels", "layer2"), ("levels", ""),
            ("teacher_sha256", "xyz"), ("student_sha256", String(repeating: "g", count: 64)), ("parts_sha256", ""),
            ("teacher_graph", "{}"), ("student_graph", "["), ("teacher_scales", "[]"),
            ("student_scales", "{\"conv1\":\"0\"}"), ("student_scales", "{\"conv1\":\"nan\"}"),
            ("student_scales", "{\"nowhere\":\"1\"}"),
        ] {
            #expect(error { $0.metadata[key] = value }?.code == .badFile, "\(key): \(value)")
        }
        let scale = WeightTensor(shape: [64], values: .init(repeating: 1, count: 64))
        let minus = IntegerTensor(shape: [64, 64, 1, 1], values: .bytes(.init(repeating: -128, count: 4096)))
        let words = IntegerTensor(shape: [64, 64, 1, 1], values: .words(.init(repeating: 1, count: 4096)))
        for (what, change) in [
            ("weight gone", { $0.integers["teacher.conv1.weight"] = nil }),
            ("bias gone", { $0.integers["student.conv1.bias"] = nil }),
            ("scale gone", { $0.tensors["teacher.layer1.0.conv2.scale"] = nil }),
            (
                "scale 0",
                { $0.tensors["teacher.conv1.scale"] = .init(shape: [64], values: .init(repeating: 0, count: 64)) }
            ),
            (
                "scale NaN",
                { $0.tensors["teacher.conv1.scale"] = .init(shape: [64], values: .init(repeating: .nan, count: 64)) }
            ),
            ("scale of another shape", { $0.tensors["teacher.conv1.scale"] = .init(shape: [1], values: [1]) }),
            ("-128", { $0.integers["teacher.layer1.0.downsample.0.weight"] = minus }),
            ("words as weights", { $0.integers["teacher.layer1.0.downsample.0.weight"] = words }),
            (
                "bias of bytes",
                {
                    $0.integers["teacher.conv1.bias"] = .init(
                        shape: [64], values: .bytes(.init(repeating: 1, count: 64)))
                }
            ),
            ("one tensor too many", { $0.tensors["other"] = scale }),
        ] as [(String, (inout Safetensors) -> Void)] {
            #expect(error(change)?.code == .badFile, "\(what)")
        }
    }

    @Test("a byte changed anywhere is refused or read, never a crash, and never unnoticed by the digest of the recipe")
    func flipped() throws {
        let bytes = try Self.file().encoded()
        var random = SeededRandom(8)
        for _ in 0..<repetitions(100, thorough: 3000, of: "flipped bytes of an integer model") {
            var changed = bytes
            let header = 8 + Int(bytes[0]) + Int(bytes[1]) * 256
            let place = Int.random(in: 0..<(Bool.random(using: &random) ? header : bytes.count), using: &random)
            changed[place] ^= UInt8(1) << UInt8.random(in: 0...7, using: &random)
            do {
                let file = try IntegerModelFile.parse(changed, name: "f")
                _ = try file.plan(levels: [.layer1], inputSize: 32, name: "f")
            } catch {
                #expect(error.thing.hasPrefix("f"))
            }
        }
    }
}

@Suite struct IntegerRecipeTests {
    /// A test recipe that runs integers.
    private static func recipe() throws -> TestRecipe {
        var test = try TestRecipe()
        test.recipe.engine = .int8
        let origin = IntegerModelFile.Origin(
            teacher: Digest.sha256(try SafeFile.read(test.folder.teacher)),
            student: Digest.sha256(try SafeFile.read(test.folder.student)),
            parts: String(repeating: "0", count: 64), tool: "t", method: "m")
        let bytes = try IntegerModelFileTests.file(origin: origin, input: test.recipe.input.fingerprint).encoded()
        try SafeFile.write(bytes, to: test.folder.integer)
        try SafeFile.write(Array(test.recipe.yaml.utf8), to: test.folder.recipe)
        try test.calibration(
            model: Digest.sha256(bytes), teacher: origin.teacher,
            maps: Digest.sha256(try SafeFile.read(test.folder.maps))
        ).write(to: test.folder.calibration)
        return test
    }

    @Test("the line needs the integers only: float32 files may be gone")
    func aloneOnTheLine() throws {
        let test = try Self.recipe()
        let loaded = try LoadedRecipe(test.folder)
        #expect(loaded.digest == Digest.sha256(try SafeFile.read(test.folder.integer)))
        guard case .int8 = loaded.model.networks else {
            Issue.record("an integer recipe runs integers")
            return
        }
        try #require(unlinked(test.folder.teacher) && unlinked(test.folder.student))
        #expect(try LoadedRecipe(test.folder).identity == loaded.identity)
        #expect(try RecipeNetworks(test.folder).digest == loaded.digest)
        try #require(unlinked(test.folder.integer))
        #expect(test.error?.code == .unreadable && test.error?.thing == test.folder.integer)
    }

    @Test("float32 files that the integers were not made from are refused where they are looked at")
    func foreignOrigin() throws {
        for path in [\RecipeFolder.teacher, \.student] {
            let test = try Self.recipe()
            #expect(try RecipeNetworks(test.folder).teacherDigest.count == 64)
            try SafeFile.write([1, 2, 3], to: test.folder[keyPath: path])
            let error = recipeError { _ = try RecipeNetworks(test.folder) }
            #expect(error?.code == .mismatch && error?.thing == test.folder[keyPath: path])
        }
    }

    @Test("another integer file, another teacher, other pictures, levels or an engine changed by hand are refused")
    func mismatches() throws {
        var test = try Self.recipe()
        #expect(test.error == nil)
        let bytes = try SafeFile.read(test.folder.integer)
        writeQuickly(bytes.dropLast() + [bytes[bytes.count - 1] ^ 1], to: test.folder.integer)
        #expect(test.error?.code == .mismatch && test.error?.thing == test.folder.integer)
        writeQuickly(bytes, to: test.folder.integer)
        let yaml = test.recipe.yaml
        writeQuickly(Array(yaml.replacing("int8\n", with: "float32\n").utf8), to: test.folder.recipe)
        #expect(test.error?.code == .mismatch && test.error?.thing == test.folder.student)
        writeQuickly(Array(yaml.replacing("[layer1]", with: "[layer2]").utf8), to: test.folder.recipe)
        #expect(test.error?.code == .mismatch && test.error?.key == "map.levels")
        writeQuickly(Array(yaml.replacing("size: 32", with: "size: 64").utf8), to: test.folder.recipe)
        #expect(test.error?.code == .mismatch && test.error?.key == "input")
        writeQuickly(Array(yaml.utf8), to: test.folder.recipe)
        var calibration = try CalibrationFile.read(test.folder.calibration)
        calibration.teacher = String(repeating: "1", count: 64)
        try calibration.write(to: test.folder.calibration)
        #expect(test.error?.code == .mismatch && test.error?.key == "teacher")
        test.recipe.engine = .float32
        try test.write()
        #expect(test.error == nil)
    }
}
