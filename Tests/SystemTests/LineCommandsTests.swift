// SPDX-License-Identifier: Apache-2.0

import Testing

/// Bypass, changeover and the history's chain, typed as a person types them.
@Suite struct LineCommandsTests {
    private func say(_ line: LineUnderTest, _ arguments: String...) throws -> Output {
        try run(Programs.jidoka, arguments + ["--sockets", line.sockets])
    }

    @Test("a bypass needs a name, a reason and an end, and leaves a stop as it was")
    func bypass() throws {
        let line = try LineUnderTest("bypass", parts: [.good, .noise, .good])
        try line.boot()
        #expect(line.command("start"))
        try line.wait(for: "stopped")
        #expect(try say(line, "bypass", "--minutes", "5").ending == .exit(64))
        #expect(try say(line, "bypass", "--minutes", "481", "--reason", "camera").ending == .exit(1))
        #expect(try say(line, "bypass", "--end").ending == .exit(1))
        #expect(
            try say(line, "bypass", "--minutes", "5", "--reason", "camera is broken", "--user", "eva").ending
                == .exit(0))
        line.expect("bypass", permit: true)
        #expect(line.outputs.contains("lamp=yellow_blue"))
        #expect(try say(line, "status").out.contains("until the bypass ends"))
        #expect(try say(line, "bypass", "--end").ending == .exit(0))
        line.expect("stopped", permit: false)
        let kinds = try line.history().compactMap { $0["event"]?.text }
        #expect(kinds.contains("bypass") && kinds.contains("bypass_ended"))
    }

    @Test("a changeover stops the line, survives a restart, and a recipe that is not there leaves it blocked")
    func changeover() throws {
        let line = try LineUnderTest("changeover", parts: Array(repeating: .good, count: 40))
        try line.boot()
        #expect(line.command("start"))
        line.expect("running", permit: true)
        #expect(try say(line, "recipe", "../tiny").ending == .exit(1))
        line.expect("running", permit: true)
        #expect(try say(line, "recipe", "nowhere").ending == .exit(0))
        try line.wait(for: "blocked")
        #expect(!line.permitIsOn)
        #expect(Patience.until { line.status?["reason"]?.text?.contains("nowhere") == true })
        // Who has asked for a recipe gets it after a restart, too.
        #expect(line.terminate() == .exit(0))
        try line.boot(until: "blocked")
        #expect(Patience.until { line.status?["reason"]?.text?.contains("nowhere") == true })
        #expect(try say(line, "recipe", "tiny").ending == .exit(0))
        #expect(line.startWhenReady())
        line.expect("running", permit: true)
    }

    @Test("suspicious parts raise an andon: the line runs on, stops when nobody looks, and not when somebody does")
    func andon() throws {
        let fixture = try Fixture.shared()
        let line = try LineUnderTest("andon", parts: Array(repeating: .good, count: 20), rate: 20)
        let recipes = line.folder / "recipes"
        #expect(try run("/bin/cp", ["-r", fixture.recipes, recipes]).ending == .exit(0))
        // Nearly every good part is called suspicious.
        let calibrated = try jidoka(
            "calibrate", "tiny", "--warn-alpha", "0.9", "--data", fixture.goodFolder, "--recipes", recipes)
        #expect(calibrated.ending == .exit(0) && calibrated.out.contains("warn threshold"), "\(calibrated)")
        let narrower = try jidoka(
            "calibrate", "tiny", "--warn-alpha", "0.08", "--alpha", "0.2", "--data", fixture.goodFolder, "--recipes",
            recipes)
        #expect(narrower.ending == .exit(1) && narrower.errors.contains("warn-alpha"), "\(narrower)")
        line.recipes = recipes
        line.more = "line: {andon: {seconds: 2, good_parts: 0}, escalation_s: 1}"
        try line.boot()
        #expect(line.command("start"))
        try line.wait(for: "andon")
        #expect(line.permitIsOn && line.outputs.contains("lamp=yellow"))
        #expect(line.acknowledge())
        try line.wait(for: "stopped")
        #expect(!line.permitIsOn)
        #expect(line.status?["reason"]?.text?.hasPrefix("andon: nobody has looked in time") == true)
        #expect(Patience.until { line.outputs.contains("escalation=on") })
        #expect(line.acknowledge())
        #expect(Patience.until { line.outputs.contains("escalation=off") })
        let kinds = try line.history().compactMap { $0["event"]?.text }
        #expect(kinds.contains("warn") && kinds.contains("escalation"))
    }

    @Test("watch shows state, permit, parts and events, in a pipe once, and says when nobody answers")
    func watch() throws {
        let line = try LineUnderTest("watch", parts: [.good, .noise, .good])
        try line.boot()
        #expect(line.command("start"))
        try line.wait(for: "stopped")
        let shown = try say(line, "watch", "--ascii")
        #expect(shown.ending == .exit(0) && shown.out.contains("permit off") && shown.out.contains("[a] acknowledge"))
        #expect(shown.out.contains("stop  002.png") && shown.out.contains(" #### "))
        let rows = shown.out.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(rows.count <= 25 && rows.allSatisfy { $0.count <= 80 })
        // No colours, no signs beyond ASCII where nobody looks.
        #expect(shown.out.utf8.allSatisfy { $0 < 128 && ($0 >= 32 || $0 == 10) })
        #expect(line.terminate() == .exit(0))
        let nobody = try say(line, "watch")
        #expect(nobody.ending == .exit(1) && nobody.out.contains("does not answer"))
    }

    @Test("the history of a line is sound, and one that was edited is not")
    func verification() throws {
        let line = try LineUnderTest("verification", parts: [.good, .noise, .good])
        try line.boot()
        #expect(line.command("start"))
        try line.wait(for: "stopped")
        #expect(line.terminate() == .exit(0))
        let sound = try jidoka("verify-history", "--state", line.state, "--without-journal", "--json")
        #expect(sound.ending == .exit(0) && sound.json?["problems"]?.items.isEmpty == true)
        let missing = try jidoka("verify-history", "--state", line.state + "/none", "--without-journal")
        #expect(missing.ending == .exit(2) && missing.errors.contains("history.sqlite"))
    }
}
