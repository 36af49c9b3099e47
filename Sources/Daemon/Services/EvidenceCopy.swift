// SPDX-License-Identifier: Apache-2.0

import Digests
import FoundationEssentials
import Recipes
import Records

/// The copy of a recipe that goes with the evidence: `evidence/recipes/IDENTITY/NAME`.
public enum EvidenceCopy {
    /// The identity of a recipe as evidence names it.
    public static func digest(of loaded: LoadedRecipe) -> String { Digest.sha256(Array(loaded.identity.utf8)) }

    /// Copies what a verdict depends on; a copy that is there already stays.
    ///
    /// - Throws: `RecipeError` when the folder is not the one any more that was loaded, or the copy can't be written.
    static func make(
        of folder: RecipeFolder, named name: String, identity: String, in store: EvidenceStore
    ) throws {
        let place = store.recipes(of: identity)
        let copy = try RecipeFolder(name, in: place)
        if let known = try? LoadedRecipe(copy), digest(of: known) == identity { return }
        try? FileManager.default.removeItem(atPath: place)
        try SafeFile.makeFolder(copy.path)
        let files = [
            folder.recipe, folder.camera, folder.integer, folder.student, folder.padim, folder.memory, folder.teacher,
            folder.maps, folder.calibration,
        ]
        for file in files where SafeFile.exists(file) {
            try SafeFile.write(
                try SafeFile.read(file), to: copy.path + "/" + (file.split(separator: "/").last.map(String.init) ?? ""))
        }
        guard digest(of: try LoadedRecipe(copy)) == identity else {
            try? FileManager.default.removeItem(atPath: place)
            throw RecipeError(
                .mismatch, folder.path, expected: "the recipe that was loaded", found: "another one",
                hint: "it was changed meanwhile; load it again (systemctl reload jidokad)")
        }
    }
}
