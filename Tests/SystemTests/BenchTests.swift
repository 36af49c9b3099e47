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
