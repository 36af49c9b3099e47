// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization

/// A folder of its own below `/tmp`, removed with the object. Paths are short: sockets are put there.
final class TemporaryFolder {
    let path: String
    /// Folder of everything that this process puts on the disk; `exit` takes it away.
    static let root: String = {
        atexit { Files.remove("/tmp/jidoka-system.\(getpid())") }
        return "/tmp/jidoka-system.\(getpid())"
    }()
    private static let count = Mutex(0)

    init(_ name: String) throws {
        let number = Self.count.withLock { count in
            count += 1
            return count
        }
        path = "\(Self.root)/\(number)-\(name)"
        try Files.makeFolder(Self.root)
        try Files.makeFolder(path)
    }

    deinit { Files.remove(path) }

    static func / (folder: TemporaryFolder, name: String) -> String { folder.path + "/" + name }
}

/// A call to the system that failed in a test.
struct SystemFailure: Error, CustomStringConvertible {
    let description: String

    init(_ what: String) { description = "\(what): \(String(cString: strerror(errno)))" }
}

/// The few things a test does with files.
enum Files {
    static func makeFolder(_ path: String) throws {
        guard mkdir(path, 0o755) == 0 || errno == EEXIST else { throw SystemFailure("mkdir \(path)") }
    }

    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    static func bytes(_ path: String) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(file, &buffer, buffer.count)
            guard count > 0 else { return count == 0 ? bytes : nil }
            bytes += buffer[..<count]
        }
    }

    static func text(_ path: String) -> String? { bytes(path).map { String(decoding: $0, as: UTF8.self) } }

    static func write(_ bytes: [UInt8], to path: String) throws {
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw SystemFailure("open \(path)") }
        defer { close(file) }
        var done = 0
        while done < bytes.count {
            let count = bytes[done...].withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            guard count > 0 else { throw SystemFailure("write \(path)") }
            done += count
        }
    }

    static func write(_ text: String, to path: String) throws { try write(Array(text.utf8), to: path) }

    static func copy(_ from: String, to path: String) throws {
        guard let bytes = bytes(from) else { throw SystemFailure("read \(from)") }
        try write(bytes, to: path)
    }

    /// Copies a folder of files.
    static func copyFolder(_ from: String, to path: String) throws {
        try makeFolder(path)
        for name in names(from) { try copy(from + "/" + name, to: path + "/" + name) }
    }

    static func move(_ from: String, to path: String) throws {
        guard rename(from, path) == 0 else { throw SystemFailure("rename \(from)") }
    }

    /// Names in a folder, sorted; none when there is no such folder.
    static func names(_ path: String) -> [String] {
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// Removes a file or a folder with everything in it.
    static func remove(_ path: String) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            unlink(path)
            return
        }
        for name in names(path) { remove(path + "/" + name) }
        rmdir(path)
    }

    /// Turns one byte over, `place` bytes before the end.
    static func flipByte(_ path: String, beforeEnd place: Int = 100) throws {
        guard var bytes = bytes(path), bytes.count > place else { throw SystemFailure("read \(path)") }
        bytes[bytes.count - 1 - place] ^= 0x40
        try write(bytes, to: path)
    }
}
