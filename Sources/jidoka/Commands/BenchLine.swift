// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Glibc
import Recipes
import Sockets

struct BenchLine: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "line",
        abstract: "From the picture ready in user space to the line changed, as the daemon itself measures it.",
        discussion: """
            Replays good parts through the daemon beside this program; simulated outputs take the place of the wires. The \
            difference is what everything but the networks may cost: p99.9 at most 2 ms.
            """)

    @Argument(help: "Recipe to judge with.")
    var recipe: String
    @Option(help: "Parts to judge.")
    var parts = 2000
    @Option(help: "Parts per second; 0 is as fast as it can.")
    var rate = 20.0
    @Option(help: "Folder of parts (default: the recipe's good parts).")
    var data: String?
    @Option(help: "Threads that share the work on one part.")
    var threads = 1
    @OptionGroup var place: RecipesOption
    @OptionGroup var output: JSONOption

    struct Report: Encodable {
        let recipe: String
        let count, threads, restarts: Int
        let rate, p50_ms, p99_ms, p999_ms, max_ms, decide_p50_ms, decide_p999_ms, difference_p999_ms: Double
    }

    func validate() throws {
        guard (10...100_000_000).contains(parts), (0...10_000).contains(rate), (1...16).contains(threads) else {
            throw ValidationError("parts must be 10 to 100000000, rate 0 to 10000, threads 1 to 16")
        }
    }

    func run() throws {
        Interrupt.watch()
        let line = try BenchmarkLine(
            recipe: recipe, recipes: place.recipes, parts: data, rate: rate, threads: threads, hasOutputs: false)
        defer { line.end() }
        var progress = try line.progress()
        while progress.parts < parts, !Interrupt.isRequested {
            Terminal.shared.show("\(Terminal.bar(Double(progress.parts) / Double(parts)))  \(progress.parts) parts")
            usleep(200_000)
            progress = try line.progress()
        }
        Terminal.shared.clear()
        let report = try report(progress.status, line)
        if output.isJSON { return try printJSON(report) }
        print(
            """
            \(report.count) parts, picture ready to line changed: median \(report.p50_ms) ms, p99 \(report.p99_ms) ms, \
            p99.9 \(report.p999_ms) ms, at most \(report.max_ms) ms
            networks alone: median \(report.decide_p50_ms) ms, p99.9 \(report.decide_p999_ms) ms; difference of the p99.9 \
            \(TrainingDisplay.rounded(Float(report.difference_p999_ms), 3)) ms
            """)
    }

    private func report(_ status: [String: JSONValue], _ line: BenchmarkLine) throws(RecipeError) -> Report {
        let latency = try DaemonLatency(status)
        let (line999, decide999) = (try latency["p999_ms"], try latency["decide_p999_ms"])
        return Report(
            recipe: recipe, count: Int(try latency["count"]), threads: threads, restarts: line.restarts, rate: rate,
            p50_ms: try latency["p50_ms"], p99_ms: try latency["p99_ms"], p999_ms: line999,
            max_ms: try latency["max_ms"],
            decide_p50_ms: try latency["decide_p50_ms"], decide_p999_ms: decide999,
            difference_p999_ms: line999 - decide999)
    }
}
