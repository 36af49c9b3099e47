// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

@Suite struct ExportTests {
    private func lines(_ arguments: String...) throws -> [String] {
        let output = try run(Programs.jidoka, ["export"] + arguments)
        #expect(output.ending == .exit(0), "\(output)")
        return output.out.split(separator: "\n").map(String.init)
    }

    @Test(
        "every part and every event come out as lines and as CSV, filtered, while the daemon runs; then they are verified"
    )
    func export() throws {
        let line = try LineUnderTest("export", parts: [.good, .good, .noise, .good])
        try line.boot()
        #expect(line.command("start"))
        try line.wait(for: "stopped")
        #expect(Patience.until { line.status?["recorded_parts"]?["written"]?.int == 3 })
        let parts = try lines("parts", "--state", line.state).compactMap { JSON(parsing: $0) }
        #expect(parts.map { $0["part"]?.text } == ["001.jpg", "002.jpg", "003.png"])
        #expect(parts.map { $0["verdict"]?.text } == ["good", "good", "bad"] && parts[2]["state"]?.text == "stopped")
        #expect(try lines("parts", "--state", line.state, "--verdict", "bad", "--format", "csv").count == 2)
        #expect(try lines("parts", "--state", line.state, "--line-state", "running", "--limit", "1").count == 1)
        #expect(try lines("parts", "--state", line.state, "--since", "2020-01-01", "--until", "2020-01-02").isEmpty)
        #expect(try lines("parts", "--state", line.state, "--part", "002.jpg", "--recipe", "tiny").count == 1)
        // The event's score is the part's.
        let stops = try lines("events", "--state", line.state, "--event", "stop").compactMap { JSON(parsing: $0) }
        #expect(stops.count == 1 && "\(stops[0]["score"]!)" == "\(parts[2]["score"]!)")
        let events = try lines("events", "--state", line.state, "--format", "csv")
        #expect(events.count == (line.status?["seq"]?.int ?? 0) + 1 && events[0].hasPrefix("seq,time,event"))
        let sound = try jidoka("verify-history", "--state", line.state, "--without-journal", "--json")
        #expect(sound.ending == .exit(0) && sound.json?["parts"]?["parts"]?.int == 3, "\(sound)")
        #expect(line.terminate() == .exit(0))
        #expect(line.log.contains("parts_sealed"))
        // The database itself, by hand.
        #expect(try run("/bin/sed", ["-i", "s/003.png/004.png/g", line.state + "/parts.sqlite"]).ending == .exit(0))
        let changed = try jidoka("verify-history", "--state", line.state, "--without-journal")
        #expect(changed.ending == .exit(1) && changed.out.contains("CHANGED: one of the parts up to 3"), "\(changed)")
    }

    @Test("nonsense is refused with a hint, a history that is not there is an error, a reader that leaves is none")
    func refusals() throws {
        let folder = try TemporaryFolder("export-none")
        for arguments in [
            ["parts", "--since", "yesterday"], ["parts", "--verdict", "odd"], ["events", "--event", "odd"],
            ["parts", "--limit", "-1"], ["events", "--format", "xml"],
        ] {
            #expect(try run(Programs.jidoka, ["export"] + arguments).ending == .exit(64), "\(arguments)")
        }
        for what in ["parts", "events"] {
            let none = try run(Programs.jidoka, ["export", what, "--state", folder / "none"])
            #expect(none.ending == .exit(2) && none.errors.contains("sqlite"), "\(none)")
        }
    }
}
