// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import FoundationEssentials
import Glibc
import Recipes
import Sockets

struct BenchStart: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "start",
        abstract: "Milliseconds from the daemon's exec to its first verdict, and its memory then.",
        discussion: """
            Starts the daemon beside this program again and again on synthetic parts, commands 'start' as soon as it is \
            ready and waits for the first judged part.
            """)

    @Argument(help: "Recipe to start with.")
    var recipe: String
    @Option(help: "Starts.")
    var runs = 10
    @OptionGroup var place: RecipesOption
    @OptionGroup var output: JSONOption

    struct Report: Encodable {
        let recipe: String
        let runs: Int
        let best_ms, p50_ms, worst_ms, ready_p50_ms, rss_mb: Double
    }

    func validate() throws {
        guard (1...1000).contains(runs) else { throw ValidationError("runs must be 1 to 1000, found \(runs)") }
    }

    func run() throws {
        // A daemon wants whole paths; the folder may be given as a short one.
        guard
            let recipes = realpath(place.recipes, nil).map({ path in
                defer { free(path) }
                return String(cString: path)
            })
        else {
            throw RecipeError(
                .unreadable, place.recipes, expected: "the folder of recipes", found: String(cString: strerror(errno)),
                errno: errno)
        }
        let root = "/tmp/jidoka-bench-start.\(getpid())"
        defer { try? FileManager.default.removeItem(atPath: root) }
        var ready: [Double] = []
        var verdict: [Double] = []
        var memory = 0.0
        for run in 0..<runs {
            Terminal.shared.show("start \(run + 1) of \(runs)")
            let started = ContinuousClock.now
            let daemon = try DaemonProcess(
                root: root, recipes: recipes,
                configuration: """
                    recipe: \(recipe)
                    source:
                      kind: synthetic
                      seed: 1
                      rate: 100
                      defect_every: 0
                    """)
            defer { daemon.end() }
            try daemon.waitUntilReady(interval: 500)
            ready.append(Self.milliseconds(since: started))
            try daemon.command("start")
            try Self.waitForVerdict(daemon)
            verdict.append(Self.milliseconds(since: started))
            memory = max(memory, ProcessMemory.residentMegabytes(of: daemon.id))
        }
        Terminal.shared.clear()
        ready.sort()
        verdict.sort()
        let report = Report(
            recipe: recipe, runs: runs, best_ms: verdict[0], p50_ms: verdict[runs / 2], worst_ms: verdict[runs - 1],
            ready_p50_ms: ready[runs / 2], rss_mb: memory)
        if output.isJSON { return try printJSON(report) }
        func rounded(_ value: Double) -> String { TrainingDisplay.rounded(Float(value), 1) }
        print(
            """
            \(rounded(report.p50_ms)) ms from exec to the first verdict (best \(rounded(report.best_ms)), worst \
            \(rounded(report.worst_ms)), \(runs) starts; ready after \(rounded(report.ready_p50_ms)) ms)
            \(rounded(memory)) MB resident
            """)
    }

    private static func waitForVerdict(_ daemon: DaemonProcess) throws {
        let deadline = ContinuousClock.now + .seconds(10)
        while ContinuousClock.now < deadline {
            if case .integer(let parts)? = try daemon.status()?["parts"], parts > 0 { return }
            usleep(200)
        }
        throw RecipeError(
            .unreadable, "jidokad", expected: "a verdict within 10 seconds", found: "none", hint: "see 'jidoka status'")
    }

    private static func milliseconds(since start: ContinuousClock.Instant) -> Double {
        (ContinuousClock.now - start) / .milliseconds(1)
    }
}
