// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// Every detector that a recipe can name, from good parts to a verdict.
@Suite struct DetectorTests {
    /// A recipe of each kind, trained once, in one folder.
    private static let recipes = Result { try trained() }

    private static let kinds: [(name: String, file: String, engine: String)] = [
        ("stpm", "student.safetensors", "int8"), ("padim", "padim.safetensors", "float32"),
        ("patch-memory", "memory.safetensors", "float32"),
    ]

    private static func trained() throws -> String {
        let folder = TemporaryFolder.root + "/detectors"
        for kind in kinds { try train(kind.name, in: folder) }
        return folder
    }

    @discardableResult
    private static func train(_ kind: String, in recipes: String, _ more: [String] = []) throws -> JSON? {
        let output = try run(
            Programs.jidoka,
            [
                "train", kind, "--detector", kind, "--data", try Fixture.shared().goodFolder, "--recipes", recipes,
                "--json",
            ]
                + Fixture.settings + more)
        #expect(output.ending == .exit(0), "\(output)")
        return output.json
    }

    @Test("a recipe of each kind tells good parts from noise, is evaluated, calibrated again and described")
    func wholeWay() throws {
        let fixture = try Fixture.shared()
        let folder = try Self.recipes.get()
        let data = try TemporaryFolder("detectors-data")
        try Files.makeFolder(data / "OK")
        try Files.makeFolder(data / "NG")
        for index in 0..<6 { try Files.copy(fixture.good[index], to: data / "OK/\(index).jpg") }
        for index in 0..<4 {
            try Files.write(PlainPNG.noise(side: 96, seed: UInt64(index) + 1), to: data / "NG/\(index).png")
        }
        for kind in Self.kinds {
            let place = ["--recipe", kind.name, "--recipes", folder, "--json"]
            let judged = try run(
                Programs.jidoka, ["inspect", "--heatmap", folder + "/maps"] + place + fixture.good + [fixture.noise])
            let verdicts = judged.json?.items.compactMap { $0["verdict"]?.text } ?? []
            #expect(verdicts.last == "stop" && verdicts.count == 61, "\(kind.name): \(judged)")
            // Three epochs teach little, and the parts of calibration are few.
            #expect(verdicts.dropLast().count { $0 == "pass" } >= 40, "\(kind.name): \(verdicts)")
            let evaluated = try run(Programs.jidoka, ["evaluate", data.path] + place)
            #expect(evaluated.json?["n_defect"]?.int == 4, "\(kind.name): \(evaluated)")
            let recall = evaluated.json?["recall"]
            #expect(recall == .number("1"), "\(kind.name): \(evaluated)")
            let calibrated = try jidoka(
                "calibrate", kind.name, "--recipes", folder, "--alpha", "0.2", "--json")
            #expect(calibrated.json?["detector"]?.text == kind.name, "\(calibrated)")
            let shown = try jidoka("model", "show", kind.name, "--recipes", folder, "--json")
            #expect(shown.json?["detector"]?.text == kind.name && shown.json?["engine"]?.text == kind.engine)
            // The reduced student's levels are chosen; the others have one map, at the shallowest level's grid.
            let levels = shown.json?["map"]?["levels"]?.items.compactMap(\.text) ?? []
            #expect(kind.name == "reduced-student" ? !levels.isEmpty : levels.count == 1, "\(kind.name): \(levels)")
            let text = try jidoka("model", "show", kind.name, "--recipes", folder)
            #expect(text.ending == .exit(0) && text.out.contains("detector     \(kind.name)\n"), "\(text)")
            // Nothing of another detector lies about.
            for other in Self.kinds where other.file != kind.file {
                #expect(Files.bytes(folder + "/\(kind.name)/\(other.file)") == nil)
            }
        }
    }

    @Test("the same training gives the same bits, with one thread as with three")
    func repeats() throws {
        let folder = try Self.recipes.get()
        for kind in Self.kinds where kind.engine == "float32" {
            let expected = try #require(Files.bytes(folder + "/\(kind.name)/\(kind.file)"))
            for threads in ["1", "3"] {
                let again = try TemporaryFolder("again")
                try Self.train(kind.name, in: again.path, ["--threads", threads])
                #expect(
                    Files.bytes(again / "\(kind.name)/\(kind.file)") == expected, "\(kind.name), \(threads) threads")
                #expect(
                    Files.bytes(again / "\(kind.name)/maps.safetensors")
                        == Files.bytes(folder + "/\(kind.name)/maps.safetensors"))
            }
        }
    }

    @Test("integers are refused where there are none, before training and after")
    func integers() throws {
        let fixture = try Fixture.shared()
        let folder = try Self.recipes.get()
        for kind in Self.kinds where kind.engine == "float32" {
            let train = try jidoka(
                "train", "r", "--detector", kind.name, "--engine", "int8", "--data", fixture.goodFolder, "--recipes",
                folder + "/none")
            #expect(train.ending == .exit(64) && train.errors.contains("float32"), "\(train)")
            let before = Files.bytes(folder + "/\(kind.name)/calibration.json")
            for command in [["quantize", kind.name], ["compare", fixture.goodFolder, "--recipe", kind.name]] {
                let output = try run(Programs.jidoka, command + ["--recipes", folder])
                #expect(output.ending != .exit(0) && !output.errors.isEmpty && output.out.isEmpty, "\(output)")
            }
            #expect(Files.bytes(folder + "/\(kind.name)/calibration.json") == before)
        }
    }

    @Test("a daemon runs a patch memory: good parts pass, noise stops the line with the tool's score")
    func daemon() throws {
        let fixture = try Fixture.shared()
        let folder = try Self.recipes.get()
        let judged = try run(
            Programs.jidoka,
            ["inspect", "--recipe", "patch-memory", "--recipes", folder, "--json"] + fixture.good + [fixture.noise]
        )
        let verdicts = judged.json?.items ?? []
        let passing = verdicts.filter { $0["verdict"]?.text == "pass" }.compactMap { $0["file"]?.text }
        try #require(passing.count >= 3)
        let line = try LineUnderTest("patch-memory", recipes: folder, source: "")
        line.recipe = "patch-memory"
        line.source = "{kind: folder, path: \(line.folder / "parts"), rate: 50, repeat: false}"
        try Files.makeFolder(line.folder / "parts")
        for (index, path) in passing.prefix(3).enumerated() {
            try Files.copy(path, to: line.folder / "parts/00\(index).jpg")
        }
        try Files.copy(fixture.noise, to: line.folder / "parts/003.png")
        try line.boot()
        #expect(line.command("start"))
        let event = try line.event("stop")
        #expect(event["part"]?.text == "003.png" && event["recipe"]?.text == "patch-memory")
        #expect(event["score"] == verdicts.last?["score"] && event["score"] != nil)
        line.expect("stopped", permit: false)
    }
}
