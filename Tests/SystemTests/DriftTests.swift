// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

@Suite struct DriftTests {
    /// A line that stops for no part, and whose parts become others after sixty.
    private func line(_ name: String, level: String) throws -> LineUnderTest {
        let fixture = try Fixture.shared()
        let line = try LineUnderTest(
            name, parts: Array(repeating: .good, count: 60) + Array(repeating: .noise, count: 900), rate: 150)
        line.recipes = line.folder / "recipes"
        try Files.makeFolder(line.recipes)
        try Files.copyFolder(fixture.recipes + "/tiny", to: line.recipes + "/tiny")
        try BlindRecipe.make(line.recipes + "/tiny/calibration.json", fixture.threshold)
        line.more = "detection: {every_parts: 0}\ndrift: {level: \(level)}"
        return line
    }

    @Test(
        "parts that are no longer those of the calibration raise an andon that says what moved, and only a person ends it"
    )
    func alarm() throws {
        let line = try line("drift", level: "0.01")
        try line.boot()
        #expect(line.command("start"))
        #expect(Patience.until { (try? line.history())?.contains { $0["event"]?.text == "drift" } == true })
        let parts = line.status?["parts"]?.int ?? 0
        line.expect("andon", permit: true)
        let detail = try line.event("drift")["detail"]?.text ?? ""
        #expect(detail.contains("calibration had") && detail.contains("part"), "\(detail)")
        // Good parts end an andon of suspicious parts, never this one, and it is told once.
        try line.wait(parts: parts + 30)
        line.expect("andon", permit: true)
        #expect(try line.history().count { $0["event"]?.text == "drift" } == 1)
        #expect(line.acknowledge())
        line.expect("running", permit: true)
        #expect(line.status?["bad"]?.int == 0)
    }

    @Test("with a level of 0 nobody watches")
    func off() throws {
        let line = try line("no-drift", level: "0")
        try line.boot()
        #expect(line.command("start"))
        try line.wait(parts: 300)
        line.expect("running", permit: true)
        #expect(try !line.history().contains { $0["event"]?.text == "drift" })
    }
}
