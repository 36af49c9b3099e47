// SPDX-License-Identifier: Apache-2.0

import Calibration
import Glibc
import Inspection
import Pictures
import Recipes
import Synchronization
import SyntheticParts
import Testing
import Training

/// MVTec AD's layout as it is unpacked, of synthetic parts: categories beside a licence, masks `NNN_mask.png`.
private final class SyntheticMVTec: Sendable {
    let path: String

    init(_ categories: [String], good: Int = 30) throws {
        path = "/tmp/jidoka-mvtec.\(getpid()).\(categories.joined(separator: "."))"
        for (index, category) in categories.enumerated() {
            let parts = SyntheticParts(seed: UInt64(40 + index), size: 128)
            let root = path + "/" + category
            for folder in ["train/good", "test/good", "test/scratch", "ground_truth/scratch"] {
                try SafeFile.makeFolder(root + "/" + folder)
            }
            for number in 0..<good {
                try parts.good(number).write(to: "\(root)/train/good/\(Self.name(number)).png")
            }
            for number in 0..<5 {
                try parts.good(1000 + number).write(to: "\(root)/test/good/\(Self.name(number)).png")
                let (picture, mask, _) = parts.surfaceDefect(number)
                try picture.write(to: "\(root)/test/scratch/\(Self.name(number)).png")
                let grey = mask.flatMap { [$0, $0, $0] }
                try Picture(width: 128, height: 128, pixels: grey).write(
                    to: "\(root)/ground_truth/scratch/\(Self.name(number))_mask.png")
            }
        }
        for file in ["license.txt", "readme.txt"] { try SafeFile.write(Array("text".utf8), to: path + "/" + file) }
    }

    deinit { removeFolder(path) }

    private static func name(_ number: Int) -> String { number < 10 ? "00\(number)" : "0\(number)" }
}

private func removeFolder(_ path: String) {
    for folder in Folder.folders(path) { removeFolder(path + "/" + folder) }
    guard let folder = opendir(path) else { return }
    defer { closedir(folder) }
    while let entry = readdir(folder) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
            $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        unlink(path + "/" + name)
    }
    rmdir(path)
}

/// What a benchmark said on its way.
private final class Diary: Sendable {
    private let lines = Mutex([String]())

    var begun: [String] { lines.withLock { $0.filter { $0.hasPrefix("begin ") } } }
    var notes: [String] { lines.withLock { $0.filter { !$0.hasPrefix("begin ") } } }

    var reporter: AccuracyBenchmark.Reporter {
        AccuracyBenchmark.Reporter(
            begin: { number, count, title in
                self.lines.withLock { $0.append("begin \(number)/\(count) \(title)") }
                return RecipeTraining.Reporter(step: { _, _, _ in }, training: { _ in }, note: { _ in })
            }, note: { line in self.lines.withLock { $0.append(line) } })
    }
}

@Suite(.serialized) struct AccuracyBenchmarkTests {
    private func choices(_ mvtec: String) -> AccuracyBenchmark.Choices {
        var choices = AccuracyBenchmark.Choices()
        choices.mvtec = mvtec
        choices.detectors = [.reducedStudent]
        choices.seeds = [1, 2]
        choices.sizes = [64]
        choices.epochs = 1
        return choices
    }

    @Test("a folder in MVTec AD's layout gives a table, plots and files, goes on after an end, and runs nothing twice")
    func mvtec() throws {
        let data = try SyntheticMVTec(["carpet", "screw"])
        let out = data.path + "-out"
        defer { removeFolder(out) }
        // The first part of it: stopped after one run.
        let first = Diary()
        let benchmark = try AccuracyBenchmark(choices(data.path), out: out)
        #expect(benchmark.cases.map(\.set) == ["carpet", "screw", "carpet", "screw"])
        let early = try benchmark.run(tool: "test", reporter: first.reporter) {
            SafeFile.exists("\(out)/runs/\(benchmark.cases[0].key)/results.json")
        }
        #expect(early.runs.count == 1 && !early.isComplete && early.markdown.contains("1 of 4 runs"))
        let second = Diary()
        let report = try AccuracyBenchmark(choices(data.path), out: out).run(
            tool: "test", reporter: second.reporter, shouldStop: { false })
        #expect(first.begun.count == 1 && second.begun.count == 3 && second.notes.isEmpty)
        #expect(report.isComplete && report.failures.isEmpty && report.skipped.isEmpty)
        #expect(report.groups.map(\.set) == ["carpet", "screw"] && report.groups.map(\.seeds) == [[1, 2], [1, 2]])
        for group in report.groups {
            #expect(group.engine == .int8 && group.imageAUROC?.count == 2 && group.imageAUROC?.deviation != nil)
            #expect((0...1).contains(group.aupro?.mean ?? -1) && (group.latencyMS?.mean ?? 0) > 0)
            #expect((group.trainingSeconds?.mean ?? 0) > 0 && group.imageAUROCInterval != nil)
        }
        // Texture or not, every category is in the table; the textures' mean needs all five.
        let markdown = report.markdown
        #expect(markdown.contains("| screw") && markdown.contains("(measured)"))
        #expect(markdown.contains("PaDiM, ResNet-18 (published)") && markdown.contains("| 0.857 |"))
        try report.write(to: out, budget: 5)
        #expect(Set(Folder.folders(out)).isSuperset(of: ["runs"]))
        for file in ["results.json", "table.md", "auroc-ms-carpet.svg", "auroc-ms-screw.svg"] {
            #expect(SafeFile.exists(out + "/" + file), "\(file)")
        }
        let own = "\(out)/runs/\(benchmark.cases[0].key)"
        for file in ["results.json", "scores.csv", "roc.svg", "pr.svg", "histogram.svg"] {
            #expect(SafeFile.exists(own + "/" + file), "\(file)")
        }
        #expect(Folder.folders(out + "/recipes").isEmpty)
        // Another picture makes it another data set.
        unlink(data.path + "/carpet/train/good/029.png")
        let changed = try AccuracyBenchmark(choices(data.path), out: out)
        #expect(changed.cases[0].key != benchmark.cases[0].key && changed.cases[1].key == benchmark.cases[1].key)
    }

    @Test("in hindsight no settings are worse than the chosen ones; kept recipes are timed in turn")
    func hindsight() throws {
        let data = try SyntheticMVTec(["wood"], good: 45)
        let out = data.path + "-out"
        defer { removeFolder(out) }
        var choices = choices(data.path)
        choices.detectors = [.reducedStudent, .padim]
        choices.seeds = [1]
        choices.keepsRecipes = true
        let plain = try AccuracyBenchmark(choices, out: out).run(
            tool: "test", reporter: Diary().reporter, shouldStop: { false })
        #expect(plain.runs.allSatisfy { $0.hindsight == nil && $0.milliseconds == nil })
        #expect(plain.markdown.contains("Map settings, chosen on synthetic defects"))
        // Hindsight and times are added to what is finished; nothing is trained again.
        (choices.hindsight, choices.times, choices.keepsRecipes) = (true, true, false)
        let (again, third, fourth) = (Diary(), Diary(), Diary())
        let report = try AccuracyBenchmark(choices, out: out).run(
            tool: "test", reporter: again.reporter, shouldStop: { false })
        #expect(again.begun.count == 3 && again.begun.last?.contains("in turn") == true && again.notes.isEmpty)
        #expect(report.runs.map(\.trainingSeconds) == plain.runs.map(\.trainingSeconds))
        // Recipes that an earlier run kept are still there.
        #expect(Folder.folders(out + "/recipes").count == 2)
        for run in report.runs {
            let best = try #require(run.hindsight)
            #expect(best.imageAUROC >= run.evaluation.imageAUROC ?? 1, "\(run.one.detector)")
            #expect(run.one.detector == .reducedStudent || best.settings.levels == run.map.levels)
            #expect((run.milliseconds ?? 0) > 0)
        }
        #expect(report.groups.allSatisfy { $0.latencyMS?.mean != nil && $0.hindsightAUROC != nil })
        let own = "\(out)/runs/\(report.runs[0].one.key)/roc.svg"
        #expect(SafeFile.exists(own))
        (choices.hindsight, choices.times) = (false, false)
        let same = try AccuracyBenchmark(choices, out: out).run(
            tool: "test", reporter: third.reporter, shouldStop: { false })
        #expect(third.begun.isEmpty && same.runs.map(\.milliseconds) == report.runs.map(\.milliseconds))
        // Chosen again, the same networks give the same settings and figures; their times are not known any more.
        choices.choosesAgain = true
        let chosen = try AccuracyBenchmark(choices, out: out).run(
            tool: "test", reporter: fourth.reporter, shouldStop: { false })
        #expect(fourth.begun.count == 2 && chosen.runs.allSatisfy { $0.milliseconds == nil && $0.hindsight != nil })
        #expect(chosen.runs.map(\.map) == report.runs.map(\.map))
        #expect(chosen.runs.map(\.evaluation.imageAUROC) == report.runs.map(\.evaluation.imageAUROC))
        #expect(chosen.runs.map(\.trainingSeconds) == plain.runs.map(\.trainingSeconds))
        // A recipe that is gone is not timed, and the report is there all the same.
        choices.choosesAgain = false
        choices.times = true
        unlink("\(out)/recipes/\(chosen.runs[0].one.key)/calibration.json")
        let fifth = Diary()
        let last = try AccuracyBenchmark(choices, out: out).run(
            tool: "test", reporter: fifth.reporter, shouldStop: { false })
        #expect(fifth.notes.count == 1 && fifth.notes[0].hasPrefix("not timed: "))
        #expect(last.runs[0].milliseconds == nil && last.runs[1].milliseconds != nil)
    }

    @Test("a training that ends before its map settings are chosen is no recipe yet, and goes on from there")
    func unfinished() throws {
        let data = try SyntheticMVTec(["leather"], good: 45)
        let recipes = data.path + "-recipes"
        defer { removeFolder(recipes) }
        let plan = RecipeTraining.Plan(
            name: "leather", recipes: recipes, data: data.path + "/leather", teacher: nil, input: .init(size: 64),
            map: MapSettings(levels: [.layer1, .layer2, .layer3]), choice: .init(),
            distillation: .init(size: 64, epochs: 1), alpha: nil, restart: false)
        let folder = try RecipeFolder("leather", in: recipes)
        let quiet = RecipeTraining.Reporter(step: { _, _, _ in }, training: { _ in }, note: { _ in })
        // Once while ranges are tried, once while settings are.
        for file in [folder.student, folder.integer] {
            let outcome = try RecipeTraining.run(plan, tool: "test", reporter: quiet) { SafeFile.exists(file) }
            guard case .interrupted = outcome else { throw CancellationError() }
            let error = #expect(throws: RecipeError.self) { try RecipeCalibration(folder, tool: "test") }
            #expect(error?.hint.contains("jidoka train") == true && !SafeFile.exists(folder.calibration))
            unlink(folder.integer)
        }
        let outcome = try RecipeTraining.run(plan, tool: "test", reporter: quiet, shouldStop: { false })
        guard case .calibrated(let result) = outcome else { throw CancellationError() }
        #expect(result.choice != nil && !SafeFile.exists(folder.unfinished))
        _ = try RecipeCalibration(folder, tool: "test")
    }

    @Test("what is not there is skipped and said; nothing at all is an error with a hint")
    func missing() throws {
        let data = try SyntheticMVTec(["grid"])
        var choices = choices("/tmp/no-such-mvtec")
        choices.data = [data.path + "/grid", "/tmp/no-such-set", data.path + "/grid/train/good"]
        let benchmark = try AccuracyBenchmark(choices, out: "/tmp/unused")
        #expect(benchmark.cases.map(\.set) == ["grid", "grid"] && benchmark.skipped.count == 3)
        #expect(benchmark.skipped.contains { $0.contains("/tmp/no-such-set") })
        #expect(benchmark.skipped.contains { $0.contains("/tmp/no-such-mvtec") && $0.contains("carpet") })
        choices.data = []
        let error = #expect(throws: CalibrationError.self) { try AccuracyBenchmark(choices, out: "/tmp/unused") }
        #expect(error?.hint.contains("--mvtec") == true && error?.found.contains("/tmp/no-such-mvtec") == true)
        choices.data = [data.path + "/grid"]
        choices.teachers = ["/tmp/no-such-teacher"]
        #expect(throws: RecipeError.self) { try AccuracyBenchmark(choices, out: "/tmp/unused") }
    }

    @Test("two folders of one name are told apart, and one that is named twice is run once")
    func names() throws {
        let (one, other) = (try SyntheticMVTec(["grid"], good: 1), try SyntheticMVTec(["grid", "tile"], good: 1))
        var choices = choices(one.path)
        choices.data = [other.path + "/grid", other.path + "/grid/", one.path + "/grid"]
        choices.teachers = [nil, nil]
        choices.seeds = [1]
        let sets = try AccuracyBenchmark(choices, out: "/tmp/unused").cases.map(\.set)
        #expect(sets == ["grid", "\(other.path.dropFirst("/tmp/".count))-grid"])
    }

    @Test("a case that fails is named, and the others go on")
    func failure() throws {
        // Two good parts are too few to deal.
        let data = try SyntheticMVTec(["few"], good: 2)
        let diary = Diary()
        let out = data.path + "-out"
        defer { removeFolder(out) }
        let report = try AccuracyBenchmark(choices(data.path), out: out).run(
            tool: "test", reporter: diary.reporter, shouldStop: { false })
        #expect(report.failures.count == 2 && report.runs.isEmpty && !report.isComplete)
        #expect(diary.notes.count == 2 && report.markdown.contains("Failed: few reduced-student seed 1"))
    }

    @Test("every field that counts changes the key, which stays a recipe's name")
    func keys() throws {
        let data = try SyntheticMVTec(["a b ü"])
        var choices = choices(data.path)
        let plain = try AccuracyBenchmark(choices, out: "/tmp/unused").cases
        choices.sizes = [96]
        let sizes = try AccuracyBenchmark(choices, out: "/tmp/unused").cases
        choices.epochs = 2
        let epochs = try AccuracyBenchmark(choices, out: "/tmp/unused").cases
        choices.width = 2
        let widths = try AccuracyBenchmark(choices, out: "/tmp/unused").cases
        choices.hardest = 1
        let hardest = try AccuracyBenchmark(choices, out: "/tmp/unused").cases
        choices.detectors = [.padim]
        let detectors = try AccuracyBenchmark(choices, out: "/tmp/unused").cases
        choices.levels = [.layer2]
        let levels = try AccuracyBenchmark(choices, out: "/tmp/unused").cases
        let keys = (plain + sizes + epochs + widths + hardest + detectors + levels).map(\.key)
        #expect(Set(keys).count == 14 && keys.allSatisfy(Recipe.isName))
        // Without a student its passes, width and hardest places don't count.
        (choices.epochs, choices.width, choices.hardest) = (9, 1, 0.1)
        #expect(try AccuracyBenchmark(choices, out: "/tmp/unused").cases.map(\.key) == levels.map(\.key))
        #expect(detectors.allSatisfy { $0.engine == .float32 })
    }
}
