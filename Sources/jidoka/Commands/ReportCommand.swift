// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Calibration
import Daemon
import FoundationEssentials
import Recipes
import Records

struct ReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Write one HTML file about a recipe: its promise, scores, defects, production and hashes.",
        discussion: """
            The file needs nothing else and runs nothing. Production is what the daemon recorded of this very model: the last \
            5,000 parts, or all from --since on. A time is '2026-11-21', '2026-11-21T03:12' or '2026-11-21T03:12:00', in UTC.
            """)

    @Argument(help: "Name of the recipe.")
    var name: String
    @OptionGroup var place: RecipesOption
    @Option(help: "Folder of the history.")
    var state = "/var/lib/jidoka"
    @Option(help: "Known defects: test/good and test/<defect>, or OK and NG.")
    var data: String?
    @Option(help: "Production from this time on (default: the last 5,000 parts).")
    var since: String?
    @OptionGroup var shift: ShiftOptions
    @OptionGroup var policy: PolicyOptions
    @Option(help: "The file (default: RECIPE-report.html).")
    var out: String?
    @OptionGroup var output: JSONOption

    func validate() throws {
        guard since.map({ UTCTime.moment($0) != nil }) ?? true else {
            throw ValidationError("--since '\(since ?? "")' is no time: write it like 2026-11-21T03:12")
        }
    }

    func run() throws {
        let folder = try RecipeFolder(name, in: place.recipes)
        let loaded = try LoadedRecipe(folder)
        let judged = try data.map { try judge($0, loaded, folder) }
        let reading = ProductionReading(
            state: state, recipe: loaded.recipe.name, model: loaded.digest, threshold: loaded.threshold.stop,
            since: since.flatMap(UTCTime.moment))
        let production = try reading.record { Terminal.shared.show("\($0) parts") }
        var content = try ReportContent(
            folder, loaded, judged: judged, production: production, perShift: shift.perShift,
            made: Date().ISO8601Format(), tool: DaemonVersion.tool)
        let whole = try PolicyReport(
            stop: content.certificate.threshold, warn: content.warn, missed: loaded.calibration.detection,
            options: policy, perMinute: shift.rate)
        content.lines += whole.lines(perShift: shift.perShift)
        let file = out ?? "\(name)-report.html"
        try SafeFile.write(Array(ReportPage(content).html.utf8), to: file)
        Terminal.shared.clear()
        let summary = ReportSummary(content, file: file)
        if output.isJSON { try printJSON(Output(summary: summary, policy: whole)) } else { print(summary.text) }
    }

    /// The summary with one key more.
    private struct Output: Encodable {
        let summary: ReportSummary
        let policy: PolicyReport

        enum CodingKeys: String, CodingKey { case policy }

        func encode(to encoder: any Encoder) throws {
            try summary.encode(to: encoder)
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(policy, forKey: .policy)
        }
    }

    private func judge(_ data: String, _ loaded: LoadedRecipe, _ folder: RecipeFolder) throws -> ReportContent.Judged {
        let set = try DataSet(data)
        let evaluation = try Evaluation(
            loaded, on: set, known: try PartList.read(folder.parts), progress: TrainingDisplay.reporter.step)
        return ReportContent.Judged(
            evaluation, data: set.root.split(separator: "/").last.map(String.init) ?? "/", warn: loaded.threshold.warn)
    }
}
