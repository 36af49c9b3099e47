// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A folder that is gone after the test.
final class TemporaryFolder {
    let path: String

    init() {
        var template = Array("/tmp/jidoka-capture-XXXXXX".utf8CString)
        path = template.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress, mkdtemp(base) != nil else { return "/nonexistent" }
            return String(cString: base)
        }
    }

    deinit {
        TemporaryFolder.remove(path)
    }

    func makeFolder(_ name: String) {
        mkdir(path + "/" + name, 0o755)
    }

    func write(_ bytes: [UInt8], to name: String) {
        guard let file = fopen(path + "/" + name, "wb") else { return }
        fwrite(bytes, 1, bytes.count, file)
        fclose(file)
    }

    func delete(_ name: String) {
        unlink(path + "/" + name)
    }

    private static func remove(_ path: String) {
        if unlink(path) == 0 { return }
        if let listing = opendir(path) {
            while let entry = readdir(listing) {
                let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                    pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
                if name != "." && name != ".." { remove(path + "/" + name) }
            }
            closedir(listing)
        }
        rmdir(path)
    }
}
