// SPDX-License-Identifier: Apache-2.0

import Digests
import Inspection

/// What the file of a detector without student says about itself: where it came from and what it looks at.
public struct DetectorOrigin: Sendable {
    /// SHA-256 of the teacher's file.
    public var teacher: String
    /// SHA-256 of the training set's list.
    public var parts: String
    /// The rule by which pictures became input (`InputRule.fingerprint`).
    public var input: String
    /// Levels of the features, shallow first.
    public var levels: [Level]
    /// The program that made it.
    public var tool: String
    /// How it was learned, for people: seed, shares, counts.
    public var details: [String: String]

    /// An origin with all its facts.
    public init(
        teacher: String, parts: String, input: String, levels: [Level], tool: String, details: [String: String] = [:]
    ) {
        self.teacher = teacher
        self.parts = parts
        self.input = input
        self.levels = levels.sorted()
        self.tool = tool
        self.details = details
    }

    func metadata(format: String) -> [String: String] {
        details.merging([
            "format": format, "teacher_sha256": teacher, "parts_sha256": parts, "input": input, "tool": tool,
            "levels": Level.text(levels),
        ]) { $1 }
    }
}

extension Level {
    /// Levels as one line of text.
    static func text(_ levels: [Level]) -> String { levels.map(\.rawValue).joined(separator: " ") }

    /// The levels of such a line; nil for an unknown one, none, one twice, or a wrong order.
    static func parse(_ text: String?) -> [Level]? {
        let words = (text ?? "").split(separator: " ").map(String.init)
        let levels = words.compactMap(Level.init(rawValue:))
        guard !levels.isEmpty, levels.count == words.count, zip(levels, levels.dropFirst()).allSatisfy({ $0 < $1 })
        else { return nil }
        return levels
    }
}

/// A detector's file, read and checked as far as that goes without the teacher.
struct DetectorFile {
    let name: String
    let content: Safetensors
    let levels: [Level]
    /// SHA-256 of the file's bytes.
    let digest: String

    /// - Parameter format: what the file must be.
    /// - Throws: `RecipeError` for a damaged file, one of another kind, and tensors that are not asked for.
    init(_ bytes: [UInt8], name: String, format: String, tensors: Set<String>) throws(RecipeError) {
        let content = try Safetensors.parse(bytes, name: name)
        guard content.metadata["format"] == format else {
            throw RecipeError(
                .badFile, name, expected: "a file of format \(format)", found: content.metadata["format"] ?? "none",
                hint: "train the recipe again with this version")
        }
        guard let levels = Level.parse(content.metadata["levels"]) else {
            throw RecipeError(
                .badFile, name, expected: "levels from shallow to deep", found: content.metadata["levels"] ?? "none",
                hint: "the file is damaged: restore it or train again")
        }
        guard Set(content.tensors.keys).union(content.integers.keys) == tensors else {
            let found = (Array(content.tensors.keys) + Array(content.integers.keys)).sorted()
            throw RecipeError(
                .badFile, name, expected: "the tensors \(tensors.sorted().joined(separator: ", "))",
                found: found.joined(separator: ", "), hint: "the file is damaged: restore it or train again")
        }
        self.name = name
        self.content = content
        self.levels = levels
        digest = Digest.sha256(bytes)
    }

    func damaged(_ thing: String, _ expected: String, _ found: String) -> RecipeError {
        RecipeError(
            .badFile, "\(name): \(thing)", expected: expected, found: found,
            hint: "the file is damaged: restore it or train again")
    }

    /// A detector, with what it found wrong blamed on the file.
    func detector(_ make: () throws(InspectionError) -> any MapDetector) throws(RecipeError) -> any MapDetector {
        do throws(InspectionError) {
            return try make()
        } catch {
            throw RecipeError(
                .badFile, "\(name): \(error.thing)", expected: error.expected, found: error.found, hint: error.hint)
        }
    }
}
