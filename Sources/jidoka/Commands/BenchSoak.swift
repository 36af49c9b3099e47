// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Glibc

struct BenchSoak: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "soak",
        abstract: "A day's worth of parts at full speed: does the daemon's memory grow, do its descriptors?",
        discussion: """
            Replays good parts through the daemon beside this program and looks at its resident memory and descriptors in \
            /proc. A day at 2 parts a second is 172,800 parts. The first tenth of the parts is warm-up.
            """)

    @Argument(help: "Recipe to judge with.")
    var recipe: String
    @Option(help: "Parts to judge.")
    var parts = 172_800
    @Option(help: "Folder of parts (default: the recipe's good parts).")
    var data: String?
    @Option(help: "Threads that share the work on one part.")
    var threads = 1
    @OptionGroup var place: RecipesOption
    @OptionGroup var output: JSONOption

    struct Report: Encodable {
        let recipe: String
        let parts: Int
        /// Hours of a line of 2 parts a second.
        let hours, seconds: Double
        let warm_up_parts, samples, restarts: Int
        /// Resident memory after the warm-up.
        let rss_first_mb, rss_last_mb, rss_max_mb, rss_growth_mb: Double
        let fds_first, fds_last, fds_max: Int
    }

    func validate() throws {
        guard (100...1_000_000_000).contains(parts), (1...16).contains(threads) else {
            throw ValidationError("parts must be 100 to 1000000000, threads 1 to 16")
        }
    }

    func run() throws {
        Interrupt.watch()
        let line = try BenchmarkLine(
            recipe: recipe, recipes: place.recipes, parts: data, rate: 0, threads: threads)
        defer { line.end() }
        let started = ContinuousClock.now
        var memory: [Double] = []
        var descriptors: [Int] = []
        var (judged, warm) = (0, 0)
        while judged < parts, !Interrupt.isRequested {
            judged = try line.progress().parts
            Terminal.shared.show("\(Terminal.bar(Double(judged) / Double(parts)))  \(judged) of \(parts) parts")
            if judged >= parts / 10 {
                if warm == 0 { warm = judged }
                memory.append(ProcessMemory.residentMegabytes(of: line.daemon.id))
                descriptors.append(ProcessMemory.descriptors(of: line.daemon.id))
            }
            usleep(parts > 10_000 ? 500_000 : 50_000)
        }
        Terminal.shared.clear()
        guard let first = memory.first, let last = memory.last, let most = memory.max(),
            let firstFiles = descriptors.first, let lastFiles = descriptors.last, let mostFiles = descriptors.max()
        else { throw ExitCode(130) }
        let report = Report(
            recipe: recipe, parts: judged, hours: Double(judged) / 7200,
            seconds: (ContinuousClock.now - started) / .seconds(1), warm_up_parts: warm, samples: memory.count,
            restarts: line.restarts, rss_first_mb: first, rss_last_mb: last, rss_max_mb: most,
            rss_growth_mb: most - first, fds_first: firstFiles, fds_last: lastFiles, fds_max: mostFiles)
        if output.isJSON { return try printJSON(report) }
        func rounded(_ value: Double) -> String { TrainingDisplay.rounded(Float(value), 2) }
        print(
            """
            \(judged) parts judged, \(rounded(report.hours)) hours of a line of 2 parts/s, in \
            \(rounded(report.seconds)) s
            resident \(rounded(first)) MB after \(warm) parts, \(rounded(last)) MB at the end, \
            \(rounded(most)) MB at most; descriptors \(firstFiles), \(lastFiles), \(mostFiles)
            """)
    }
}
