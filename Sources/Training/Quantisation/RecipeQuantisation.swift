// SPDX-License-Identifier: Apache-2.0

import Calibration
import Digests
import Glibc
import Inspection
import Recipes

/// Makes a trained float32 recipe one of integers: tries the ways to do it on the select parts, writes the best.
public struct RecipeQuantisation: Codable, Sendable {
    /// What was tried; float32 first.
    public let trials: [QuantisationTrial]
    /// How the ranges of the file were chosen.
    public let method: RangeMethod
    /// Bits of an activation.
    public let bits: Int
    /// SHA-256 of `int8.safetensors`.
    public let model: String

    /// Bits of an activation unless asked otherwise.
    ///
    /// Eight: over the test parts of magnetic tiles the maps correlate with float32's as .9991 with eight bits and as .9976 with
    /// seven, of brick as .9998 and .9994 (one seed each), although eight cost the pairs of weights a bit.
    public static let defaultBits = 8
    /// Most pixels of select parts that ranges and weights are fitted to, at once in memory.
    private static let fittedPixels = 32 * 256 * 256
    /// Most select parts that candidates are judged on.
    private static let judgedParts = 64
    /// Blended defects for each of them.
    private static let defectsPerPart = 2

    /// Quantises, judges, writes `int8.safetensors` and sets the recipe's engine. An old calibration is removed first: it must
    /// not meet other networks.
    ///
    /// - Parameters:
    ///   - data: where the good parts are now; nil is where they were at training.
    ///   - bits: 7 or 8; nil is the default.
    ///   - method: nil tries all but the coarsest and takes the best (`QuantisationTrial.choice`).
    ///   - shouldStop: asked before every way to choose ranges.
    /// - Returns: nil when it was stopped.
    /// - Throws: `RecipeError`, `CalibrationError`, `TrainingError`, `InspectionError`; nothing is written unless all went well.
    public init?(
        _ folder: RecipeFolder, data: String? = nil, bits: Int? = nil, method: RangeMethod? = nil, seed: UInt64 = 1,
        tool: String, progress: RecipeCalibration.Progress? = nil, shouldStop: () -> Bool = { false }
    ) throws {
        var recipe = try Recipe.read(folder.recipe)
        try recipe.detector.check(.int8, in: folder.recipe)
        let list = try PartList.remaining(folder).list
        // All levels that were trained, so that a later choice among them needs no other integers.
        let models = try FloatModels(folder, recipe: recipe, everyLevel: true)
        let size = recipe.input.size
        let good = try RecipeCalibration.pictures(
            list.of(.select), root: data ?? list.data, rule: recipe.input, "select parts", progress)
        let numbers = list.groupNumbers(.select)
        let judged = BlendedSelection.spread(good.count, Self.judgedParts)
        let selection = BlendedSelection(
            judged.map { good[$0] }, groups: judged.map { numbers[$0] }, size: size,
            defectsPerPart: Self.defectsPerPart, seed: seed)
        let reference = try QuantisationReference(
            try RecipeNetworks(folder, engine: .float32).networks, settings: recipe.map, size: size,
            selection: selection, progress: progress)
        let fitted = BlendedSelection.spread(good.count, max(8, Self.fittedPixels / (size * size))).map { good[$0] }
        let methods = method.map { [$0] } ?? RangeMethod.tried
        let width = bits ?? Self.defaultBits
        var trials: [QuantisationTrial] = []
        var files: [IntegerModelFile] = []
        for (number, method) in methods.enumerated() {
            guard !shouldStop() else { return nil }
            progress?("integers: \(method.rawValue)", number, methods.count)
            let maximum = width == 7 ? 127 : 255
            let networks = try [models.teacher, models.student].map { model in
                try NetworkQuantiser.quantise(
                    graph: model.graph, weights: model.weights, pictures: fitted, size: size, method: method,
                    activationMaximum: maximum)
            }
            let file = IntegerModelFile(
                teacher: networks[0], student: networks[1], inputSize: size, levels: models.levels,
                input: recipe.input.fingerprint,
                origin: .init(
                    teacher: models.teacher.digest, student: models.student.digest, parts: list.digest, tool: tool,
                    method: "\(method.rawValue), \(width) bits, feedback rounding, bias correction"))
            let compared = recipe.detector == .reducedStudent ? recipe.map.levels : models.levels
            let candidate = try recipe.detector.networks(
                of: .int8(try file.plan(levels: compared, inputSize: size, name: folder.integer)), levels: compared,
                name: folder.integer)
            trials.append(
                try reference.judge(candidate, method: method, bits: width) {
                    progress?("maps with \(method.rawValue)", $0, $1)
                })
            files.append(file)
        }
        guard let chosen = QuantisationTrial.choice(trials) else {
            throw TrainingError(
                .value, folder.path, expected: "a way to quantise", found: "none that gives scores",
                hint: "keep the recipe in float32")
        }
        guard !shouldStop() else { return nil }
        let bytes = files[chosen].encoded()
        self.trials = [reference.trial] + trials
        self.method = methods[chosen]
        self.bits = width
        model = Digest.sha256(bytes)
        unlink(folder.calibration)
        try SafeFile.write(bytes, to: folder.integer)
        if recipe.engine != .int8 {
            recipe.engine = .int8
            try SafeFile.write(Array(recipe.yaml.utf8), to: folder.recipe)
        }
    }
}
