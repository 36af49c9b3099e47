// SPDX-License-Identifier: Apache-2.0

import Glibc
import Recipes

/// The files in which a host says what it is; below another folder in tests.
struct HostFiles {
    /// Put in front of every path; empty on the real host.
    let root: String

    /// A path on this host.
    func path(_ path: String) -> String { root + path }

    /// Whether something is there.
    func exists(_ path: String) -> Bool { SafeFile.exists(root + path) }

    /// A small file's text; nil when it can't be read.
    ///
    /// Files of /proc have no size, so they are read until they end.
    func text(_ path: String) -> String? {
        let file = open(root + path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while bytes.count < 1 << 22 {
            let count = read(file, &buffer, buffer.count)
            guard count > 0 else { return count == 0 ? String(decoding: bytes, as: UTF8.self) : nil }
            bytes += buffer[..<count]
        }
        return nil
    }
}
