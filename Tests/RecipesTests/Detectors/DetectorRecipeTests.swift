// SPDX-License-Identifier: Apache-2.0

import Digests
import Inspection
import Recipes
import Testing

@Suite struct DetectorRecipeTests {
    /// A complete recipe of a detector without student: 32 pixels, layer1, sixteen places.
    private struct Sample {
        var test: TestRecipe
        let detector: Recipe.Detector
        var path: String { test.folder.learned(by: detector) }

        init(_ detector: Recipe.Detector) throws {
            self.detector = detector
            test = try TestRecipe()
            test.recipe.detector = detector
            test.recipe.map = MapSettings(levels: [.layer1])
            try test.write()
            try SafeFile.write(Array(test.recipe.yaml.utf8), to: test.folder.recipe)
            try write(bytes())
        }

        /// The detector's file.
        func bytes(
            origin: DetectorOrigin? = nil, channels: [Int] = [3, 4, 63], value: Float = 1, count: Int? = nil
        ) throws -> [UInt8] {
            let origin =
                try origin
                ?? DetectorOrigin(
                    teacher: Digest.sha256(try SafeFile.read(test.folder.teacher)),
                    parts: String(repeating: "0", count: 64), input: test.recipe.input.fingerprint, levels: [.layer1],
                    tool: "t", details: ["seed": "1"])
            if detector == .patchMemory {
                return MemoryFile.encoded(
                    .init(repeating: value, count: (count ?? 40) * 64), dimensions: 64, origin: origin)
            }
            let triangle = channels.count * (channels.count + 1) / 2
            return GaussianFile.encoded(
                channels: channels, mean: .init(repeating: 0.5, count: (count ?? 16) * channels.count),
                factor: .init(repeating: value, count: (count ?? 16) * triangle), origin: origin)
        }

        /// Writes the detector's file and a calibration by it.
        func write(_ bytes: [UInt8]) throws {
            writeQuickly(bytes, to: path)
            var calibration = test.calibration(
                model: Digest.sha256(bytes), teacher: Digest.sha256(try SafeFile.read(test.folder.teacher)),
                maps: Digest.sha256(try SafeFile.read(test.folder.maps)))
            calibration.detector = detector
            try calibration.write(to: test.folder.calibration)
        }

        var error: RecipeError? { test.error }
    }

    private static let kinds = [Recipe.Detector.padim, .patchMemory]

    @Test("a recipe of a detector without student loads, judges and needs no student", arguments: kinds)
    func loads(kind: Recipe.Detector) throws {
        let sample = try Sample(kind)
        try #require(unlinked(sample.test.folder.student))
        let loaded = try LoadedRecipe(sample.test.folder)
        #expect(loaded.recipe.detector == kind && loaded.recipe == sample.test.recipe)
        #expect(loaded.digest == Digest.sha256(try SafeFile.read(sample.path)))
        guard case .oneMap(let detector) = loaded.model.networks else {
            Issue.record("a detector makes one map")
            return
        }
        #expect(detector.features == [.layer1] && detector.inputSize == 32)
        var random = SeededRandom(1)
        let picture = random.bytes(32 * 32 * 3)
        let score = try Inspector(model: loaded.model).score(picture)
        #expect(score.isFinite)
        #expect(try Inspector(model: try LoadedRecipe(sample.test.folder).model).score(picture) == score)
    }

    @Test("a missing, a foreign and a changed file are refused by name", arguments: kinds)
    func files(kind: Recipe.Detector) throws {
        let sample = try Sample(kind)
        #expect(sample.error == nil)
        let bytes = try SafeFile.read(sample.path)
        var random = SeededRandom(4)
        for _ in 0..<repetitions(40, thorough: 1000, of: "flipped bytes of a detector's file") {
            var changed = bytes
            changed[Int.random(in: changed.indices, using: &random)] ^= 1 << UInt8.random(in: 0...7, using: &random)
            writeQuickly(changed, to: sample.path)
            #expect(sample.error?.code == .mismatch && sample.error?.thing == sample.path)
        }
        try #require(unlinked(sample.path))
        #expect(sample.error?.code == .unreadable && sample.error?.thing == sample.path)
    }

    @Test("a damaged file is refused or read before there is a calibration, never a crash", arguments: kinds)
    func damaged(kind: Recipe.Detector) throws {
        let sample = try Sample(kind)
        let bytes = try SafeFile.read(sample.path)
        var random = SeededRandom(5)
        let header = 8 + Int(bytes[0]) + Int(bytes[1]) * 256
        for _ in 0..<repetitions(200, thorough: 5000, of: "flipped bytes of a detector's file") {
            var changed = bytes
            let place = Int.random(in: 0..<(Bool.random(using: &random) ? header : bytes.count), using: &random)
            changed[place] ^= 1 << UInt8.random(in: 0...7, using: &random)
            writeQuickly(changed, to: sample.path)
            let error = recipeError { _ = try RecipeNetworks(sample.test.folder) }
            // Metadata names other files: then these are said not to fit.
            #expect(error == nil || error?.code == .badFile || error?.code == .mismatch)
        }
        for length in [0, 7, 8, header - 1, header, bytes.count - 4] {
            writeQuickly(Array(bytes.prefix(length)), to: sample.path)
            #expect(recipeError { _ = try RecipeNetworks(sample.test.folder) }?.code == .badFile, "\(length) bytes")
        }
    }

    @Test("shapes, channels and numbers that make no sense are refused with the file's name")
    func content() throws {
        let gaussians = try Sample(.padim)
        for bytes in try [
            gaussians.bytes(channels: [3, 64]), gaussians.bytes(channels: [4, 3]), gaussians.bytes(channels: [-1, 3]),
            gaussians.bytes(value: .nan), gaussians.bytes(value: -1), gaussians.bytes(value: 0),
            gaussians.bytes(count: 15), gaussians.bytes(count: 17),
        ] {
            try gaussians.write(bytes)
            #expect(gaussians.error?.code == .badFile && gaussians.error?.thing.hasPrefix(gaussians.path) == true)
        }
        let memory = try Sample(.patchMemory)
        for bytes in try [
            memory.bytes(value: .nan), memory.bytes(value: .infinity), memory.bytes(value: 1e20),
            memory.bytes(count: 0), gaussians.bytes(), Safetensors().encoded(),
        ] {
            try memory.write(bytes)
            #expect(memory.error?.code == .badFile && memory.error?.thing.hasPrefix(memory.path) == true)
        }
    }

    @Test("another teacher, pictures made by another rule and unknown levels are refused", arguments: kinds)
    func origins(kind: Recipe.Detector) throws {
        let sample = try Sample(kind)
        func origin(
            _ change: (inout DetectorOrigin) -> Void
        ) throws -> DetectorOrigin {
            var origin = DetectorOrigin(
                teacher: Digest.sha256(try SafeFile.read(sample.test.folder.teacher)), parts: "p",
                input: sample.test.recipe.input.fingerprint, levels: [.layer1], tool: "t")
            change(&origin)
            return origin
        }
        try sample.write(try sample.bytes(origin: try origin { _ in }))
        #expect(sample.error == nil)
        try sample.write(try sample.bytes(origin: try origin { $0.teacher = "0" }))
        #expect(sample.error?.code == .mismatch && sample.error?.thing == sample.test.folder.teacher)
        try sample.write(try sample.bytes(origin: try origin { $0.input = "64 stretch all" }))
        #expect(sample.error?.code == .mismatch && sample.error?.key == "input")
        for levels in [[], [Level.layer2], [.layer1, .layer1]] {
            try sample.write(try sample.bytes(origin: try origin { $0.levels = levels }))
            #expect(sample.error?.code == .badFile, "\(levels)")
        }
    }

    @Test("a detector that was not calibrated, or that another student was trained for, is refused")
    func otherDetector() throws {
        var sample = try Sample(.padim)
        sample.test.recipe.detector = .patchMemory
        try SafeFile.write(Array(sample.test.recipe.yaml.utf8), to: sample.test.folder.recipe)
        #expect(sample.error?.code == .unreadable)
        try SafeFile.write(try SafeFile.read(sample.path), to: sample.test.folder.memory)
        #expect(sample.error?.thing == sample.test.folder.memory && sample.error?.code == .badFile)
        sample.test.recipe.detector = .stpm
        try SafeFile.write(Array(sample.test.recipe.yaml.utf8), to: sample.test.folder.recipe)
        let trained = recipeError { _ = try RecipeNetworks(sample.test.folder) }
        #expect(trained?.key == "detector" && trained?.code == .mismatch)
        // A calibration of another detector, with everything else in order.
        let test = try TestRecipe()
        var calibration = try CalibrationFile.read(test.folder.calibration)
        #expect(calibration.detector == nil)
        calibration.detector = .stpm
        try calibration.write(to: test.folder.calibration)
        #expect(test.error?.key == "detector" && test.error?.code == .mismatch)
    }

    @Test("the key goes through recipe.yaml, is left out for the default, and has its limits")
    func yaml() throws {
        for detector in Recipe.Detector.allCases {
            for engine in Recipe.Engine.allCases {
                let recipe = Recipe(
                    name: "r", input: .init(), detector: detector, engine: engine, map: MapSettings(levels: [.layer1]))
                #expect(recipe.yaml.contains("detector:") == (detector != .reducedStudent))
                if detector.engines.contains(engine) {
                    #expect(try Recipe.parse(recipe.yaml, file: "recipe.yaml") == recipe)
                } else {
                    let error = recipeError { _ = try Recipe.parse(recipe.yaml, file: "recipe.yaml") }
                    #expect(error?.code == .contradiction && error?.key == "engine" && (error?.line ?? 0) > 0)
                }
            }
        }
        let recipe = Recipe(
            name: "r", input: .init(), detector: .stpm, engine: .int8, map: MapSettings(levels: [.layer1, .layer2]))
        #expect(recipeError { _ = try Recipe.parse(recipe.yaml, file: "r") }?.code == .contradiction)
        let unknown = recipe.yaml.replacing("detector: stpm", with: "detector: magic")
        #expect(recipeError { _ = try Recipe.parse(unknown, file: "r") }?.code == .notAChoice)
    }

    @Test("a detector's maps stand under its shallowest level, the reduced student's under each")
    func settings() {
        let settings = MapSettings(levels: [.layer1, .layer2], weights: [1, 2], normalisation: .global, smoothing: 2)
        let features = [Level.layer2, .layer3]
        #expect(Recipe.Detector.reducedStudent.mapSettings(settings, features: features) == settings)
        let one = Recipe.Detector.padim.mapSettings(settings, features: features)
        #expect(one.levels == [.layer2] && one.weights == [1])
        #expect(one.normalisation == .global && one.smoothing == 2)
        #expect(Recipe.Detector.patchMemory.defaultLevels(of: [.layer1, .layer2, .layer3]) == [.layer2, .layer3])
        #expect(Recipe.Detector.patchMemory.defaultLevels(of: [.layer1, .layer2]) == [.layer1, .layer2])
        #expect(Recipe.Detector.stpm.defaultLevels(of: [.layer3, .layer1]) == [.layer1, .layer3])
    }
}
