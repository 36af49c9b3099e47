// SPDX-License-Identifier: Apache-2.0

import Testing

@Suite struct TimeMachineCommandTests {
    /// A line that noise has stopped, and somebody has said what that was.
    private func stopped(_ name: String, _ verdict: String) throws -> LineUnderTest {
        let line = try LineUnderTest(name, parts: [.good, .good, .noise, .good])
        line.more = "evidence: {good_every: 1}"
        try line.boot()
        #expect(line.command("start"))
        try line.wait(for: "stopped")
        #expect(Patience.until { line.status?["recorded_parts"]?["written"]?.int == 3 })
        #expect(Patience.until { (line.status?["evidence"]?["written"]?.int ?? 0) >= 3 })
        #expect(line.command("ack", ",\"verdict\":\"\(verdict)\",\"reason\":\"looked\""))
        return line
    }

    @Test(
        "recorded parts are decided again by another threshold, with what was found at the stops, and from their pictures"
    )
    func replay() throws {
        let line = try stopped("machine", "false_stop")
        func replay(_ more: String...) throws -> Output {
            try run(
                Programs.jidoka,
                ["replay", "--since", "2020-01-01", "--state", line.state, "--recipes", line.recipes] + more)
        }
        let lost = try replay("--threshold", "1e30", "--pictures", "--json")
        #expect(lost.ending == .exit(0), "\(lost)")
        let change = lost.json?["changes"]?.items.first
        #expect(lost.json?["changes"]?.items.count == 1 && change?["change"]?.text == "lost")
        #expect(change?["part"]?.text == "003.png" && change?["verdict"]?.text == "false_stop")
        let counts = lost.json?["summary"]?["counts"]
        #expect(counts?["parts"]?.int == 3 && counts?["stops_then"]?.int == 1 && counts?["stops_now"]?.int == 0)
        #expect(counts?["lost_false_stops"]?.int == 1)
        #expect(lost.json?["summary"]?["pictures"]?["decided"]?.int == 1)
        #expect(lost.json?["summary"]?["pictures"]?["different"]?.int == 0)
        let gained = try replay("--threshold=-1")
        #expect(gained.ending == .exit(0) && gained.out.contains("gained: 2"), "\(gained)")
        #expect(gained.out.contains("GAINED") && gained.out.contains("not simulated"))
        // The rate that it has: nothing changes.
        let same = try replay("--alpha", "0.5", "--recipe", "tiny", "--json")
        #expect(same.ending == .exit(0) && same.json?["summary"]?["counts"]?["lost"]?.int == 0, "\(same)")
        #expect(try replay("--alpha", "0.0001").ending == .exit(2))
        let none = try replay("--threshold", "1", "--until", "2020-01-02", "--json")
        #expect(none.ending == .exit(0) && none.json?["changes"]?.items.isEmpty == true, "\(none)")
        // A picture that was exchanged is seen.
        let evidence = line.state + "/evidence"
        let folder = try #require(Files.names(evidence).first { $0.hasSuffix("-stop") })
        try Files.write(PlainPNG.noise(side: 96, seed: 8), to: evidence + "/" + folder + "/picture.png")
        let exchanged = try replay("--threshold", "1e30", "--pictures")
        #expect(exchanged.ending == .exit(1) && exchanged.out.contains("DIFFERENT"), "\(exchanged)")
    }

    @Test("false stops are held against what is allowed, for each time, with an exit status")
    func budget() throws {
        let line = try stopped("budget", "false_stop")
        // No summary has counted its parts yet.
        #expect(line.terminate() == .exit(0))
        func budget(_ more: String...) throws -> Output {
            try run(Programs.jidoka, ["budget", "--state", line.state, "--recipes", line.recipes, "--json"] + more)
        }
        let within = try budget("--rate", "0.9")
        #expect(within.ending == .exit(0) && within.json?["burning"] == .bool(false), "\(within)")
        let windows = within.json?["windows"]?.items ?? []
        #expect(windows.map { $0["days"]?.int } == [1, 7, 30])
        #expect(windows.first?["tally"]?["false_stops"]?.int == 1 && windows.first?["tally"]?["parts"]?.int == 3)
        let burning = try budget("--rate", "0.0001")
        #expect(burning.ending == .exit(1) && burning.json?["burning"] == .bool(true), "\(burning)")
        #expect(burning.json?["advice"]?.items.isEmpty == false)
        #expect(try budget("--rate", "0.0001", "--until", "2020-01-01").ending == .exit(2))
        // Without a budget it is the recipe's own rate.
        #expect(try budget().json?["promise"]?["false_stops"]?.int == 1)
        #expect(try run(Programs.jidoka, ["budget", "--state", line.folder / "none"]).ending == .exit(2))
    }

    @Test("options that don't belong together are refused")
    func refusals() throws {
        for arguments in [
            ["replay"], ["replay", "5", "--alpha", "0.1"], ["replay", "5", "--since", "2020-01-01"],
            ["replay", "--since", "yesterday", "--alpha", "0.1"], ["replay", "--since", "2020-01-01"],
            ["replay", "--since", "2020-01-01", "--alpha", "0.1", "--threshold", "1"],
            ["replay", "--since", "2020-01-01", "--threshold", "1", "--warn", "2"],
            ["replay", "--since", "2020-01-01", "--threshold", "nan"], ["replay", "--alpha", "0.1"],
            ["budget", "--rate", "2"], ["budget", "--rate", "0.1", "--per-shift", "1"],
            ["calibrate", "x", "--cost-stop", "1"],
            ["calibrate", "x", "--cost-stop", "1", "--cost-escape", "9", "--defect-rate", "0.1", "--alpha", "0.1"],
            ["calibrate", "--scores", "x", "--cost-stop", "1", "--cost-escape", "9", "--defect-rate", "0.1"],
        ] {
            #expect(try run(Programs.jidoka, arguments).ending == .exit(64), "\(arguments)")
        }
    }

    @Test("costs choose the order, for a recipe as for scores from elsewhere")
    func costs() throws {
        let folder = try TemporaryFolder("costs")
        try Files.write((1...100).map { "\($0)\n" }.joined(), to: folder / "good")
        try Files.write((91...190).map { "\($0)\n" }.joined(), to: folder / "bad")
        let costs = ["--cost-stop", "1", "--cost-escape", "1000", "--defect-rate", "0.01"]
        let files = ["calibrate", "--scores", folder / "good", "--defect-scores", folder / "bad"] + costs
        let chosen = try run(Programs.jidoka, files + ["--json"])
        #expect(chosen.ending == .exit(0) && chosen.json?["threshold"]?.double == 90, "\(chosen)")
        #expect(chosen.json?["order"]?.int == 90 && chosen.json?["n"]?.int == 100)
        #expect(try run(Programs.jidoka, files).out.contains("estimates, not guarantees"))
        // In a recipe the rate is weighed on the select parts, and the calibrate parts give the threshold.
        let fixture = try Fixture.shared()
        let recipes = folder / "recipes"
        #expect(try run("/bin/cp", ["-r", fixture.recipes, recipes]).ending == .exit(0))
        let recipe = ["calibrate", "tiny", "--recipes", recipes, "--data", fixture.goodFolder] + costs
        let calibrated = try run(Programs.jidoka, recipe + ["--cost-look", "0.1", "--json"])
        #expect(calibrated.ending == .exit(0), "\(calibrated)")
        let (alpha, order) = (calibrated.json?["alpha"]?.double ?? 0, calibrated.json?["order"]?.int ?? 0)
        let parts = calibrated.json?["parts"]?.int ?? 0
        #expect(order == parts + 1 - Int((Double(parts + 1) * alpha + 1e-9).rounded(.down)))
        #expect(calibrated.json?["cost"]?["stop"]?["alpha"]?.double ?? 9 <= alpha)
        #expect(try run(Programs.jidoka, recipe).out.contains("so its promise holds"))
    }
}
