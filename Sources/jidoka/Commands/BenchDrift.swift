// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Calibration
import Inspection
import Recipes
import SyntheticParts

struct BenchDrift: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drift",
        abstract:
            "How many parts a change of light or focus takes to raise the drift alarm, and how often nothing does.",
        discussion: """
            Takes good parts that the networks did not learn from: the recipe's calibrate and select parts, those of --judge that \
            the recipe was not made from, or synthetic ones. Every run deals them anew into a calibration and a stream; when \
            all of the stream have come by, they are drawn again, with replacement. Their pictures are changed from part \
            --onset on: exposure up, exposure down, a blur that grows.
            """)

    @Option(help: "Name of the recipe.")
    var recipe: String
    @Option(help: "Where the recipe's good parts are now (default: where they were at training).")
    var data: String?
    @Option(help: ArgumentHelp("Take the good parts to be judged in this data set too.", valueName: "data set"))
    var judge: String?
    @Option(help: "Take so many new synthetic parts instead, for the demonstration's recipe.")
    var synthetic: Int?
    @Option(help: "Runs of each change.")
    var runs = 40
    @Option(help: "Parts before the change.")
    var onset = 200
    @Option(help: "Parts watched after it.")
    var limit = 1000
    @Option(help: "Parts of a run without any change.")
    var parts = 5000
    @Option(help: "False-alarm probability of a whole run.")
    var level = 0.01
    @Option(help: "Step of the exposure, as a share.")
    var exposure = 0.05
    @Option(help: "Pixels of the network input that the blur's σ grows by with each part.")
    var blur = 0.01
    @Option(help: "Seed of the deals.")
    var seed: UInt64 = 1
    @OptionGroup var place: RecipesOption
    @OptionGroup var output: JSONOption

    struct Report: Encodable {
        let recipe: String
        let pictures, reference, stream, onset, limit, parts: Int
        let level: Double
        let changes: [DriftBenchmark.Row]
    }

    func validate() throws {
        guard (1...100_000).contains(runs), onset >= 0, limit > 0, parts > 0, level > 0, level < 1,
            (0.001...0.9).contains(exposure), (0.0001...1).contains(blur), (20...100_000).contains(synthetic ?? 20)
        else {
            throw ValidationError(
                "runs must be 1 to 100000, onset 0 or more, limit and parts 1 or more, level above 0 and below 1, "
                    + "exposure 0.001 to 0.9, blur 0.0001 to 1, synthetic 20 to 100000")
        }
    }

    func run() throws {
        let folder = try RecipeFolder(recipe, in: place.recipes)
        let loaded = try LoadedRecipe(folder)
        let pictures = try goodPictures(folder, loaded)
        let reference = min(loaded.calibration.parts, pictures.count / 2)
        func benchmark(onset: Int, limit: Int) -> DriftBenchmark {
            DriftBenchmark(
                model: loaded.model, pictures: pictures, reference: reference, level: level, runs: runs, onset: onset,
                limit: limit, seed: seed)
        }
        let step = TrainingDisplay.reporter.step
        let rows =
            try benchmark(onset: 0, limit: parts).rows([.none], progress: step)
            + benchmark(onset: onset, limit: limit).rows(
                [.exposure(exposure), .exposure(-exposure), .defocus(blur)], progress: step)
        Terminal.shared.clear()
        let report = Report(
            recipe: recipe, pictures: pictures.count, reference: reference, stream: pictures.count - reference,
            onset: onset, limit: limit, parts: parts, level: level, changes: rows)
        if output.isJSON { return try printJSON(report) }
        print(text(report))
    }

    /// One picture of each part that the student did not learn from.
    private func goodPictures(_ folder: RecipeFolder, _ loaded: LoadedRecipe) throws -> [[UInt8]] {
        let rule = loaded.recipe.input
        if let synthetic {
            let source = SyntheticParts(seed: SplitMix64.mix(seed))
            let made = Parallel.map(
                Array(0..<synthetic), progress: { TrainingDisplay.reporter.step("making good parts", $0, $1) }
            ) { try? source.good($0).prepared(by: rule).pixels }
            return made.compactMap(\.self)
        }
        let list = try PartList.read(folder.parts)
        let root = list.root(data, in: folder)
        var paths: [String] = []
        for role in [PartDeal.Role.calibrate, .select] {
            let parts = list.of(role)
            paths += list.partsOf(role).map { root + "/" + parts[$0[0]].path }
        }
        var pictures = try PreparedPart.load(paths, rule: rule) { TrainingDisplay.reporter.step("pictures", $0, $1) }
        if let judge {
            let known = Set(list.parts.map(\.sha256))
            let good = try DataSet(judge).test.filter { $0.defect == nil }.map(\.path)
            pictures += try PreparedPart.load(good, rule: rule) {
                TrainingDisplay.reporter.step("more pictures", $0, $1)
            }
            .filter { !known.contains($0.sha256) }
        }
        guard pictures.count >= 10 else {
            throw CalibrationError(
                .tooFewParts, "good parts", expected: "at least 10 that the student did not learn from",
                found: "\(pictures.count)", hint: "name a data set with more by --judge")
        }
        return pictures.map(\.pixels)
    }

    private func text(_ report: Report) -> String {
        var lines = [
            "\(report.pictures) good parts, dealt anew in every run: \(report.reference) calibrate, \(report.stream) come by once each, "
                + "then drawn with replacement; level \(report.level)"
        ]
        for row in report.changes {
            let when = row.change == "none" ? "\(report.parts) parts" : "after \(report.onset) parts"
            var line = "\(row.change), \(when): \(row.runs) runs, \(row.falseAlarms) false alarms"
            if row.change != "none" {
                line +=
                    ", found in \(row.found) (\(row.foundWithin200) within 200 parts), median "
                    + "\(row.medianParts.map(String.init) ?? "-") parts, 90 % \(row.p90Parts.map(String.init) ?? "-")"
            }
            lines.append(line)
            func counts(_ all: [String: Int]) -> String {
                all.sorted { $0.value > $1.value }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
            }
            if !row.by.isEmpty { lines.append("  raised by \(counts(row.by)); cause \(counts(row.causes))") }
            if let example = row.example { lines.append("  \(example)") }
        }
        return lines.joined(separator: "\n")
    }
}
