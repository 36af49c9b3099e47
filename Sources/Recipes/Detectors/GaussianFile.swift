// SPDX-License-Identifier: Apache-2.0

import Inspection

/// `padim.safetensors`: a Gaussian for every place.
public enum GaussianFile {
    /// Version of the format.
    public static let format = "jidoka-padim-1"

    /// The file's bytes.
    ///
    /// - Parameters:
    ///   - channels: which of all levels' channels a descriptor has, ascending.
    ///   - mean: `(locations, dimensions)`.
    ///   - factor: `(locations, dimensions · (dimensions + 1) / 2)`, see `GaussianField`.
    public static func encoded(
        channels: [Int], mean: [Float], factor: [Float], origin: DetectorOrigin
    ) -> [UInt8] {
        let locations = mean.count / channels.count
        return Safetensors(
            tensors: [
                "mean": WeightTensor(shape: [locations, channels.count], values: mean),
                "factor": WeightTensor(shape: [locations, factor.count / locations], values: factor),
            ],
            integers: [
                "channels": IntegerTensor(shape: [channels.count], values: .words(channels.map(Int32.init)))
            ],
            metadata: origin.metadata(format: format)
        ).encoded()
    }

    static func open(_ bytes: [UInt8], name: String) throws(RecipeError) -> DetectorFile {
        try DetectorFile(bytes, name: name, format: format, tensors: ["mean", "factor", "channels"])
    }

    /// The detector of a file's bytes.
    ///
    /// - Throws: `RecipeError` that names what is wrong with the file.
    package static func detector(
        _ bytes: [UInt8], name: String, teacher: NetworkPlan
    ) throws(RecipeError) -> any MapDetector {
        try detector(try open(bytes, name: name), teacher: teacher)
    }

    static func detector(_ file: DetectorFile, teacher: NetworkPlan) throws(RecipeError) -> any MapDetector {
        guard case .words(let channels)? = file.content.integers["channels"]?.values,
            let shape = file.content.integers["channels"]?.shape, shape == [channels.count], !channels.isEmpty
        else { throw file.damaged("channels", "one row of 32-bit numbers", "something else") }
        guard let mean = file.content.tensors["mean"], let factor = file.content.tensors["factor"],
            mean.shape.count == 2, mean.shape[1] == channels.count,
            factor.shape == [mean.shape[0], channels.count * (channels.count + 1) / 2]
        else {
            throw file.damaged(
                "mean and factor", "Gaussians of \(channels.count) dimensions",
                "\(file.content.tensors["mean"]?.shape ?? []) and \(file.content.tensors["factor"]?.shape ?? [])")
        }
        return try file.detector { () throws(InspectionError) in
            try GaussianField(
                teacher: teacher, features: file.levels, channels: channels.map(Int.init), mean: mean.values,
                factor: factor.values)
        }
    }
}
