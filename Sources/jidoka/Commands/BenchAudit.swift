// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Calibration
import Glibc
import Recipes
import Training

struct BenchAudit: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit",
        abstract: "Slip defective pictures into good sets and count how many an audit brings to the front.",
        discussion: """
            Each draw slips other defective pictures of the test folders into train/good, or with --blended good pictures with a \
            synthetic defect, which is what the audit's levels were chosen by. --recall also tells what the defects cost a memory \
            of patches that learns from such a set: with them, without them, and with those taken out that the audit brought to \
            the front.
            """)

    @Option(
        parsing: .upToNextOption, help: "Data sets with defective parts (default: every folder of JIDOKA_DATA).")
    var data: [String] = []
    @Option(help: "Teacher, as 'jidoka train' takes it (default: the built-in one).")
    var teacher: String?
    @OptionGroup var input: InputChoices
    @Option(help: "Defective pictures in each draw.")
    var slipped = AuditBenchmark.Choices().slipped
    @Option(help: "Pictures that a person looks at.")
    var count = AuditBenchmark.Choices().looked
    @Option(help: "Draws.")
    var draws = AuditBenchmark.Choices().draws
    @Option(help: "Seed of the draws.")
    var seed: UInt64 = 1
    @Flag(help: "Also what the defects cost: three more memories for each draw.")
    var recall = false
    @Flag(help: "Slip in synthetic defects, blended into the good pictures.")
    var blended = false
    @Option(help: "Levels that pictures are compared by, separated by commas (default: layer2,layer3).")
    var levels: LevelList?
    @OptionGroup var output: JSONOption

    func validate() throws {
        guard (1...1_000).contains(slipped), (1...10_000).contains(count), (1...10_000).contains(draws) else {
            throw ValidationError("slipped must be 1 to 1000, count and draws 1 to 10000")
        }
    }

    func run() throws {
        OpenBLASCore.reexecuteWithBestCore()
        Interrupt.watch()
        var choices = AuditBenchmark.Choices()
        (choices.slipped, choices.looked, choices.draws) = (slipped, count, draws)
        (choices.seed, choices.recall, choices.input) = (seed, recall, try input.rule())
        choices.blended = blended
        if let levels { choices.levels = levels.levels }
        let bytes = try teacher.map { path throws(RecipeError) in try SafeFile.read(path) }
        var results: [AuditBenchmark] = []
        for set in try sets() {
            guard
                let result = try AuditBenchmark(
                    try DataSet(set), teacher: (bytes ?? ModelFile.embeddedTeacher, teacher ?? "built-in teacher"),
                    choices: choices, progress: TrainingDisplay.reporter.step,
                    shouldStop: { Interrupt.isRequested })
            else { throw ExitCode(130) }
            Terminal.shared.clear()
            results.append(result)
            if !output.isJSON { Self.text(result).forEach { print($0) } }
        }
        if output.isJSON { try printJSON(results) }
    }

    private func sets() throws -> [String] {
        if !data.isEmpty { return data }
        guard let root = getenv("JIDOKA_DATA").map({ String(cString: $0) }), !root.isEmpty else {
            throw ValidationError("name data sets with --data, or their folder with JIDOKA_DATA")
        }
        let folders = Folder.folders(root).map { root + "/" + $0 }
        return folders.isEmpty ? [root] : folders
    }

    private static func text(_ result: AuditBenchmark) -> [String] {
        func percent(_ share: Double) -> String { NumberText.fixed(100 * share, 1) + " %" }
        let found = result.found
        var lines = [
            "\(result.set): \(NumberText.fixed(result.mean, 2)) of \(result.slipped)\(result.blended ? " synthetic" : "") defects slipped into \(result.good) good "
                + "pictures are among the \(result.looked) most suspicious (\(found.count) draws, \(found.min() ?? 0) to "
                + "\(found.max() ?? 0))"
        ]
        lines += result.kinds.sorted { $0.key < $1.key }.map { "  \($0.key): \(percent($0.value))" }
        if let recall = result.recall {
            let without = recall.unsupported > 0 ? " (without \(recall.unsupported) draws)" : ""
            lines.append(
                "  recall of a memory at \(percent(recall.alpha)) false stops: \(percent(recall.clean)) without them, "
                    + "\(percent(recall.left)) with them, \(recall.audited.map(percent) ?? "not supported") after the audit\(without)"
            )
        }
        return lines
    }
}
