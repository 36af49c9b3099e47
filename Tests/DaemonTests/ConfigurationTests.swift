// SPDX-License-Identifier: Apache-2.0

import Daemon
import Line
import Outputs
import Recipes
import Testing

@Suite struct ConfigurationTests {
    private let least = "recipe: r\nsource: {kind: synthetic}\n"

    private func failure(_ text: String) -> RecipeError? {
        do throws(RecipeError) {
            _ = try Configuration.parse(text: text, file: "jidoka.yaml")
            return nil
        } catch {
            return error
        }
    }

    @Test("the documented example parses to the defaults, and its commented keys are real")
    func example() throws {
        #expect(try Configuration.parse(text: Configuration.example, file: "example") == .defaults)
        let folder = Configuration.example
            .replacing("kind: synthetic", with: "kind: folder").replacing("# path: /srv", with: "path: /srv")
            .replacing("# repeat", with: "repeat").replacing("  seed: 1", with: "").replacing(
                "  defect_every: 20", with: ""
            )
            .replacing("kind: none", with: "kind: file").replacing("# path: /run", with: "path: /run")
        let parsed = try Configuration.parse(text: folder, file: "example")
        #expect(parsed.source == .folder(path: "/srv/parts", rate: 2, repeats: false))
        #expect(parsed.outputs == .file(path: "/run/jidoka/outputs"))
    }

    @Test("a file with only what has no default gets the other values from the defaults")
    func defaults() throws {
        let parsed = try Configuration.parse(text: least, file: "t")
        #expect(parsed == Configuration(recipe: "r", source: .synthetic(seed: 1, rate: 2, defectEvery: 20)))
        #expect(parsed.recipes == "/var/lib/jidoka/recipes" && parsed.state == "/var/lib/jidoka")
        #expect(parsed.sockets == "/run/jidoka" && parsed.outputs == .none)
        #expect(parsed.log == Configuration.Log(level: .info, summarySeconds: 60))
    }

    @Test("every key is read")
    func everyKey() throws {
        let text = """
            recipe: washer-2
            recipes: /srv/recipes
            state: /srv/state
            sockets: /srv/run
            source: {kind: folder, path: /srv/parts, rate: 0, repeat: true}
            inspection: {threads: 4}
            detection: {every_parts: 200}
            outputs: {kind: file, path: /srv/out}
            log: {level: warning, summary_seconds: 5}
            """
        let expected = Configuration(
            recipe: "washer-2", source: .folder(path: "/srv/parts", rate: 0, repeats: true), recipes: "/srv/recipes",
            state: "/srv/state", sockets: "/srv/run", inspection: .init(threads: 4), detection: .init(everyParts: 200),
            outputs: .file(path: "/srv/out"),
            log: .init(level: .warning, summarySeconds: 5))
        #expect(try Configuration.parse(text: text, file: "t") == expected)
        let generated = try Configuration.parse(
            text:
                "recipe: r\nsource:\n  kind: synthetic\n  seed: 18446744073709551615\n  rate: 0.5\n  defect_every: 0\n",
            file: "t")
        #expect(generated.source == .synthetic(seed: .max, rate: 0.5, defectEvery: 0))
    }

    @Test("every error has its line, its key and a way out")
    func errors() {
        let cases: [(text: String, code: RecipeError.Code, line: Int, key: String)] = [
            ("source: {kind: synthetic}\n", .missingKey, 1, "recipe"),
            ("recipe: r\n", .missingKey, 1, "source"),
            ("recipe: r\nsource:\n  rate: 1\n", .missingKey, 2, "source.kind"),
            ("recipe: r\nsource: {kind: folder}\n", .missingKey, 2, "source.path"),
            ("recipe: r\nsource:\n  kind: webcam\n", .notAChoice, 3, "source.kind"),
            ("recipe: r\nsource:\n  kind: synthetic\n  path: /x\n", .contradiction, 4, "source.path"),
            ("recipe: r\nsource:\n  kind: synthetic\n  repeat: true\n", .contradiction, 4, "source.repeat"),
            ("recipe: r\nsource:\n  kind: folder\n  path: /x\n  seed: 1\n", .contradiction, 5, "source.seed"),
            ("recipe: r\nsource:\n  kind: folder\n  path: x\n", .outOfRange, 4, "source.path"),
            ("recipe: r\nsource:\n  kind: synthetic\n  rate: -1\n", .outOfRange, 4, "source.rate"),
            ("recipe: r\nsource:\n  kind: synthetic\n  rate: 0.0001\n", .outOfRange, 4, "source.rate"),
            ("recipe: r\nsource:\n  kind: synthetic\n  rate: fast\n", .wrongType, 4, "source.rate"),
            ("recipe: r\nsource:\n  kind: synthetic\n  defect_every: -1\n", .outOfRange, 4, "source.defect_every"),
            ("recipe: r\nsource:\n  kind: synthetic\n  seed: -1\n", .wrongType, 4, "source.seed"),
            ("recipe: ../r\n" + "source: {kind: synthetic}\n", .outOfRange, 1, "recipe"),
            ("recipe: .\nsource: {kind: synthetic}\n", .outOfRange, 1, "recipe"),
            ("recipe: 42\nsource: {kind: synthetic}\n", .wrongType, 1, "recipe"),
            (least + "outputs: {kind: none, path: /x}\n", .contradiction, 3, "outputs.path"),
            (least + "outputs: {kind: file}\n", .missingKey, 3, "outputs.path"),
            (least + "outputs: none\n", .wrongType, 3, "outputs"),
            (least + "inspection: {threads: 0}\n", .outOfRange, 3, "inspection.threads"),
            (least + "inspection: {threads: 17}\n", .outOfRange, 3, "inspection.threads"),
            (least + "inspection:\n  thread: 2\n", .unknownKey, 4, "inspection.thread"),
            (least + "log:\n  level: loud\n", .notAChoice, 4, "log.level"),
            (least + "log:\n  summary_seconds: 0\n", .outOfRange, 4, "log.summary_seconds"),
            (least + "log:\n  leve: info\n", .unknownKey, 4, "log.leve"),
            (least + "state: var\n", .outOfRange, 3, "state"),
            (least + "sockets: /" + String(repeating: "x", count: 94) + "\n", .outOfRange, 3, "sockets"),
            (least + "output: {kind: none}\n", .unknownKey, 3, "output"),
            (least + "recipe: s\n", .duplicateKey, 3, "recipe"),
        ]
        for (text, code, line, key) in cases {
            let error = failure(text)
            #expect(
                error?.code == code && error?.line == line && error?.key == key,
                "\(text.debugDescription): \(error.map(\.description) ?? "no error")")
        }
        #expect(
            failure(least + "stat: /x\n")?.description
                == "jidoka.yaml:3: unknown key 'stat'; did you mean 'state'? "
                + "(valid: recipe, recipes, state, sockets, source, inspection, detection, drift, outputs, line, evidence, history, roles, inputs, log)"
        )
    }

    @Test("the rules of the line are read, and each of them has its limits")
    func rules() throws {
        let text =
            least + """
                line:
                  andon: {seconds: 30, parts: 12, good_parts: 0, stop_after: {suspicious: 3, window: 20}}
                  stop_at: {ms: 400}
                  reject_at: {counts: 120, within_ms: 2000}
                  verdict_ms: 200
                  unjudged_parts: 3
                  escalation_s: 300
                  bypass_minutes: 30
                  challenge_s: 28800
                inputs: {encoder: {name: ENCODER}}

                """
        let line = try Configuration.parse(text: text, file: "jidoka.yaml").line
        let second: UInt64 = 1_000_000_000
        #expect(
            line.policy
                == LinePolicy(
                    andonTime: 30 * second, andonParts: 12, goodParts: nil, suspicious: .init(count: 3, of: 20),
                    stopTravel: .time(400_000_000), rejectTravel: .counts(120, limit: 2 * second), unjudgedLimit: 3,
                    escalationTime: 300 * second, bypassLimit: 1800 * second, challengePeriod: 28_800 * second))
        #expect(line.verdictMilliseconds == 200)
        let cases: [(String, RecipeError.Code, String)] = [
            ("line: {andon: {seconds: 0}}\n", .outOfRange, "line.andon.seconds"),
            (
                "line: {andon: {stop_after: {suspicious: 4, window: 3}}}\n", .outOfRange,
                "line.andon.stop_after.suspicious"
            ),
            ("line: {andon: {stop_after: {suspicious: 1, window: 65}}}\n", .outOfRange, "line.andon.stop_after.window"),
            ("line: {stop_at: {ms: 1, counts: 1, within_ms: 1}}\n", .contradiction, "line.stop_at.ms"),
            ("line: {stop_at: {}}\n", .missingKey, "line.stop_at.ms"),
            ("line: {reject_at: {counts: 5}}\n", .missingKey, "line.reject_at.within_ms"),
            ("line: {reject_at: {counts: 5, within_ms: 100}}\n", .missingKey, "inputs"),
            ("line: {bypass_minutes: 1441}\n", .outOfRange, "line.bypass_minutes"),
            ("line: {unjudged_parts: 0}\n", .outOfRange, "line.unjudged_parts"),
            ("line: {challenge_s: 0}\n", .outOfRange, "line.challenge_s"),
            ("detection: {every_parts: -1}\n", .outOfRange, "detection.every_parts"),
            ("detection: {every: 1}\n", .unknownKey, "detection.every"),
            ("line: {warn: 1}\n", .unknownKey, "line.warn"),
            ("history: {events: 10}\n", .outOfRange, "history.events"),
            ("history: {parts: -1}\n", .outOfRange, "history.parts"),
            ("history: {part: 1}\n", .unknownKey, "history.part"),
            ("roles: {operate: jidoka}\n", .wrongType, "roles.operate"),
            ("roles: {supervise: [\"\"]}\n", .outOfRange, "roles.supervise"),
            ("roles: {admin: [a]}\n", .unknownKey, "roles.admin"),
            ("evidence: {max_mb: 9}\n", .outOfRange, "evidence.max_mb"),
            ("evidence: {days: 0}\n", .outOfRange, "evidence.days"),
            ("evidence: {good_every: -1}\n", .outOfRange, "evidence.good_every"),
        ]
        for (text, code, key) in cases {
            let error = failure(least + text)
            #expect(
                error?.code == code && error?.key == key, "\(text): \(error.map(\.description) ?? "no error")")
        }
        #expect(try Configuration.parse(text: least, file: "f").line == Configuration.Line())
        let kept = "evidence: {max_mb: 50, days: 30, good_every: 100}\n"
        #expect(
            try Configuration.parse(text: least + kept, file: "f").evidence
                == .init(megabytes: 50, days: 30, goodEvery: 100))
        #expect(try Configuration.parse(text: least + "evidence: {keep: false}\n", file: "f").evidence == nil)
    }

    @Test("recipe, recipes and source affect verdicts; state, sockets, threads and outputs need a restart")
    func differences() {
        let base = Configuration.defaults
        func changed(_ change: (inout Configuration) -> Void) -> (verdicts: Bool, restart: [String]) {
            var other = base
            change(&other)
            return (other.affectsVerdicts(comparedTo: base), other.keysNeedingRestart(comparedTo: base))
        }
        #expect(changed { _ in } == (false, []))
        #expect(changed { $0.recipe = "x" } == (true, []))
        #expect(changed { $0.recipes = "/x" } == (true, []))
        #expect(changed { $0.source = .folder(path: "/x", rate: 2, repeats: true) } == (true, []))
        #expect(changed { $0.log.level = .debug } == (false, []))
        #expect(changed { $0.state = "/x" } == (false, ["state"]))
        let all = changed {
            $0.outputs = .file(path: "/x")
            $0.inspection.threads = 2
            $0.sockets = "/x"
            $0.state = "/x"
        }
        #expect(all == (false, ["state", "sockets", "inspection", "outputs"]))
    }

    @Test("a camera, its trigger, the wires and the button are read")
    func hardware() throws {
        let text = """
            recipe: r
            source:
              kind: camera
              device: /dev/v4l/by-id/usb-a
              trigger: input
              delay_ms: 30
              idle_s: 60
              input:
                chip: gpiochip0
                line: 5
                active_low: true
                bias: pull-up
            outputs:
              kind: gpio
              permit: {chip: rig, line: 3}
              heartbeat: {name: HEARTBEAT}
              reject: {name: REJECT}
              reject_ms: 40
            inputs:
              acknowledge: {name: ACK}
            """
        let parsed = try Configuration.parse(text: text, file: "t")
        let trigger = GPIOLine(chip: "gpiochip0", offset: 5, isActiveLow: true, bias: .pullUp)
        #expect(
            parsed.source
                == .camera(
                    device: "/dev/v4l/by-id/usb-a",
                    trigger: .input(Configuration.Input(line: trigger, debounce: 5), delay: 30, idle: 60)))
        var lines = GPIOOutputLines(permit: GPIOLine(chip: "rig", offset: 3))
        lines.heartbeat = GPIOLine(name: "HEARTBEAT")
        lines.reject = GPIOLine(name: "REJECT")
        lines.rejectMilliseconds = 40
        #expect(parsed.outputs == .gpio(lines))
        #expect(parsed.acknowledge == Configuration.Input(line: GPIOLine(name: "ACK"), debounce: 20))
        let rate = try Configuration.parse(
            text: "recipe: r\nsource: {kind: camera, device: /dev/video0}\n", file: "t")
        #expect(rate.source == .camera(device: "/dev/video0", trigger: .rate(2)))
    }

    @Test(
        "lines that can't be and keys that don't belong together are errors with a hint",
        arguments: [
            ("outputs: {kind: gpio}", "permit"), ("outputs: {kind: gpio, permit: {line: 3}}", "chip"),
            ("outputs: {kind: gpio, permit: {chip: a, line: 3, name: b}}", "line"),
            ("outputs: {kind: gpio, permit: {chip: a, line: 3, bias: up}}", "bias"),
            ("outputs: {kind: gpio, permit: {name: a}, stop: {name: a}}", "outputs.stop"),
            ("outputs: {kind: gpio, permit: {name: a}}\ninputs: {acknowledge: {name: a}}", "inputs.acknowledge"),
            ("outputs: {kind: none, permit: {name: a}}", "permit"),
            ("outputs: {kind: gpio, permit: {name: a}, reject_ms: 0}", "reject_ms"),
            ("inputs: {trigger: {name: a}}", "trigger"),
        ])
    func badLines(_ text: String, _ key: String) throws {
        let error = try #require(failure(least + text))
        #expect("\(error)".contains(key), "\(error)")
    }

    @Test(
        "a trigger takes only the keys that belong to it",
        arguments: [
            "trigger: software, rate: 2", "trigger: rate, delay_ms: 3", "idle_s: 3", "trigger: software, idle_s: 0",
            "trigger: input", "trigger: never",
            "trigger: software, input: {name: a}", "seed: 1", "trigger: software, delay_ms: 60001",
        ])
    func badTrigger(_ keys: String) {
        #expect(failure("recipe: r\nsource: {kind: camera, device: /dev/video0, \(keys)}\n") != nil)
    }
}

private func == (a: (verdicts: Bool, restart: [String]), b: (Bool, [String])) -> Bool {
    a.verdicts == b.0 && a.restart == b.1
}
