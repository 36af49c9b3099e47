// SPDX-License-Identifier: Apache-2.0

import Inspection

/// `maps.safetensors`: mean and deviation of every level's distance map over the select parts.
public enum StatisticsFile {
    /// The file's bytes.
    public static func encoded(_ statistics: [LevelStatistics], metadata: [String: String]) -> [UInt8] {
        var tensors: Weights = [:]
        for one in statistics {
            tensors["\(one.level.rawValue).mean"] = WeightTensor(shape: [one.side, one.side], values: one.mean)
            tensors["\(one.level.rawValue).deviation"] = WeightTensor(
                shape: [one.side, one.side], values: one.deviation)
        }
        return Safetensors(tensors: tensors, metadata: metadata).encoded()
    }

    /// Reads the statistics of the levels asked for.
    ///
    /// - Throws: `RecipeError` for a damaged file or a level that isn't there.
    public static func parse(_ bytes: [UInt8], name: String, levels: [Level]) throws(RecipeError) -> [LevelStatistics] {
        let file = try Safetensors.parse(bytes, name: name)
        var result: [LevelStatistics] = []
        for level in levels {
            guard let mean = file.tensors["\(level.rawValue).mean"],
                let deviation = file.tensors["\(level.rawValue).deviation"], mean.shape.count == 2,
                mean.shape == deviation.shape, mean.shape[0] == mean.shape[1]
            else {
                throw RecipeError(
                    .badFile, name, expected: "square mean and deviation maps of \(level.rawValue)", found: "none",
                    hint: "train the recipe again")
            }
            do throws(InspectionError) {
                result.append(
                    try LevelStatistics(
                        level: level, side: mean.shape[0], mean: mean.values, deviation: deviation.values))
            } catch {
                throw RecipeError(
                    .badFile, "\(name): \(error.thing)", expected: error.expected, found: error.found, hint: error.hint)
            }
        }
        return result
    }
}
