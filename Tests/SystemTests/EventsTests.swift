// SPDX-License-Identifier: Apache-2.0

import Testing

@Suite("jidoka events") struct EventsTests {
    @Test("a folder without journal files is an error that says what to do")
    func noJournal() throws {
        let folder = try TemporaryFolder("journal")
        let output = try jidoka("events", "--journal-folder", folder.path)
        #expect(output.ending == .exit(1) && output.out.isEmpty, "\(output)")
        #expect(output.errors.contains("systemd-journal"))
        #expect(try jidoka("events", "--journal-folder", folder / "none").ending == .exit(1))
    }

    @Test("events come from the socket while the daemon runs")
    func socket() throws {
        let line = try LineUnderTest("events", parts: [.good])
        try line.boot()
        let output = try jidoka("events", "--sockets", line.sockets, "--json")
        #expect(output.ending == .exit(0) && output.out.contains("\"event\":\"boot\""), "\(output)")
    }

    @Test("a software trigger without a camera is refused with what to configure")
    func trigger() throws {
        let line = try LineUnderTest("trigger", parts: [.good])
        try line.boot()
        let output = try jidoka("trigger", "--sockets", line.sockets)
        #expect(output.ending == .exit(1) && output.errors.contains("trigger: software"), "\(output)")
    }
}
