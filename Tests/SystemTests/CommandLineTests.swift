// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

@Suite struct CommandLineTests {
    private static let commands = [
        ["train"], ["calibrate"], ["evaluate"], ["inspect"], ["model"], ["model", "import"], ["status"], ["ack"],
        ["reset"], ["start"],
        ["events"], ["demo"], ["bench"], ["bench", "train"], ["bench", "choices"], ["bench", "accuracy"],
        ["bench", "soak"], ["bench", "line"], ["capture"], ["doctor"], ["trigger"], ["challenge"],
        ["audit"], ["report"], ["budget"], ["accept-camera"], ["bench", "drift"], ["bench", "audit"], [],
    ]

    @Test("every command explains itself and exits 0", arguments: commands)
    func help(command: [String]) throws {
        let output = try run(Programs.jidoka, command + ["--help"])
        #expect(output.ending == .exit(0))
        #expect(output.out.contains("USAGE: jidoka \(command.joined(separator: " "))") && output.errors.isEmpty)
    }

    @Test("an unknown option is exit status 64", arguments: commands)
    func unknownOption(command: [String]) throws {
        let output = try run(Programs.jidoka, command + ["--no-such-option"])
        #expect(output.ending == .exit(64))
        #expect(output.out.isEmpty && output.errors.contains("Usage: jidoka"), "\(output.errors)")
    }

    @Test("output that can't be written is an error, not a success without it")
    func fullOutput() throws {
        let folder = try TemporaryFolder("full-output")
        try Files.write((1...300).map { "\($0)\n" }.joined(), to: folder / "scores")
        let command = "\(Programs.jidoka) calibrate --scores \(folder / "scores")"
        #expect(try run("/bin/sh", ["-c", command]).ending == .exit(0))
        for more in ["", " --json"] {
            let output = try run("/bin/sh", ["-c", command + more + " > /dev/full"])
            #expect(output.ending == .exit(1) && output.errors.contains("No space left on device"), "\(output)")
        }
    }

    @Test("the daemon explains itself, shows an example and checks a configuration")
    func daemon() throws {
        let help = try run(Programs.jidokad, ["--help"])
        #expect(help.ending == .exit(0) && help.out.contains("USAGE: jidokad"))
        #expect(try run(Programs.jidokad, ["--no-such-option"]).ending == .exit(64))
        let example = try run(Programs.jidokad, ["--example"])
        let folder = try TemporaryFolder("example")
        try Files.write(example.out, to: folder / "jidoka.yaml")
        let check = try run(Programs.jidokad, ["--check", "--config", folder / "jidoka.yaml"])
        #expect(check.ending == .exit(0) && check.errors.isEmpty)
    }

    @Test("without a daemon the line's commands fail and name the socket")
    func noDaemon() throws {
        let commands = [
            ["status"], ["reset"], ["start"], ["trigger"], ["events"],
            ["ack", "--verdict", "defect", "--reason", "crack"],
        ]
        for command in commands {
            let output = try run(Programs.jidoka, command + ["--sockets", "/tmp/no-such-folder"])
            #expect(output.ending == .exit(1) && output.out.isEmpty)
            #expect(output.errors.contains("/tmp/no-such-folder/control.sock"), "\(output.errors)")
        }
        #expect(try jidoka("ack", "--verdict", "nonsense", "--reason", "crack").ending == .exit(64))
    }

    @Test("a bad configuration is exit status 78 with file, line and the nearest key")
    func badConfiguration() throws {
        let folder = try TemporaryFolder("bad")
        let file = folder / "jidoka.yaml"
        let cases: [(text: String, parts: [String])] = [
            ("recipe: r\nsource: {kind: synthetic}\nsokets: /tmp/x\n", ["\(file):3", "sokets", "sockets"]),
            ("recipe: r\nsource:\n  kind: synthetic\n  defect_evry: 3\n", ["\(file):4", "defect_every"]),
            ("recipe: r\nsource: {kind: synthetic, rate: fast}\n", ["\(file):2", "rate"]),
            ("recipe: r\nrecipe: r\nsource: {kind: synthetic}\n", ["\(file):2", "recipe"]),
            ("recipe: ../r\nsource: {kind: synthetic}\n", ["\(file):1", "recipe"]),
            ("source: {kind: synthetic}\n", ["recipe"]), ("", [file]), ("recipe: [\n", [file]), ("\u{0}", [file]),
        ]
        for (text, parts) in cases {
            try Files.write(text, to: file)
            for options in [[], ["--check"]] {
                let output = try run(Programs.jidokad, ["--config", file] + options)
                #expect(output.ending == .exit(78) && output.out.isEmpty)
                for part in parts { #expect(output.errors.contains(part), "\(output.errors)") }
            }
        }
        for path in ["/tmp/no-such-file.yaml", folder.path] {
            let output = try run(Programs.jidokad, ["--config", path])
            #expect(output.ending == .exit(78) && output.errors.contains(path))
        }
    }
}
