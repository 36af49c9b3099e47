// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

@Suite("Inspect and calibrate") struct InspectTests {
    private func inspect(_ arguments: [String]) throws -> Output {
        let fixture = try Fixture.shared()
        return try run(
            Programs.jidoka, ["inspect"] + arguments + ["--recipe", "tiny", "--recipes", fixture.recipes])
    }

    @Test("exit status says pass, stop or fault; a fault doesn't keep the others from being judged")
    func statuses() throws {
        let fixture = try Fixture.shared()
        let folder = try TemporaryFolder("inspect")
        try Files.write("no picture", to: folder / "bad.jpg")
        let pass = try inspect([fixture.passing[0], fixture.passing[1]])
        #expect(pass.ending == .exit(0) && pass.errors.isEmpty)
        #expect(pass.out.split(separator: "\n").allSatisfy { $0.hasPrefix("PASS") })
        let stop = try inspect([fixture.passing[0], fixture.noise])
        #expect(stop.ending == .exit(1) && stop.out.contains("STOP  \(fixture.noise)"))
        let fault = try inspect([
            folder / "bad.jpg", folder / "missing.png", fixture.noise, fixture.passing[0], "--json",
        ])
        #expect(fault.ending == .exit(2))
        let items = try #require(fault.json?.items)
        #expect(items.compactMap { $0["verdict"]?.text } == ["fault", "fault", "stop", "pass"])
        #expect(items[0]["error"]?.text?.contains("bad.jpg") == true)
        #expect(items[1]["error"]?.text?.contains("missing.png") == true)
        #expect(items.allSatisfy { $0["threshold"] == .number(fixture.threshold) })
        #expect(items[2]["score"]?.double ?? 0 > Double(fixture.threshold) ?? .infinity)
    }

    @Test("heat maps are pictures that can be read; several need a folder")
    func heatMaps() throws {
        let fixture = try Fixture.shared()
        let folder = try TemporaryFolder("heat")
        let one = try inspect([fixture.noise, "--heatmap", folder / "one.png"])
        #expect(one.ending == .exit(1))
        let bytes = Files.bytes(folder / "one.png") ?? []
        #expect(bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]))
        // It decodes: judging it works, whatever the verdict is.
        #expect(try inspect([folder / "one.png"]).ending != .exit(2))
        let jpeg = try inspect([fixture.passing[0], "--heatmap", folder / "one.jpg"])
        #expect(jpeg.ending == .exit(0) && Files.bytes(folder / "one.jpg")?.starts(with: [0xFF, 0xD8]) == true)
        let many = try inspect([fixture.passing[0], fixture.noise, "--heatmap", folder / "two.png"])
        #expect(many.ending == .exit(64) && !Files.exists(folder / "two.png"))
        let maps = try inspect([fixture.passing[0], fixture.noise, "--heatmap", folder / "maps", "--json"])
        #expect(maps.ending == .exit(1) && Files.names(folder / "maps").count == 2)
        for item in maps.json?.items ?? [] {
            #expect(item["heatmap"]?.text.map(Files.exists) == true)
        }
        let nowhere = try inspect([fixture.passing[0], "--heatmap", "/proc/no/such/map.png"])
        #expect(nowhere.ending != .exit(0) && nowhere.ending != .exit(1))
    }

    @Test("a missing or damaged recipe is refused by name")
    func badRecipe() throws {
        let fixture = try Fixture.shared()
        let folder = try TemporaryFolder("recipes")
        for (name, file) in [("integers", "int8.safetensors"), ("maps", "maps.safetensors")] {
            try Files.copyFolder(fixture.recipes + "/tiny", to: folder / name)
            try Files.flipByte(folder / "\(name)/\(file)")
            let output = try jidoka("inspect", fixture.noise, "--recipe", name, "--recipes", folder.path)
            #expect(output.ending == .exit(1) && output.out.isEmpty && output.errors.contains(file), "\(output)")
        }
        let missing = try jidoka("inspect", fixture.noise, "--recipe", "none", "--recipes", folder.path)
        #expect(missing.ending == .exit(1) && missing.errors.contains(folder / "none"))
    }

    @Test("another rate, another threshold; a rate that the parts don't support changes nothing")
    func calibrate() throws {
        let fixture = try Fixture.shared()
        let folder = try TemporaryFolder("calibrate")
        try Files.copyFolder(fixture.recipes + "/tiny", to: folder / "tiny")
        let kept = Files.bytes(folder / "tiny/calibration.json")
        let refused = try jidoka("calibrate", "tiny", "--recipes", folder.path, "--alpha", "0.01")
        #expect(refused.ending == .exit(1) && refused.out.isEmpty && refused.errors.contains("99"), "\(refused)")
        #expect(Files.bytes(folder / "tiny/calibration.json") == kept)
        let same = try jidoka("calibrate", "tiny", "--recipes", folder.path, "--json")
        #expect(same.ending == .exit(0) && same.errors.isEmpty)
        #expect(same.json?["thresholds"]?["stop"] == .number(fixture.threshold))
        let higher = try jidoka("calibrate", "tiny", "--recipes", folder.path, "--alpha", "0.5", "--json")
        let stop = try #require(higher.json?["thresholds"]?["stop"]?.double)
        #expect(stop < Double(fixture.threshold) ?? 0)
        let model = try jidoka("model", "tiny", "--recipes", folder.path, "--json")
        #expect(model.ending == .exit(0) && model.json?["calibration"]?["thresholds"]?["stop"]?.double == stop)
        #expect(model.json?["model"]?.text == fixture.model)
        let text = try jidoka("model", "tiny", "--recipes", folder.path)
        #expect(text.ending == .exit(0) && text.out.contains(fixture.model) && text.errors.isEmpty)
    }

    @Test("a good part that was changed, deleted or damaged since training is named, and the threshold stays")
    func changedParts() throws {
        let fixture = try Fixture.shared()
        let folder = try TemporaryFolder("changed")
        try Files.copyFolder(fixture.goodFolder, to: folder / "good")
        try Files.copyFolder(fixture.recipes + "/tiny", to: folder / "tiny")
        let kept = Files.bytes(folder / "tiny/calibration.json")
        let list = try #require(JSON(parsing: Files.text(folder / "tiny/parts.json") ?? ""))
        let part = try #require(list["parts"]?.items.first { $0["role"]?.text == "calibrate" }?["path"]?.text)
        func calibrate() throws -> Output {
            try jidoka("calibrate", "tiny", "--recipes", folder.path, "--data", folder / "good")
        }
        #expect(try calibrate().ending == .exit(0))
        try Files.write(kept ?? [], to: folder / "tiny/calibration.json")
        let damages: [() throws -> Void] = [
            { try Files.copy(fixture.noise, to: folder / "good/\(part)") },
            { try Files.write("text", to: folder / "good/\(part)") },
            { unlink(folder / "good/\(part)") },
        ]
        for damage in damages {
            try damage()
            let output = try calibrate()
            #expect(output.ending == .exit(1) && output.out.isEmpty && output.errors.contains(part), "\(output)")
            #expect(Files.bytes(folder / "tiny/calibration.json") == kept)
        }
    }
}
