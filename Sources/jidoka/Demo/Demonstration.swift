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
    /// Folder for the recipe; nil is below `folder`.
    let recipes: String?
    let parts: Int
    let defects: Int
    let epochs: Int
    let rate: Double
    let seed: UInt64
    /// Only the summary counts.
    let isQuiet: Bool

    /// Every so many parts one is defective.
    private static let defectEvery = 12
    /// When so many defects in a row have passed, the line is not being watched.
    private static let patience = 3

    /// Parts on the line are none of those that were learned.
    private var lineSeed: UInt64 { seed &+ 1000 }
    private var root: String { Self.absolute(folder) }
    private var recipesFolder: String { recipes.map(Self.absolute) ?? root + "/recipes" }

    /// Shows everything.
    ///
    /// - Returns: what happened; not passed unless defects stopped the line and no good part did.
    func run() throws -> DemonstrationSummary {
        OpenBLASCore.reexecuteWithBestCore()
        Interrupt.watch()
        try SafeFile.makeFolder(root)
        chapter("1  Good parts")
        try makeParts()
        chapter("2  Learning them: a frozen teacher, a student that will only ever have seen good parts")
        guard let calibration = try learn() else { return summary([], judged: 0) }
        say(calibration.threshold.statement)
        chapter("3  The line")
        let loaded = try LoadedRecipe(try RecipeFolder("demo", in: recipesFolder))
        let line = try DemonstrationLine(
            root: root, recipes: recipesFolder, rate: rate, seed: lineSeed, defectEvery: Self.defectEvery)
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
        // What a larger demonstration left here before.
        let own = Set((0..<parts).map { "\(good)/\(SyntheticSource.part($0)).jpg" })
        for path in Folder.pictures(good) where path.hasPrefix(good + "/part-") && !own.contains(path) { unlink(path) }
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
        say("\(parts) pictures of good parts in \(folder)/good (\(Self.seconds(since: start)) s)")
    }

    private func learn() throws -> RecipeCalibration? {
        let start = ContinuousClock.now
        var distillation = DistillationSettings(seed: seed)
        distillation.epochs = epochs
        let plan = RecipeTraining.Plan(
            name: "demo", recipes: recipesFolder, data: root + "/good", teacher: nil, input: InputRule(),
            map: MapSettings(levels: distillation.levels), choice: MapChoice.Given(), distillation: distillation,
            alpha: nil, restart: true)
        let outcome = try RecipeTraining.run(
            plan, tool: DaemonVersion.tool, reporter: TrainingDisplay.reporter, shouldStop: { Interrupt.isRequested })
        Terminal.shared.clear()
        guard case .calibrated(let result) = outcome else { return nil }
        let counts = result.counts
        say(
            "\(counts[.train] ?? 0) parts trained the student, \(counts[.select] ?? 0) chose epoch \(result.bestEpoch ?? 0) of \(epochs) "
                + "(loss \(TrainingDisplay.rounded(result.selectLoss ?? .nan, 4))), \(counts[.calibrate] ?? 0) calibrate (\(Self.seconds(since: start)) s)"
        )
        return result.calibration
    }

    /// Starts the line as often as it stops, until enough defects have come.
    private func watch(_ line: DemonstrationLine) throws -> [DemonstrationLine.Stop] {
        var stops: [DemonstrationLine.Stop] = []
        while stops.count < defects, !Interrupt.isRequested {
            try line.command("start")
            say("$ jidoka start            the line runs")
            guard let stop = try line.waitForStop(timeout: Double(Self.patience * Self.defectEvery) / rate + 5) else {
                return stops
            }
            stops.append(stop)
            Terminal.shared.clear()
            say("\nThe line has stopped. On the event socket:\n\(stop.event)\n")
            guard stop.isDefect else { return stops }
            try line.command("ack", ["verdict": .string("defect"), "reason": .string("seen at the demonstration")])
            say("$ jidoka ack --verdict defect --reason \"seen at the demonstration\"")
            try line.command("reset")
            say("$ jidoka reset            ready, but not running: only a person starts the line")
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
        say("\(folder)/heatmap.png shows where (the same picture scored again: \(score) - the bits of the event)")
    }

    private func summary(_ stops: [DemonstrationLine.Stop], judged: Int) -> DemonstrationSummary {
        let right = stops.count(where: \.isDefect)
        chapter("Summary")
        return DemonstrationSummary(
            parts: judged, defects: (0..<judged).count { Self.isDefective($0) }, stopsWanted: defects,
            stopsByDefects: right, stopsByGoodParts: stops.count - right, history: folder + "/state/history.sqlite",
            heatmap: stops.isEmpty ? nil : folder + "/heatmap.png")
    }

    static func isDefective(_ index: Int) -> Bool { index % defectEvery == defectEvery - 1 }

    private func chapter(_ title: String) { say("\n── \(title)") }

    private func say(_ text: String) {
        guard !isQuiet else { return }
        print(text)
        fflush(nil)
    }

    private static func seconds(since start: ContinuousClock.Instant) -> Int {
        Int((ContinuousClock.now - start).components.seconds)
    }

    private static func absolute(_ path: String) -> String {
        guard !path.hasPrefix("/"), let here = getcwd(nil, 0) else { return path }
        defer { free(here) }
        return String(cString: here) + "/" + path
    }
}

/// How a demonstration went.
struct DemonstrationSummary: Encodable {
    let parts: Int
    let defects: Int
    let stopsWanted: Int
    let stopsByDefects: Int
    let stopsByGoodParts: Int
    let history: String
    let heatmap: String?

    enum CodingKeys: String, CodingKey {
        case parts, defects, history, heatmap, passed
        case stopsWanted = "stops_wanted"
        case stopsByDefects = "stops_by_defects"
        case stopsByGoodParts = "stops_by_good_parts"
    }

    /// Every defect that came stopped the line, as many as were wanted, and no good part did.
    var passed: Bool { stopsByDefects == stopsWanted && defects == stopsByDefects && stopsByGoodParts == 0 }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(parts, forKey: .parts)
        try container.encode(defects, forKey: .defects)
        try container.encode(stopsWanted, forKey: .stopsWanted)
        try container.encode(stopsByDefects, forKey: .stopsByDefects)
        try container.encode(stopsByGoodParts, forKey: .stopsByGoodParts)
        try container.encode(history, forKey: .history)
        try container.encode(heatmap, forKey: .heatmap)
        try container.encode(passed, forKey: .passed)
    }

    var text: String {
        """
        parts judged            \(parts)
        defects on the line     \(defects)
        stops by a defect       \(stopsByDefects) of \(stopsWanted) wanted
        defects that passed     \(defects - stopsByDefects)
        stops by a good part    \(stopsByGoodParts)
        heat map                \(heatmap ?? "-")
        history                 \(history)
        \(passed ? "PASSED: every defect stopped the line, and no good part did." : "FAILED")
        """
    }
}
