// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Folders and what is in them, by the system's own calls.
///
/// Foundation's ended the daemon on an error number that it does not know, and file systems make such numbers up.
package enum FolderTree {
    /// Names in a folder, in no order, without `.` and `..`; none where it can't be read.
    package static func names(_ path: String) -> [String] {
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names
    }

    /// Bytes that a file takes on its disk; 0 where there is none.
    package static func size(_ path: String) -> Int64 {
        var status = stat()
        return stat(path, &status) == 0 ? Int64(status.st_blocks) * 512 : 0
    }

    /// Removes a file, or a folder with everything in it; links are removed, not followed. What can't be removed stays.
    package static func remove(_ path: String) {
        guard unlink(path) != 0, errno == EISDIR || errno == EPERM else { return }
        for name in names(path) { remove(path + "/" + name) }
        rmdir(path)
    }
}
