// SPDX-License-Identifier: Apache-2.0

import Testing

@Suite struct ReportTests {
    @Test("a report without production, then one with a stop that a person called false")
    func report() throws {
        let fixture = try Fixture.shared()
        let folder = try TemporaryFolder("report")
        let page = folder / "page.html"
        let first = try jidoka(
            "report", "tiny", "--recipes", fixture.recipes, "--state", folder / "none", "--out", page)
        #expect(first.ending == .exit(0) && first.out.contains("production: none yet"), "\(first)")
        let empty = try #require(Files.text(page))
        #expect(empty.contains("No production yet") && empty.contains("blended defects were missed at calibration"))
        // What stops a line of good parts besides the threshold, by default and by a configuration.
        #expect(empty.contains("the whole policy") && empty.contains("a false drift alarm"))
        let file = folder / "jidoka.yaml"
        try Files.write(
            "recipe: tiny\nsource: {kind: synthetic}\ndrift: {level: 0}\ndetection: {every_parts: 0}\n", to: file)
        let configured = try jidoka(
            "report", "tiny", "--recipes", fixture.recipes, "--state", folder / "none", "--out", page, "--config", file)
        #expect(configured.ending == .exit(0) && Files.text(page)?.contains("a false drift alarm") == false)
        #expect(Files.text(page)?.contains("every_parts is 0") == true)
        let line = try LineUnderTest("report", parts: [.good, .good, .noise, .good])
        try line.boot()
        #expect(line.command("start"))
        try line.wait(for: "stopped")
        #expect(Patience.until { line.status?["recorded_parts"]?["written"]?.int == 3 })
        #expect(line.command("ack", ",\"verdict\":\"false_stop\",\"reason\":\"<b>dust</b>\""))
        let second = try jidoka(
            "report", "tiny", "--recipes", line.recipes, "--state", line.state, "--out", page, "--json")
        #expect(second.ending == .exit(0) && second.json?["production"]?["parts"]?.int == 3, "\(second)")
        #expect(second.json?["production"]?["verdicts"]?["bad"]?.int == 1)
        #expect(second.json?["production"]?["stops"]?["false_stop"]?.int == 1)
        #expect(second.json?["policy"]?["cover"] != nil && second.json?["policy"]?["drift"] != nil)
        // Three parts prove nothing.
        #expect(second.json?["promise"]?["state"]?.text != "kept")
        let text = try #require(Files.text(page))
        #expect(text.contains("&lt;b&gt;dust") && !text.contains("<b>dust") && !text.contains("http"))
        #expect(text.contains(fixture.model) && text.contains("003.png"))
        // Nothing of that time.
        let none = try jidoka(
            "report", "tiny", "--recipes", line.recipes, "--state", line.state, "--out", page, "--since", "2100-01-01")
        #expect(none.ending == .exit(0) && none.out.contains("production: none yet"), "\(none)")
        #expect(line.terminate() == .exit(0))
    }

    @Test("damage and nonsense get the usual errors, and no page is written")
    func refusals() throws {
        let fixture = try Fixture.shared()
        let folder = try TemporaryFolder("report-none")
        let page = folder / "page.html"
        try Files.makeFolder(folder / "state")
        try Files.write("no database", to: folder / "state/parts.sqlite")
        let damaged = try jidoka(
            "report", "tiny", "--recipes", fixture.recipes, "--state", folder / "state", "--out", page)
        #expect(damaged.ending == .exit(1) && damaged.errors.contains("parts.sqlite"), "\(damaged)")
        let missing = try jidoka("report", "none", "--recipes", fixture.recipes, "--out", page)
        #expect(missing.ending == .exit(1) && missing.errors.contains("calibration.json"), "\(missing)")
        #expect(try jidoka("report", "tiny", "--since", "yesterday").ending == .exit(64))
        #expect(!Files.exists(page))
    }
}
