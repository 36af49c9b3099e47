// SPDX-License-Identifier: Apache-2.0

import Calibration
import FoundationEssentials
import Inspection
import Recipes

extension AccuracyBenchmark {
    /// Trains and judges one case as far as that is not done yet; nil when it was interrupted: what is finished is kept.
    ///
    /// - Parameter finished: an earlier run of the case.
    func measure(
        _ one: AccuracyCase, _ finished: AccuracyRun?, _ title: String, _ program: String, _ tool: String,
        _ steps: RecipeTraining.Reporter, _ shouldStop: () -> Bool
    ) throws -> AccuracyRun? {
        let folder = try RecipeFolder(one.key, in: out + "/recipes")
        let results = "\(out)/runs/\(one.key)"
        let data = try DataSet(one.data)
        let isKept = SafeFile.exists(folder.parts) && !SafeFile.exists(folder.unfinished)
        var run: AccuracyRun
        if let finished, isKept, !choices.choosesAgain {
            run = finished
        } else {
            if var again = finished, isKept {
                guard try chooseAgain(folder, one, tool, steps, shouldStop) else { return nil }
                try again.judge(folder, data, steps)
                run = again
            } else {
                guard let trained = try train(one, folder, program, tool, steps, shouldStop, data) else { return nil }
                run = trained
            }
            // Before anything more, so that an end loses none of it.
            try EvaluationReport(run.evaluation, title: title).write(to: results, results: try run.json())
        }
        if choices.hindsight, run.hindsight == nil {
            guard
                let hindsight = try MapHindsight(
                    folder, on: data, good: data.root, progress: steps.step, shouldStop: shouldStop)
            else { return nil }
            run.hindsight = hindsight.best
            try run.write(to: results)
        }
        // What an earlier run kept is not this one's to throw away.
        if !choices.keepsRecipes, finished == nil { try? FileManager.default.removeItem(atPath: folder.path) }
        return run
    }

    private func train(
        _ one: AccuracyCase, _ folder: RecipeFolder, _ program: String, _ tool: String,
        _ steps: RecipeTraining.Reporter, _ shouldStop: () -> Bool, _ data: DataSet
    ) throws -> AccuracyRun? {
        let goesOn = !choices.restart && SafeFile.exists(folder.checkpoint)
        let start = ContinuousClock.now
        let outcome = try RecipeTraining.run(
            one.plan(recipes: out + "/recipes", restart: choices.restart), tool: tool, reporter: steps,
            shouldStop: shouldStop)
        guard case .calibrated(let result) = outcome else { return nil }
        let spent = (ContinuousClock.now - start) / .seconds(1)
        return AccuracyRun(
            one: one, trainingSeconds: goesOn ? nil : spent, bestEpoch: result.bestEpoch,
            map: result.calibration.file.settings, trainParts: result.counts[.train] ?? 0,
            evaluation: try AccuracyRun.evaluation(folder, data, steps), program: program)
    }

    /// The choice and the calibration of a training, without the training; false when it was stopped.
    private func chooseAgain(
        _ folder: RecipeFolder, _ one: AccuracyCase, _ tool: String, _ steps: RecipeTraining.Reporter,
        _ shouldStop: () -> Bool
    ) throws -> Bool {
        if MapChoice.isPossible(with: try PartList.remaining(folder).list) {
            guard let choice = try MapChoice(folder, data: one.data, progress: steps.step, shouldStop: shouldStop)
            else { return false }
            try choice.adopt(in: folder)
        }
        _ = try RecipeCalibration(folder, data: one.data, tool: tool, progress: steps.step)
        return true
    }

    /// Times those runs whose recipe is there, all in turn.
    func time(_ runs: inout [AccuracyRun], _ reporter: Reporter, _ shouldStop: () -> Bool) throws {
        var timing = AccuracyTiming()
        var places: [Int] = []
        for (index, run) in runs.enumerated() {
            do {
                let folder = try RecipeFolder(run.one.key, in: out + "/recipes")
                // A data set may have been moved since it was run.
                let data = cases.first { $0.key == run.one.key }?.data ?? run.one.data
                try timing.add(folder, data: try DataSet(data))
                places.append(index)
            } catch { reporter.note("not timed: \(run.one.key): \(error)") }
        }
        let steps = reporter.begin(cases.count, cases.count, "all recipes in turn")
        guard let medians = timing.medians(progress: { steps.step("timing", $0, $1) }, shouldStop: shouldStop)
        else { return }
        for (index, median) in zip(places, medians) {
            runs[index].milliseconds = median
            try runs[index].write(to: "\(out)/runs/\(runs[index].one.key)")
        }
    }
}
