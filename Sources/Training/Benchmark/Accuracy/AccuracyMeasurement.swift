// SPDX-License-Identifier: Apache-2.0

import Calibration
import FoundationEssentials
import Inspection
import Recipes

/// What a training left behind, for a benchmark.
private struct Trained {
    let settings: MapSettings
    let seconds: Double?
    let bestEpoch: Int?
    let trainParts: Int
}

extension AccuracyBenchmark {
    /// Trains and judges one case; nil when it was interrupted: the training's checkpoint stays.
    ///
    /// - Parameter finished: an earlier run of the case.
    func measure(
        _ one: AccuracyCase, _ finished: AccuracyRun?, _ title: String, _ program: String, _ tool: String,
        _ steps: RecipeTraining.Reporter, _ shouldStop: () -> Bool
    ) throws -> AccuracyRun? {
        let folder = try RecipeFolder(one.key, in: out + "/recipes")
        let kept = choices.choosesAgain && SafeFile.exists(folder.calibration) ? finished : nil
        let trained =
            try kept.map { try chooseAgain(folder, $0, tool, steps, shouldStop) }
            ?? train(one, folder, tool, steps, shouldStop)
        guard let trained else { return nil }
        let data = try DataSet(one.data)
        let evaluation = try Evaluation(
            try LoadedRecipe(folder), on: data, known: try PartList.read(folder.parts), progress: steps.step)
        var hindsight: MapHindsight?
        if choices.hindsight {
            hindsight = try MapHindsight(folder, on: data, progress: steps.step, shouldStop: shouldStop)
            guard hindsight != nil else { return nil }
        }
        let run = AccuracyRun(
            one: one, trainingSeconds: trained.seconds, bestEpoch: trained.bestEpoch, map: trained.settings,
            hindsight: hindsight?.best, milliseconds: nil, trainParts: trained.trainParts, evaluation: evaluation,
            program: program)
        try EvaluationReport(evaluation, title: title).write(to: "\(out)/runs/\(one.key)", results: try run.json())
        if !choices.keepsRecipes { try? FileManager.default.removeItem(atPath: folder.path) }
        return run
    }

    private func train(
        _ one: AccuracyCase, _ folder: RecipeFolder, _ tool: String, _ steps: RecipeTraining.Reporter,
        _ shouldStop: () -> Bool
    ) throws -> Trained? {
        let goesOn = !choices.restart && SafeFile.exists(folder.checkpoint)
        let start = ContinuousClock.now
        let outcome = try RecipeTraining.run(
            one.plan(recipes: out + "/recipes", restart: choices.restart), tool: tool, reporter: steps,
            shouldStop: shouldStop)
        guard case .calibrated(let result) = outcome else { return nil }
        return Trained(
            settings: result.calibration.file.settings,
            seconds: goesOn ? nil : (ContinuousClock.now - start) / .seconds(1), bestEpoch: result.bestEpoch,
            trainParts: result.counts[.train] ?? 0)
    }

    private func chooseAgain(
        _ folder: RecipeFolder, _ run: AccuracyRun, _ tool: String, _ steps: RecipeTraining.Reporter,
        _ shouldStop: () -> Bool
    ) throws -> Trained? {
        guard let choice = try MapChoice(folder, progress: steps.step, shouldStop: shouldStop) else { return nil }
        try choice.adopt(in: folder)
        let calibration = try RecipeCalibration(folder, tool: tool, progress: steps.step)
        return Trained(
            settings: calibration.file.settings, seconds: run.trainingSeconds, bestEpoch: run.bestEpoch,
            trainParts: run.trainParts)
    }

    /// Times those runs whose recipe is there, all in turn.
    func time(_ runs: inout [AccuracyRun], _ reporter: Reporter, _ shouldStop: () -> Bool) throws {
        let folders = try runs.map { try RecipeFolder($0.one.key, in: out + "/recipes") }
        let present = runs.indices.filter { SafeFile.exists(folders[$0].calibration) }
        if present.count < runs.count {
            reporter.note("\(runs.count - present.count) runs are not timed: their recipes were not kept")
        }
        let steps = reporter.begin(cases.count, cases.count, "all recipes in turn")
        guard
            let medians = try AccuracyTiming.medians(
                present.map { folders[$0] }, data: present.map { runs[$0].one.data },
                progress: { steps.step("timing", $0, $1) }, shouldStop: shouldStop)
        else { return }
        for (index, median) in zip(present, medians) {
            runs[index].milliseconds = median
            let bytes = Array((try runs[index].json() + "\n").utf8)
            try SafeFile.write(bytes, to: "\(out)/runs/\(runs[index].one.key)/results.json")
        }
    }
}
