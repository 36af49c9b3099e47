// SPDX-License-Identifier: Apache-2.0

import Inspection

/// `memory.safetensors`: patches of good parts.
public enum MemoryFile {
    /// Version of the format.
    public static let format = "jidoka-memory-1"

    /// The file's bytes.
    ///
    /// - Parameter memory: `(vectors, dimensions)`, in the order in which they were chosen.
    public static func encoded(_ memory: [Float], dimensions: Int, origin: DetectorOrigin) -> [UInt8] {
        Safetensors(
            tensors: ["memory": WeightTensor(shape: [memory.count / dimensions, dimensions], values: memory)],
            metadata: origin.metadata(format: format)
        ).encoded()
    }

    static func open(_ bytes: [UInt8], name: String) throws(RecipeError) -> DetectorFile {
        try DetectorFile(bytes, name: name, format: format, tensors: ["memory"])
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
        let channels = teacher.levels.filter { file.levels.contains($0.level) }.reduce(0) { $0 + $1.shape.channels }
        guard let memory = file.content.tensors["memory"], memory.shape.count == 2, memory.shape[1] == channels,
            memory.shape[0] > 0
        else {
            throw file.damaged(
                "memory", "vectors of \(channels) channels", "\(file.content.tensors["memory"]?.shape ?? [])")
        }
        return try file.detector { () throws(InspectionError) in
            try PatchMemory(teacher: teacher, features: file.levels, memory: memory.values)
        }
    }
}
