// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Calibration
import Daemon
import FoundationEssentials
import Recipes

struct Calibrate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Take the threshold from the calibrate parts, with a certificate of what it promises.",
        discussion: """
            Without --confidence the false-stop rate is kept on average over calibrations (split conformal), with it for this very \
            calibration (order statistics): 1 % takes 99 calibrate parts on average, 299 with a confidence of 95 %. A rate that \
            the parts do not support is refused, unless --accept-weaker says who is content with less. Also needed after a \
            change below 'map' in recipe.yaml. With --cost-stop, --cost-escape and --defect-rate the rate is the \
            one with the smallest expected cost, weighed on synthetic defects in the select parts. With --scores: from a file of \
            scores, one a line or a list in JSON, in the order in which the parts came; nothing is written.
            """)

    @Argument(help: "Name of the recipe; left out with --scores.")
    var name: String?
    @Option(help: "False-stop rate, above 0 and below 1 (default: the smallest that the parts support).")
    var alpha: Double?
    @Option(help: "How surely the rate is kept, above 0 and below 1 (default: on average over calibrations).")
    var confidence: Double?
    @Option(help: "Who is content with a larger rate, if the parts do not support the one that is asked for.")
    var acceptWeaker: String?
    @Option(help: "Rate of good parts that may raise the andon, above alpha (default: no warn threshold).")
    var warnAlpha: Double?
    @Option(help: "A file of scores, in place of a recipe.")
    var scores: String?
    @Option(help: "Where the good parts are now (default: where they were at training).")
    var data: String?
    @OptionGroup var shift: ShiftOptions
    @OptionGroup var policy: PolicyOptions
    @OptionGroup(title: "Cost options") var cost: CostOptions
    @OptionGroup var place: RecipesOption
    @OptionGroup var output: JSONOption

    func validate() throws {
        guard !cost.isGiven || (alpha == nil && warnAlpha == nil && acceptWeaker == nil) else {
            throw ValidationError("costs choose the rates: no --alpha, --warn-alpha or --accept-weaker with them")
        }
        guard !cost.isGiven || (scores == nil) == (cost.defectScores == nil) else {
            throw ValidationError("--defect-scores and --scores belong together where costs are given")
        }
        guard (name == nil) != (scores == nil) else {
            throw ValidationError("name a recipe, or a file of scores with --scores")
        }
        guard scores == nil || (warnAlpha == nil && data == nil && policy.config == nil) else {
            throw ValidationError("--warn-alpha, --data and --config belong to a recipe")
        }
        guard acceptWeaker.map({ $0.contains { !$0.isWhitespace } }) ?? true else {
            throw ValidationError("--accept-weaker needs the name of a person")
        }
    }

    func run() throws {
        if let scores { return try certify(scores) }
        let folder = try RecipeFolder(name ?? "", in: place.recipes)
        let rates = try cost.costs().map { try cheapest(folder, $0) }
        let calibration = try RecipeCalibration(
            folder, data: data, alpha: rates?.alpha ?? alpha, confidence: confidence,
            acceptedBy: acceptWeaker, warnAlpha: rates?.warnAlpha ?? warnAlpha, tool: DaemonVersion.tool,
            progress: TrainingDisplay.reporter.step)
        Terminal.shared.clear()
        let whole = try PolicyReport(
            stop: calibration.threshold, warn: calibration.warn, missed: calibration.file.detection, options: policy,
            perMinute: shift.rate)
        if output.isJSON {
            return try printJSON(
                Report(
                    content: calibration.file, certificate: calibration.certificate, cost: rates?.choice, policy: whole)
            )
        }
        for line in rates?.lines ?? [] { print(line) }
        show(calibration.certificate)
        if let warn = calibration.warn {
            print("warn " + warn.statement.replacing("stops the line", with: "is called suspicious"))
        }
        for line in whole.lines(perShift: shift.perShift) { print(line) }
    }

    /// The rates with the smallest expected cost.
    private func cheapest(_ folder: RecipeFolder, _ costs: CostThreshold.Costs) throws -> CostRates {
        let remaining = try PartList.remaining(folder)
        let scores = try CostScores(folder, data: data, progress: TrainingDisplay.reporter.step)
        return try CostRates(
            try CostThreshold(scores: scores.good, defects: scores.defects, costs: costs),
            parts: remaining.list.partsOf(.calibrate).count, excluded: remaining.excludedParts, confidence: confidence)
    }

    private func show(_ certificate: Certificate) {
        for line in certificate.lines(perShift: shift.perShift, acceptedBy: acceptWeaker) { print(line) }
    }

    /// A threshold for scores that come from elsewhere.
    private func certify(_ path: String) throws {
        let values = try Self.read(path)
        if let costs = try cost.costs(), let defects = cost.defectScores {
            return try CostFile(
                choice: try CostThreshold(scores: values, defects: try Self.read(defects), costs: costs),
                confidence: confidence ?? Certificate.usualConfidence
            ).show(output.isJSON)
        }
        let supported = try ConformalThreshold.supported(
            alpha, confidence: confidence, parts: values.count, isWeakerAccepted: acceptWeaker != nil)
        let threshold = try ConformalThreshold(scores: values, alpha: supported, confidence: confidence)
        let certificate = Certificate(scores: values, threshold: threshold, wanted: alpha)
        if output.isJSON { try printJSON(certificate) } else { show(certificate) }
    }

    private static func read(_ path: String) throws -> [Float] {
        let text = String(decoding: try SafeFile.read(path, limit: 1 << 28), as: UTF8.self)
        if text.first(where: { !$0.isWhitespace }) == "[" {
            do {
                return try JSONDecoder().decode([Float].self, from: Data(text.utf8))
            } catch {
                throw RecipeError(
                    .badFile, path, expected: "a list of numbers in JSON", found: "\(error)", hint: "[0.5, 1.25, 0.75]")
            }
        }
        var values: [Float] = []
        for (number, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let word = line.trimmingCharacters(in: .whitespaces)
            if word.isEmpty || word.hasPrefix("#") { continue }
            guard let value = Float(word) else {
                throw RecipeError(
                    .badFile, path, line: number + 1, expected: "a number", found: "'\(word.prefix(40))'",
                    hint: "one score a line")
            }
            values.append(value)
        }
        return values
    }

    private struct Report: Encodable {
        let content: CalibrationFile
        let certificate: Certificate
        let cost: CostThreshold?
        let policy: PolicyReport

        enum CodingKeys: String, CodingKey { case certificate, cost, policy }

        func encode(to encoder: any Encoder) throws {
            try content.encode(to: encoder)
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(certificate, forKey: .certificate)
            try container.encodeIfPresent(cost, forKey: .cost)
            try container.encode(policy, forKey: .policy)
        }
    }
}
