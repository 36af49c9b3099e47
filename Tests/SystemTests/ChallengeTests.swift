// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

@Suite struct ChallengeTests {
    /// A line with a recipe of its own that has challenge pictures: `bad/…`, `good/…` from files.
    private func line(
        _ name: String, bad: [String] = [], good: [String] = [], rate: Double = 100
    ) throws -> LineUnderTest {
        let line = try LineUnderTest(name, parts: Array(repeating: .good, count: 10), rate: rate)
        line.recipes = line.folder / "recipes"
        try Files.makeFolder(line.recipes)
        try Files.copyFolder(try Fixture.shared().recipes + "/tiny", to: line.recipes + "/tiny")
        for (kind, files) in [("bad", bad), ("good", good)] where !files.isEmpty { try show(files, as: kind, to: line) }
        return line
    }

    private func challenge(_ line: LineUnderTest) -> String { line.recipes + "/tiny/challenge" }

    private func show(_ files: [String], as kind: String, to line: LineUnderTest) throws {
        try Files.makeFolder(challenge(line))
        try Files.makeFolder(challenge(line) + "/" + kind)
        for (index, file) in files.enumerated() {
            let suffix = file.hasSuffix(".jpg") ? ".jpg" : ".png"
            try Files.copy(file, to: challenge(line) + "/\(kind)/\(index + 1)\(suffix)")
        }
    }

    private func count(_ kind: String, _ line: LineUnderTest) throws -> Int {
        try line.history().count { $0["event"]?.text == kind }
    }

    @Test("a known defect that is found and a good part that passes let the line start, and are no parts of it")
    func passed() throws {
        let fixture = try Fixture.shared()
        for more in ["", "line: {challenge_s: 3600}"] {
            let line = try line("passed", bad: [fixture.noise], good: [fixture.passing[0]])
            line.more = more
            try line.boot()
            // The state is seen a moment before its event is recorded.
            #expect(Patience.until { (try? line.history())?.contains { $0["event"]?.text == "ready" } == true })
            let events = try line.history().compactMap { $0["event"]?.text }
            let passed = try #require(events.firstIndex(of: "challenge_passed"), "\(events)")
            #expect(passed < (events.firstIndex(of: "ready") ?? -1), "\(events)")
            #expect(line.status?["parts"]?.int == 0 && line.status?["part"] == .null)
            #expect(line.status?["latency"]?["count"]?.int == 0)
            #expect(line.command("start"))
            try line.wait(parts: 20)
            line.expect("running", permit: true)
        }
    }

    @Test("a known defect that passes is a fault that names it, and is over when the pictures are right and read again")
    func missed() throws {
        let fixture = try Fixture.shared()
        for more in ["", "line: {challenge_s: 3600}"] {
            let line = try line("missed", bad: [fixture.passing[0]])
            line.more = more
            try line.boot(until: "fault")
            line.expect("fault", permit: false)
            let detail = try line.event("fault")["detail"]?.text ?? ""
            #expect(detail.hasPrefix("challenge_failed") && detail.contains("bad/1.jpg"), "\(detail)")
            #expect(detail.contains("score ") && detail.contains("threshold \(fixture.threshold)"), "\(detail)")
            #expect(!line.command("start") && line.acknowledge())
            // It is tried again, and the pictures are still the same.
            #expect(!line.command("reset") && line.status?["state"]?.text == "acknowledged")
            unlink(challenge(line) + "/bad/1.jpg")
            try show([fixture.noise], as: "bad", to: line)
            line.daemon?.send(SIGHUP)
            #expect(Patience.until { line.command("reset") })
            try line.wait(for: "ready")
            #expect(line.command("start"))
            try line.wait(parts: 5)
        }
    }

    @Test("a good part that would stop the line, and a picture that can't be read, are named")
    func wrongPictures() throws {
        let fixture = try Fixture.shared()
        let strict = try line("strict", bad: [fixture.noise], good: [fixture.noise])
        try strict.boot(until: "fault")
        #expect(try strict.event("fault")["detail"]?.text?.contains("good/1.png is a known good part") == true)
        let broken = try line("broken", bad: [fixture.noise])
        let bytes = try #require(Files.bytes(fixture.noise))
        try Files.write(Array(bytes.prefix(bytes.count / 2)), to: challenge(broken) + "/bad/2.png")
        try broken.boot(until: "fault")
        let detail = try broken.event("fault")["detail"]?.text ?? ""
        #expect(detail.contains("bad/2.png") && !detail.contains("bad/1.png"), "\(detail)")
        let command = ["challenge", "tiny", "--recipes", broken.recipes]
        let table = try run(Programs.jidoka, command)
        #expect(table.ending == .exit(1) && table.out.contains("1 of 2 right"), "\(table)")
        let rows = try run(Programs.jidoka, command + ["--json"]).json?.items ?? []
        #expect(rows.map { $0["right"] } == [.bool(true), .bool(false)] && rows.last?["score"] == .null)
        unlink(challenge(broken) + "/bad/2.png")
        #expect(try run(Programs.jidoka, command).ending == .exit(0))
        let many = try line("many", bad: Array(repeating: fixture.noise, count: 65))
        try many.boot(until: "fault")
        #expect(try many.event("fault")["detail"]?.text?.contains("at most 64 pictures") == true)
    }

    @Test("a line that has to be challenged and has no known defect is blocked and says what to do")
    func nothingToShow() throws {
        let fixture = try Fixture.shared()
        let line = try line("nothing", good: [fixture.passing[0]])
        line.more = "line: {challenge_s: 3600}"
        try line.boot(until: "blocked")
        #expect(Patience.until { line.status?["reason"]?.text?.contains("challenge/bad") == true })
        #expect(!line.command("start"))
        line.expect("blocked", permit: false)
        try show([fixture.noise], as: "bad", to: line)
        line.daemon?.send(SIGHUP)
        try line.wait(for: "ready")
        #expect(line.command("start"))
    }

    @Test("a healthy line is challenged again in good time and runs on; parts and counters do not notice")
    func schedule() throws {
        let fixture = try Fixture.shared()
        let line = try line("schedule", bad: [fixture.noise], good: [fixture.passing[0]], rate: 20)
        // A tenth of it is time for a machine that is busy with other tests.
        line.more = "line: {challenge_s: 30}"
        try line.boot()
        #expect(line.command("start"))
        let before = try count("challenge_passed", line)
        #expect(try Patience.until { try count("challenge_passed", line) > before })
        line.expect("running", permit: true)
        let events = try line.history().compactMap { $0["event"]?.text }
        #expect(!events.contains("fault") && !events.contains("stop"), "\(events)")
        #expect(events.lastIndex(of: "blocked") ?? -1 < events.lastIndex(of: "start") ?? -1, "\(events)")
        #expect(line.status?["bad"]?.int == 0)
    }

    // MARK: - Heartbeat

    @Test("a box that has become blind is a fault after a few blended defects, and stays one until it is loaded anew")
    func blindBox() throws {
        let fixture = try Fixture.shared()
        let line = try line("blind", rate: 50)
        try BlindRecipe.make(line.recipes + "/tiny/calibration.json", fixture.threshold)
        line.more = "detection: {every_parts: 3}"
        try line.boot()
        #expect(line.command("start"))
        try line.wait(for: "fault")
        line.expect("fault", permit: false)
        let detail = try line.event("fault")["detail"]?.text ?? ""
        #expect(detail.hasPrefix("challenge_failed: the detection heartbeat missed"), "\(detail)")
        #expect(detail.contains("calibration missed 4 of 200"), "\(detail)")
        let trials = try #require(line.status?["detection"]?["trials"]?.int)
        #expect(trials <= 4 && line.status?["detection"]?["missed"]?.int == trials)
        #expect(line.status?["bad"]?.int == 0)
        #expect(line.acknowledge() && !line.command("reset"))
        #expect(Patience.until { line.log.contains("missed again") })
        #expect(!line.command("reset"))
        // Somebody has repaired it, or thinks so.
        line.daemon?.send(SIGHUP)
        #expect(Patience.until { line.command("reset") })
        try line.wait(for: "ready")
        #expect(line.command("start"))
        try line.wait(for: "fault")
    }

    @Test("a line that sees goes on under its heartbeat, and a calibration says what it missed itself")
    func heartbeat() throws {
        let line = try line("heartbeat", rate: 100)
        let file = try #require(JSON(parsing: Files.text(line.recipes + "/tiny/calibration.json") ?? ""))
        let detection = try #require(file["detection"])
        let (trials, missed) = try (#require(detection["trials"]?.int), #require(detection["missed"]?.int))
        let limit = try #require(detection["limit"]?.double)
        #expect(trials >= 100 && missed <= trials && limit >= Double(missed) / Double(trials))
        line.more = "detection: {every_parts: 5}"
        try line.boot()
        #expect(line.command("start"))
        guard limit <= 0.7 else { return #expect(line.log.contains("detection heartbeat off")) }
        #expect(Patience.until { (line.status?["detection"]?["trials"]?.int ?? 0) >= 5 })
        line.expect("running", permit: true)
        #expect(line.status?["bad"]?.int == 0)
    }
}
