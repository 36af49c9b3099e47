// SPDX-License-Identifier: Apache-2.0

import Digests
import FoundationEssentials
import Recipes

/// `exclusions.json`: good pictures that a person has taken out of a recipe, and why.
///
/// A picture is known by its bytes, so it stays out whatever its name becomes and however often the recipe is trained again. What
/// is taken back stays in the file: who said what, and when, is never lost.
public struct Exclusions: Codable, Sendable, Equatable {
    /// A person's word.
    public struct Word: Codable, Sendable, Equatable {
        /// The person.
        public var by: String
        /// Why.
        public var reason: String
        /// When, RFC 3339, UTC.
        public var date: String

        /// A word; see ``Exclusions/word(by:reason:date:)``, which checks it.
        init(by: String, reason: String, date: String) {
            self.by = by
            self.reason = reason
            self.date = date
        }
    }

    /// One picture.
    public struct Picture: Codable, Sendable, Equatable {
        /// Its path when it was excluded, below the data folder.
        public var part: String
        /// SHA-256 of its file.
        public var sha256: String
        /// Who took it out, and why.
        public var excluded: Word
        /// Who took that back, and why; nil: it is out.
        public var included: Word?
    }

    /// Version of this format.
    public var version = 1
    /// All pictures that ever were excluded, in the order in which that was said.
    public private(set) var pictures: [Picture]

    /// Nothing excluded.
    public init() { pictures = [] }

    /// Those that are out now, by their digest.
    public var inForce: [String: Picture] {
        Dictionary(pictures.filter { $0.included == nil }.map { ($0.sha256, $0) }) { $1 }
    }

    /// A person's word.
    ///
    /// - Throws: `CalibrationError` for a blank name or reason, and for one of more than 200 characters or with line breaks.
    public static func word(
        by person: String, reason: String, date: String = Date().ISO8601Format()
    ) throws(CalibrationError) -> Word {
        for (what, text) in [("by", person), ("reason", reason)] {
            guard text.contains(where: { !$0.isWhitespace }), text.count <= 200, !text.contains(where: \.isNewline)
            else {
                throw CalibrationError(
                    .badSetting, what, expected: what == "by" ? "the name of a person" : "why, in a few words",
                    found: "'\(text.prefix(40))'", hint: "a line of at most 200 characters")
            }
        }
        return Word(by: person, reason: reason, date: date)
    }

    /// Takes a picture out.
    ///
    /// - Throws: `CalibrationError` when it is out already.
    public mutating func exclude(_ part: String, sha256: String, _ word: Word) throws(CalibrationError) {
        if let known = inForce[sha256] {
            throw CalibrationError(
                .badSetting, part, expected: "a picture that is in the good set",
                found: "one that \(known.excluded.by) has excluded: \(known.excluded.reason)",
                hint: "--include takes it back")
        }
        pictures.append(Picture(part: part, sha256: sha256, excluded: word))
    }

    /// Takes an exclusion back.
    ///
    /// - Throws: `CalibrationError` when the picture is not out.
    public mutating func include(_ part: String, sha256: String, _ word: Word) throws(CalibrationError) {
        guard let index = pictures.lastIndex(where: { $0.sha256 == sha256 && $0.included == nil }) else {
            throw CalibrationError(
                .badSetting, part, expected: "a picture that is excluded", found: "one that is not",
                hint: "the excluded ones are in exclusions.json")
        }
        pictures[index].included = word
    }

    /// Reads the file; without one nothing is excluded.
    ///
    /// - Throws: `RecipeError` for a damaged one: nobody may be put back into a set by a fault of the disk.
    public static func read(_ folder: RecipeFolder) throws(RecipeError) -> Exclusions {
        let path = folder.exclusions
        guard SafeFile.exists(path) else { return Exclusions() }
        let bytes = try SafeFile.read(path, limit: 1 << 26)
        let file: Exclusions
        do {
            file = try JSONDecoder().decode(Exclusions.self, from: Data(bytes))
        } catch {
            throw RecipeError(
                .badFile, path, expected: "a list of excluded pictures in JSON", found: "\(error)",
                hint: "restore it from a copy")
        }
        guard file.version == 1 else {
            throw RecipeError(
                .badFile, path, expected: "version 1", found: "\(file.version)",
                hint: "it was written by a later version of this program")
        }
        return file
    }

    /// Writes the file so that it is whole or absent.
    public func write(_ folder: RecipeFolder) throws(RecipeError) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(self) else {
            throw RecipeError(
                .badFile, folder.exclusions, expected: "pictures that can be written as JSON", found: "others",
                hint: "check their names")
        }
        try SafeFile.write([UInt8](data) + [UInt8(ascii: "\n")], to: folder.exclusions)
    }
}
