// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Inspection
import Recipes

/// An unfinished training on disk: everything that the next step depends on, so that going on gives the same bits.
struct Checkpoint {
    /// What must be the same to go on: settings, teacher, training set.
    var identity: String
    /// Passes finished.
    var epoch: Int
    /// Lowest loss on the select parts so far.
    var bestLoss: Float
    /// The pass that gave it.
    var bestEpoch: Int
    /// Loss on the select parts after the last pass.
    var selectLoss: Float
    /// The random source's four words.
    var random: [UInt64]
    /// The student's parameters and statistics.
    var student: [NamedArray]
    /// The same at the best pass.
    var best: [NamedArray]
    /// The optimiser's moments.
    var optimiser: [NamedArray]

    private static let format = "jidoka-checkpoint-1"

    func write(to path: String) throws(RecipeError) {
        var tensors: Weights = [:]
        for (prefix, arrays) in [("student/", student), ("best/", best), ("optimiser/", optimiser)] {
            for array in arrays {
                tensors[prefix + array.name] = WeightTensor(shape: array.shape, values: array.values)
            }
        }
        let metadata = [
            "format": Self.format, "identity": identity, "epoch": "\(epoch)", "best_epoch": "\(bestEpoch)",
            "best_loss": "\(bestLoss.bitPattern)", "select_loss": "\(selectLoss.bitPattern)",
            "random": random.map { "\($0)" }.joined(separator: " "),
        ]
        try Safetensors(tensors: tensors, metadata: metadata).write(to: path)
    }

    /// Reads a checkpoint.
    ///
    /// - Throws: `RecipeError` when the file is damaged.
    static func read(_ path: String) throws(RecipeError) -> Checkpoint {
        let file = try Safetensors.read(path)
        func number<T: LosslessStringConvertible>(_ key: String) throws(RecipeError) -> T {
            guard let text = file.metadata[key], let value = T(text) else {
                throw RecipeError(
                    .badFile, path, key: key, expected: "a number", found: file.metadata[key] ?? "nothing",
                    hint: "delete the file to train from the beginning")
            }
            return value
        }
        guard file.metadata["format"] == format else {
            throw RecipeError(
                .badFile, path, expected: "a checkpoint of format \(format)", found: file.metadata["format"] ?? "none",
                hint: "delete the file to train from the beginning")
        }
        func arrays(_ prefix: String) -> [NamedArray] {
            file.tensors.filter { $0.key.hasPrefix(prefix) }.sorted { $0.key < $1.key }.map {
                NamedArray(name: String($0.key.dropFirst(prefix.count)), shape: $0.value.shape, values: $0.value.values)
            }
        }
        return Checkpoint(
            identity: file.metadata["identity"] ?? "", epoch: try number("epoch"),
            bestLoss: Float(bitPattern: try number("best_loss")), bestEpoch: try number("best_epoch"),
            selectLoss: Float(bitPattern: try number("select_loss")),
            random: (file.metadata["random"] ?? "").split(separator: " ").compactMap { UInt64($0) },
            student: arrays("student/"), best: arrays("best/"), optimiser: arrays("optimiser/"))
    }
}
