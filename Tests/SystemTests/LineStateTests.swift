// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

@Suite struct LineStateTests {
    @Test("the line boots blocked, becomes ready, and has a permit only after a start")
    func boot() throws {
        let line = try LineUnderTest("boot", parts: Array(repeating: .good, count: 8))
        try line.boot()
        line.expect("ready", permit: false)
        #expect(line.outputs.contains("lamp=blue"))
        #expect(line.command("start"))
        line.expect("running", permit: true)
        #expect(line.outputs.contains("lamp=green"))
        try line.wait(parts: 20)
        #expect(!line.outputs.contains("heartbeat=0 "))
        let events = try line.history()
        #expect(events.first?["event"]?.text == "boot" && events.first?["state"]?.text == "blocked")
        #expect(events.compactMap { $0["event"]?.text }.suffix(2) == ["ready", "start"])
        // No good part is an event.
        #expect(events.count < 8)
    }

    @Test("a defect stops the line, and the event says everything about it")
    func stop() throws {
        let fixture = try Fixture.shared()
        let line = try LineUnderTest("stop", parts: [.good, .good, .good, .noise, .good])
        try line.boot()
        let reader = try LineSocket(line.events)
        #expect(line.command("start"))
        var stop: JSON?
        while let text = reader.line(), let event = JSON(parsing: text) {
            if event["event"]?.text == "stop" {
                stop = event
                break
            }
        }
        let event = try #require(stop)
        let wanted: Set<String> = [
            "v", "seq", "time", "event", "recipe", "part", "score", "threshold", "state", "model", "state_from",
        ]
        #expect(event.keys == wanted)
        #expect(event["part"]?.text == "004.png" && event["state"]?.text == "stopped")
        #expect(event["recipe"]?.text == "tiny" && event["model"]?.text == fixture.model)
        #expect(event["threshold"] == .number(fixture.threshold) && event["state_from"]?.text == "running")
        #expect(event["time"]?.text?.hasSuffix("Z") == true)
        line.expect("stopped", permit: false)
        #expect(line.outputs.contains("lamp=red_flashing"))
        #expect(line.status?["stopped_part"]?.text == "004.png")
        // The tool gives the same picture the same bits.
        let judged = try jidoka("inspect", fixture.noise, "--recipe", "tiny", "--recipes", fixture.recipes, "--json")
        #expect(judged.json?.items.first?["score"] == event["score"])
        // The table has it, too.
        let row = try HistoryTable(line.state + "/history.sqlite").rows.last { $0.event == "stop" }
        #expect(row?.part == "004.png" && row?.seq == event["seq"]?.int)
    }

    @Test("acknowledge, reset and start work in this order only, and every other one is refused with a way out")
    func order() throws {
        let line = try LineUnderTest(
            "order", parts: [.good, .good, .noise] + Array(repeating: .good, count: 40), rate: 100)
        try line.boot()
        let good = "\"cmd\":\"ack\",\"verdict\":\"defect\",\"reason\":\"crack\""
        func refused(_ requests: [String], in state: String, permit: Bool) {
            for request in requests {
                let answer = line.ask("{\(request)}")
                #expect(answer?["ok"] == .bool(false), "\(state): \(request)")
                #expect(answer?["error"]?["message"]?.text?.isEmpty == false, "\(state): \(request)")
                #expect(answer?["error"]?["hint"]?.text?.isEmpty == false, "\(state): \(request)")
                line.expect(state, permit: permit, "\(request)")
            }
        }
        let start = "\"cmd\":\"start\""
        let reset = "\"cmd\":\"reset\""
        refused([good, reset], in: "ready", permit: false)
        #expect(line.command("start"))
        try line.wait(for: "stopped")
        refused(
            [
                start, reset, "\"cmd\":\"ack\"", "\"cmd\":\"ack\",\"verdict\":\"defect\"",
                "\"cmd\":\"ack\",\"verdict\":\"defect\",\"reason\":\"  \"",
                "\"cmd\":\"ack\",\"verdict\":\"fine\",\"reason\":\"x\"",
                "\"cmd\":\"ack\",\"verdict\":7,\"reason\":\"x\"",
                "\"cmd\":\"ack\",\"verdict\":\"defect\",\"reason\":[\"x\"]",
            ], in: "stopped", permit: false)
        #expect(line.acknowledge())
        refused([start, good], in: "acknowledged", permit: false)
        #expect(line.command("reset"))
        refused([reset, good], in: "ready", permit: false)
        #expect(line.command("start"))
        refused([start, reset, good], in: "running", permit: true)
        let acknowledged = try line.event("acknowledge")
        #expect(acknowledged["part"]?.text == "003.png" && acknowledged["verdict"]?.text == "defect")
        #expect(acknowledged["detail"]?.text == "looked at it")
        #expect(acknowledged["user"]?.text?.hasSuffix("(test)") == true)
    }

    @Test("what is latched is latched after a clean end and after kill -9", arguments: [SIGTERM, SIGKILL])
    func latch(number: Int32) throws {
        let line = try LineUnderTest("latch", parts: [.good, .noise, .good])
        func again() throws {
            line.daemon?.send(number)
            #expect(line.daemon?.wait() == (number == SIGTERM ? .exit(0) : .signal(SIGKILL)))
            try line.boot(until: nil)
        }
        try line.boot()
        #expect(line.command("start"))
        try line.wait(for: "stopped")
        try again()
        line.expect("stopped", permit: false)
        #expect(line.status?["stopped_part"]?.text == "002.png" && !line.command("start"))
        #expect(line.acknowledge())
        try again()
        line.expect("acknowledged", permit: false)
        #expect(!line.command("start") && line.command("reset"))
        try line.wait(for: "ready")
        try again()
        try line.wait(for: "ready")
        line.expect("ready", permit: false)
        #expect(try HistoryTable(line.state + "/history.sqlite").isGapless)
    }

    @Test("kill -9 while running comes back stopped, with an event of its own")
    func uncleanEnd() throws {
        let line = try LineUnderTest("unclean", parts: Array(repeating: .good, count: 5))
        try line.boot()
        #expect(line.command("start"))
        try line.wait(parts: 3)
        line.kill9()
        #expect(line.permitIsOn, "nobody is left to take it away; that is what the heartbeat is for")
        try line.boot(until: "stopped")
        line.expect("stopped", permit: false)
        let event = try line.event("unclean_end")
        #expect(event["state"]?.text == "stopped" && event["state_from"]?.text == "running")
        try line.bringBack()
        line.expect("running", permit: true)
    }

    @Test(
        "SIGTERM while running: exit 0, permit off, sockets gone, a shutdown event, and ready afterwards",
        arguments: [SIGTERM, SIGINT])
    func cleanEnd(number: Int32) throws {
        let line = try LineUnderTest("clean", parts: Array(repeating: .good, count: 5), rate: 0)
        try line.boot()
        #expect(line.command("start"))
        try line.wait(parts: 30)
        line.daemon?.send(number)
        #expect(line.daemon?.wait() == .exit(0))
        #expect(line.outputs.contains("permit=off") && line.outputs.contains("lamp=off"))
        #expect(Files.names(line.sockets).isEmpty)
        let rows = try HistoryTable(line.state + "/history.sqlite").rows
        #expect(rows.last?.event == "shutdown")
        try line.boot()
        line.expect("ready", permit: false)
    }

    @Test("the tool's commands bring a stopped line back and print what happened")
    func tool() throws {
        let line = try LineUnderTest("tool", parts: [.good, .noise] + Array(repeating: .good, count: 30), rate: 100)
        try line.boot()
        let place = ["--sockets", line.sockets]
        let start = try run(Programs.jidoka, ["start"] + place)
        #expect(start.ending == .exit(0) && start.out.contains("running") && start.errors.isEmpty)
        try line.wait(for: "stopped")
        let early = try run(Programs.jidoka, ["reset"] + place)
        #expect(early.ending == .exit(1) && early.out.isEmpty && early.errors.contains("not acknowledged"))
        let status = try run(Programs.jidoka, ["status", "--json"] + place)
        #expect(status.json?["state"]?.text == "stopped" && status.json?["permit"] == .bool(false))
        #expect(try run(Programs.jidoka, ["status"] + place).out.contains("002.png"))
        let ack = ["ack", "--verdict", "false_stop", "--reason", "it \"looks\" good", "--user", "Anna"]
        #expect(try run(Programs.jidoka, ack + place).ending == .exit(0))
        #expect(try run(Programs.jidoka, ["reset", "--json"] + place).json?["state"]?.text == "ready")
        let last = try #require(line.status?["seq"]?.int)
        let events = try run(Programs.jidoka, ["events", "--json"] + place)
        let lines = events.out.split(separator: "\n").compactMap { JSON(parsing: String($0)) }
        #expect(events.ending == .exit(0) && lines.compactMap { $0["seq"]?.int } == Array(1...last))
        let text = try run(Programs.jidoka, ["events", "--since", "4"] + place).out.split(separator: "\n")
        #expect(text.count == last - 4 && text.contains { $0.contains("stop") && $0.contains("002.png") })
        let acknowledged = lines.last { $0["event"]?.text == "acknowledge" }
        #expect(acknowledged?["detail"]?.text == "it \"looks\" good")
        #expect(acknowledged?["user"]?.text?.hasSuffix("(Anna)") == true)
    }
}
