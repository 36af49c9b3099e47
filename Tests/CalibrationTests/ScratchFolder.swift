// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A folder of its own for one test, gone with the last reference.
final class ScratchFolder: Sendable {
    let path: String

    init() throws {
        var template = Array("/tmp/jidoka-test-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Failure(errno: errno) }
        path = template.withUnsafeBufferPointer { buffer in buffer.baseAddress.map { String(cString: $0) } ?? "" }
    }

    deinit { Self.clear(path) }

    /// Names of what lies in the folder.
    var names: [String] { Self.names(path) }

    private static func names(_ path: String) -> [String] {
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// Removes a file, a link, or a folder with all that is in it.
    private static func clear(_ path: String) {
        guard remove(path) != 0 else { return }
        for name in names(path) { clear(path + "/" + name) }
        remove(path)
    }

    private struct Failure: Error { let errno: Int32 }
}

/// Writes a file without waiting for the disk: tests write thousands.
func writeQuickly(_ bytes: [UInt8], to path: String) {
    let file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
    guard file >= 0 else { return }
    defer { close(file) }
    var done = 0
    while done < bytes.count {
        let count = bytes.withUnsafeBytes { Glibc.write(file, $0.baseAddress.map { $0 + done }, bytes.count - done) }
        guard count > 0 else { return }
        done += count
    }
}
