// SPDX-License-Identifier: Apache-2.0

import Digests
import FoundationEssentials
import Inspection
import Pictures
import Recipes

/// `evidence.json`: everything that is needed to decide a part again, and to prove that it is the same decision.
public struct EvidenceFile: Codable, Sendable, Equatable {
    /// Version of this format.
    public var version = 1
    /// The event's line as it was sent and hashed; null for a sample of a good part.
    public var event: String?
    /// Name of the history, and the event's hash in it.
    public var history: String?
    /// See `history`.
    public var hash: String?
    /// Name of the part.
    public var part: String
    /// When it was decided, RFC 3339, UTC.
    public var time: String
    /// Name of the picture's file beside this one: the camera's own bytes, or `input.png` where the source has none.
    public var picture: String
    /// SHA-256 of its bytes.
    public var pictureDigest: String
    /// How its bytes lie in memory; null for a picture file.
    public var layout: RawLayout?
    /// SHA-256 of the network input, `(size, size, 3)` bytes.
    public var inputDigest: String
    /// The score's 32 bits, hexadecimal; a decimal could be rounded.
    public var scoreBits: String
    /// The score, for people.
    public var score: String
    /// The stop threshold's bits.
    public var thresholdBits: String
    /// The recipe's name.
    public var recipe: String
    /// Identity of everything in the recipe that a verdict depends on; its first 16 letters name the copy in `recipes`.
    public var identity: String
    /// SHA-256 of what inspects.
    public var model: String
    /// How the picture became the network input.
    public var input: String
    /// How the camera was set.
    public var controls: [CameraSettings.Control]
    /// Milliseconds from picture ready to decision.
    public var latencyMS: Double
    /// Of these, the networks.
    public var networksMS: Double
    /// Instruction set of the networks.
    public var instructionSet: String

    enum CodingKeys: String, CodingKey {
        case version, event, history, hash, part, time, picture, layout, score, recipe, identity, model, input, controls
        case pictureDigest = "picture_sha256"
        case inputDigest = "input_sha256"
        case scoreBits = "score_bits"
        case thresholdBits = "threshold_bits"
        case latencyMS = "latency_ms"
        case networksMS = "networks_ms"
        case instructionSet = "instruction_set"
    }

    init(_ item: EvidenceItem, picture: String, bytes: [UInt8]) {
        event = item.recorded.map(EventLine.encode)
        history = item.anchor?.history
        hash = item.anchor?.hash
        part = item.part
        time = UTCTime.text(item.time)
        self.picture = picture
        pictureDigest = Digest.sha256(bytes)
        layout = item.original.isEmpty ? nil : item.layout
        inputDigest = Digest.sha256(item.pixels)
        scoreBits = Self.bits(item.score)
        score = item.score.description
        thresholdBits = Self.bits(item.threshold)
        recipe = item.recipe
        identity = Digest.sha256(Array(item.identity.utf8))
        model = item.model
        input = item.rule.fingerprint
        controls = item.controls
        latencyMS = (item.latency * 1000).rounded() / 1000
        networksMS = (item.networks * 1000).rounded() / 1000
        instructionSet = item.instructionSet
    }

    /// A score's bits as they are kept.
    public static func bits(_ score: Float) -> String {
        let digits = String(score.bitPattern, radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits
    }

    /// Reads the file.
    ///
    /// - Throws: `RecipeError` that names what is wrong.
    public static func read(_ path: String) throws(RecipeError) -> EvidenceFile {
        let bytes = try SafeFile.read(path, limit: 1 << 20)
        do {
            let file = try JSONDecoder().decode(EvidenceFile.self, from: Data(bytes))
            guard file.version == 1, !file.picture.contains("/") else {
                throw RecipeError(
                    .badFile, path, expected: "evidence of version 1", found: "version \(file.version)",
                    hint: "use the program that wrote it")
            }
            return file
        } catch let error as RecipeError {
            throw error
        } catch {
            throw RecipeError(
                .badFile, path, expected: "evidence in JSON", found: "\(error)", hint: "the file was damaged")
        }
    }

    func encoded() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return [UInt8](try encoder.encode(self)) + [UInt8(ascii: "\n")]
    }
}
