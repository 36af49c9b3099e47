// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

extension FaultTests {
    /// Sets limits of a running process with util-linux's tool.
    private func prlimit(_ line: LineUnderTest, _ limits: String...) throws {
        let set = try run("/usr/bin/prlimit", ["--pid", "\(line.daemon?.process ?? 0)"] + limits)
        #expect(set.ending == .exit(0), "\(set)")
    }

    @Test("out of file descriptors: permit off or parts judged, never blind")
    func descriptors() throws {
        let name = "out of file descriptors (prlimit, connections)"
        guard Files.exists("/usr/bin/prlimit") else { return try FaultTable.skip(name, "no prlimit") }
        let run = FaultRun(name, try Self.line("f-files"))
        let line = run.line
        for round in 0..<Self.rounds(4, thorough: 50) {
            try run.bringToRunning()
            let used = Files.names("/proc/\(line.daemon?.process ?? 0)/fd").count
            var crowd: [LineSocket] = []
            // None is left at once, or the last one is taken by somebody who connects.
            try prlimit(line, "--nofile=\(round % 2 == 0 ? 3 : used + 6):1024")
            let now = ContinuousClock.now
            for _ in 0..<40 where round % 2 == 1 { if let one = try? LineSocket(line.events) { crowd.append(one) } }
            let off = run.off(since: now, atMost: 1)
            run.count(off == nil ? "ran on" : "permit off", off: off, mustBeOff: false)
            try prlimit(line, "--nofile=1024:1024")
            #expect(crowd.isEmpty == (round % 2 == 0))
            crowd = []
            try run.expectJudging()
        }
        try run.finish()
    }

    @Test("no more memory: the daemon judges on, is in fault, or dies; the permit is off within 1 s of its death")
    func memory() throws {
        let name = "out of memory (prlimit --as --data, malloc fails), ExecStopPost after a death"
        guard Files.exists("/usr/bin/prlimit") else { return try FaultTable.skip(name, "no prlimit") }
        let run = FaultRun(name, try Self.line("f-memory"), limit: FaultRun.Limit.death)
        let line = run.line
        let faults = try SystemCallFaults(in: line.folder)
        line.environment = faults.environment
        for round in 0..<Self.rounds(6, thorough: 90) {
            try run.bringToRunning()
            switch round % 3 {
            // What it has is all that it gets: no new mapping, and no room in those that were only reserved.
            case 0: try prlimit(line, "--as=1:unlimited", "--data=1:unlimited")
            case 1: faults.arm([.malloc], error: ENOMEM, below: "", limit: 1)
            default: faults.arm([.malloc], error: ENOMEM, below: "")
            }
            let (death, off) = crowd(line)
            faults.disarm()
            let way = round % 3 == 0 ? "limits" : "malloc"
            if let death {
                try run.afterDeath(at: death, outcome: "\(way): died")
            } else {
                run.count(off == nil ? "\(way): ran on" : "\(way): permit off", off: off, mustBeOff: false)
                try prlimit(line, "--as=unlimited", "--data=unlimited")
                try run.expectJudging()
            }
        }
        try run.finish()
    }

    /// Connections with much to say, for 1.5 s or until the daemon dies or takes the permit away.
    private func crowd(_ line: LineUnderTest) -> (death: ContinuousClock.Instant?, off: Double?) {
        var crowd: [LineSocket] = []
        let long = "{\"since\":0}\n{\"cmd\":\"status\",\"pad\":\"" + String(repeating: "x", count: 60_000)
        let start = ContinuousClock.now
        while ContinuousClock.now < start + .seconds(1.5) {
            if line.daemon?.isRunning != true { return (ContinuousClock.now, nil) }
            if !line.permitIsOn { return (nil, FaultRun.milliseconds(ContinuousClock.now - start)) }
            if crowd.count < 100, let one = try? LineSocket(crowd.count % 2 == 0 ? line.control : line.events) {
                one.send(long)
                crowd.append(one)
            }
            usleep(1_000)
        }
        return (nil, nil)
    }
}
