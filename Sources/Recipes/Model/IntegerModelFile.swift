// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Inspection

/// `int8.safetensors`: teacher and student in integers, all that the integer engine needs, and where they came from.
///
/// Tensors `teacher.NODE.weight` (I8, `(out, in, height, width)`), `teacher.NODE.bias` (I32, `(out)`), `teacher.NODE.scale`
/// (F32, `(out)`) of each convolution, the same with `student.`; the rest is metadata.
public struct IntegerModelFile: Sendable, Equatable {
    /// Where a file came from.
    public struct Origin: Sendable, Equatable {
        /// SHA-256 of `teacher.safetensors`.
        public var teacher: String
        /// SHA-256 of `student.safetensors`.
        public var student: String
        /// Identity of the deal of good parts (`parts.json`).
        public var parts: String
        /// The program that made it.
        public var tool: String
        /// How ranges and weights were chosen.
        public var method: String

        /// An origin with all its facts.
        public init(teacher: String, student: String, parts: String, tool: String, method: String) {
            self.teacher = teacher
            self.student = student
            self.parts = parts
            self.tool = tool
            self.method = method
        }
    }

    /// The frozen network.
    public var teacher: QuantisedNetwork
    /// The network that has only seen good parts.
    public var student: QuantisedNetwork
    /// Side of the square input that the ranges were measured at, in pixels.
    public var inputSize: Int
    /// Levels that both networks give, shallow first.
    public var levels: [Level]
    /// `InputRule.fingerprint` of the pictures that the student learned from.
    public var input: String
    /// Where it came from.
    public var origin: Origin

    /// Version of this format.
    public static let format = "jidoka-int8-1"

    /// A file to be written.
    public init(
        teacher: QuantisedNetwork, student: QuantisedNetwork, inputSize: Int, levels: [Level], input: String,
        origin: Origin
    ) {
        self.teacher = teacher
        self.student = student
        self.inputSize = inputSize
        self.levels = levels
        self.input = input
        self.origin = origin
    }

    /// The file's bytes; equal content gives equal bytes.
    public func encoded() -> [UInt8] {
        var file = Safetensors(metadata: [
            "format": Self.format, "input_size": "\(inputSize)", "input": input,
            "levels": levels.map(\.rawValue).joined(separator: " "),
            "activation_maximum": "\(teacher.activationMaximum)",
            "teacher_sha256": origin.teacher, "student_sha256": origin.student, "parts_sha256": origin.parts,
            "tool": origin.tool, "method": origin.method,
        ])
        for (role, network) in [("teacher", teacher), ("student", student)] {
            file.metadata["\(role)_graph"] = Self.json(network.graph)
            // As text: the shortest decimals that give the same bits again, whatever a JSON reader makes of numbers.
            file.metadata["\(role)_scales"] = Self.json(network.activations.mapValues { "\($0)" })
            for (name, convolution) in network.convolutions {
                let out = convolution.bias.count
                file.integers["\(role).\(name).weight"] = IntegerTensor(
                    shape: convolution.shape, values: .bytes(convolution.weights))
                file.integers["\(role).\(name).bias"] = IntegerTensor(shape: [out], values: .words(convolution.bias))
                file.tensors["\(role).\(name).scale"] = WeightTensor(shape: [out], values: convolution.scale)
            }
        }
        return file.encoded()
    }

    /// Reads and checks a file: every key, every tensor, none that nobody asked for.
    ///
    /// - Parameter name: for errors.
    /// - Throws: `RecipeError` that names the file and what is wrong with it.
    public static func parse(_ bytes: [UInt8], name: String) throws(RecipeError) -> IntegerModelFile {
        let file = try Safetensors.parse(bytes, name: name)
        guard file.metadata["format"] == format else {
            throw damaged(name, "a model file of format \(format)", file.metadata["format"] ?? "none")
        }
        func text(_ key: String) throws(RecipeError) -> String {
            guard let value = file.metadata[key] else { throw damaged(name, "'\(key)' in the metadata", "none") }
            return value
        }
        func digest(_ key: String) throws(RecipeError) -> String {
            let value = try text(key)
            guard value.utf8.count == 64, value.utf8.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) })
            else { throw damaged(name, "64 hexadecimal digits as '\(key)'", value) }
            return value
        }
        guard let size = Int(try text("input_size")), size % 32 == 0, (32...2048).contains(size) else {
            throw damaged(name, "an input size that is a multiple of 32 up to 2048", try text("input_size"))
        }
        guard let maximum = Int(try text("activation_maximum")), [127, 255].contains(maximum) else {
            throw damaged(name, "an activation maximum of 127 or 255", try text("activation_maximum"))
        }
        let words = try text("levels").split(separator: " ", omittingEmptySubsequences: false)
        let levels = words.compactMap { Level(rawValue: String($0)) }
        guard levels.count == words.count, levels == Set(levels).sorted() else {
            throw damaged(name, "levels from shallow to deep", try text("levels"))
        }
        let networks = (
            teacher: try network("teacher", in: file, maximum: maximum, name: name),
            student: try network("student", in: file, maximum: maximum, name: name)
        )
        let wanted = 3 * (networks.teacher.convolutions.count + networks.student.convolutions.count)
        guard file.tensors.count + file.integers.count == wanted else {
            throw damaged(name, "\(wanted) tensors", "\(file.tensors.count + file.integers.count)")
        }
        for (role, network) in [("teacher", networks.teacher), ("student", networks.student)] {
            guard Set(network.graph.outputs.keys).isSuperset(of: levels) else {
                throw damaged(name, "a \(role) that gives \(try text("levels"))", "fewer levels")
            }
        }
        return IntegerModelFile(
            teacher: networks.teacher, student: networks.student, inputSize: size, levels: levels,
            input: try text("input"),
            origin: Origin(
                teacher: try digest("teacher_sha256"), student: try digest("student_sha256"),
                parts: try digest("parts_sha256"), tool: try text("tool"), method: try text("method")))
    }

    /// What the engine runs.
    ///
    /// - Parameters:
    ///   - levels: those of the recipe's map, a subset of the file's.
    ///   - name: for errors.
    /// - Throws: `RecipeError` that wraps what the planner found wrong.
    public func plan(levels: [Level], inputSize: Int, name: String) throws(RecipeError) -> IntegerPlan {
        guard inputSize == self.inputSize else {
            throw RecipeError(
                .mismatch, name, expected: "ranges measured at \(inputSize) pixels", found: "\(self.inputSize)",
                hint: "run 'jidoka quantize' again")
        }
        do throws(InspectionError) {
            return try IntegerPlan(teacher: teacher, student: student, levels: levels, inputSize: inputSize)
        } catch {
            throw RecipeError(
                .badFile, "\(name): \(error.thing)", expected: error.expected, found: error.found, hint: error.hint)
        }
    }

    private static func network(
        _ role: String, in file: Safetensors, maximum: Int, name: String
    ) throws(RecipeError) -> QuantisedNetwork {
        guard let text = file.metadata["\(role)_graph"],
            let graph = try? JSONDecoder().decode(NetworkGraph.self, from: Data(text.utf8))
        else { throw damaged(name, "the \(role)'s layer graph in the metadata", "none that can be read") }
        guard let text = file.metadata["\(role)_scales"],
            let scales = try? JSONDecoder().decode([String: String].self, from: Data(text.utf8))
        else { throw damaged(name, "the \(role)'s activation scales in the metadata", "none that can be read") }
        let nodes = Set(graph.nodes.map(\.name))
        var activations: [String: Float] = [:]
        for (node, text) in scales {
            guard nodes.contains(node), let scale = Float(text), scale.isFinite, scale > 0 else {
                throw damaged("\(name): \(role) scale of \(node)", "a finite number above 0 for a node", text)
            }
            activations[node] = scale
        }
        var convolutions: [String: QuantisedNetwork.Convolution] = [:]
        for node in graph.nodes where node.operation == .convolution {
            convolutions[node.name] = try convolution("\(role).\(node.name)", in: file, name: name)
        }
        return QuantisedNetwork(
            graph: graph, convolutions: convolutions, activations: activations, activationMaximum: maximum)
    }

    private static func convolution(
        _ tensor: String, in file: Safetensors, name: String
    ) throws(RecipeError) -> QuantisedNetwork.Convolution {
        guard let weight = file.integers[tensor + ".weight"], let weights = weight.bytes, weight.shape.count == 4 else {
            throw damaged("\(name): \(tensor).weight", "signed bytes (out, in, height, width)", "none")
        }
        let out = weight.shape[0]
        guard let bias = file.integers[tensor + ".bias"], let biases = bias.words, bias.shape == [out] else {
            throw damaged("\(name): \(tensor).bias", "\(out) 32-bit integers", "none")
        }
        guard let scale = file.tensors[tensor + ".scale"], scale.shape == [out],
            scale.values.allSatisfy({ $0.isFinite && $0 > 0 })
        else { throw damaged("\(name): \(tensor).scale", "\(out) finite numbers above 0", "none or others") }
        guard !weights.contains(-128) else {
            throw damaged("\(name): \(tensor).weight", "weights from −127 to 127", "−128")
        }
        return .init(shape: weight.shape, weights: weights, bias: biases, scale: scale.values)
    }

    private static func json(_ value: some Encodable) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Graphs and texts always encode.
        return (try? encoder.encode(value)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }

    private static func damaged(_ thing: String, _ expected: String, _ found: String) -> RecipeError {
        RecipeError(
            .badFile, thing, expected: expected, found: found,
            hint: "the file is damaged or not ours: restore it or run 'jidoka quantize' again")
    }
}
