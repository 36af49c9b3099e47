// SPDX-License-Identifier: Apache-2.0

import Digests
import FoundationEssentials
import Glibc
import Inspection
import Recipes
import Records

/// The copy of a recipe that goes with the evidence: `evidence/recipes/IDENTITY/NAME`.
public enum EvidenceCopy {
    /// The identity of a recipe as evidence names it.
    public static func digest(of loaded: LoadedRecipe) -> String { Digest.sha256(Array(loaded.identity.utf8)) }

    /// Copies what a verdict depends on; a copy that is there already and sound stays. It is whole or absent.
    ///
    /// No network is made of the copy: the daemon's memory is for the one that inspects.
    /// - Throws: `RecipeError` when the folder is not the one any more that was loaded, or the copy can't be written.
    static func make(of folder: RecipeFolder, _ loaded: LoadedRecipe, in store: EvidenceStore) throws {
        let place = store.recipes(of: digest(of: loaded))
        if (try? check(try RecipeFolder(loaded.recipe.name, in: place), loaded)) != nil { return }
        let draft = place + ".draft"
        for old in [place, draft] { FolderTree.remove(old) }
        let copy = try RecipeFolder(loaded.recipe.name, in: draft)
        let pairs = zip(files(of: folder, loaded), files(of: copy, loaded)).filter { SafeFile.exists($0.0) }
        try DiskReserve.require(pairs.reduce(0) { $0 + FolderTree.size($1.0) }, in: store.path)
        try SafeFile.makeFolder(copy.path)
        do {
            for (from, to) in pairs {
                try SafeFile.write(try SafeFile.read(from), to: to)
            }
            try check(copy, loaded)
            guard rename(draft, place) == 0 else {
                throw RecipeError(
                    .writeFailed, place, expected: "a new folder", found: String(cString: strerror(errno)),
                    errno: errno, hint: "check the folder, its owner and its permissions")
            }
        } catch {
            FolderTree.remove(draft)
            throw error
        }
    }

    /// The files that the recipe's engine reads.
    private static func files(of folder: RecipeFolder, _ loaded: LoadedRecipe) -> [String] {
        [folder.recipe, folder.camera, folder.cameraOverride, folder.calibration, folder.maps]
            + (loaded.recipe.engine == .int8
                ? [folder.integer] : [folder.teacher, folder.learned(by: loaded.recipe.detector)])
    }

    /// Whether a folder holds what was loaded, by its digests and settings.
    private static func check(_ folder: RecipeFolder, _ loaded: LoadedRecipe) throws(RecipeError) {
        let isInteger = loaded.recipe.engine == .int8
        let inspecting = isInteger ? folder.integer : folder.learned(by: loaded.recipe.detector)
        var digests = [(inspecting, loaded.digest), (folder.maps, loaded.calibration.maps)]
        if !isInteger { digests.append((folder.teacher, loaded.calibration.teacher)) }
        var isSame = true
        for (path, digest) in digests { isSame = try Digest.sha256(SafeFile.read(path)) == digest && isSame }
        guard isSame, try Recipe.read(folder.recipe) == loaded.recipe,
            try CalibrationFile.read(folder.calibration) == loaded.calibration,
            try CameraSettings.of(folder) == loaded.camera
        else {
            throw RecipeError(
                .mismatch, folder.path, expected: "the recipe that was loaded", found: "another one",
                hint: "it was changed meanwhile; load it again (systemctl reload jidokad)")
        }
    }
}
