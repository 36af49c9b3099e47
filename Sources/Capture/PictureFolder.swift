// SPDX-License-Identifier: Apache-2.0

import Glibc
import Pictures

/// Finds the pictures below a folder.
package enum PictureFolder {
    /// Folders deeper than this are not looked into.
    private static let deepest = 32

    /// The paths of all pictures (`.png`, `.jpg`, `.jpeg`, in any case) below a folder, relative to it, in natural order.
    ///
    /// Names that begin with a dot are skipped. Links are followed; a folder that contains itself is entered once.
    ///
    /// - Throws: `.noFolder` when the folder itself can't be read, `.emptyFolder` when nothing was found.
    package static func pictures(below path: String) throws(CaptureError) -> [String] {
        var found: [String] = []
        var entered: Set<Identity> = []
        guard visit(path, "", 0, &entered, &found) else {
            let reason = errno
            throw CaptureError(
                .noFolder, path, expected: "a folder of pictures",
                found: reason == ENOENT ? "nothing of that name" : "something that can't be listed", errno: reason,
                hint: "check the path and the permissions")
        }
        guard !found.isEmpty else {
            throw CaptureError(
                .emptyFolder, path, expected: "at least one .png, .jpg or .jpeg file", found: "none",
                hint: "put pictures into the folder or name another one")
        }
        return found.sorted(by: NaturalOrder.precedes)
    }

    /// One folder of the file system, whatever path leads there.
    private struct Identity: Hashable {
        let device: UInt
        let inode: UInt
    }

    /// False when the folder could not be listed; `errno` says why.
    private static func visit(
        _ root: String, _ relative: String, _ depth: Int, _ entered: inout Set<Identity>, _ found: inout [String]
    ) -> Bool {
        let path = relative.isEmpty ? root : root + "/" + relative
        guard let listing = opendir(path) else { return false }
        defer { closedir(listing) }
        var about = stat()
        guard fstat(dirfd(listing), &about) == 0 else { return false }
        guard entered.insert(Identity(device: UInt(about.st_dev), inode: UInt(about.st_ino))).inserted else {
            return true
        }
        while let entry = readdir(listing) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard !name.hasPrefix(".") else { continue }
            let below = relative.isEmpty ? name : relative + "/" + name
            var kind = stat()
            // A link into nothing is still listed when it is named like a picture: `next` then says what is wrong.
            let known = stat(root + "/" + below, &kind) == 0
            if known && kind.st_mode & S_IFMT == S_IFDIR {
                if depth < deepest { _ = visit(root, below, depth + 1, &entered, &found) }
            } else if isPicture(name) {
                found.append(below)
            }
        }
        return true
    }

    private static func isPicture(_ name: String) -> Bool {
        let lower = name.lowercased()
        return lower.hasSuffix(".png") || lower.hasSuffix(".jpg") || lower.hasSuffix(".jpeg")
    }
}
