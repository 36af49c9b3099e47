// SPDX-License-Identifier: Apache-2.0

import Digests
import Inspection
import Pictures
import Recipes
import Testing

@Suite struct LoadedRecipeTests {
    @Test("a recipe whose files belong together loads and judges pictures")
    func loads() throws {
        let test = try TestRecipe()
        let loaded = try LoadedRecipe(test.folder)
        #expect(loaded.recipe == test.recipe)
        #expect(loaded.threshold.stop == 1.9)
        #expect(loaded.digest == Digest.sha256(try SafeFile.read(test.folder.student)))
        #expect(loaded.identity == (try LoadedRecipe(test.folder)).identity)
        var random = SeededRandom(1)
        let score = try Inspector(model: loaded.model).score(random.bytes(32 * 32 * 3))
        #expect(score.isFinite)
        let networks = try RecipeNetworks(test.folder)
        #expect(networks.digest == loaded.digest && networks.metadata["format"] == ModelFile.format)
    }

    @Test("a missing file is named")
    func missing() throws {
        let test = try TestRecipe()
        for path in [
            test.folder.recipe, test.folder.teacher, test.folder.student, test.folder.maps, test.folder.calibration,
        ] {
            let bytes = try SafeFile.read(path)
            try #require(unlinked(path))
            let error = test.error
            #expect(error?.code == .unreadable && error?.thing == path)
            try SafeFile.write(bytes, to: path)
        }
        #expect(test.error == nil)
    }

    @Test("one changed byte anywhere in teacher, student or maps is refused with the file's name and its hash")
    func flippedModels() throws {
        let test = try TestRecipe()
        let flips = repetitions(40, thorough: 1500, of: "flipped bytes per model file")
        var random = SeededRandom(3)
        for path in [test.folder.teacher, test.folder.student, test.folder.maps] {
            let bytes = try SafeFile.read(path)
            let header = 8 + Int(bytes[0]) + Int(bytes[1]) * 256
            for round in 0..<flips {
                var changed = bytes
                // A third each in the length, the header and the numbers.
                let area = [0..<8, 8..<min(header, bytes.count), min(header, bytes.count - 1)..<bytes.count][round % 3]
                changed[Int.random(in: area, using: &random)] ^= UInt8(1) << UInt8.random(in: 0...7, using: &random)
                writeQuickly(changed, to: path)
                let error = test.error
                #expect(error?.code == .mismatch && error?.thing == path)
                #expect(error?.expected.contains(Digest.sha256(bytes)) == true)
                #expect(error?.found.contains(Digest.sha256(changed)) == true)
            }
            try SafeFile.write(bytes, to: path)
        }
        #expect(test.error == nil)
    }

    @Test("one changed byte anywhere in calibration.json is refused with its name, or says the same as before")
    func flippedCalibration() throws {
        let test = try TestRecipe()
        let path = test.folder.calibration
        let bytes = try SafeFile.read(path)
        let original = try CalibrationFile.read(path)
        var same = 0
        for place in bytes.indices {
            var changed = bytes
            changed[place] ^= 1 << UInt8(place % 7)
            writeQuickly(changed, to: path)
            do {
                let read = try CalibrationFile.read(path)
                #expect(read == original)
                same += 1
            } catch {
                #expect(error.thing == path && error.code == .badFile)
            }
        }
        print("calibration.json: \(bytes.count) changed bytes, \(same) of them without meaning (blanks)")
        #expect(same < bytes.count / 10)
    }

    @Test("calibration.json edited by hand is refused: threshold, scores, order, α, hashes, settings")
    func editedCalibration() throws {
        let test = try TestRecipe()
        let path = test.folder.calibration
        let text = String(decoding: try SafeFile.read(path), as: UTF8.self)
        for (old, new) in [
            ("\"stop\" : 1.9", "\"stop\" : 1.8"), ("\"stop\" : 1.9", "\"stop\" : 99"),
            ("\"pixel\" : 3.25", "\"pixel\" : 4"),
            ("\"order\" : 19", "\"order\" : 18"), ("\"alpha\" : 0.05", "\"alpha\" : 0.01"),
            ("\"parts\" : 19", "\"parts\" : 20"), ("\"version\" : 1", "\"version\" : 2"),
            ("\"smoothing\" : 4", "\"smoothing\" : 5"), ("good/7.png", "good/8.png"),
            ("\"sha256\" : \"", "\"sha256\" : \"0"),
        ] {
            let edited = text.replacing(old, with: new)
            try #require(edited != text, "\(old)")
            try SafeFile.write(Array(edited.utf8), to: path)
            let error = test.error
            #expect(error?.code == .badFile && error?.thing == path, "\(old) → \(new)")
            #expect(error?.hint.contains("calibrate") == true)
        }
    }

    @Test("a calibration whose threshold is not the score that it names is refused, sealed or not")
    func inconsistent() throws {
        let test = try TestRecipe()
        var good = test.calibration(model: "m", teacher: "t", maps: "s")
        let path = test.scratch.path + "/c.json"
        try good.write(to: path)
        #expect(try CalibrationFile.read(path) == good)
        let changes: [(inout CalibrationFile) -> Void] = [
            { $0.thresholds.stop = 1.8 }, { $0.order = 18 }, { $0.order = 0 }, { $0.order = -1 }, { $0.order = 20 },
            { $0.order = .max }, { $0.parts = 18 }, { $0.scores = [] }, { $0.version = 2 }, { $0.scores.removeLast() },
        ]
        for (number, change) in changes.enumerated() {
            var bad = good
            change(&bad)
            try bad.write(to: path)
            let error = recipeError { _ = try CalibrationFile.read(path) }
            #expect(error?.code == .badFile && error?.thing == path, "change \(number)")
        }
        good.thresholds.stop = .nan
        #expect(recipeError { try good.write(to: path) }?.code == .outOfRange)
    }

    @Test("changed map settings are refused until 'jidoka calibrate' has run")
    func mapSettings() throws {
        var test = try TestRecipe()
        let original = test.recipe
        let changes: [(inout MapSettings) -> Void] = [
            { $0.smoothing = 5 }, { $0.score = .maximum }, { $0.normalisation = .global }, { $0.weights = [2] },
        ]
        for change in changes {
            test.recipe = original
            change(&test.recipe.map)
            try SafeFile.write(Array(test.recipe.yaml.utf8), to: test.folder.recipe)
            let error = test.error
            #expect(error?.code == .mismatch && error?.thing == test.folder.recipe && error?.key == "map")
            #expect(error?.hint.contains("jidoka calibrate") == true)
        }
    }

    @Test("a changed input rule is refused: the student learned from other pictures")
    func inputRule() throws {
        var test = try TestRecipe()
        let original = test.recipe
        let changes: [(inout InputRule) -> Void] = [
            { $0.size = 64 }, { $0.resize = .crop }, { $0.region = Region(x: 0, y: 0, width: 10, height: 10) },
        ]
        for change in changes {
            test.recipe = original
            change(&test.recipe.input)
            try SafeFile.write(Array(test.recipe.yaml.utf8), to: test.folder.recipe)
            let error = test.error
            #expect(error?.code == .mismatch && error?.thing == test.folder.recipe && error?.key == "input")
        }
    }

    @Test("before calibration, a teacher that the student did not learn from is refused")
    func otherTeacher() throws {
        let test = try TestRecipe()
        try SafeFile.write(Safetensors(tensors: TestRecipe.trunk(9)).encoded(), to: test.folder.teacher)
        let error = recipeError { _ = try RecipeNetworks(test.folder) }
        #expect(error?.code == .mismatch && error?.thing == test.folder.teacher)
        #expect(error?.hint.contains("train") == true)
    }

    @Test("the identity changes with the threshold")
    func identity() throws {
        let test = try TestRecipe()
        let before = try LoadedRecipe(test.folder).identity
        var file = try CalibrationFile.read(test.folder.calibration)
        file.order = 18
        file.thresholds.stop = 1.8
        try file.write(to: test.folder.calibration)
        #expect(try LoadedRecipe(test.folder).identity != before)
    }

    @Test("a camera that is set otherwise than at calibration is refused, and other limits make another identity")
    func camera() throws {
        let test = try TestRecipe()
        func write(_ settings: CameraSettings) throws {
            try SafeFile.write(Array(settings.yaml.utf8), to: test.folder.camera)
        }
        var settings = CameraSettings(controls: [.init(name: "gain", value: 3)])
        // A calibration that is older than camera.yaml says nothing about it.
        try write(settings)
        #expect(try LoadedRecipe(test.folder).camera == settings)
        var file = try CalibrationFile.read(test.folder.calibration)
        file.camera = settings
        try file.write(to: test.folder.calibration)
        #expect(try CalibrationFile.read(test.folder.calibration) == file)
        let before = try LoadedRecipe(test.folder).identity
        settings.limits.dark = 3
        try write(settings)
        #expect(try LoadedRecipe(test.folder).identity != before)
        for change in [
            { $0.controls[0].value = 4 }, { $0.controls = [] }, { $0.rate = 25 }, { $0.format = .mjpeg },
            { $0.size = .init(width: 640, height: 480) },
        ] as [(inout CameraSettings) -> Void] {
            var other = settings
            change(&other)
            try write(other)
            #expect(test.error?.code == .mismatch && test.error?.thing == test.folder.camera)
            #expect(test.error?.hint.contains("jidoka calibrate") == true)
        }
        try #require(unlinked(test.folder.camera))
        #expect(test.error?.code == .mismatch && test.error?.found == "no such file")
        try SafeFile.write(Array("gian: 3\n".utf8), to: test.folder.camera)
        #expect(test.error?.code == .unknownKey && test.error?.thing == test.folder.camera)
    }

    @Test("a named person may answer for a camera that is set otherwise, for these settings and this calibration only")
    func acceptedCamera() throws {
        let test = try TestRecipe()
        func write(_ settings: CameraSettings) throws {
            try SafeFile.write(Array(settings.yaml.utf8), to: test.folder.camera)
        }
        func accept(by: String = "Kim", reason: String = "lamp changed") throws -> CameraOverride {
            try CameraOverride(test.folder, by: by, reason: reason, date: "2026-11-30T20:00:00Z")
        }
        var file = try CalibrationFile.read(test.folder.calibration)
        file.camera = CameraSettings(controls: [.init(name: "gain", value: 3)])
        try file.write(to: test.folder.calibration)
        try write(CameraSettings(controls: [.init(name: "gain", value: 3)]))
        // Nothing differs: nobody has to answer for anything.
        #expect(recipeError { _ = try accept() }?.hint == "there is nothing to accept")
        #expect(try LoadedRecipe(test.folder).cameraOverride == nil)
        let before = try LoadedRecipe(test.folder).identity
        try write(CameraSettings(controls: [.init(name: "gain", value: 4)]))
        for (by, reason) in [("", "x"), ("Kim", " "), ("\n", "x")] {
            #expect(recipeError { _ = try accept(by: by, reason: reason) }?.code == .outOfRange)
        }
        try accept().write(to: test.folder)
        let loaded = try LoadedRecipe(test.folder)
        #expect(loaded.cameraOverride?.by == "Kim" && loaded.cameraOverride?.text.contains("lamp changed") == true)
        #expect(loaded.identity != before)
        // Other settings, or another calibration, are not what was accepted.
        try write(CameraSettings(controls: [.init(name: "gain", value: 5)]))
        #expect(test.error?.found.contains("nobody has accepted") == true)
        try write(CameraSettings(controls: [.init(name: "gain", value: 4)]))
        file.date = "2026-12-01T00:00:00Z"
        try file.write(to: test.folder.calibration)
        #expect(test.error?.found.contains("nobody has accepted") == true)
        try SafeFile.write(Array("{}".utf8), to: test.folder.cameraOverride)
        #expect(test.error?.thing == test.folder.cameraOverride)
        try CameraOverride.withdraw(from: test.folder)
        try CameraOverride.withdraw(from: test.folder)
        #expect(test.error?.found == "others")
    }

    @Test("statistics without the level, or not square, are refused with the file's name")
    func statistics() throws {
        let statistics = try LevelStatistics(level: .layer1, side: 2, mean: [1, 2, 3, 4], deviation: [0, 1, 2, 3])
        let bytes = StatisticsFile.encoded([statistics], metadata: [:])
        #expect(try StatisticsFile.parse(bytes, name: "maps", levels: [.layer1]) == [statistics])
        #expect(recipeError { _ = try StatisticsFile.parse(bytes, name: "maps", levels: [.layer2]) }?.thing == "maps")
        func error(_ mean: WeightTensor, _ deviation: WeightTensor) -> RecipeError? {
            let bytes = Safetensors(tensors: ["layer1.mean": mean, "layer1.deviation": deviation]).encoded()
            return recipeError { _ = try StatisticsFile.parse(bytes, name: "maps", levels: [.layer1]) }
        }
        let four = WeightTensor(shape: [2, 2], values: [1, 1, 1, 1])
        #expect(error(four, four) == nil)
        #expect(error(four, .init(shape: [4], values: [1, 1, 1, 1]))?.code == .badFile)
        #expect(error(.init(shape: [1, 4], values: four.values), .init(shape: [1, 4], values: four.values)) != nil)
        #expect(error(four, .init(shape: [2, 2], values: [1, 1, -1, 1]))?.thing.hasPrefix("maps") == true)
        #expect(error(.init(shape: [2, 2], values: [1, .nan, 1, 1]), four)?.code == .badFile)
        #expect(error(.init(shape: [0, 0], values: []), .init(shape: [0, 0], values: [])) != nil)
    }
}
