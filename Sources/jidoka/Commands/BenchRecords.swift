// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Dispatch
import Glibc
import Sockets
import Threads

struct BenchRecords: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "records",
        abstract:
            "What evidence, history and subscribers cost the decision: two daemons in turn, with all of them and without.",
        discussion: """
            Both judge the same parts; while one has its turn of a second the other is stopped (SIGSTOP), so that they meet the \
            same machine and never each other. The one keeps evidence, records every part, and tells events to many \
            subscribers every second; the other does none of it. The ratio of the medians is what it costs: at most 1.05.
            """)

    @Argument(help: "Recipe to judge with.")
    var recipe: String
    @Option(help: "Parts that each judges.")
    var parts = 2000
    @Option(help: "Parts per second.")
    var rate = 50.0
    @Option(help: "Connections to the event socket.")
    var subscribers = 100
    @Option(help: "Every how many good parts one is kept as evidence.")
    var goodEvery = 20
    @Option(help: "Folder of parts (default: the recipe's good parts).")
    var data: String?
    @OptionGroup var place: RecipesOption
    @OptionGroup var output: JSONOption

    struct Report: Encodable {
        let recipe: String
        let rate: Double
        let subscribers, good_every, evidence_written, parts_recorded, events: Int
        let with, without: Times
        let median_ratio, p99_ratio: Double
    }

    struct Times: Encodable {
        let count: Int
        let p50_ms, p99_ms, max_ms: Double
    }

    func validate() throws {
        guard (100...100_000_000).contains(parts), (1...1_000).contains(rate), (0...120).contains(subscribers),
            goodEvery > 0
        else {
            throw ValidationError(
                "parts must be 100 or more, rate 1 to 1000, subscribers 0 to 120, good-every 1 or more")
        }
    }

    func run() throws {
        Interrupt.watch()
        let log = "log: {summary_seconds: 1}"
        let with = try line("-with", "evidence: {good_every: \(goodEvery)}\n\(log)")
        defer { with.end() }
        let without = try line(
            "-without", "evidence: {keep: false}\nhistory: {parts: 0}\n\(log)")
        defer { without.end() }
        try subscribe(to: with.daemon.sockets + "/events.sock")
        kill(without.daemon.id, SIGSTOP)
        defer { for line in [with, without] where line.daemon.id > 0 { kill(line.daemon.id, SIGCONT) } }
        var counts = (0, 0)
        while min(counts.0, counts.1) < parts, !Interrupt.isRequested {
            usleep(1_000_000)
            counts.0 = try with.progress().parts
            giveTurn(to: without, after: with)
            usleep(1_000_000)
            counts.1 = try without.progress().parts
            giveTurn(to: with, after: without)
            let share = Double(min(counts.0, counts.1)) / Double(parts)
            Terminal.shared.show("\(Terminal.bar(share))  \(counts.0) and \(counts.1) parts")
        }
        Terminal.shared.clear()
        let status = try with.progress().status
        let first = try times(status)
        giveTurn(to: without, after: with)
        let second = try times(try without.progress().status)
        func count(_ group: String, _ key: String) -> Int {
            guard case .object(let fields)? = status[group], case .integer(let value)? = fields[key] else { return 0 }
            return Int(value)
        }
        var events = 0
        if case .integer(let seq)? = status["seq"] { events = Int(seq) }
        let report = Report(
            recipe: recipe, rate: rate, subscribers: subscribers, good_every: goodEvery,
            evidence_written: count("evidence", "written"), parts_recorded: count("recorded_parts", "written"),
            events: events, with: first, without: second, median_ratio: first.p50_ms / second.p50_ms,
            p99_ratio: first.p99_ms / second.p99_ms)
        if output.isJSON { return try printJSON(report) }
        print(
            """
            with evidence (\(report.evidence_written) parts), history (\(report.parts_recorded) parts) and \(subscribers) \
            subscribers (\(events) events): median \(first.p50_ms) ms, p99 \(first.p99_ms) ms of \(first.count) parts
            without: median \(second.p50_ms) ms, p99 \(second.p99_ms) ms of \(second.count) parts
            ratio of the medians \(TrainingDisplay.rounded(Float(report.median_ratio), 3)), of the p99 \
            \(TrainingDisplay.rounded(Float(report.p99_ratio), 3))
            """)
    }

    private func line(_ name: String, _ more: String) throws -> BenchmarkLine {
        try BenchmarkLine(
            recipe: recipe, recipes: place.recipes, parts: data, rate: rate, threads: 1, hasOutputs: false, name: name,
            more: more)
    }

    /// Readers that read as fast as they can, on a thread of their own each.
    private func subscribe(to path: String) throws {
        let connected = DispatchSemaphore(value: 0)
        for _ in 0..<subscribers {
            let failure = PosixThread.startDetached(name: "subscriber") {
                guard let reader = try? EventReader(path: path, since: 0) else { return }
                connected.signal()
                while (try? reader.next()) ?? nil != nil {}
            }
            guard failure == 0, connected.wait(timeout: .now() + 5) == .success else {
                Terminal.shared.say("jidoka: bench records: not all subscribers could connect")
                throw ExitCode(1)
            }
        }
    }

    /// One daemon has its turn, the other waits.
    private func giveTurn(to next: BenchmarkLine, after last: BenchmarkLine) {
        kill(last.daemon.id, SIGSTOP)
        kill(next.daemon.id, SIGCONT)
    }

    private func times(_ status: [String: JSONValue]) throws -> Times {
        let latency = try DaemonLatency(status)
        return Times(
            count: Int(try latency["count"]), p50_ms: try latency["p50_ms"], p99_ms: try latency["p99_ms"],
            max_ms: try latency["max_ms"])
    }
}
