// SPDX-License-Identifier: Apache-2.0

import CEmbeddedTeacher
import Digests
import FoundationEssentials
import Inspection

/// One network on disk: weights, its graph, and where it came from.
public struct ModelFile: Sendable {
    /// Weights with batch norm folded.
    public var weights: Weights
    /// The layer graph.
    public var graph: NetworkGraph
    /// Everything else that the file says about itself.
    public var metadata: [String: String]
    /// SHA-256 of the file's bytes.
    public let digest: String

    /// Version of our own model files.
    public static let format = "jidoka-model-1"

    /// Reads a teacher: a ResNet trunk with torchvision's names, batch norm separate or folded.
    ///
    /// - Parameters:
    ///   - bytes: a safetensors file.
    ///   - name: for errors.
    ///   - levels: which maps are wanted.
    /// - Throws: `RecipeError`, also for tensors that are missing or have the wrong shape.
    public static func teacher(_ bytes: [UInt8], name: String, levels: [Level]) throws(RecipeError) -> ModelFile {
        guard !bytes.starts(with: ZipArchive.signature), !bytes.starts(with: TorchCheckpoint.legacyStart) else {
            throw RecipeError(
                .badFile, name, expected: "a teacher as safetensors", found: "a file of PyTorch",
                hint: "import it first: jidoka model import \(name) --as resnet18-teacher")
        }
        let file = try Safetensors.parse(bytes, name: name)
        do throws(InspectionError) {
            let weights = try file.tensors.batchNormFolded()
            return ModelFile(
                weights: weights, graph: try ResidualTrunk.graph(of: weights, levels: levels), metadata: file.metadata,
                digest: Digest.sha256(bytes))
        } catch {
            throw RecipeError(
                .badFile, "\(name): \(error.thing)", expected: error.expected, found: error.found, hint: error.hint)
        }
    }

    /// Reads one of our own files, whose graph is in its metadata.
    ///
    /// - Throws: `RecipeError` that names the file and what is wrong with it.
    public static func ours(_ bytes: [UInt8], name: String) throws(RecipeError) -> ModelFile {
        let file = try Safetensors.parse(bytes, name: name)
        guard file.metadata["format"] == format else {
            throw RecipeError(
                .badFile, name, expected: "a model file of format \(format)", found: file.metadata["format"] ?? "none",
                hint: "train the recipe again with this version")
        }
        guard let text = file.metadata["graph"],
            let graph = try? JSONDecoder().decode(NetworkGraph.self, from: Data(text.utf8))
        else {
            throw RecipeError(
                .badFile, name, expected: "a layer graph in the metadata", found: "none that can be read",
                hint: "the file is damaged: restore it or train again")
        }
        return ModelFile(weights: file.tensors, graph: graph, metadata: file.metadata, digest: Digest.sha256(bytes))
    }

    /// The bytes of one of our own files.
    public static func encoded(weights: Weights, graph: NetworkGraph, metadata: [String: String]) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var metadata = metadata
        metadata["format"] = format
        metadata["graph"] = (try? encoder.encode(graph)).map { String(decoding: $0, as: UTF8.self) }
        return Safetensors(tensors: weights, metadata: metadata).encoded()
    }

    /// A plan for an input size.
    ///
    /// - Throws: `RecipeError` that wraps what the plan found wrong.
    public func plan(inputSize: Int, name: String) throws(RecipeError) -> NetworkPlan {
        do throws(InspectionError) {
            return try NetworkPlan(graph: graph, weights: weights, inputSize: inputSize)
        } catch {
            throw RecipeError(
                .badFile, "\(name): \(error.thing)", expected: error.expected, found: error.found, hint: error.hint)
        }
    }

    /// The bytes of the teacher that is built into the program.
    public static var embeddedTeacher: [UInt8] {
        [UInt8](UnsafeBufferPointer(start: embedded_teacher_bytes(), count: embedded_teacher_count()))
    }
}
