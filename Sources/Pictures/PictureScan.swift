// SPDX-License-Identifier: Apache-2.0

/// A look at every file of a data set before hours are spent on it.
public struct PictureScan {
    /// Reads and decodes every file and reports all that fail, not only the first, in the order given.
    ///
    /// - Parameters:
    ///   - paths: the files; one picture is in memory at a time.
    ///   - progress: called after each file on the caller's thread with (files done, files in all).
    /// - Returns: one error for each bad file; empty when all are good.
    public static func check(_ paths: [String], progress: ((Int, Int) -> Void)? = nil) -> [PictureError] {
        var errors: [PictureError] = []
        for (index, path) in paths.enumerated() {
            do throws(PictureError) {
                _ = try Picture.read(path)
            } catch {
                errors.append(error)
            }
            progress?(index + 1, paths.count)
        }
        return errors
    }
}
