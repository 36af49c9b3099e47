// SPDX-License-Identifier: Apache-2.0

import Calibration
import Digests
import Glibc
import Inspection
import Pictures
import Recipes
import Testing

@Suite struct RecipeCalibrationTests {
    /// A trained recipe and its good parts: 2 to train, 6 to select, 19 to calibrate with; 5 parts with a defect.
    private struct Trained {
        let scratch: ScratchFolder
        let folder: RecipeFolder
        let list: PartList

        init() throws {
            scratch = try ScratchFolder()
            folder = try RecipeFolder("r", in: scratch.path)
            let rule = InputRule(size: 32)
            try TestNetworks.write(folder, rule: rule)
            for name in ["OK", "NG"] { try SafeFile.makeFolder(scratch.path + "/data/" + name) }
            var parts: [PartList.Part] = []
            for number in 0..<32 {
                let role: PartDeal.Role? = number < 2 ? .train : number < 8 ? .select : number < 27 ? .calibrate : nil
                let name = role == nil ? "NG/\(number).png" : "OK/\(number).png"
                let bytes = try part(UInt64(number), size: 48, noise: role == nil ? 90 : 0).png()
                writeQuickly(bytes, to: scratch.path + "/data/" + name)
                if let role { parts.append(.init(path: name, sha256: Digest.sha256(bytes), role: role)) }
            }
            list = PartList(data: scratch.path + "/data", seed: 1, groups: 27, parts: parts)
            try list.write(to: folder.parts)
        }
    }

    @Test("a trained recipe is calibrated, loads, and the same parts give the same threshold")
    func calibrates() throws {
        let trained = try Trained()
        #expect(try PartList.read(trained.folder.parts) == trained.list)
        let one = try RecipeCalibration(trained.folder, alpha: 0.05, tool: "test")
        #expect(one.threshold.order == 19 && one.threshold.count == 19 && one.file.alpha == 0.05)
        #expect(one.file.scores.map(\.part) == (8..<27).map { "OK/\($0).png" })
        #expect(one.file.scores.map(\.score).max() == one.threshold.value)
        let loaded = try LoadedRecipe(trained.folder)
        #expect(loaded.threshold.stop == one.threshold.value && loaded.calibration == one.file)
        let again = try RecipeCalibration(trained.folder, tool: "test")
        #expect(again.threshold == one.threshold && again.file.maps == one.file.maps)
        // 19 parts, several defects in each, the same ones every time.
        let detection = try #require(one.file.detection)
        #expect(detection.trials > 0 && detection.sizeClass == 3 && again.file.detection == detection)
        #expect(detection.seeds.count == 16 && Set(detection.seeds).count == 16)
        let limit = BinomialTail.upperRate(detection.missed, of: detection.trials, confidence: 0.99)
        #expect((0...detection.trials).contains(detection.missed) && detection.limit == limit)
        // The daemon's way gives the scores that were calibrated, bit for bit.
        let inspector = try Inspector(model: loaded.model)
        for score in one.file.scores {
            let picture = try Picture.read(trained.list.data + "/" + score.part).prepared(by: loaded.recipe.input)
            #expect(inspector.score(picture.pixels).bitPattern == score.score.bitPattern)
        }
    }

    @Test("an α that the parts can't support is refused and nothing is written")
    func tooStrict() throws {
        let trained = try Trained()
        let error = calibrationError { _ = try RecipeCalibration(trained.folder, alpha: 0.04, tool: "test") }
        #expect(error?.code == .tooFewParts && error?.expected.contains("24") == true)
        #expect(!SafeFile.exists(trained.folder.maps) && !SafeFile.exists(trained.folder.calibration))
    }

    @Test("a part that changed or went since it was dealt is named and nothing is written")
    func changedPart() throws {
        let trained = try Trained()
        let path = trained.list.data + "/OK/12.png"
        writeQuickly(try part(999, size: 48).png(), to: path)
        let changed = calibrationError { _ = try RecipeCalibration(trained.folder, tool: "test") }
        #expect(changed?.code == .badData && changed?.found.contains("OK/12.png") == true)
        unlink(path)
        let gone = calibrationError { _ = try RecipeCalibration(trained.folder, tool: "test") }
        #expect(gone?.code == .badData && gone?.found.contains("OK/12.png") == true)
        #expect(!SafeFile.exists(trained.folder.maps) && !SafeFile.exists(trained.folder.calibration))
    }

    @Test("an evaluation leaves out the good parts that the recipe was made from, and counts the rest")
    func evaluation() throws {
        let trained = try Trained()
        _ = try RecipeCalibration(trained.folder, tool: "test")
        let loaded = try LoadedRecipe(trained.folder)
        let data = try DataSet(trained.list.data)
        let fresh = try Evaluation(loaded, on: data, known: trained.list)
        #expect(fresh.nGood == 0 && fresh.nDefect == 5 && fresh.nLeftOut == 27)
        #expect(fresh.imageAUROC == nil && fresh.falseStopRate == nil && fresh.recall != nil)
        let all = try Evaluation(loaded, on: data, known: nil)
        #expect(all.nGood == 27 && all.nDefect == 5 && all.nLeftOut == 0)
        #expect(all.imageAUROC != nil && all.pixelAUROC == nil && all.perDefect["NG"]?.n == 5)
        #expect(all.latencyMS > 0 && all.threshold == loaded.threshold.stop)
        let goodOnly = try DataSet(trained.list.data + "/OK")
        #expect(calibrationError { _ = try Evaluation(loaded, on: goodOnly, known: nil) }?.code == .badData)
    }

    @Test("the identity of a training set changes with a part's role and with its content")
    func partList() throws {
        let trained = try Trained()
        var other = trained.list
        #expect(other.digest == trained.list.digest)
        other.parts[0].role = .select
        #expect(other.digest != trained.list.digest)
        other = trained.list
        other.parts[0].sha256 = String(repeating: "0", count: 64)
        #expect(other.digest != trained.list.digest)
        writeQuickly(Array("{".utf8), to: trained.folder.parts)
        #expect(throws: RecipeError.self) { try PartList.read(trained.folder.parts) }
        #expect(trained.list.of(.calibrate).count == 19)
    }
}
