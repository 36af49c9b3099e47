// SPDX-License-Identifier: Apache-2.0

import Testing

@Suite("Benchmarks")
struct BenchTests {
    @Test("on one thread a picture takes no allocation and no system call", arguments: ["maximum", "top-1-percent"])
    func quiet(score: String) throws {
        let output = try jidoka("bench", "infer", "--size", "64", "--frames", "20", "--score", score, "--json")
        #expect(output.ending == .exit(0) && output.errors.isEmpty, "\(output)")
        let report = try #require(JSON(parsing: output.out))
        #expect(report["allocs_per_frame"]?.double == 0, "\(output.out)")
        #expect(report["syscalls_per_frame"]?.double == 0, "\(output.out)")
        for key in ["best_ms", "p50_ms", "p99_ms", "p999_ms", "gmacs", "rss_mb"] {
            #expect((report[key]?.double ?? 0) > 0, "\(key)")
        }
        #expect(report["size"]?.int == 64 && report["threads"]?.int == 1)
    }

    @Test("several threads allocate nothing either")
    func threads() throws {
        let output = try jidoka("bench", "infer", "--size", "64", "--frames", "20", "--threads", "3", "--json")
        let report = try #require(JSON(parsing: output.out))
        #expect(report["allocs_per_frame"]?.double == 0 && report["threads"]?.int == 3, "\(output.out)")
    }

    @Test("an instruction set that nobody has is refused by name")
    func unknownInstructionSet() throws {
        let output = try jidoka("bench", "infer", "--isa", "mmx")
        #expect(output.ending == .exit(1) && output.out.isEmpty, "\(output)")
        #expect(output.errors.contains("mmx") && output.errors.contains("scalar"), "\(output.errors)")
    }

    @Test("a recipe that is not there, a size that is none", arguments: [["--recipe", "none"], ["--size", "100"]])
    func badArguments(arguments: [String]) throws {
        let output = try jidoka("bench", "infer", arguments[0], arguments[1], "--frames", "10")
        #expect(output.ending != .exit(0) && output.out.isEmpty, "\(output)")
        #expect(output.errors.contains(arguments[1]), "\(output.errors)")
    }
}

@Suite("Benchmark of accuracy")
struct BenchAccuracyTests {
    @Test("a table and files from two folders; what is missing is said, and nothing is done twice")
    func pair() throws {
        let fixture = try Fixture.shared()
        let folder = try TemporaryFolder("accuracy")
        for name in ["parts", "parts/train", "parts/test", "parts/train/good", "parts/test/good"] {
            try Files.makeFolder(folder / name)
        }
        for (index, path) in fixture.good.enumerated() {
            try Files.copy(path, to: folder / "parts/\(index < 50 ? "train" : "test")/good/\(index).jpg")
        }
        try fixture.lay([.noise, .noise], in: folder / "parts/test/noise")
        // A pair has no good parts but those that were learned.
        try Files.makeFolder(folder / "pair")
        try fixture.lay([.good, .good], in: folder / "pair/OK")
        try fixture.lay([.noise], in: folder / "pair/NG")
        let command = [
            "bench", "accuracy", "--data", folder / "parts", "/tmp/no-such-set", folder / "pair", "--detectors",
            "reduced-student", "--seeds", "3", "--sizes", "64", "--epochs", "1", "--out", folder / "out",
        ]
        let first = try run(Programs.jidoka, command + ["--json"])
        #expect(first.ending == .exit(0), "\(first)")
        let notes = first.errors.split(separator: "\n")
        #expect(notes.count == 2 && notes.first?.hasPrefix("skipped: /tmp/no-such-set") == true)
        #expect(notes.last?.contains("pair: expected") == true && notes.last?.contains("found 2, 0 and 1") == true)
        let group = try #require(first.json?["groups"]?.items.first)
        #expect(
            group["set"]?.text == "parts" && group["image_auroc"]?["mean"]?.double == 1 && group["aupro_30"] == .null)
        #expect(first.json == JSON(parsing: Files.text(folder / "out/results.json") ?? ""))
        let key = try #require(Files.names(folder / "out/runs").first)
        let stamp = Files.bytes(folder / "out/runs/\(key)/results.json")
        let second = try run(Programs.jidoka, command)
        #expect(second.ending == .exit(0) && second.out.hasPrefix("| data set |"), "\(second)")
        #expect(second.out == Files.text(folder / "out/table.md"))
        #expect(Files.bytes(folder / "out/runs/\(key)/results.json") == stamp)
        #expect(Files.exists(folder / "out/auroc-ms-parts.svg"))
    }

    @Test("no data set at all, and lists that are none, are refused")
    func refused() throws {
        let none = try jidoka("bench", "accuracy", "--data", "/tmp/no-such-set", "--out", "/tmp/unused")
        #expect(none.ending == .exit(1) && none.out.isEmpty && none.errors.contains("/tmp/no-such-set"))
        for (option, value) in [("--seeds", "1,1"), ("--sizes", "100"), ("--detectors", "best"), ("--epochs", "0")] {
            #expect(try jidoka("bench", "accuracy", option, value).ending == .exit(64), "\(option)")
        }
    }
}

@Suite("Benchmarks of the line")
struct BenchLineTests {
    @Test("soak counts parts, memory and descriptors of the daemon")
    func soak() throws {
        let fixture = try Fixture.shared()
        let output = try jidoka("bench", "soak", "tiny", "--recipes", fixture.recipes, "--parts", "300", "--json")
        #expect(output.ending == .exit(0), "\(output)")
        let report = try #require(output.json)
        #expect((report["parts"]?.int ?? 0) >= 300 && (report["rss_first_mb"]?.double ?? 0) > 1)
        #expect((report["fds_first"]?.int ?? 0) > 5 && report["hours"]?.double ?? 0 >= 300.0 / 7200)
    }

    @Test("line reports what the daemon has measured, the networks apart")
    func line() throws {
        let fixture = try Fixture.shared()
        let output = try jidoka(
            "bench", "line", "tiny", "--recipes", fixture.recipes, "--parts", "50", "--rate", "100", "--json")
        #expect(output.ending == .exit(0), "\(output)")
        let report = try #require(output.json)
        #expect((report["count"]?.int ?? 0) >= 50)
        for key in ["p50_ms", "p99_ms", "p999_ms", "max_ms", "decide_p50_ms", "decide_p999_ms"] {
            #expect((report[key]?.double ?? 0) > 0, "\(key)")
        }
        #expect((report["p50_ms"]?.double ?? 0) >= (report["decide_p50_ms"]?.double ?? .infinity))
    }
}
