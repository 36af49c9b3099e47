// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Calibration
import Recipes
import Training

/// What a stop and an escape cost, to choose the thresholds by.
struct CostOptions: ParsableArguments {
    @Option(
        help: "What a stop for a good part costs; with --cost-escape and --defect-rate the thresholds are the cheapest."
    )
    var costStop: Double?
    @Option(help: "What a defective part costs that goes on, in the same currency.")
    var costEscape: Double?
    @Option(help: "Share of defective parts, above 0 and below 1: a guess of yours.")
    var defectRate: Double?
    @Option(help: "What a look at a suspicious part costs (default: no warn threshold).")
    var costLook: Double?
    @Option(help: "With --scores: a file of scores of defective parts.")
    var defectScores: String?

    /// Whether any of them was given.
    var isGiven: Bool {
        costStop != nil || costEscape != nil || defectRate != nil || costLook != nil || defectScores != nil
    }

    func validate() throws {
        guard isGiven, costStop == nil || costEscape == nil || defectRate == nil else { return }
        throw ValidationError("--cost-stop, --cost-escape and --defect-rate belong together")
    }

    /// The costs, checked; nil when none were given.
    func costs() throws -> CostThreshold.Costs? {
        guard let costStop, let costEscape, let defectRate else { return nil }
        return try .init(stop: costStop, escape: costEscape, look: costLook, defectRate: defectRate)
    }
}

/// Scores of select parts, and of the same parts with synthetic defects: what the costs are weighed on.
///
/// Not of the calibrate parts: whoever chooses a rate by looking at their scores breaks the promise that is taken from them. The statistics
/// come from one half of the select parts, the other half is judged; then the halves change places.
struct CostScores {
    /// One for each part, the highest of its pictures.
    let good: [Float]
    /// One for each defect.
    let defects: [Float]

    /// Fewer parts give no costs.
    private static let fewestParts = 8
    /// Defects in all, about; at most five for each picture, one of each size.
    private static let defectCount = 320

    /// Scores the parts of a trained recipe.
    ///
    /// - Parameter data: where the good parts are now; nil is where they were at training.
    init(_ folder: RecipeFolder, data: String?, progress: RecipeCalibration.Progress?) throws {
        try RecipeCalibration.checkFinished(folder)
        let (networks, list) = (try RecipeNetworks(folder), try PartList.remaining(folder).list)
        let root = list.root(data, in: folder)
        let (rule, settings) = (networks.recipe.input, networks.recipe.map)
        let pictures = try RecipeCalibration.pictures(
            list.of(.select), root: root, rule: rule, "select parts", progress)
        let rounds = max(1, min(5, Self.defectCount / max(1, pictures.count)))
        let selection = BlendedSelection(
            pictures, groups: list.groupNumbers(.select), size: rule.size, defectsPerPart: rounds, seed: list.seed)
        guard selection.groups.count >= Self.fewestParts else {
            throw CalibrationError(
                .tooFewParts, "costs", expected: "at least \(Self.fewestParts) select parts",
                found: "\(selection.groups.count)", hint: "show more good parts: a fifth of them selects")
        }
        let maps = try PartScorer.distances(networks.networks, levels: settings.levels, pictures: pictures) {
            progress?("statistics of the select parts", $0, $1)
        }
        var scores = [Float](repeating: .nan, count: selection.pictures.count)
        for half in selection.halves() {
            let statistics = try PartScorer.statistics(
                of: half.learned.map { maps[$0] }, levels: settings.levels, size: rule.size)
            let scorer = PartScorer(try networks.model(settings: settings, statistics: statistics))
            let judged = try scorer.scores(half.judged.map { selection.pictures[$0] }) {
                progress?("costs: good parts and synthetic defects", $0, $1)
            }
            for (place, scored) in zip(half.judged, judged) { scores[place] = scored.score }
        }
        good = selection.groups.map { group in group.map { scores[$0] }.max() ?? .nan }
        defects = Array(scores[selection.parts...])
    }
}

/// The cheapest rates, as far as the calibrate parts of a recipe support them.
struct CostRates {
    /// How they were found.
    let choice: CostThreshold
    /// The false-stop rate to calibrate with.
    let alpha: Double
    /// The rate above the warn threshold; nil for none.
    let warnAlpha: Double?
    /// What the calibrate parts do not support, in words.
    let remarks: [String]

    init(_ choice: CostThreshold, parts: Int, excluded: Int, confidence: Double?) throws {
        self.choice = choice
        var remarks: [String] = []
        let cheapest = choice.beyond?.rate ?? choice.stop.alpha
        let smallest = ConformalThreshold.smallestAlpha(
            parts: parts + excluded, confidence: confidence, excluded: excluded)
        let alpha = max(cheapest, smallest)
        if alpha > cheapest {
            remarks.append(
                "the cheapest rate, \(Certificate.percent(cheapest)), is more than \(parts) calibrate parts support: the smallest is taken, "
                    + "\(Certificate.percent(smallest))")
        }
        func order(_ alpha: Double, _ confidence: Double?) throws -> Int {
            try ConformalThreshold(
                scores: .init(repeating: 0, count: parts), alpha: alpha, confidence: confidence, excluded: excluded
            ).order
        }
        var warnAlpha = choice.warn?.alpha
        if let rate = warnAlpha, try rate <= alpha || order(rate, nil) >= order(alpha, confidence) {
            warnAlpha = nil
            remarks.append("looks would pay only where the line stops already: no warn threshold")
        }
        (self.alpha, self.warnAlpha, self.remarks) = (alpha, warnAlpha, remarks)
    }

    /// All of it in words.
    var lines: [String] {
        choice.lines(good: "select parts", defects: "synthetic defects in select parts") + remarks
            + [
                "weighed on the select parts, cross-fitted; the threshold comes from the calibrate parts, so its promise holds:"
            ]
    }
}

/// The cheapest threshold for scores that come from elsewhere: the same scores give the order and the promise.
struct CostFile: Encodable {
    let choice: CostThreshold
    let confidence: Double

    enum CodingKeys: String, CodingKey { case threshold, guarantee, n, alpha, confidence, order, cost }

    /// The keys of a certificate, and the costs.
    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(choice.stop.value, forKey: .threshold)
        try container.encode(ConformalThreshold.Guarantee.confidence, forKey: .guarantee)
        try container.encode(choice.count, forKey: .n)
        try container.encode(choice.rate(confidence: confidence), forKey: .alpha)
        try container.encode(confidence, forKey: .confidence)
        try container.encode(choice.stop.order, forKey: .order)
        try container.encode(choice, forKey: .cost)
    }

    func show(_ isJSON: Bool) throws {
        guard confidence > 0, confidence < 1 else {
            throw CalibrationError(
                .badSetting, "confidence", expected: "above 0 and below 1", found: "\(confidence)", hint: "0.95 is 95 %"
            )
        }
        guard !isJSON else { return try printJSON(self) }
        print("threshold \(choice.stop.value)" + (choice.warn.map { ", warn \($0.value)" } ?? ""))
        for line in choice.lines(good: "good scores", defects: "defects that were given") { print(line) }
        let percent = (choice.rate(confidence: confidence) * 1e5).rounded(.up) / 1e3
        print(
            "guaranteed: at most \(percent) % of good parts stop the line, with a confidence of \(confidence * 100) % for every order "
                + "together: the same scores have chosen it (order statistics, exchangeable parts)")
    }
}
