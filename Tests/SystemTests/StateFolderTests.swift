// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

@Suite struct StateFolderTests {
    @Test("a history that can't be used ends the start with its path, and the permit is off")
    func badHistory() throws {
        let cases: [(name: String, prepare: (LineUnderTest) throws -> Void)] = [
            (
                "text",
                { line in
                    try Files.makeFolder(line.state)
                    try Files.write(
                        String(repeating: "not a database ", count: 500), to: line.state + "/history.sqlite")
                }
            ),
            (
                "folder",
                { line in
                    try Files.makeFolder(line.state)
                    try Files.makeFolder(line.state + "/history.sqlite")
                }
            ),
            ("file", { line in try Files.write("a file", to: line.state) }),
            ("no place", { line in line.state = "/proc/no-such-state" }),
        ]
        for (name, prepare) in cases {
            let line = try LineUnderTest("history", parts: [.good])
            // As a line that was killed while running left it.
            try Files.write("permit=on lamp=green heartbeat=7\n", to: line.outputsFile)
            try prepare(line)
            try line.writeConfiguration()
            try line.launch()
            #expect(line.daemon?.wait() == .exit(1), "\(name)")
            #expect(line.log.contains(line.state), "\(name): \(line.log)")
            #expect(!line.permitIsOn, "\(name)")
        }
    }

    @Test("a damaged latch comes back stopped")
    func damagedLatch() throws {
        let line = try LineUnderTest("latch", parts: [.good])
        try line.boot()
        #expect(line.terminate() == .exit(0))
        try HistoryTable.change(line.state + "/history.sqlite", "UPDATE latch SET state = 'dancing'")
        try line.boot(until: "stopped")
        line.expect("stopped", permit: false)
        #expect(line.status?["reason"]?.text?.contains("can't be read") == true)
        try line.bringBack()
    }

    @Test("a second daemon on the same sockets or the same state refuses, and the first one runs on")
    func secondDaemon() throws {
        let first = try LineUnderTest("first", parts: Array(repeating: .good, count: 6))
        try first.boot()
        #expect(first.command("start"))
        for shares in ["sockets", "state", "everything"] {
            let second = try LineUnderTest("second", parts: [.good])
            if shares != "state" { second.sockets = first.sockets }
            if shares != "sockets" { second.state = first.state }
            if shares == "everything" { second.outputsFile = first.outputsFile }
            try second.writeConfiguration()
            try second.launch()
            #expect(second.daemon?.wait() == .exit(1), "\(shares)")
            #expect(second.log.contains(shares == "sockets" ? "events.sock" : first.state), "\(second.log)")
            first.expect("running", permit: true, "\(shares)")
        }
        let parts = first.status?["parts"]?.int ?? 0
        try first.wait(parts: parts + 5)
        #expect(try HistoryTable(first.state + "/history.sqlite").isGapless)
        #expect(first.terminate() == .exit(0))
        #expect(Files.names(first.sockets).isEmpty)
    }

    @Test("a full disk takes the permit away; with room again a person brings the line back")
    func fullDisk() throws {
        for outputsToo in [false, true] {
            let line = try LineUnderTest("full", parts: Array(repeating: .good, count: 6))
            try Files.makeFolder(line.state)
            guard mount("tmpfs", line.state, "tmpfs", 0, "size=6m") == 0 else {
                print("full disk: skipped, mounting is not allowed here (\(String(cString: strerror(errno))))")
                return
            }
            defer {
                line.kill9()
                umount2(line.state, Int32(MNT_DETACH))
            }
            if outputsToo { line.outputsFile = line.state + "/outputs" }
            try line.boot()
            #expect(line.command("start"))
            try line.wait(parts: 3)
            let ballast = line.state + "/ballast"
            #expect(throws: SystemFailure.self) {
                try Files.write([UInt8](repeating: 1, count: 8 << 20), to: ballast)
            }
            // An event that can't be recorded, unless the outputs have failed before.
            #expect(
                Patience.until {
                    line.command("start")
                    return line.status?["state"]?.text == "fault"
                })
            #expect(!line.permitIsOn && line.status?["permit"] != .bool(true))
            #expect(line.status?["reason"]?.text?.isEmpty == false)
            #expect(line.daemon?.isRunning == true)
            #expect(!line.command("start"))
            unlink(ballast)
            // Outputs that failed are tried again and again; their fault is over when they have worked.
            #expect(Patience.until { line.acknowledge() || line.command("reset") })
            if line.status?["state"]?.text == "acknowledged" { #expect(Patience.until { line.command("reset") }) }
            #expect(line.command("start"))
            line.expect("running", permit: true)
            #expect(try HistoryTable(line.state + "/history.sqlite").isGapless)
            #expect(line.terminate() == .exit(0))
        }
    }

    @Test("a disk that can only be read means no permit and a clear error, with a history on it and without")
    func readOnly() throws {
        for hasHistory in [false, true] {
            let line = try LineUnderTest("readonly", parts: [.good])
            try Files.makeFolder(line.state)
            guard mount("tmpfs", line.state, "tmpfs", 0, "size=4m") == 0 else {
                print("read-only disk: skipped, mounting is not allowed here")
                return
            }
            defer { umount2(line.state, Int32(MNT_DETACH)) }
            if hasHistory {
                try line.boot()
                #expect(line.terminate() == .exit(0))
            }
            #expect(mount("tmpfs", line.state, "tmpfs", UInt(MS_REMOUNT) | UInt(MS_RDONLY), nil) == 0)
            try line.writeConfiguration()
            try line.launch()
            #expect(line.daemon?.wait() == .exit(1))
            #expect(line.log.contains(line.state) && !line.permitIsOn, "\(line.log)")
        }
    }

    @Test("a disk that is full at the start means no permit and a clear error")
    func fullFromTheStart() throws {
        let line = try LineUnderTest("fullstart", parts: [.good])
        try Files.makeFolder(line.state)
        guard mount("tmpfs", line.state, "tmpfs", 0, "size=64k") == 0 else {
            print("full disk at the start: skipped, mounting is not allowed here")
            return
        }
        defer { umount2(line.state, Int32(MNT_DETACH)) }
        _ = try? Files.write([UInt8](repeating: 1, count: 128 << 10), to: line.state + "/ballast")
        try line.writeConfiguration()
        try line.launch()
        #expect(line.daemon?.wait() == .exit(1))
        #expect(line.log.contains(line.state) && !line.permitIsOn, "\(line.log)")
    }
}
