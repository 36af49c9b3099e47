// SPDX-License-Identifier: Apache-2.0

import Digests
import Pictures
import Recipes

/// The good pictures of a recipe, dealt or only captured, and which of them a person means.
public struct GoodPictures: Sendable {
    /// Folder that the paths are below.
    public let root: String
    /// Paths below `root`, in their order.
    public let paths: [String]
    /// What they were dealt to; nil: nothing is trained yet.
    public let list: PartList?

    /// Finds the pictures.
    ///
    /// - Parameter data: where they are now; nil is where they were at training, or the recipe's own.
    /// - Throws: `RecipeError` for a damaged list of parts, `CalibrationError` where there are no pictures.
    public init(_ folder: RecipeFolder, data: String? = nil) throws {
        if SafeFile.exists(folder.parts) {
            let list = try PartList.read(folder.parts)
            root = list.root(data, in: folder)
            paths = list.parts.map(\.path)
            self.list = list
        } else {
            let set = try DataSet(data ?? folder.good)
            root = set.root
            paths = set.good.map { String($0.dropFirst(set.root.count + 1)) }
            list = nil
        }
    }

    /// The picture that a person names: by a path from here, or one below the data folder.
    ///
    /// One that is gone from the disk is still known by its name, if it was dealt.
    /// - Throws: `CalibrationError` for a picture that is none of these.
    public func named(_ name: String) throws(CalibrationError) -> PartList.Part {
        let tried = SafeFile.exists(name) ? name : root + "/" + name
        if let bytes = try? Picture.readBytes(tried) {
            let digest = Digest.sha256(bytes)
            if let dealt = list?.parts.first(where: { $0.sha256 == digest }) { return dealt }
            if list == nil,
                let path = paths.first(where: { (try? Picture.readBytes(root + "/" + $0)).map(Digest.sha256) == digest }
                )
            {
                return PartList.Part(path: path, sha256: digest, role: .train)
            }
        } else if let dealt = list?.parts.first(where: { $0.path == name }) {
            return dealt
        }
        throw CalibrationError(
            .badData, name, expected: "one of the \(paths.count) good pictures of the recipe, in \(root)",
            found: SafeFile.exists(tried) ? "another picture" : "no such file",
            hint: "'jidoka audit' names them as --exclude takes them")
    }
}
