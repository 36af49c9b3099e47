// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization

/// A system call that tests can make fail.
package enum FileCall: Sendable, CaseIterable {
    case open, status, read, create, write, flush, close, rename, openFolder, flushFolder
}

/// Whole files in and out, with every system call of this module; each failure names the path and the error number.
package enum PictureFile {
    /// Files longer than this are refused: no picture of 64 megapixels needs more, however it is stored.
    package static let maximumBytes = 1 << 29

    /// The call that fails and its error number in the current task; for tests only.
    @TaskLocal package static var forced: (call: FileCall, errno: Int32)?

    private static let counter = Atomic<UInt64>(0)

    /// Repeats a call for as long as a signal interrupts it.
    private static func call(_ name: FileCall, _ body: () -> Int) -> (result: Int, errno: Int32) {
        if let forced, forced.call == name { return (-1, forced.errno) }
        while true {
            let result = body()
            if result >= 0 { return (result, 0) }
            if errno != EINTR { return (result, errno) }
        }
    }

    /// Reads a regular file as a whole.
    ///
    /// - Throws: `.badArgument`, `.missing`, `.unreadable`, `.empty`, `.tooLarge`.
    package static func read(_ path: String) throws(PictureError) -> [UInt8] {
        try check(path)
        // Without O_NONBLOCK a named pipe would hold us here until somebody writes to it.
        let opened = call(.open) { Int(open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)) }
        guard opened.result >= 0 else {
            let missing = opened.errno == ENOENT || opened.errno == ENOTDIR
            throw PictureError(
                missing ? .missing : .unreadable, path, expected: "a readable file", found: "open failed",
                errno: opened.errno, hint: missing ? "check the path" : "check the permissions")
        }
        let file = Int32(opened.result)
        defer { _ = Glibc.close(file) }

        var facts = stat()
        let looked = call(.status) { Int(fstat(file, &facts)) }
        guard looked.result >= 0 else {
            throw PictureError(
                .unreadable, path, expected: "a readable file", found: "fstat failed", errno: looked.errno)
        }
        guard facts.st_mode & S_IFMT == S_IFREG else {
            let isFolder = facts.st_mode & S_IFMT == S_IFDIR
            throw PictureError(
                .unreadable, path, expected: "a regular file", found: isFolder ? "a folder" : "a pipe or device",
                errno: isFolder ? EISDIR : 0)
        }
        guard facts.st_size <= maximumBytes else {
            throw PictureError(
                .tooLarge, path, expected: "at most \(maximumBytes) bytes", found: "\(facts.st_size) bytes")
        }
        let bytes = try readAll(file, path, likely: Int(facts.st_size))
        if bytes.isEmpty {
            throw PictureError(
                .empty, path, expected: "a JPEG or PNG picture", found: "0 bytes",
                hint: "copy or record the picture again")
        }
        return bytes
    }

    private static func readAll(_ file: Int32, _ path: String, likely: Int) throws(PictureError) -> [UInt8] {
        var bytes: [UInt8] = []
        // The size may be wrong (a file that grows, a virtual file); the end is where `read` says it is.
        var room = likely + 1
        while true {
            var got: (result: Int, errno: Int32) = (0, 0)
            let chunk = [UInt8](unsafeUninitializedCapacity: room) { buffer, count in
                got = call(.read) { Glibc.read(file, buffer.baseAddress, buffer.count) }
                count = max(0, got.result)
            }
            guard got.result >= 0 else {
                throw PictureError(
                    .unreadable, path, expected: "\(likely) bytes", found: "read failed after \(bytes.count) bytes",
                    errno: got.errno, hint: "check the disk and the connection to it")
            }
            if got.result == 0 { return bytes }
            if bytes.isEmpty { bytes = chunk } else { bytes += chunk }
            guard bytes.count <= maximumBytes else {
                throw PictureError(
                    .tooLarge, path, expected: "at most \(maximumBytes) bytes", found: "more, and still growing")
            }
            room = max(4096, likely + 1 - bytes.count)
        }
    }

    /// Writes a file so that after a power cut either the old or the whole new one is there: temporary file in the same
    /// folder, fsync, rename, fsync of the folder.
    ///
    /// - Throws: `.badArgument`, `.writeFailed`; the temporary file is removed.
    package static func write(_ bytes: [UInt8], to path: String) throws(PictureError) {
        try check(path)
        let folder = folder(of: path)
        let number = counter.wrappingAdd(1, ordering: .relaxed).newValue
        let temporary = "\(folder)/.jidoka-\(getpid())-\(number).tmp"
        let created = call(.create) {
            Int(open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode_t(0o644)))
        }
        guard created.result >= 0 else { throw failed(path, "creating a file beside it failed", created.errno) }
        do throws(PictureError) {
            try fill(Int32(created.result), bytes, path)
            let renamed = call(.rename) { Int(rename(temporary, path)) }
            guard renamed.result >= 0 else { throw failed(path, "rename failed", renamed.errno) }
        } catch {
            unlink(temporary)
            throw error
        }
        let opened = call(.openFolder) { Int(open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) }
        guard opened.result >= 0 else { throw failed(path, "opening its folder failed", opened.errno) }
        defer { _ = Glibc.close(Int32(opened.result)) }
        let flushed = call(.flushFolder) { Int(fsync(Int32(opened.result))) }
        guard flushed.result >= 0 else { throw failed(path, "fsync of its folder failed", flushed.errno) }
    }

    /// Writes, flushes and closes, in this order, whatever fails first.
    private static func fill(_ file: Int32, _ bytes: [UInt8], _ path: String) throws(PictureError) {
        var done = 0
        var failure: (what: String, errno: Int32)?
        while done < bytes.count, failure == nil {
            let wrote = call(.write) {
                bytes.withUnsafeBytes { Glibc.write(file, $0.baseAddress?.advanced(by: done), $0.count - done) }
            }
            if wrote.result < 0 {
                failure = ("write failed after \(done) of \(bytes.count) bytes", wrote.errno)
            } else {
                done += wrote.result
            }
        }
        if failure == nil {
            let flushed = call(.flush) { Int(fsync(file)) }
            if flushed.result < 0 { failure = ("fsync failed", flushed.errno) }
        }
        // After an interrupted close the descriptor is gone on Linux, so this one is never repeated.
        let closed = Glibc.close(file)
        let closedErrno = forced?.call == .close ? forced?.errno ?? 0 : closed < 0 ? errno : 0
        if failure == nil, closedErrno != 0, closedErrno != EINTR { failure = ("close failed", closedErrno) }
        if let failure { throw failed(path, failure.what, failure.errno) }
    }

    private static func failed(_ path: String, _ what: String, _ errno: Int32) -> PictureError {
        let hint =
            switch errno {
            case ENOENT, ENOTDIR: "create the folder first"
            case ENOSPC, EDQUOT: "free some space"
            case EACCES, EPERM, EROFS: "check the permissions of the folder"
            default: ""
            }
        return PictureError(
            .writeFailed, path, expected: "a file that can be written", found: what, errno: errno, hint: hint)
    }

    /// A path that C would read differently from us is refused.
    private static func check(_ path: String) throws(PictureError) {
        guard !path.isEmpty, !path.utf8.contains(0) else {
            throw PictureError(
                .badArgument, path.isEmpty ? "picture path" : path, expected: "a file path",
                found: path.isEmpty ? "no characters" : "a zero byte in it")
        }
    }

    private static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}
