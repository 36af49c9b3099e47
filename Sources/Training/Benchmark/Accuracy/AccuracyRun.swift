// SPDX-License-Identifier: Apache-2.0

import Calibration
import Digests
import FoundationEssentials
import Inspection
import Recipes

/// What one case of a benchmark gave.
public struct AccuracyRun: Codable, Sendable {
    /// What was run.
    public let one: AccuracyCase
    /// Seconds of the training with quantisation and calibration; null where an interrupted training went on.
    public let trainingSeconds: Double?
    /// The pass that gave the weights; null without a student.
    public let bestEpoch: Int?
    /// Map settings that it was evaluated with, chosen on synthetic defects.
    public private(set) var map: MapSettings
    /// The map settings that would have given the highest image AUROC: what the choice cost is the difference. Null where it was
    /// not asked for.
    public internal(set) var hindsight: MapHindsight.Verdict?
    /// Milliseconds a picture of one core, all finished cases in turn; null until they were timed together.
    public internal(set) var milliseconds: Double?
    /// Pictures that the student learned from.
    public let trainParts: Int
    /// The figures; their milliseconds are the median of one core, measured in this run.
    public private(set) var evaluation: Evaluation
    /// SHA-256 of the program that trained it.
    public let program: String

    enum CodingKeys: String, CodingKey {
        case one = "case"
        case trainingSeconds = "training_seconds"
        case bestEpoch = "best_epoch"
        case trainParts = "train_parts"
        case map, hindsight, milliseconds, evaluation, program
    }

    init(
        one: AccuracyCase, trainingSeconds: Double?, bestEpoch: Int?, map: MapSettings, trainParts: Int,
        evaluation: Evaluation, program: String
    ) {
        self.one = one
        self.trainingSeconds = trainingSeconds
        self.bestEpoch = bestEpoch
        self.map = map
        self.trainParts = trainParts
        self.evaluation = evaluation
        self.program = program
    }

    /// What the recipe, calibrated again, makes of the data set.
    mutating func judge(_ folder: RecipeFolder, _ data: DataSet, _ steps: RecipeTraining.Reporter) throws {
        map = try Recipe.read(folder.recipe).map
        milliseconds = nil
        evaluation = try Self.evaluation(folder, data, steps)
    }

    static func evaluation(
        _ folder: RecipeFolder, _ data: DataSet, _ steps: RecipeTraining.Reporter
    ) throws -> Evaluation {
        try Evaluation(
            try LoadedRecipe(folder), on: data, known: try PartList.read(folder.parts), progress: steps.step)
    }

    /// Writes `results.json`.
    func write(to folder: String) throws {
        try SafeFile.write(Array((try json() + "\n").utf8), to: folder + "/results.json")
    }

    /// Every key is written, null where there is no value.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(one, forKey: .one)
        try container.encode(trainingSeconds, forKey: .trainingSeconds)
        try container.encode(bestEpoch, forKey: .bestEpoch)
        try container.encode(map, forKey: .map)
        try container.encode(hindsight, forKey: .hindsight)
        try container.encode(milliseconds, forKey: .milliseconds)
        try container.encode(trainParts, forKey: .trainParts)
        try container.encode(evaluation, forKey: .evaluation)
        try container.encode(program, forKey: .program)
    }

    /// SHA-256 of the program that is running.
    static func program() throws(RecipeError) -> String { Digest.sha256(try SafeFile.read("/proc/self/exe")) }

    /// A finished run; nil where there is none of this case, or one in a form that is not ours any more: it is done again.
    static func read(_ path: String, of one: AccuracyCase) throws(RecipeError) -> AccuracyRun? {
        guard SafeFile.exists(path) else { return nil }
        let bytes = try SafeFile.read(path, limit: 1 << 24)
        let run = try? JSONDecoder().decode(AccuracyRun.self, from: Data(bytes))
        // The folder's name says what was run, but a copied folder keeps its file.
        return run?.one.key == one.key ? run : nil
    }

    /// Pretty JSON with sorted keys.
    func json() throws -> String { try AccuracyReport.json(self) }
}

/// A case that could not be run.
public struct AccuracyFailure: Codable, Sendable {
    /// What was to be run.
    public let one: AccuracyCase
    /// Why it was not.
    public let reason: String

    enum CodingKeys: String, CodingKey {
        case one = "case"
        case reason
    }
}
