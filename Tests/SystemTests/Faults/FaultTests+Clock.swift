// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

extension FaultTests {
    /// Offsets of a clock that somebody sets: an hour, a day, to 1970, beyond 2038, and back.
    private static var clockSteps: [Int64] {
        let now = Int64(time(nil))
        return [3_600, -3_600, 86_400, -86_400, 5 - now, 2_208_988_800 - now, 4_102_444_800 - now, 0]
    }

    private static func copyAll(_ from: String, to path: String) throws {
        #expect(try run("/bin/cp", ["-r", from, path]).ending == .exit(0))
    }

    @Test("a clock that is set forward and back changes nothing while the line runs")
    func clockWhileRunning() throws {
        let run = FaultRun("clock step while running (±1 h, ±1 day, 1970, 2040, 2100)", try Self.line("f-clock"))
        let line = run.line
        let faults = try SystemCallFaults(in: line.folder)
        line.environment = faults.environment
        for _ in 0..<Self.rounds(1, thorough: 15) {
            for offset in Self.clockSteps {
                try run.bringToRunning()
                let seq = line.status?["seq"]?.int ?? 0
                faults.setClock(offset: offset)
                let off = run.off(since: ContinuousClock.now, atMost: 0.3)
                run.count(off == nil ? "ran on" : "stopped", off: nil, mustBeOff: false)
                #expect(off == nil, "step to \(offset) s")
                try run.expectJudging()
                // An event at that time is in its place.
                line.command("start")
                #expect(line.status?["seq"]?.int == seq + 1)
                // And a defect then is a stop, like at any time.
                let sent = try run.sendDefect()
                run.count("defect stopped", off: run.off(since: sent), mustBeOff: true)
                try line.wait(for: "stopped")
                run.takeDefectAway()
            }
            // A restart under a wrong clock.
            faults.setClock(offset: -86_400)
            try run.bringToRunning()
            line.kill9()
            run.ledger.drain()
            try run.reboot()
            faults.setClock(offset: 0)
        }
        try run.finish()
    }

    @Test("an andon's timer and a bypass run by a clock that nobody can set")
    func clockDuringAndon() throws {
        let fixture = try Fixture.shared()
        let line = try LineUnderTest("f-andon", parts: Array(repeating: .good, count: 20), rate: 20)
        line.recipes = line.folder / "recipes"
        try Self.copyAll(fixture.recipes, to: line.recipes)
        let calibrated = try jidoka(
            "calibrate", "tiny", "--warn-alpha", "0.9", "--data", fixture.goodFolder, "--recipes", line.recipes)
        #expect(calibrated.ending == .exit(0), "\(calibrated)")
        let seconds = 2.0
        line.more = "line: {andon: {seconds: 2, good_parts: 0}}"
        let run = FaultRun("clock step during an andon of 2 s (time beyond the 2 s)", line)
        let faults = try SystemCallFaults(in: line.folder)
        line.environment = faults.environment
        for offset in Programs.isThorough ? Self.clockSteps : [86_400, -86_400] {
            if line.daemon?.isRunning != true { try run.reboot() }
            #expect(
                Patience.until {
                    switch line.status?["state"]?.text {
                    case "andon": return true
                    case "stopped": _ = line.acknowledge()
                    case "acknowledged": line.command("reset")
                    case "ready": line.command("start")
                    default: break
                    }
                    return false
                })
            // The lamp is yellow since the andon's beginning, or a little later than that.
            let start = ContinuousClock.now
            usleep(300_000)
            faults.setClock(offset: offset)
            let off = try #require(run.off(since: start))
            #expect(off > seconds * 1e3 - 700, "stopped after \(off) ms, step \(offset) s")
            run.count("stopped in time", off: max(0, off - seconds * 1e3), mustBeOff: true)
            try line.wait(for: "stopped")
            run.ledger.collect()
        }
        // A bypass has an expiry that people see as a time of day.
        #expect(line.command("bypass", ",\"minutes\":1,\"reason\":\"clock\""))
        for offset in [86_400, -86_400, 0] as [Int64] {
            faults.setClock(offset: offset)
            usleep(100_000)
            line.expect("bypass", permit: true, "step \(offset) s")
        }
        #expect(line.command("bypass", ",\"end\":true"))
        line.expect("stopped", permit: false, "what was under the bypass")
        try run.finish()
    }
}
