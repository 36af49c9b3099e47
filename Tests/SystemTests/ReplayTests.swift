// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

@Suite struct ReplayTests {
    /// A line that was stopped by a part, with a recipe of its own that a test may change.
    private func stopped(_ name: String) throws -> (line: LineUnderTest, seq: String) {
        let fixture = try Fixture.shared()
        let line = try LineUnderTest(name, parts: [.good, .good, .noise, .good])
        let recipes = line.folder / "recipes"
        #expect(try run("/bin/cp", ["-r", fixture.recipes, recipes]).ending == .exit(0))
        line.recipes = recipes
        line.more = "evidence: {good_every: 1}"
        try line.boot()
        #expect(line.command("start"))
        try line.wait(for: "stopped")
        let seq = try #require(try line.event("stop")["seq"]?.int)
        #expect(Patience.until { (line.status?["evidence"]?["written"]?.int ?? 0) >= 3 })
        return (line, "\(seq)")
    }

    private func replay(_ line: LineUnderTest, _ what: String) throws -> Output {
        try jidoka("replay", what, "--state", line.state, "--json")
    }

    private func folder(_ line: LineUnderTest, _ end: String) throws -> String {
        let evidence = line.state + "/evidence"
        return evidence + "/" + (try #require(Files.names(evidence).first { $0.hasSuffix(end) || $0.hasPrefix(end) }))
    }

    @Test("a stop is decided again from its evidence, bit for bit, also when the recipe is another one by then")
    func again() throws {
        let (line, seq) = try stopped("replay")
        let first = try replay(line, seq)
        #expect(first.ending == .exit(0) && first.json?["problems"]?.items.isEmpty == true, "\(first)")
        #expect(first.json?["score_bits"]?.text == first.json?["again_bits"]?.text)
        #expect(first.json?["part"]?.text == "003.png" && first.json?["verdict"]?.text == "stop")
        // The camera's own bytes, not a copy of what was seen.
        let place = try folder(line, "-stop")
        let fixture = try Fixture.shared()
        #expect(try run("/usr/bin/cmp", [place + "/picture.png", fixture.noise]).ending == .exit(0))
        // A sample of a good part, by its name.
        let good = try folder(line, "good-")
        let sample = try replay(line, String(good.split(separator: "/").last ?? ""))
        #expect(sample.ending == .exit(0) && sample.json?["verdict"]?.text == "pass", "\(sample)")
        // Another threshold, and no recipe at all: the copy decides.
        #expect(line.terminate() == .exit(0))
        #expect(try run("/bin/rm", ["-r", line.recipes]).ending == .exit(0))
        #expect(try replay(line, seq).ending == .exit(0))
    }

    @Test("evidence, history or copy that were changed are found, and what is not there is said")
    func changed() throws {
        let (line, seq) = try stopped("replay-changed")
        #expect(line.terminate() == .exit(0))
        let place = try folder(line, "-stop")
        let fixture = try Fixture.shared()
        // Another picture in its place.
        #expect(try run("/bin/cp", [place + "/picture.png", place + "/kept.png"]).ending == .exit(0))
        try Files.write(PlainPNG.noise(side: 96, seed: 8), to: place + "/picture.png")
        let other = try replay(line, seq)
        #expect(other.ending == .exit(1) && other.json?["problems"]?.items.count ?? 0 >= 2, "\(other)")
        #expect(try run("/bin/cp", [place + "/kept.png", place + "/picture.png"]).ending == .exit(0))
        #expect(try replay(line, seq).ending == .exit(0))
        // A picture that is no picture, a number that has none, a path.
        try Files.write("no picture", to: place + "/picture.png")
        #expect(try replay(line, seq).ending == .exit(2))
        #expect(try replay(line, "99999").ending == .exit(2))
        #expect(try replay(line, "../history.sqlite").ending == .exit(2))
        // The copy of the recipe.
        #expect(try run("/bin/cp", [place + "/kept.png", place + "/picture.png"]).ending == .exit(0))
        let copies = line.state + "/evidence/recipes"
        let copy = try #require(Files.names(copies).first)
        // Networks and threshold of another training.
        let trained = try jidoka(
            "train", "tiny", "--data", fixture.goodFolder, "--recipes", copies + "/" + copy, "--size", "64", "--epochs",
            "2",
            "--seed", "2")
        #expect(trained.ending == .exit(0), "\(trained)")
        let recalibrated = try replay(line, seq)
        #expect(recalibrated.ending == .exit(1), "\(recalibrated)")
    }

    @Test("a part that stops the line further on is decided again by the number of either event")
    func fixedPosition() throws {
        let line = try LineUnderTest("replay-position", parts: [.good, .noise, .good], rate: 20)
        line.more = "line: {stop_at: {ms: 200}}"
        try line.boot()
        #expect(line.command("start"))
        try line.wait(for: "stopped")
        // More than one where the folder began again before the line stood.
        let pending = try line.history().count { $0["event"]?.text == "stop_pending" }
        #expect(pending > 0 && Patience.until { (line.status?["evidence"]?["written"]?.int ?? 0) >= pending })
        for kind in ["stop_pending", "stop"] {
            let seq = try #require(try line.event(kind)["seq"]?.int)
            let again = try replay(line, "\(seq)")
            #expect(again.ending == .exit(0) && again.json?["part"]?.text == "002.png", "\(kind): \(again)")
        }
    }

    @Test("a folder of evidence that can't be written stops nothing, and the status says so")
    func unwritable() throws {
        let line = try LineUnderTest("replay-unwritable", parts: [.good, .noise, .good])
        try Files.makeFolder(line.state)
        try Files.write("in the way", to: line.state + "/evidence")
        try line.boot()
        #expect(line.command("start"))
        try line.wait(for: "stopped")
        #expect(Patience.until { line.status?["evidence"]?["failed"]?.int == 1 })
        #expect(line.status?["evidence"]?["failure"]?.text?.contains("evidence") == true)
        // The same part stops it again.
        try line.bringBack()
        #expect(Patience.until { line.status?["evidence"]?["failed"]?.int == 2 })
    }
}
