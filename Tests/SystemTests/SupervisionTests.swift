// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// What the service manager hears and does; the real one is met in the machine tests.
@Suite struct SupervisionTests {
    @Test("systemd hears when the daemon is ready, what the line does, when it reads its configuration, when it ends")
    func messages() throws {
        let line = try LineUnderTest("notify", parts: Array(repeating: .good, count: 8))
        let manager = try NotifySocket(line.folder / "notify")
        line.environment = ["NOTIFY_SOCKET": manager.path, "WATCHDOG_USEC": "600000"]
        try line.boot()
        let ready = try #require(manager.wait(for: "READY=1"))
        #expect(ready.contains("STATUS=blocked") || ready.contains("STATUS=ready"))
        #expect(manager.wait(for: "WATCHDOG=1") != nil)
        #expect(line.command("start"))
        let running = try #require(manager.wait(for: "STATUS=running, permit on, recipe tiny"))
        #expect(running.contains("parts"))
        var before = manager.messages.count
        line.daemon?.send(SIGHUP)
        let reloading = try #require(manager.wait(for: "RELOADING=1", after: before))
        #expect(reloading.contains("MONOTONIC_USEC="))
        #expect(manager.wait(for: "READY=1", after: before) != nil)
        before = manager.messages.count
        #expect(line.terminate() == .exit(0))
        #expect(manager.wait(for: "STOPPING=1", after: before) != nil)
    }

    @Test("a daemon without recipe and camera is ready for systemd, blocked for the line, and says why")
    func bare() throws {
        let line = try LineUnderTest(
            "bare", recipes: "/nowhere", source: "{kind: camera, device: /dev/jidoka-no-such-camera}")
        line.recipe = "default"
        let manager = try NotifySocket(line.folder / "notify")
        line.environment = ["NOTIFY_SOCKET": manager.path]
        try line.boot(until: "blocked")
        #expect(manager.wait(for: "READY=1") != nil)
        #expect(line.status?["reason"]?.text?.contains("/nowhere/default") == true)
        #expect(!line.command("start"))
        line.expect("blocked", permit: false)
    }

    @Test("a camera that is not there blocks the line and is named, with what to do")
    func missingCamera() throws {
        let fixture = try Fixture.shared()
        let line = try LineUnderTest(
            "camera", recipes: fixture.recipes, source: "{kind: camera, device: /dev/jidoka-no-such-camera}")
        try line.boot(until: "blocked")
        #expect(
            Patience.until { line.status?["reason"]?.text?.contains("/dev/jidoka-no-such-camera") == true },
            "\(String(describing: line.status))")
        #expect(line.status?["camera"] == .null)
        // A camera that stays away is not an event again and again.
        usleep(1_500_000)
        #expect(try line.history().filter { $0["event"]?.text == "source_lost" }.count == 1)
    }

    @Test("without parts the heartbeat goes on by self-tests, and no part is counted for them")
    func heartbeat() throws {
        let line = try LineUnderTest("heartbeat", parts: [.good])
        try line.boot()
        func beats() -> Int {
            line.outputs.split(separator: " ").first { $0.hasPrefix("heartbeat=") }.flatMap { Int($0.dropFirst(10)) }
                ?? 0
        }
        let before = beats()
        #expect(Patience.until { beats() >= before + 3 })
        #expect(line.status?["parts"]?.int == 0 && line.status?["state"]?.text == "ready")
    }

    @Test("every part is in the histogram, from picture ready to line changed")
    func latency() throws {
        let line = try LineUnderTest("latency", parts: [.good, .good, .good, .noise])
        try line.boot()
        #expect(line.command("start"))
        try line.wait(for: "stopped")
        // The state is told before the time is noted.
        #expect(Patience.until { line.status?["latency"]?["count"]?.int == 4 })
        let latency = try #require(line.status?["latency"])
        let whole = try #require(latency["p999_ms"]?.double)
        let decide = try #require(latency["decide_p999_ms"]?.double)
        #expect(decide > 0 && whole >= decide)
    }

    @Test("a GPIO chip that is not there is a fault that names it, not the end of the daemon")
    func missingChip() throws {
        let line = try LineUnderTest("chip", parts: [.good])
        line.outputsConfiguration = "{kind: gpio, permit: {chip: no-such-chip, line: 3}}"
        try line.boot(until: "fault")
        let reason = line.status?["reason"]?.text ?? ""
        #expect(reason.contains("output_failed") && reason.contains("no-such-chip"), "\(reason)")
        #expect(line.status?["permit"] == .null)
        #expect(!line.command("start"))
        #expect(line.acknowledge())
        #expect(!line.command("reset"))
    }

    @Test("'--permit-off' drives the outputs off, with a configuration that has become bad, too")
    func permitOff() throws {
        let line = try LineUnderTest("off", parts: Array(repeating: .good, count: 8))
        try line.boot()
        #expect(line.command("start"))
        line.kill9()
        #expect(line.permitIsOn)
        func drop(_ arguments: [String]) throws -> ChildProcess.Ending {
            try ChildProcess(
                Programs.jidokad, arguments + ["--config", line.configuration], output: line.folder / "out",
                errors: line.folder / "log", environment: ["STATE_DIRECTORY": line.state]
            ).wait()
        }
        #expect(try drop(["--permit-off"]) == .exit(0))
        #expect(!line.permitIsOn)
        try line.launch()
        #expect(line.answers())
        line.kill9()
        // As a killed daemon would have left it.
        try Files.write("permit=on lamp=green heartbeat=1 reject=0\n", to: line.outputsFile)
        try Files.write("recipe: [\n", to: line.configuration)
        #expect(try drop(["--permit-off"]) == .exit(0))
        #expect(!line.permitIsOn)
        // The daemon itself does the same before it gives up.
        try Files.write("permit=on lamp=green heartbeat=1 reject=0\n", to: line.outputsFile)
        #expect(try drop([]) == .exit(78))
        #expect(!line.permitIsOn)
    }

    @Test("outputs that were edited away while the permit was on are driven off, at the end and at the next start")
    func editedOutputs() throws {
        let line = try LineUnderTest("edited", parts: Array(repeating: .good, count: 8))
        let old = line.outputsFile
        try line.boot()
        #expect(line.command("start"))
        #expect(Files.text(old)?.contains("permit=on") == true)
        line.outputsFile = line.folder / "other"
        try line.writeConfiguration()
        line.kill9()
        let off = try ChildProcess(
            Programs.jidokad, ["--permit-off", "--config", line.configuration], output: line.folder / "out",
            errors: line.folder / "log")
        #expect(off.wait() == .exit(0))
        #expect(Files.text(old)?.contains("permit=off") == true)
        // Without that, the next start does it.
        try Files.write("permit=on lamp=green heartbeat=1 reject=0\n", to: old)
        try line.boot(until: "stopped")
        #expect(Files.text(old)?.contains("permit=off") == true)
        line.expect("stopped", permit: false)
    }

    @Test("a software trigger is refused with a way out when the source does not take it")
    func trigger() throws {
        let line = try LineUnderTest("trigger", parts: [.good])
        try line.boot()
        let answer = try #require(line.ask("{\"cmd\":\"trigger\"}"))
        #expect(answer["ok"] == .bool(false))
        #expect("\(answer)".contains("trigger: software"))
    }
}
