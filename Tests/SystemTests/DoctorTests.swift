// SPDX-License-Identifier: Apache-2.0

import Testing

@Suite("jidoka doctor") struct DoctorTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder("doctor") }

    /// What a host says of itself: files below `root`, and programs in `bin` before all others.
    private func doctor(_ configuration: String, isJSON: Bool = true) throws -> Output {
        for path in ["root", "root/etc", "root/proc", "root/run", "root/run/systemd", "bin"] {
            try Files.makeFolder(folder / path)
        }
        let path = "PATH=\(folder / "bin"):/usr/bin:/bin"
        return try run(
            "/usr/bin/env",
            [path, Programs.jidoka, "doctor", "--config", configuration, "--root", folder / "root"]
                + (isJSON ? ["--json"] : []))
    }

    private func program(_ name: String, _ text: String) throws {
        try Files.makeFolder(folder / "bin")
        try Files.write("#!/bin/sh\n\(text)\n", to: folder / "bin/\(name)")
        let allowed = try run("/bin/chmod", ["755", folder / "bin/\(name)"])
        #expect(allowed.ending == .exit(0))
    }

    private func write(_ text: String, to path: String) throws {
        var soFar = folder / "root"
        try Files.makeFolder(soFar)
        for part in path.split(separator: "/").dropLast() {
            soFar += "/" + part
            try Files.makeFolder(soFar)
        }
        try Files.write(text, to: folder / "root\(path)")
    }

    private func configuration(recipe: String = "tiny") throws -> String {
        let fixture = try Fixture.shared()
        try Files.makeFolder(folder / "state")
        try Files.write(
            """
            recipe: \(recipe)
            recipes: \(fixture.recipes)
            state: \(folder / "state")
            sockets: \(folder / "run")
            source: {kind: synthetic}
            """, to: folder / "jidoka.yaml")
        return folder / "jidoka.yaml"
    }

    private func findings(_ output: Output, _ topic: String) -> [JSON] {
        (output.json?["findings"]?.items ?? []).filter { $0["topic"]?.text == topic }
    }

    @Test("a box that can inspect has no errors; what is missing around it is a warning with advice")
    func healthy() throws {
        let output = try doctor(try configuration())
        #expect(output.ending == .exit(0) && output.errors.isEmpty, "\(output)")
        let all = output.json?["findings"]?.items ?? []
        #expect(output.json?["errors"]?.int == 0 && all.allSatisfy { $0["status"]?.text != "error" })
        for finding in all {
            #expect((finding["status"]?.text == "ok") == (finding["advice"]?.text == nil), "\(finding)")
            #expect(finding["found"]?.text?.isEmpty == false)
        }
        for topic in [
            "processor", "configuration", "recipe", "camera", "gpio", "accounts", "disk", "clock", "unit", "sockets",
        ] { #expect(!findings(output, topic).isEmpty, "\(topic)") }
        #expect(findings(output, "recipe")[0]["found"]?.text?.contains(try Fixture.shared().model) == true)
        #expect(findings(output, "unit")[0]["found"]?.text?.contains("systemd does not run here") == true)
        #expect(findings(output, "sockets")[0]["found"]?.text?.contains("no daemon answers") == true)
        let text = try doctor(folder / "jidoka.yaml", isJSON: false)
        #expect(text.ending == .exit(0) && !text.out.contains("\u{1B}") && text.out.contains("\nwarning  "), "\(text)")
    }

    @Test("a missing or wrong configuration, a missing or damaged recipe are errors with advice")
    func errors() throws {
        let missing = try doctor(folder / "none.yaml")
        #expect(missing.ending == .exit(1))
        #expect(findings(missing, "configuration")[0]["advice"]?.text?.contains("--example") == true)
        try Files.write("recipe: r\nsorce: {}\n", to: folder / "wrong.yaml")
        let wrong = try doctor(folder / "wrong.yaml")
        #expect(wrong.ending == .exit(1))
        #expect(findings(wrong, "configuration")[0]["found"]?.text?.contains("wrong.yaml:2") == true, "\(wrong)")
        let untrained = try doctor(try configuration(recipe: "nothing"))
        #expect(untrained.ending == .exit(1))
        #expect(findings(untrained, "recipe")[0]["advice"]?.text?.contains("jidoka capture nothing") == true)
        let fixture = try Fixture.shared()
        try Files.copyFolder(fixture.recipes + "/tiny", to: folder / "tiny")
        try Files.flipByte(folder / "tiny/int8.safetensors")
        let file = try configuration()
        try Files.write((Files.text(file) ?? "").replacing(fixture.recipes, with: folder.path), to: file)
        let damaged = try doctor(file)
        #expect(damaged.ending == .exit(1))
        #expect(findings(damaged, "recipe")[0]["found"]?.text?.contains("int8.safetensors") == true, "\(damaged)")
    }

    @Test("a camera and lines that are configured but not there are errors")
    func devices() throws {
        let file = try configuration()
        try Files.write(
            (Files.text(file) ?? "").replacing(
                "{kind: synthetic}", with: "{kind: camera, device: /dev/v4l/by-id/none}")
                + "\noutputs: {kind: gpio, permit: {chip: none, line: 3}}\n", to: file)
        let output = try doctor(file)
        #expect(output.ending == .exit(1), "\(output)")
        #expect(findings(output, "camera").last?["status"]?.text == "error")
        #expect(findings(output, "gpio").last?["status"]?.text == "error")
    }

    @Test(
        "what systemd says of the unit becomes findings",
        arguments: [
            ("loaded", "active", "enabled", "0", "5s", ["ok"]), ("loaded", "failed", "enabled", "0", "5s", ["error"]),
            ("loaded", "inactive", "enabled", "0", "5s", ["warning"]),
            ("loaded", "active", "disabled", "3", "infinity", ["ok", "warning", "warning", "warning"]),
            ("not-found", "inactive", "", "0", "0", ["warning"]),
        ])
    func unit(
        load: String, active: String, file: String, restarts: String, watchdog: String, expected: [String]
    ) throws {
        try write("", to: "/run/systemd/system/here")
        try program(
            "systemctl",
            """
            test "$2" = jidokad.service || exit 9
            printf 'LoadState=\(load)\\nActiveState=\(active)\\nSubState=running\\nUnitFileState=\(file)\\n'
            printf 'NRestarts=\(restarts)\\nWatchdogUSec=\(watchdog)\\nResult=watchdog\\nStatusText=a=b\\n'
            """)
        let output = try doctor(try configuration())
        #expect(findings(output, "unit").map { $0["status"]?.text ?? "" } == expected, "\(output)")
        if active == "failed" {
            #expect(findings(output, "unit")[0]["advice"]?.text?.contains("journalctl -u jidokad") == true)
        }
    }

    @Test("users, groups and the clock are read from the host's files")
    func host() throws {
        try write("root:x:0:0::/root:/bin/sh\njidoka:x:990:991::/var/lib/jidoka:/bin/false\n", to: "/etc/passwd")
        try write("root:x:0:\njidoka:x:991:\nvideo:x:44:jidoka,anna\ngpio:x:995:jidoka\n", to: "/etc/group")
        try write("", to: "/run/systemd/timesync/synchronized")
        try write("model name\t: Test CPU\nflags\t\t: sse avx2\n", to: "/proc/cpuinfo")
        let output = try doctor(try configuration())
        #expect(
            findings(output, "accounts").first?["found"]?.text == "user jidoka, groups video, jidoka, gpio", "\(output)"
        )
        #expect(findings(output, "clock").first?["status"]?.text == "ok")
        #expect(findings(output, "processor").first?["found"]?.text?.hasPrefix("Test CPU, ") == true)
    }

    @Test("a running daemon is asked, and a stop is a warning")
    func running() throws {
        let line = try LineUnderTest("doctor", parts: [.good, .noise], repeats: true)
        try line.boot()
        let ready = try doctor(line.configuration)
        #expect(ready.ending == .exit(0), "\(ready)")
        #expect(findings(ready, "sockets").map { $0["status"]?.text } == ["ok", "ok"])
        #expect(line.command("start"))
        try line.wait(for: "stopped")
        let stopped = try doctor(line.configuration)
        #expect(stopped.ending == .exit(0))
        #expect(findings(stopped, "sockets").first?["advice"]?.text?.contains("jidoka ack") == true, "\(stopped)")
    }
}
