// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

extension FaultTests {
    /// A line whose state is on a small disk of its own; nil, and a row that says why, when mounting is not allowed.
    private func lineOnSmallDisk(_ fault: String, _ name: String) throws -> LineUnderTest? {
        let line = try Self.line(name)
        try Files.makeFolder(line.state)
        guard mount("tmpfs", line.state, "tmpfs", 0, "size=6m") == 0 else {
            try FaultTable.skip(fault, "mounting is not allowed here (\(String(cString: strerror(errno))))")
            return nil
        }
        return line
    }

    @Test("a full disk: a stop takes the permit although it can't be recorded; with room again a restart is right")
    func diskFull() throws {
        let name = "disk full (tmpfs), then a defect"
        guard let line = try lineOnSmallDisk(name, "f-full") else { return }
        defer {
            line.kill9()
            umount2(line.state, Int32(MNT_DETACH))
        }
        let run = FaultRun(name, line)
        let ballast = line.state + "/ballast"
        for round in 0..<Self.rounds(4, thorough: 50) {
            try run.bringToRunning()
            #expect(throws: SystemFailure.self) {
                try Files.write([UInt8](repeating: 1, count: 8 << 20), to: ballast)
            }
            let sent = try run.sendDefect()
            run.count("permit off", off: run.off(since: sent), mustBeOff: true)
            #expect(Patience.until { ["stopped", "fault"].contains(line.status?["state"]?.text) })
            #expect(!line.command("start") && !line.permitIsOn, "a start on a full disk")
            run.takeDefectAway()
            // In turn: room while it runs, and room after it was killed.
            if round % 2 == 1 {
                line.kill9()
                run.ledger.drain()
            }
            unlink(ballast)
        }
        try run.finish()
    }

    @Test("a state folder that turns read-only: no event, no permit; a restart refuses, then comes back right")
    func readOnly() throws {
        let name = "state read-only (EROFS; remounted at the restart)"
        guard let line = try lineOnSmallDisk(name, "f-rofs") else { return }
        defer {
            line.kill9()
            umount2(line.state, Int32(MNT_DETACH))
        }
        let run = FaultRun(name, line)
        let faults = try SystemCallFaults(in: line.folder)
        line.environment = faults.environment
        for _ in 0..<Self.rounds(2, thorough: 30) {
            try run.bringToRunning()
            // The kernel refuses to remount what somebody has open for writing; ext4 does it by itself after an error.
            faults.arm(
                [.open, .write, .pwrite, .fsync, .fdatasync, .ftruncate, .rename, .unlink], error: EROFS,
                below: line.state)
            // Refused, and an event that can't be recorded.
            let person = try LineSocket(line.control)
            let now = ContinuousClock.now
            person.send("{\"cmd\":\"start\",\"user\":\"test\"}\n")
            run.count("permit off", off: run.off(since: now), mustBeOff: true)
            #expect(!line.command("start") && !line.permitIsOn)
            faults.disarm()
            line.kill9()
            run.ledger.drain()
            #expect(mount("tmpfs", line.state, "tmpfs", UInt(MS_REMOUNT) | UInt(MS_RDONLY), nil) == 0)
            try line.launch()
            #expect(line.daemon?.wait() == .exit(1))
            #expect(!line.permitIsOn)
            #expect(mount("tmpfs", line.state, "tmpfs", UInt(MS_REMOUNT), nil) == 0)
        }
        try run.finish()
    }
}
