// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Room for history and evidence.
enum DiskCheck {
    /// What a file system says of itself.
    struct Space {
        let freeBytes: UInt64
        let totalBytes: UInt64
        let freeFiles: UInt64
        let isReadOnly: Bool
    }

    static func findings(folder: String) -> [Finding] {
        var facts = statvfs()
        guard statvfs(folder, &facts) == 0 else {
            let why = String(cString: strerror(errno))
            return [
                errno == ENOENT
                    ? .warning(
                        "disk", "\(folder) is not there yet", "systemd makes it at the daemon's first start; or make it"
                    )
                    : .error("disk", "\(folder): \(why)", "check the folder and its permissions")
            ]
        }
        return findings(
            folder: folder,
            Space(
                freeBytes: UInt64(facts.f_bavail) * UInt64(facts.f_frsize),
                totalBytes: UInt64(facts.f_blocks) * UInt64(facts.f_frsize), freeFiles: UInt64(facts.f_favail),
                isReadOnly: facts.f_flag & UInt(ST_RDONLY) != 0))
    }

    static func findings(folder: String, _ space: Space) -> [Finding] {
        func gibibytes(_ bytes: UInt64) -> String { "\((Double(bytes) / 107_374_182.4).rounded() / 10) GiB" }
        let text = "\(folder): \(gibibytes(space.freeBytes)) of \(gibibytes(space.totalBytes)) free"
        if space.isReadOnly {
            return [.error("disk", "\(text), read only", "mount it for writing: see 'dmesg' for why")]
        }
        if space.freeBytes < 100 << 20 { return [.error("disk", text, "make room: stops can't be recorded soon")] }
        if space.freeFiles < 1000, space.totalBytes > 0, space.freeFiles > 0 {
            return [.warning("disk", "\(text), but only \(space.freeFiles) files", "remove files")]
        }
        return [space.freeBytes < 1 << 30 ? .warning("disk", text, "make room, at least 1 GiB") : .ok("disk", text)]
    }
}
