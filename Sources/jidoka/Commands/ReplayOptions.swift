// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Calibration
import Recipes
import Records

/// What the time machine decides again, and by which thresholds.
struct TimeMachineOptions: ParsableArguments {
    @Option(help: "Decide all recorded parts from this time on again.")
    var since: String?
    @Option(help: "Only parts before this time.")
    var until: String?
    @Option(help: "Only parts of this recipe.")
    var recipe: String?
    @Option(help: "By the threshold of this false-stop rate, from the recipe's calibrate scores.")
    var alpha: Double?
    @Option(help: "How surely the rate is kept, above 0 and below 1 (default: on average over calibrations).")
    var confidence: Double?
    @Option(help: "By this threshold: the largest score that passes.")
    var threshold: Float?
    @Option(help: "Count suspicious parts again, by the warn threshold of this rate.")
    var warnAlpha: Double?
    @Option(help: "Count suspicious parts again, by this warn threshold.")
    var warn: Float?
    @Option(help: "Hours of a shift.")
    var shiftHours: Double?
    @Flag(help: "Decide stops from their pictures as well, where the evidence is kept.")
    var pictures = false

    /// An option that is given and belongs to the time machine.
    var given: String? {
        let all: [(String, Bool)] = [
            ("--since", since != nil), ("--until", until != nil), ("--recipe", recipe != nil),
            ("--alpha", alpha != nil),
            ("--confidence", confidence != nil), ("--threshold", threshold != nil), ("--warn-alpha", warnAlpha != nil),
            ("--warn", warn != nil), ("--shift-hours", shiftHours != nil), ("--pictures", pictures),
        ]
        return all.first { $0.1 }?.0
    }

    func validate() throws {
        guard since != nil else { return }
        for (name, text) in [("since", since), ("until", until)] {
            guard let text, UTCTime.moment(text) == nil else { continue }
            throw ValidationError("--\(name) '\(text)' is no time: write it like 2026-11-21T03:12")
        }
        guard (alpha == nil) != (threshold == nil) else {
            throw ValidationError("say by what: a false-stop rate with --alpha, or a score with --threshold")
        }
        guard [alpha, confidence, warnAlpha].allSatisfy({ $0.map { $0 > 0 && $0 < 1 } ?? true }) else {
            throw ValidationError("rates and confidence are above 0 and below 1: 0.01 is 1 %")
        }
        guard confidence == nil || alpha != nil else { throw ValidationError("--confidence belongs to --alpha") }
        guard warnAlpha == nil || alpha != nil else { throw ValidationError("--warn-alpha belongs to --alpha") }
        guard warn == nil || threshold != nil else { throw ValidationError("--warn belongs to --threshold") }
        guard threshold?.isFinite ?? true, warn?.isFinite ?? true else {
            throw ValidationError("a threshold is a finite number")
        }
        if let warn, let threshold, warn >= threshold { throw ValidationError("--warn is below --threshold") }
        if let warnAlpha, let alpha, warnAlpha <= alpha { throw ValidationError("--warn-alpha is above --alpha") }
        guard shiftHours.map({ $0 > 0 && $0 <= 24 }) ?? true else {
            throw ValidationError("--shift-hours is above 0 and at most 24")
        }
    }

    /// The parts that are asked for.
    var query: PartQuery {
        var query = PartQuery()
        (query.since, query.until) = (since.flatMap(UTCTime.moment), until.flatMap(UTCTime.moment))
        query.recipe = recipe
        return query
    }
}

/// The thresholds of each model that has decided a part.
struct ReplayBounds {
    /// A model and the recipe that it is in.
    struct Key: Hashable {
        let recipe: String?
        let model: String?
    }

    let options: TimeMachineOptions
    let recipes: String
    /// nil: its parts are left out.
    private(set) var known: [Key: TimeMachine.Bounds?] = [:]

    init(_ options: TimeMachineOptions, recipes: String) { (self.options, self.recipes) = (options, recipes) }

    /// Bounds for a part, nil when it can't be decided again.
    ///
    /// - Throws: `CalibrationError` for a rate that the recipe's parts do not support.
    mutating func of(_ basis: PartRow.Basis) throws -> TimeMachine.Bounds? {
        let key = Key(recipe: basis.recipe, model: basis.model)
        if let bounds = known[key] { return bounds }
        let bounds = try take(key)
        known[key] = .some(bounds)
        return bounds
    }

    /// Models that were decided again, and their thresholds.
    var taken: [(key: Key, bounds: TimeMachine.Bounds)] {
        known.compactMap { key, bounds in bounds.map { (key, $0) } }
            .sorted { ($0.key.recipe ?? "", $0.key.model ?? "") < ($1.key.recipe ?? "", $1.key.model ?? "") }
    }

    private func take(_ key: Key) throws -> TimeMachine.Bounds? {
        guard let recipe = key.recipe, let model = key.model else { return nil }
        let path = try RecipeFolder(recipe, in: recipes).calibration
        let file = SafeFile.exists(path) ? try CalibrationFile.read(path) : nil
        if let stop = options.threshold {
            // A score means something to one model only: the recipe's own, or the first there is.
            guard file?.model == model || file == nil && taken.isEmpty, taken.allSatisfy({ $0.key.model == model })
            else { return nil }
            return .init(stop: stop, warn: options.warn)
        }
        guard let file, file.model == model else { return nil }
        let scores = file.scores.map(\.score)
        let excluded = file.excluded?.parts ?? 0
        let stop = try ConformalThreshold(
            scores: scores, alpha: options.alpha, confidence: options.confidence, excluded: excluded)
        let warn = try options.warnAlpha.map {
            try ConformalThreshold(scores: scores, alpha: $0, excluded: excluded)
        }
        return .init(stop: stop.value, warn: warn.flatMap { $0.value < stop.value ? $0.value : nil })
    }
}
