// SPDX-License-Identifier: Apache-2.0

import Glibc
import Recipes

/// Room that evidence leaves on its disk for the history: a picture that is not kept is missed, an event that can't be recorded
/// stops the line.
package enum DiskReserve {
    /// Bytes that stay free on a large disk; a quarter of a small one.
    package static let bytes: Int64 = 64 << 20

    /// Refuses what would not leave the reserve. Where the disk doesn't say what is free, the writing itself will tell.
    ///
    /// - Parameters:
    ///   - size: bytes that are to be written.
    ///   - folder: where; it exists.
    /// - Throws: `RecipeError` of `writeFailed` with what is free.
    package static func require(_ size: Int64, in folder: String) throws(RecipeError) {
        var facts = statvfs()
        guard statvfs(folder, &facts) == 0 else { return }
        let block = Int64(clamping: facts.f_frsize)
        let free = Int64(clamping: facts.f_bavail).multipliedReportingOverflow(by: block).partialValue
        let all = Int64(clamping: facts.f_blocks).multipliedReportingOverflow(by: block).partialValue
        let reserve = min(bytes, all / 4)
        guard free - size < reserve else { return }
        throw RecipeError(
            .writeFailed, folder, expected: "\(size) bytes beside the \(reserve) that are left to the history",
            found: "\(free) bytes free", errno: ENOSPC,
            hint: "make room on the disk, or keep less evidence (evidence: bytes:)")
    }
}
