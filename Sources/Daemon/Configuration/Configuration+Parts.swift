// SPDX-License-Identifier: Apache-2.0

import Capture
import Inspection
import Logging
import Outputs
import Pictures
import Recipes
import Records

/// What a configuration describes, made real.
extension Configuration {
    /// What the decision thread has to know of it.
    var loopSettings: DecisionLoop.Settings {
        // Three parts late, and never less than five seconds.
        func patience(_ rate: Double) -> UInt64 { UInt64(max(5, rate > 0 ? 3 / rate : 0) * 1e9) }
        var settings = DecisionLoop.Settings(
            source: "", isLive: false, patience: nil, summaryPeriod: UInt64(log.summarySeconds) * 1_000_000_000,
            logLevel: Logger.Level(rawValue: log.level.rawValue) ?? .info, threads: inspection.threads,
            policy: line.policy, verdictLimit: line.verdictMilliseconds.map { UInt64($0) * 1_000_000 },
            goodEvery: UInt64(evidence?.goodEvery ?? 0), heartbeatEvery: UInt64(detection.everyParts),
            driftLevel: drift.level, recipes: recipes, keptEvents: Int64(history.events))
        switch source {
        case .folder(let path, let rate, _):
            settings.source = "folder \(path)"
            settings.patience = patience(rate)
        case .synthetic(let seed, let rate, _):
            settings.source = "synthetic \(seed)"
            settings.patience = patience(rate)
        case .camera(let device, let trigger):
            settings.source = "camera \(device)"
            settings.isLive = true
            switch trigger {
            case .rate(let rate): settings.patience = patience(rate)
            // Nobody knows when a part comes, unless somebody has said so.
            case .software(_, let idle), .input(_, _, let idle):
                settings.isTriggered = true
                settings.patience = idle.map { UInt64($0) * 1_000_000_000 }
            }
        }
        return settings
    }

    /// The recipe, or why there is none.
    func loadRecipe() -> Result<LoadedRecipe, RecipeError> {
        do throws(RecipeError) {
            let folder = try RecipeFolder(recipe, in: recipes)
            return .success(try LoadedRecipe(folder).reading(challenge: folder))
        } catch {
            return .failure(error)
        }
    }

    /// Opens the outputs with everything off.
    ///
    /// A GPIO chip that is not there, or lines that somebody else has, are a fault of the line and tried again for ever;
    /// what can't be opened for another reason is an error.
    func openOutputs() throws(OutputsError) -> any LineOutputs {
        switch outputs {
        case .none: return SimulatedOutputs(traceLimit: 0)
        case .file(let path): return try FileOutputs(path: path)
        case .gpio(let lines):
            return RecoveringOutputs { () throws(OutputsError) in try GPIOOutputs(lines) }
        }
    }

    /// Keeps evidence, if that is wanted.
    func evidenceWriter(report: @escaping @Sendable (String) -> Void) -> EvidenceWriter? {
        guard let evidence else { return nil }
        let limits = EvidenceStore.Limits(
            bytes: Int64(evidence.megabytes) * 1_000_000, age: evidence.days.map { UInt64($0) * 86_400_000_000_000 })
        return EvidenceWriter(
            open: { [state] in try EvidenceStore(path: state + "/evidence", limits: limits) }, report: report)
    }

    /// Records every part, if that is wanted.
    func partWriter(
        sealed: @escaping @Sendable (HistoryAnchor) -> Void, report: @escaping @Sendable (String) -> Void
    ) -> PartWriter? {
        guard history.parts > 0 else { return nil }
        return PartWriter(
            open: { [state, history] in try PartHistory(path: state + "/parts.sqlite", keep: Int64(history.parts)) },
            sealed: sealed, report: report)
    }

    /// The lines that are read.
    var inputLines: [GPIOInputs.Line] {
        var lines: [GPIOInputs.Line] = []
        func add(_ name: String, _ input: Input?) {
            guard let input else { return }
            lines.append(
                GPIOInputs.Line(
                    name: name, line: input.line, direction: .rising, debounceMicroseconds: input.debounce * 1000))
        }
        add(InputFeed.Name.trigger, triggerInput)
        add(InputFeed.Name.acknowledge, acknowledge)
        add(InputFeed.Name.encoder, encoder)
        return lines
    }

    /// How the source is opened for a recipe; each time with a trigger of its own, which is handed to `use`.
    func sourceOpening(
        _ recipe: LoadedRecipe, use: @escaping @Sendable (any Capture.Trigger) -> Void
    ) -> SourceFeed.Opening {
        let rule = recipe.recipe.input
        let camera = recipe.camera
        return { health throws(CaptureError) in
            switch source {
            case .folder(let path, let rate, let repeats):
                return try FolderSource(path: path, rule: rule, rate: rate, repeats: repeats)
            case .synthetic(let seed, let rate, let defectEvery):
                return try SyntheticSource(seed: seed, size: rule.size, rate: rate, defectEvery: defectEvery)
            case .camera(let device, let kind):
                let trigger = Self.makeTrigger(kind)
                use(trigger)
                return try CameraSource(device: device, settings: camera, rule: rule, trigger: trigger, health: health)
            }
        }
    }

    private static func makeTrigger(_ kind: Trigger) -> any Capture.Trigger {
        switch kind {
        case .rate(let rate): RateTrigger(rate: rate)
        // The kernel debounces the line.
        case .software(let delay, _), .input(_, let delay, _):
            EventTrigger(debounce: 0, delay: UInt64(delay) * 1_000_000)
        }
    }
}
