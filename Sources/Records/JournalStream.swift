// SPDX-License-Identifier: Apache-2.0

import CLibSystemd
import Glibc

/// The way to the journal, and whether standard error leads there.
package enum JournalStream {
    /// Whether systemd connected standard error to the journal and nobody redirected it since.
    package static var isStandardError: Bool {
        var status = stat()
        guard let variable = getenv("JOURNAL_STREAM"), fstat(STDERR_FILENO, &status) == 0 else { return false }
        return matches(String(cString: variable), device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
    }

    /// `JOURNAL_STREAM` is `device:inode` in decimal (systemd.exec(5)).
    package static func matches(_ variable: String, device: UInt64, inode: UInt64) -> Bool {
        let parts = variable.split(separator: ":", omittingEmptySubsequences: false)
        return parts.count == 2 && UInt64(parts[0]) == device && UInt64(parts[1]) == inode
    }

    /// Sends the fields as one entry (sd_journal_sendv(3)); `false` when the journal did not take it.
    package static func send(_ fields: [(name: String, value: String)]) -> Bool {
        var bytes: [UInt8] = []
        var ends: [Int] = []
        for field in fields {
            bytes += Array("\(field.name)=\(field.value)".utf8)
            ends.append(bytes.count)
        }
        return bytes.withUnsafeMutableBytes { buffer in
            var start = 0
            let vectors = ends.map { end in
                defer { start = end }
                return iovec(iov_base: buffer.baseAddress?.advanced(by: start), iov_len: end - start)
            }
            return sd_journal_sendv(vectors, Int32(vectors.count)) == 0
        }
    }
}
