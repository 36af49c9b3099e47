// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

@Suite struct ReloadTests {
    /// A running line.
    private func running(_ name: String, rate: Double = 200) throws -> LineUnderTest {
        let line = try LineUnderTest(name, parts: Array(repeating: .good, count: 10), rate: rate)
        try line.boot()
        #expect(line.command("start"))
        try line.wait(parts: 2)
        return line
    }

    /// Sends SIGHUP and waits for an event of a kind that is new.
    private func reload(_ line: LineUnderTest, _ kind: String) throws -> JSON {
        let seq = try #require(line.status?["seq"]?.int)
        line.daemon?.send(SIGHUP)
        return try line.event(kind, since: seq)
    }

    @Test("a bad file keeps the old configuration: an event with line and nearest key, and the line runs on")
    func badFile() throws {
        let line = try running("typo")
        line.more = "log: {levle: debug}"
        try line.writeConfiguration()
        let event = try reload(line, "configuration_rejected")
        let detail = try #require(event["detail"]?.text)
        #expect(
            detail.contains("\(line.configuration):7") && detail.contains("levle") && detail.contains("'level'"),
            "\(detail)")
        #expect(event["state"]?.text == "running")
        try Files.write("recipe: [", to: line.configuration)
        _ = try reload(line, "configuration_rejected")
        unlink(line.configuration)
        let missing = try reload(line, "configuration_rejected")
        #expect(missing["detail"]?.text?.contains(line.configuration) == true)
        line.expect("running", permit: true)
        try line.wait(parts: (line.status?["parts"]?.int ?? 0) + 5)
        line.more = "log: {level: debug}"
        try line.writeConfiguration()
        _ = try reload(line, "configuration_reloaded")
        line.expect("running", permit: true, "the log doesn't affect verdicts")
    }

    @Test("keys that need a restart are refused by name, and nothing of the file is taken")
    func restartOnly() throws {
        let line = try running("restart")
        let (state, sockets, outputs) = (line.state, line.sockets, line.outputsFile)
        line.state = line.folder / "other"
        line.recipe = "none"
        try line.writeConfiguration()
        #expect(try reload(line, "configuration_rejected")["detail"]?.text?.contains("state") == true)
        line.state = state
        line.recipe = "tiny"
        line.outputsFile = line.folder / "other"
        try line.writeConfiguration()
        #expect(try reload(line, "configuration_rejected")["detail"]?.text?.contains("outputs") == true)
        line.outputsFile = outputs
        let other = sockets + "2"
        try Files.write(
            (Files.text(line.configuration) ?? "").replacing(sockets, with: other).replacing(
                line.folder / "other", with: outputs), to: line.configuration)
        #expect(try reload(line, "configuration_rejected")["detail"]?.text?.contains("sockets") == true)
        line.expect("running", permit: true)
        #expect(line.status?["recipe"]?.text == "tiny")
    }

    @Test("another source or rate takes the permit away, and after a start its parts are judged")
    func otherSource() throws {
        let fixture = try Fixture.shared()
        let line = try running("source", rate: 0)
        for rate in [150, 300, 0] {
            line.source = "{kind: folder, path: \(line.folder / "parts"), rate: \(rate), repeat: true}"
            try line.writeConfiguration()
            let event = try reload(line, "configuration_reloaded")
            // Blocked until the new source is open, which may be at once.
            #expect(["ready", "blocked"].contains(event["state"]?.text))
            #expect(line.status?["permit"] == .bool(false))
            #expect(line.startWhenReady(), "rate \(rate)")
            try line.wait(parts: 20)
            line.expect("running", permit: true)
        }
        try fixture.lay([.good, .noise], in: line.folder / "others")
        line.source = "{kind: folder, path: \(line.folder / "others"), rate: 100, repeat: true}"
        try line.writeConfiguration()
        _ = try reload(line, "configuration_reloaded")
        #expect(line.status?["source"]?.text?.hasSuffix("/others") == true)
        #expect(line.startWhenReady())
        try line.wait(for: "stopped")
        #expect(line.status?["stopped_part"]?.text == "002.png")
        #expect(!(try line.history()).contains { ["fault", "source_lost"].contains($0["event"]?.text) })
    }

    @Test("another recipe, of another size too, takes the permit away and never makes a fault, however fast parts come")
    func otherRecipe() throws {
        let fixture = try Fixture.shared()
        let line = try running("recipe", rate: 0)
        line.recipes = line.folder / "recipes"
        try Files.makeFolder(line.recipes)
        try Files.copyFolder(fixture.recipes + "/tiny", to: line.recipes + "/tiny")
        let other = try jidoka(
            "train", "other", "--data", fixture.goodFolder, "--recipes", line.recipes, "--size", "96", "--epochs", "2",
            "--json")
        let model = try #require(other.json?["model"]?.text)
        for round in 0..<6 {
            line.recipe = round % 2 == 0 ? "other" : "tiny"
            try line.writeConfiguration()
            _ = try reload(line, "configuration_reloaded")
            // The event comes first, then the recipe is loaded.
            #expect(Patience.until { line.status?["recipe"]?.text == line.recipe })
            #expect(line.status?["permit"] == .bool(false))
            #expect(line.status?["model"]?.text == (round % 2 == 0 ? model : fixture.model))
            // The other recipe may find one of these parts strange, also just before the exchange; that is a verdict, too.
            #expect(
                try Patience.until {
                    guard line.status?["state"]?.text == "stopped" else { return line.command("start") }
                    try line.bringBack()
                    return true
                })
            #expect(
                Patience.until { (line.status?["parts"]?.int ?? 0) > 5 || line.status?["state"]?.text == "stopped" })
            if line.status?["state"]?.text == "stopped" { try line.bringBack() }
        }
        #expect(!(try line.history()).contains { $0["event"]?.text == "fault" })
    }

    @Test("SIGHUP before anybody listens for it doesn't end the daemon")
    func early() throws {
        for _ in 0..<5 {
            let line = try LineUnderTest("early", parts: [.good])
            try line.writeConfiguration()
            try line.launch()
            // The permit file is the daemon's first act, long before the last service listens.
            #expect(Patience.until { Files.exists(line.outputsFile) || line.daemon?.isRunning != true })
            for _ in 0..<20 { line.daemon?.send(SIGHUP) }
            try line.wait(for: "ready")
        }
    }

    @Test("a recipe that was calibrated again is taken at SIGHUP, with the permit off")
    func calibratedAgain() throws {
        let fixture = try Fixture.shared()
        let line = try LineUnderTest("again", parts: Array(repeating: .good, count: 10))
        line.recipes = line.folder / "recipes"
        try Files.makeFolder(line.recipes)
        try Files.copyFolder(fixture.recipes + "/tiny", to: line.recipes + "/tiny")
        try line.boot()
        #expect(line.command("start"))
        _ = try reload(line, "configuration_reloaded")
        line.expect("running", permit: true, "nothing has changed")
        let output = try jidoka("calibrate", "tiny", "--recipes", line.recipes, "--alpha", "0.5", "--json")
        let stop = try #require(output.json?["thresholds"]?["stop"])
        #expect(line.status?["threshold"] == .number(fixture.threshold), "not before it is told")
        _ = try reload(line, "configuration_reloaded")
        #expect(Patience.until { line.status?["threshold"] == stop })
        try line.wait(for: "ready")
        line.expect("ready", permit: false)
    }

    @Test("a recipe that is gone at SIGHUP takes the permit away and says why; it can come back")
    func deletedRecipe() throws {
        let fixture = try Fixture.shared()
        let line = try LineUnderTest("deleted", parts: Array(repeating: .good, count: 10), rate: 0)
        line.recipes = line.folder / "recipes"
        try Files.makeFolder(line.recipes)
        try Files.copyFolder(fixture.recipes + "/tiny", to: line.recipes + "/tiny")
        try line.boot()
        #expect(line.command("start"))
        try line.wait(parts: 5)
        try Files.move(line.recipes + "/tiny", to: line.recipes + "/gone")
        try line.wait(parts: (line.status?["parts"]?.int ?? 0) + 5)
        line.daemon?.send(SIGHUP)
        #expect(Patience.until { line.status?["permit"] == .bool(false) })
        #expect(Patience.until { line.status?["recipe"] == .null })
        #expect(!line.permitIsOn && !line.command("start"))
        let told = try line.history().last { ["blocked", "fault", "recipe_missing"].contains($0["event"]?.text) }
        #expect(told?["detail"]?.text?.contains(line.recipes + "/tiny") == true, "\(String(describing: told))")
        try Files.move(line.recipes + "/gone", to: line.recipes + "/tiny")
        line.daemon?.send(SIGHUP)
        #expect(Patience.until { line.status?["recipe"]?.text == "tiny" })
        if line.status?["state"]?.text == "fault" { #expect(line.acknowledge() && line.command("reset")) }
        try line.wait(for: "ready")
        #expect(line.command("start"))
        try line.wait(parts: 5)
    }
}
