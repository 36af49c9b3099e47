// SPDX-License-Identifier: Apache-2.0

import Calibration
import Capture
import Daemon
import Glibc
import Inspection
import Pictures
import Recipes
import Sockets
import SyntheticParts
import Training

/// The whole way once, on synthetic parts, with the real daemon: what `make demo` shows.
struct Demonstration {
    let folder: String
    let parts: Int
    let defects: Int
    let epochs: Int
    let rate: Double
    let seed: UInt64

    /// Every so many parts one is defective.
    private static let defectEvery = 12
    /// When so many defects in a row have passed, the line is not being watched.
    private static let patience = 3

    /// Parts on the line are none of those that were learned.
    private var lineSeed: UInt64 { seed &+ 1000 }
    private var root: String { folder.hasPrefix("/") ? folder : Self.workingFolder + "/" + folder }

    /// Shows everything.
    ///
    /// - Returns: whether every defect stopped the line and no good part did.
    func run() throws -> Bool {
        OpenBLASCore.reexecuteWithBestCore()
        Interrupt.watch()
        try SafeFile.makeFolder(root)
        chapter("1  Good parts")
        try makeParts()
        chapter("2  Learning them: a frozen teacher, a student that will only ever have seen good parts")
        guard let calibration = try learn() else { return false }
        print(calibration.threshold.statement)
        chapter("3  The line")
        let loaded = try LoadedRecipe(try RecipeFolder("demo", in: root + "/recipes"))
        let line = try DemonstrationLine(root: root, rate: rate, seed: lineSeed, defectEvery: Self.defectEvery)
        defer { line.end() }
        let stops = try watch(line)
        line.end()
        chapter("4  Why it stopped")
        if let first = stops.first { try explain(first, loaded) }
        return summary(stops, judged: line.judged)
    }

    private func makeParts() throws {
        let good = root + "/good"
        try SafeFile.makeFolder(good)
        let source = SyntheticParts(seed: seed)
        let start = ContinuousClock.now
        let failures = Parallel.map(
            Array(0..<parts), progress: { TrainingDisplay.reporter.step("making good parts", $0, $1) }
        ) {
            index -> PictureError? in
            do throws(PictureError) {
                try source.good(index).write(to: "\(good)/\(SyntheticSource.part(index)).jpg")
                return nil
            } catch { return error }
        }
        if let error = failures.compactMap(\.self).first { throw error }
        Terminal.shared.clear()
        print("\(parts) pictures of good parts in \(folder)/good (\(Self.seconds(since: start)) s)")
    }

    private func learn() throws -> RecipeCalibration? {
        let start = ContinuousClock.now
        var distillation = DistillationSettings(levels: DistillationSettings.levelsOfBuiltInTeacher, seed: seed)
        distillation.epochs = epochs
        let plan = RecipeTraining.Plan(
            name: "demo", recipes: root + "/recipes", data: root + "/good", teacher: nil, input: InputRule(),
            map: MapSettings(levels: distillation.levels), distillation: distillation, alpha: nil, restart: true)
        let outcome = try RecipeTraining.run(
            plan, tool: DaemonVersion.tool, reporter: TrainingDisplay.reporter, shouldStop: { Interrupt.isRequested })
        Terminal.shared.clear()
        guard case .calibrated(let calibration, let bestEpoch, let loss, _, let counts) = outcome else { return nil }
        print(
            "\(counts[.train] ?? 0) parts trained the student, \(counts[.select] ?? 0) chose epoch \(bestEpoch) of \(epochs) "
                + "(loss \(TrainingDisplay.rounded(loss, 4))), \(counts[.calibrate] ?? 0) calibrate (\(Self.seconds(since: start)) s)"
        )
        return calibration
    }

    /// Starts the line as often as it stops, until enough defects have come.
    private func watch(_ line: DemonstrationLine) throws -> [DemonstrationLine.Stop] {
        var stops: [DemonstrationLine.Stop] = []
        while stops.count < defects, !Interrupt.isRequested {
            try line.command("start")
            print("$ jidoka start            the line runs")
            guard let stop = try line.waitForStop(timeout: Double(Self.patience * Self.defectEvery) / rate + 5) else {
                return stops
            }
            stops.append(stop)
            Terminal.shared.clear()
            print("\nThe line has stopped. On the event socket:\n\(stop.event)\n")
            guard stop.isDefect else { return stops }
            try line.command("ack", ["verdict": .string("defect"), "reason": .string("seen at the demonstration")])
            print("$ jidoka ack --verdict defect --reason \"seen at the demonstration\"")
            try line.command("reset")
            print("$ jidoka reset            ready, but not running: only a person starts the line")
        }
        return stops
    }

    private func explain(_ stop: DemonstrationLine.Stop, _ loaded: LoadedRecipe) throws {
        let source = SyntheticParts(seed: lineSeed)
        let picture = stop.isDefect ? source.surfaceDefect(stop.index).picture : source.good(stop.index)
        let inspector = try Inspector(model: loaded.model)
        let score = inspector.score(try picture.prepared(by: loaded.recipe.input).pixels)
        let map = HeatMap(
            values: inspector.mapper.values, width: inspector.mapper.size, height: inspector.mapper.size,
            threshold: loaded.calibration.thresholds.pixel)
        let caption = [
            "STOP  \(stop.part)",
            "score \(TrainingDisplay.rounded(score, 3))  threshold \(TrainingDisplay.rounded(loaded.threshold.stop, 3))",
        ]
        try map.panel(original: picture, seenBy: loaded.recipe.input, caption: caption).write(to: root + "/heatmap.png")
        print("\(folder)/heatmap.png shows where (the same picture scored again: \(score) - the bits of the event)")
    }

    private func summary(_ stops: [DemonstrationLine.Stop], judged: Int) -> Bool {
        let right = stops.count(where: \.isDefect)
        let wrong = stops.count - right
        let truth = (0..<judged).count { Self.isDefective($0) }
        let passed = right == defects && wrong == 0
        chapter("Summary")
        print(
            """
            parts judged            \(judged)
            defects on the line     \(truth)
            stops by a defect       \(right) of \(defects) wanted
            defects that passed     \(truth - right)
            stops by a good part    \(wrong)
            history                 \(folder)/state/history.sqlite
            \(passed ? "PASSED: the line stopped on defects, and no good part stopped it." : "FAILED")
            """)
        return passed
    }

    static func isDefective(_ index: Int) -> Bool { index % defectEvery == defectEvery - 1 }

    private func chapter(_ title: String) { print("\n── \(title)") }

    private static func seconds(since start: ContinuousClock.Instant) -> Int {
        Int((ContinuousClock.now - start).components.seconds)
    }

    private static var workingFolder: String {
        guard let path = getcwd(nil, 0) else { return "." }
        defer { free(path) }
        return String(cString: path)
    }
}
