// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Calibration
import Recipes
import Records

struct StopBudget: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "budget",
        abstract: "How many stops were false, and whether that is more than was allowed or promised.",
        discussion: """
            From the events: stops, what people found at them, parts and hours. The budget is --per-shift, --rate, or the \
            recipe's false-stop rate. A burn rate of 1 uses it up exactly; 1, 7 and 30 days are looked at, since a short time shows \
            a sudden trouble at once and a long one a small trouble that lasts. A few stops say little: a time counts as burning when \
            even the lower limit of Clopper and Pearson is above 1, which chance does in at most 5 % for the three together, each \
            time that is asked. Only stops that were acknowledged as false count. Nothing is changed. Exit status 0: within the \
            budget; 1: it burns, or the promise is not kept; 2: can't be read, or no part was judged.
            """)

    @Option(help: "Folder of the history.")
    var state = "/var/lib/jidoka"
    @Option(help: "Only events from this time on, such as the last change of the line.")
    var since: String?
    @Option(help: "As if it were this time (default: now).")
    var until: String?
    @Option(help: "Only of this recipe (default with --per-shift or --rate: all, otherwise the last one).")
    var recipe: String?
    @Option(help: "False stops that are allowed in a shift of running time.")
    var perShift: Double?
    @Option(help: "Share of parts that may stop the line falsely (default: the recipe's alpha).")
    var rate: Double?
    @Option(help: "Hours of a shift.")
    var shiftHours = 8.0
    @OptionGroup var place: RecipesOption
    @OptionGroup var output: JSONOption

    func validate() throws {
        for (name, text) in [("since", since), ("until", until)] {
            guard let text, UTCTime.moment(text) == nil else { continue }
            throw ValidationError("--\(name) '\(text)' is no time: write it like 2026-11-21T03:12")
        }
        if let from = since.flatMap(UTCTime.moment), let end = until.flatMap(UTCTime.moment), from >= end {
            throw ValidationError("--since is before --until")
        }
        guard perShift == nil || rate == nil else { throw ValidationError("--per-shift and --rate exclude each other") }
        guard perShift.map({ $0 > 0 && $0 <= 1_000_000 }) ?? true, rate.map({ $0 > 0 && $0 < 1 }) ?? true,
            shiftHours > 0, shiftHours <= 24
        else {
            throw ValidationError("--per-shift is above 0, --rate above 0 and below 1, --shift-hours at most 24")
        }
    }

    func run() throws {
        let report: StopBudgetReport
        do {
            let path = state + "/history.sqlite"
            var history = try StopHistory(path: path) { Terminal.shared.show("\($0) events") }
            let parts = state + "/parts.sqlite"
            if SafeFile.exists(parts) { try history.addUnsummed(path: parts) }
            Terminal.shared.clear()
            report = try judge(history)
        } catch {
            Terminal.shared.clear()
            Terminal.shared.say("jidoka: budget: \(error)")
            throw ExitCode(2)
        }
        if output.isJSON { try printJSON(report) } else { for line in report.lines { print(line) } }
        guard !report.isBurning else { throw ExitCode(1) }
        guard report.isJudged else { throw ExitCode(2) }
    }

    private func judge(_ history: StopHistory) throws -> StopBudgetReport {
        let end = until.flatMap(UTCTime.moment) ?? UTCTime.now &+ 1
        let start = since.flatMap(UTCTime.moment) ?? 0
        let isGiven = perShift != nil || rate != nil
        let name = recipe ?? (isGiven ? nil : history.spans.last { $0.recipe != nil }?.recipe)
        let file = try calibration(name, isNeeded: !isGiven)
        let windows = [1, 7, 30].map { days in
            let day: UInt64 = 86_400_000_000_000
            let from = max(start, end - min(end, UInt64(days) * day))
            let tally = history.tally(since: from, until: end, recipe: name)
            let budget =
                perShift.map { $0 * tally.hours / shiftHours } ?? (rate ?? file?.alpha ?? 0) * Double(tally.parts)
            return StopBudgetReport.Window(
                days: days, tally: tally,
                burn: BurnRate(falseStops: tally.falseStops, parts: tally.parts, budget: budget))
        }
        let promise = file.map { file in
            let calibrated = UTCTime.moment(file.date) ?? 0
            let tally = history.tally(since: max(start, calibrated), until: end, recipe: name, model: file.model)
            return StopBudgetReport.Promise(file, tally)
        }
        return StopBudgetReport(
            recipe: name,
            budget: perShift.map { "\($0) in a shift of \(shiftHours) h" }
                ?? rate.map { "\(Certificate.percent($0)) of the parts" }
                ?? "\(Certificate.percent(file?.alpha ?? 0)) of the parts, the recipe's alpha",
            historySince: history.first.map(UTCTime.text), windows: windows, promise: promise)
    }

    /// The recipe's calibration; nil where it isn't there and isn't needed.
    private func calibration(_ name: String?, isNeeded: Bool) throws -> CalibrationFile? {
        let path = try name.map { try RecipeFolder($0, in: place.recipes).calibration }
        if let path, SafeFile.exists(path) { return try CalibrationFile.read(path) }
        guard isNeeded else { return nil }
        throw RecipeError(
            .unreadable, path ?? "the history",
            expected: path == nil ? "a recipe that has judged parts" : "a calibration",
            found: "none", hint: "say what is allowed with --per-shift or --rate, or where recipes are with --recipes")
    }
}
