// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

@Suite struct SourceTests {
    @Test("a picture that can't be read while running is a fault that names the part, and the next ones are judged")
    func corruptPicture() throws {
        let fixture = try Fixture.shared()
        let whole = try #require(Files.bytes(fixture.good[0]))
        let bad: [Fixture.Part] = [
            .file(Array(whole.prefix(whole.count / 2)), suffix: ".jpg"), .file([], suffix: ".png"),
            .file(Array("text".utf8), suffix: ".jpg"),
        ]
        let line = try LineUnderTest(
            "corrupt", parts: [.good, .good, bad[0], .good, .good, bad[1], .good, .good, bad[2], .good, .good, .good],
            rate: 50)
        try line.boot()
        #expect(line.command("start"))
        for part in ["003.jpg", "006.png", "009.jpg"] {
            try line.wait(for: "fault")
            line.expect("fault", permit: false)
            #expect(line.outputs.contains("lamp=fault_code"))
            let event = try #require(try line.history().last { $0["event"]?.text == "fault" })
            let detail = event["detail"]?.text ?? ""
            #expect(detail.hasPrefix("picture_corrupt") && detail.contains(part), "\(detail)")
            try line.bringBack()
        }
        line.expect("running", permit: true)
    }

    @Test("a folder that ends while running is a lost source; a person brings the line back")
    func folderEnds() throws {
        let line = try LineUnderTest("ends", parts: [.good, .good, .good], repeats: false)
        try line.boot()
        for _ in 0..<2 {
            #expect(line.command("start"))
            try line.wait(for: "fault")
            line.expect("fault", permit: false)
            let event = try line.event("fault")
            #expect(event["detail"]?.text?.hasPrefix("source_lost") == true)
            #expect(line.status?["parts"]?.int == 3)
            #expect(line.acknowledge())
            // The folder is there to be played again.
            #expect(Patience.until { line.command("reset") })
            try line.wait(for: "ready")
        }
    }

    @Test("a folder that disappears is a fault that can't be reset away before it is back")
    func folderDisappears() throws {
        let line = try LineUnderTest("gone", parts: Array(repeating: .good, count: 4))
        try line.boot()
        #expect(line.command("start"))
        try line.wait(parts: 5)
        try Files.move(line.folder / "parts", to: line.folder / "moved")
        try line.wait(for: "fault")
        line.expect("fault", permit: false)
        #expect(line.acknowledge() && !line.command("reset"))
        try Files.move(line.folder / "moved", to: line.folder / "parts")
        #expect(Patience.until { line.command("reset") })
        try line.wait(for: "ready")
        #expect(line.command("start"))
        try line.wait(parts: 5)
    }

    @Test("without pictures the line is blocked, says why, and becomes ready when they come")
    func noPictures() throws {
        let fixture = try Fixture.shared()
        let line = try LineUnderTest("none", recipes: fixture.recipes, source: "")
        line.source = "{kind: folder, path: \(line.folder / "parts"), repeat: true}"
        try line.boot(until: "blocked")
        let told = try line.event("source_lost")
        #expect(told["detail"]?.text?.contains(line.folder / "parts") == true)
        let answer = line.ask("{\"cmd\":\"start\"}")
        #expect(answer?["error"]?["hint"]?.text?.contains(line.folder / "parts") == true)
        #expect(
            line.status?["reason"]?.text?.contains(line.folder / "parts") == true, "\(String(describing: line.status))")
        line.expect("blocked", permit: false)
        try fixture.lay([.good], in: line.folder / "parts")
        try line.wait(for: "ready")
        #expect(line.command("start"))
        try line.wait(parts: 3)
    }

    @Test(
        "a damaged recipe, or one that is not calibrated, blocks the line and says why",
        arguments: [
            "int8.safetensors", "maps.safetensors", "calibration.json", "recipe.yaml",
        ])
    func damagedRecipe(file: String) throws {
        let fixture = try Fixture.shared()
        let damages: [(name: String, damage: (String) throws -> Void)] = [
            ("byte", { try Files.flipByte($0) }), ("empty", { try Files.write([], to: $0) }), ("gone", { unlink($0) }),
            ("half", { path in try Files.write((Files.bytes(path) ?? []).dropLast(50), to: path) }),
        ]
        for (name, damage) in damages {
            let line = try LineUnderTest("damage", parts: [.good])
            line.recipes = line.folder / "recipes"
            try Files.makeFolder(line.recipes)
            try Files.copyFolder(fixture.recipes + "/tiny", to: line.recipes + "/tiny")
            try damage(line.recipes + "/tiny/" + file)
            try line.boot(until: "blocked")
            line.expect("blocked", permit: false, "\(name)")
            let status = try #require(line.status)
            #expect(status["reason"]?.text?.contains(file) == true, "\(name): \(status)")
            #expect(status["recipe"] == .null)
            for request in ["start", "reset"] { #expect(!line.command(request)) }
            #expect(!line.acknowledge())
            line.expect("blocked", permit: false, "\(name)")
        }
    }

    @Test("a threshold that is not a number, or of another model, never lets a line start")
    func badThreshold() throws {
        let fixture = try Fixture.shared()
        let text = try #require(Files.text(fixture.recipes + "/tiny/calibration.json"))
        let stop = "\"stop\" : \(fixture.threshold)"
        #expect(text.contains(stop))
        let digit = fixture.model.hasPrefix("0") ? "1" : "0"
        let changed = [
            text.replacing(stop, with: "\"stop\" : null"), text.replacing(stop, with: "\"stop\" : 1e99"),
            text.replacing(stop, with: "\"stop\" : \"nan\""), text.replacing(stop, with: "\"stop\" : -1e99"),
            text.replacing(fixture.model, with: digit + fixture.model.dropFirst()), "{}", "[]", "null",
        ]
        for (index, calibration) in changed.enumerated() {
            let line = try LineUnderTest("threshold", parts: [.good])
            line.recipes = line.folder / "recipes"
            try Files.makeFolder(line.recipes)
            try Files.copyFolder(fixture.recipes + "/tiny", to: line.recipes + "/tiny")
            try Files.write(calibration, to: line.recipes + "/tiny/calibration.json")
            try line.boot(until: "blocked")
            #expect(!line.command("start"), "\(index)")
            line.expect("blocked", permit: false, "\(index)")
        }
    }
}
