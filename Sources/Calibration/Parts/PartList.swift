// SPDX-License-Identifier: Apache-2.0

import Digests
import FoundationEssentials
import Recipes

/// `parts.json`: which good part was dealt to what, so that calibration never meets a part that chose something.
public struct PartList: Codable, Sendable, Equatable {
    /// One good part.
    public struct Part: Codable, Sendable, Equatable {
        /// Path below the data folder.
        public var path: String
        /// SHA-256 of the file.
        public var sha256: String
        /// What it may be used for.
        public var role: PartDeal.Role
        /// Pictures with the same number show the same part; nil is a part of its own.
        public var group: Int?

        /// A part.
        public init(path: String, sha256: String, role: PartDeal.Role, group: Int? = nil) {
            self.path = path
            self.sha256 = sha256
            self.role = role
            self.group = group
        }
    }

    /// Version of this format.
    public var version = 1
    /// The data folder.
    public var data: String
    /// Seed of the deal.
    public var seed: UInt64
    /// Groups of near-duplicates, single parts included.
    public var groups: Int
    /// All good parts.
    public var parts: [Part]

    /// A list.
    public init(data: String, seed: UInt64, groups: Int, parts: [Part]) {
        self.data = data
        self.seed = seed
        self.groups = groups
        self.parts = parts
    }

    /// SHA-256 over role and digest of every part: the identity of the training set.
    public var digest: String {
        Digest.sha256(Array(parts.map { "\($0.role.rawValue) \($0.sha256)\n" }.joined().utf8))
    }

    /// Indices into `of(role)`, by part: several pictures of one part count once.
    public func partsOf(_ role: PartDeal.Role) -> [[Int]] {
        var groups: [[Int]] = []
        var places: [Int: Int] = [:]
        for (index, part) in of(role).enumerated() {
            if let number = part.group, let place = places[number] {
                groups[place].append(index)
            } else {
                if let number = part.group { places[number] = groups.count }
                groups.append([index])
            }
        }
        return groups
    }

    /// Where the pictures are now: where somebody says, where they were at training, or in the recipe itself, which may have been moved
    /// together with the pictures that were captured for it.
    public func root(_ given: String?, in folder: RecipeFolder) -> String {
        given ?? (SafeFile.exists(data) ? data : folder.good)
    }

    /// A number for each of `of(role)`, the same for pictures of the same part.
    public func groupNumbers(_ role: PartDeal.Role) -> [Int] {
        var numbers: [Int: Int] = [:]
        for (number, group) in partsOf(role).enumerated() { for index in group { numbers[index] = number } }
        return of(role).indices.map { numbers[$0] ?? -1 - $0 }
    }

    /// The pictures of a role.
    public func of(_ role: PartDeal.Role) -> [Part] { parts.filter { $0.role == role } }

    /// Reads the file.
    ///
    /// - Throws: `RecipeError` for a missing or damaged file.
    public static func read(_ path: String) throws(RecipeError) -> PartList {
        let bytes = try SafeFile.read(path, limit: 1 << 28)
        do {
            return try JSONDecoder().decode(PartList.self, from: Data(bytes))
        } catch {
            throw RecipeError(
                .badFile, path, expected: "a list of parts in JSON", found: "\(error)", hint: "train the recipe again")
        }
    }

    /// Writes the file so that it is whole or absent.
    public func write(to path: String) throws(RecipeError) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(self) else {
            throw RecipeError(
                .badFile, path, expected: "parts that can be written as JSON", found: "others",
                hint: "check their names")
        }
        try SafeFile.write([UInt8](data) + [UInt8(ascii: "\n")], to: path)
    }
}
