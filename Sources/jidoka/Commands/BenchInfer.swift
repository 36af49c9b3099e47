// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Inspection
import Recipes

struct BenchInfer: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "infer",
        abstract: "Milliseconds per picture of the integer engine, and the share of the integer peak of the same run.",
        discussion: """
            Without a recipe: a ResNet-18 teacher and the reduced student with random weights, whose time is the same. With \
            one: its own networks, at any size.
            """)

    @Option(help: "Threads that share one picture.")
    var threads = 1
    @Option(help: "Instruction set; the same as JIDOKA_ISA.")
    var isa: String?
    @Option(help: "Side of the picture, a multiple of 32.")
    var size = 256
    @Option(help: "Levels, from stem,layer1,layer2,layer3 (default: layer1,layer2, or the recipe's).")
    var levels: LevelList?
    @Option(help: "Score of the map: maximum, top-0.3-percent, top-1-percent or top-3-percent.")
    var score = MapSettings.ScoreRule.maximum
    @Option(help: "Pictures.")
    var frames = 2000
    @Option(help: "Share of one core that a competing thread takes meanwhile, 0 to 1.")
    var load = 0.0
    @Option(help: "Recipe whose networks are measured.")
    var recipe: String?
    @OptionGroup var place: RecipesOption
    @OptionGroup var output: JSONOption

    struct Report: Encodable {
        let best_ms, p50_ms, p99_ms, p999_ms, gmacs, peak_gmacs, peak_best_gmacs: Double
        let clock_ghz, peak_macs_per_cycle, rss_mb, allocs_per_frame, load: Double
        /// Null with several threads or where they can't be counted; and null shares where there is no peak to compare with.
        let syscalls_per_frame, peak_share: Double?
        let isa: String
        let threads, size, frames, macs: Int
        let levels: [String]
        let network: String
    }

    func validate() throws {
        guard (1...64).contains(threads), (10...10_000_000).contains(frames), (0...1).contains(load) else {
            throw ValidationError("threads must be 1 to 64, frames 10 to 10000000, load 0 to 1")
        }
    }

    func run() throws {
        let set = try isa.map { try InstructionSet.named($0).checked() } ?? InstructionSet.current()
        let plan = try plan()
        let settings = MapSettings(levels: plan.levels.map(\.level), normalisation: .none, score: score)
        let model = try InspectionModel(networks: .int8(plan), settings: settings, statistics: [])
        let result = try InferenceBenchmark(
            model: model, multiplyAccumulates: plan.multiplyAccumulates, instructionSet: set, threads: threads,
            frames: frames, load: load
        ).run { Terminal.shared.show("inference \(Terminal.bar($0))") }
        Terminal.shared.clear()
        let report = Report(
            best_ms: result.best, p50_ms: result.median, p99_ms: result.p99, p999_ms: result.p999,
            gmacs: result.gigamacs,
            peak_gmacs: result.peak, peak_best_gmacs: result.bestPeak, clock_ghz: result.clock,
            peak_macs_per_cycle: result.peakPerCycle, rss_mb: result.residentMegabytes,
            allocs_per_frame: result.allocationsPerFrame, load: load,
            syscalls_per_frame: result.systemCallsPerFrame,
            peak_share: result.peak > 0 ? result.gigamacs / result.peak : nil,
            isa: set.name, threads: threads, size: size,
            frames: frames, macs: plan.multiplyAccumulates, levels: plan.levels.map(\.level.rawValue),
            network: recipe ?? "random weights")
        if output.isJSON { return try printJSON(report) }
        func ms(_ value: Double) -> String { TrainingDisplay.rounded(Float(value), 3) }
        print(
            """
            \(ms(result.median)) ms median, \(ms(result.best)) best, \(ms(result.p99)) p99, \(ms(result.p999)) p99.9 \
            (\(size)×\(size), \(report.levels.joined(separator: "+")), \(set.name), \(threads) thread(s), \(report.network))
            \(TrainingDisplay.rounded(Float(100 * (report.peak_share ?? 0)), 1)) % of this run's integer peak, \
            \(TrainingDisplay.rounded(Float(result.peak), 0)) GMAC/s; \
            \(TrainingDisplay.rounded(Float(result.residentMegabytes), 1)) MB resident; \
            \(TrainingDisplay.rounded(Float(result.allocationsPerFrame), 2)) allocations per picture
            """)
    }

    private func plan() throws -> IntegerPlan {
        if let recipe {
            let path = try RecipeFolder(recipe, in: place.recipes).integer
            let file = try IntegerModelFile.parse(try SafeFile.read(path), name: path)
            // Another size than the ranges were made for is of no use for scores, but takes its time.
            return try IntegerPlan(
                teacher: file.teacher, student: file.student, levels: levels?.levels ?? file.levels, inputSize: size)
        }
        let wanted = levels?.levels ?? [.layer1, .layer2]
        let networks = try RandomNetworks.networks(levels: wanted, maximum: 127)
        return try IntegerPlan(teacher: networks.teacher, student: networks.student, levels: wanted, inputSize: size)
    }
}
