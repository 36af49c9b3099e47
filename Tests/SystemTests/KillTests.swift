// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

@Suite struct KillTests {
    @Test("kill -9 at random moments: the permit comes back off, the latch holds, no event is lost or doubled")
    func randomMoments() throws {
        let rounds = Programs.isThorough ? 200 : 15
        print("daemon: killed \(rounds) times at random moments")
        // Short cycles: stop, acknowledge, reset and start follow each other as fast as the disk takes them.
        let line = try LineUnderTest(
            "kill", parts: [.good, .good, .good, .noise, .good, .noise, .good, .good], rate: 0)
        var generator = SystemRandomNumberGenerator()
        var seen: [Int: String] = [:]
        var before: HistoryTable.Row?
        var cycles = 0
        for round in 0..<rounds {
            try line.boot(until: nil)
            #expect(!line.permitIsOn, "round \(round)")
            let state = try #require(line.status?["state"]?.text)
            #expect(state != "running")
            // What the last run left decides what this one comes back as.
            switch before?.state {
            case "running"?, "stopped"?, "fault"?: #expect(state == "stopped", "round \(round)")
            case "acknowledged"?: #expect(state == "acknowledged", "round \(round)")
            default: #expect(["blocked", "ready"].contains(state), "round \(round)")
            }
            let reader = try LineSocket(line.events)
            reader.send("{\"since\":\(seen.keys.max() ?? 0)}\n")
            // From a child, so that the moment has nothing to do with what the person is doing.
            let killer = try ChildProcess(
                "/bin/sh",
                [
                    "-c",
                    "sleep 0.\(Int.random(in: 100..<500, using: &generator)); kill -9 \(line.daemon?.process ?? 0)",
                ], output: line.folder / "out", errors: line.folder / "killer")
            while line.daemon?.isRunning == true {
                switch line.status?["state"]?.text {
                case "stopped": _ = line.acknowledge()
                case "acknowledged": line.command("reset")
                case "ready": if line.command("start") { cycles += 1 }
                default: usleep(500)
                }
            }
            #expect(killer.wait() == .exit(0))
            #expect(line.daemon?.wait() == .signal(SIGKILL))
            while let text = reader.line(seconds: 5) {
                let event = try #require(JSON(parsing: text))
                let seq = try #require(event["seq"]?.int)
                #expect(seen[seq] == nil, "event \(seq) came twice")
                seen[seq] = event["event"]?.text
            }
            let table = try HistoryTable(line.state + "/history.sqlite")
            #expect(table.isGapless, "round \(round)")
            let kinds = Dictionary(uniqueKeysWithValues: table.rows.map { ($0.seq, $0.event) })
            for (seq, kind) in seen { #expect(kinds[seq] == kind, "event \(seq) of round \(round)") }
            before = table.rows.last
        }
        try line.boot(until: nil)
        let table = try HistoryTable(line.state + "/history.sqlite")
        let last = try #require(table.rows.last?.seq)
        let replayed = try line.history()
        // The daemon that was just started may have added an event since the table was read.
        let numbers = replayed.compactMap { $0["seq"]?.int }
        #expect(numbers == Array(1...numbers.count) && numbers.count >= last)
        print("daemon: \(last) events, \(cycles) starts, \(seen.count) events seen by a reader")
        #expect(table.rows.contains { $0.event == "unclean_end" } && cycles >= rounds)
    }

    @Test("kill -9 while parts rush through comes back stopped every time")
    func whileRunning() throws {
        let rounds = Programs.isThorough ? 100 : 6
        let line = try LineUnderTest("rush", parts: Array(repeating: .good, count: 10), rate: 0)
        for _ in 0..<rounds {
            try line.boot(until: nil)
            #expect(!line.permitIsOn)
            if line.status?["state"]?.text == "stopped" {
                #expect(line.acknowledge() && line.command("reset"))
            }
            try line.wait(for: "ready")
            #expect(line.command("start"))
            try line.wait(parts: Int.random(in: 1...60))
            line.kill9()
        }
        let table = try HistoryTable(line.state + "/history.sqlite")
        #expect(table.isGapless)
        #expect(table.rows.filter { $0.event == "unclean_end" }.count == rounds - 1)
    }
}
