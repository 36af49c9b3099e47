// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// Faults that a box meets in its life, injected again and again into a real daemon.
///
/// `make test-faults` runs them, with nothing beside them that takes time, and prints the table.
///
/// Without `JIDOKA_THOROUGH=1` each comes a few times only. The permit is a file here, so after a death somebody has to
/// do what systemd does (`ExecStopPost=`): its time counts.
@Suite(
    .serialized,
    .enabled(if: Programs.environment("JIDOKA_FAULT_TABLE") != nil, "a suite of its own: make test-faults"))
struct FaultTests {
    static func rounds(_ short: Int, thorough: Int) -> Int { Programs.isThorough ? thorough : short }

    /// A line on two good parts that come again and again, 100 a second.
    static func line(_ name: String, rate: Double = 100) throws -> LineUnderTest {
        try LineUnderTest(name, parts: [.good, .good], rate: rate)
    }

    @Test("kill -9 at random instants while running")
    func killWhileRunning() throws {
        let run = FaultRun(
            "kill -9 while running, then ExecStopPost", try Self.line("f-kill"), limit: FaultRun.Limit.death)
        for _ in 0..<Self.rounds(12, thorough: 600) {
            try run.bringToRunning()
            usleep(.random(in: 0..<60_000))
            try run.die(outcome: "back stopped")
        }
        try run.finish()
    }

    @Test("kill -9 at random instants while a stop is being recorded")
    func killWhileStopping() throws {
        let run = FaultRun(
            "kill -9 while a stop is recorded, then ExecStopPost", try Self.line("f-stop"),
            limit: FaultRun.Limit.death)
        for round in 0..<Self.rounds(12, thorough: 600) {
            try run.bringToRunning()
            let sent = try run.sendDefect()
            // Half of them anywhere around the stop, half in the record that follows the permit's end.
            if round % 2 == 0 { usleep(.random(in: 0..<40_000)) } else { _ = run.off(since: sent) }
            usleep(.random(in: 0..<4_000))
            try run.die(outcome: "back stopped")
            run.takeDefectAway()
        }
        try run.finish()
    }

    @Test("kill -9 while a person starts the line")
    func killWhileStarting() throws {
        let run = FaultRun(
            "kill -9 during a start, then ExecStopPost", try Self.line("f-start"), limit: FaultRun.Limit.death)
        for _ in 0..<Self.rounds(6, thorough: 200) {
            try run.bringToRunning()
            let sent = try run.sendDefect()
            #expect(run.off(since: sent) != nil)
            run.takeDefectAway()
            try run.line.wait(for: "stopped")
            #expect(run.line.acknowledge() && Patience.until { run.line.command("reset") })
            try run.line.wait(for: "ready")
            let person = try LineSocket(run.line.control)
            person.send("{\"cmd\":\"start\",\"user\":\"test\"}\n")
            usleep(.random(in: 0..<8_000))
            try run.die(outcome: "back as recorded")
        }
        try run.finish()
    }

    @Test("a hang of the whole daemon ends with the watchdog")
    func hang() throws {
        try hang("SIGSTOP hang, watchdog 1 s, SIGKILL, then ExecStopPost", "f-hang") { run, _ in
            run.line.daemon?.send(SIGSTOP)
            return { _ = $0 }
        }
    }

    @Test("a disk that does not answer ends with the watchdog")
    func diskHangs() throws {
        try hang("disk hangs in a record, watchdog 1 s, SIGKILL, then ExecStopPost", "f-disk") { run, faults in
            faults.arm([.pwrite, .fsync, .fdatasync], error: 0, below: run.line.state, delay: 60_000)
            // Refused, and an event: the deciding thread goes to the disk.
            let person = try LineSocket(run.line.control)
            person.send("{\"cmd\":\"start\",\"user\":\"test\"}\n")
            return { $0.disarm() }
        }
    }

    /// Hangs a daemon and does what systemd does when `WATCHDOG=1` doesn't come.
    private func hang(
        _ name: String, _ folder: String,
        _ begin: (FaultRun, SystemCallFaults) throws -> (SystemCallFaults) -> Void
    ) throws {
        let watchdog = 1_000.0
        let run = FaultRun(name, try Self.line(folder), limit: FaultRun.Limit.hang(watchdog: watchdog))
        let faults = try SystemCallFaults(in: run.line.folder)
        let manager = try NotifySocket(run.line.folder / "notify")
        run.line.environment = faults.environment.merging(
            ["NOTIFY_SOCKET": manager.path, "WATCHDOG_USEC": "1000000"]) { $1 }
        for _ in 0..<Self.rounds(2, thorough: 30) {
            try run.bringToRunning()
            usleep(.random(in: 0..<300_000))
            let start = ContinuousClock.now
            let end = try begin(run, faults)
            var (fed, beats) = (start, 0)
            while FaultRun.milliseconds(ContinuousClock.now - fed) < watchdog {
                manager.collect()
                let now = manager.messages.count { $0.contains("WATCHDOG=1") }
                if now != beats || beats == 0 { (fed, beats) = (ContinuousClock.now, max(1, now)) }
                usleep(1_000)
            }
            run.line.daemon?.send(SIGKILL)
            _ = run.line.daemon?.wait()
            end(faults)
            // Everything since the hang counts, the watchdog's time too.
            try run.afterDeath(at: start, outcome: "killed by the watchdog, back stopped")
        }
        try run.finish()
    }
}
