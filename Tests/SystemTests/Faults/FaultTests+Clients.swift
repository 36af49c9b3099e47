// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

extension FaultTests {
    @Test("without journald, and without anybody at standard error, parts are judged and stops are stops")
    func journalGone() throws {
        let run = FaultRun("journald gone (no socket, sendmsg fails, stderr closed)", try Self.line("f-journal"))
        let line = run.line
        let faults = try SystemCallFaults(in: line.folder)
        try line.writeConfiguration()
        // A pipe whose reader goes is what systemd's stream is when journald dies; the daemon takes it for the journal.
        let pipe = line.folder / "stream"
        #expect(mkfifo(pipe, 0o600) == 0)
        for round in 0..<Self.rounds(4, thorough: 60) {
            var status = stat()
            #expect(stat(pipe, &status) == 0)
            line.environment = faults.environment.merging(
                ["JOURNAL_STREAM": "\(status.st_dev):\(status.st_ino)"]) { $1 }
            let reader = open(pipe, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
            try line.launch(errors: pipe)
            #expect(line.answers())
            try run.ledger.attach(to: line)
            try run.bringToRunning()
            faults.arm(
                [.sendmsg], error: [ECONNREFUSED, ENOENT, EAGAIN, ENOBUFS][round % 4], below: "")
            if round % 2 == 0 { close(reader) }
            for _ in 0..<20 { line.command("start") }
            try run.expectJudging()
            line.expect("running", permit: true, "after the journal went")
            let sent = try run.sendDefect()
            run.count("ran on, then a stop", off: run.off(since: sent), mustBeOff: true)
            try line.wait(for: "stopped")
            run.takeDefectAway()
            #expect(faults.injected > 0 || round % 2 == 0)
            faults.disarm()
            let seq = line.status?["seq"]?.int ?? 0
            #expect(try run.ledger.catchUp(to: seq, of: line))
            #expect(line.terminate() == .exit(0))
            run.ledger.drain()
            if round % 2 == 1 { close(reader) }
        }
        try run.finish()
    }

    @Test("storms of subscribers that connect, hang up, never read or send garbage cost no stop and no event")
    func storms() throws {
        let run = FaultRun("subscriber storm (300 connections), then a defect", try Self.line("f-storm"))
        let line = run.line
        for round in 0..<Self.rounds(3, thorough: 60) {
            try run.bringToRunning()
            var crowd: [LineSocket] = []
            for index in 0..<300 {
                guard let one = try? LineSocket(index % 3 == 0 ? line.control : line.events) else { continue }
                switch (index + round) % 5 {
                case 0: one.send("{\"since\":0}\n")
                case 1: one.send([0xFF, 0x00, 0x0A] + Array(repeating: UInt8(ascii: "["), count: 4_000) + [0x0A])
                case 2: one.send("{\"cmd\":\"start\"}\n{\"cmd\":\"sta")
                case 3: one.send(String(repeating: "x", count: 70_000))
                default: break
                }
                // Some hang up at once, others stay and never read.
                if index % 7 != 0 { crowd.append(one) }
            }
            #expect(crowd.count > 100)
            let sent = try run.sendDefect()
            run.count("stopped", off: run.off(since: sent), mustBeOff: true)
            try line.wait(for: "stopped")
            run.takeDefectAway()
            run.ledger.collect()
            crowd = []
        }
        try run.finish()
    }
}
