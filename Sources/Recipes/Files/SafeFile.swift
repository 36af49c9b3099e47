// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Files that are whole or absent after a power cut, and reads that name what went wrong.
public enum SafeFile {
    /// Writes a file so that readers see the old content or the new one, never a part.
    ///
    /// Temporary file beside it, `fsync`, `rename`, `fsync` of the folder.
    ///
    /// - Throws: `RecipeError` with `errno` and the path; also for a path that is there and no regular file: the file would take the place
    ///   of a device or a pipe.
    public static func write(_ bytes: [UInt8], to path: String) throws(RecipeError) {
        var status = stat()
        guard stat(path, &status) != 0 || status.st_mode & S_IFMT == S_IFREG else {
            let isFolder = status.st_mode & S_IFMT == S_IFDIR
            throw RecipeError(
                .writeFailed, path, expected: "a regular file, or none yet",
                found: isFolder ? "a folder" : "a device, pipe or socket", errno: isFolder ? EISDIR : 0,
                hint: "name another file")
        }
        let temporary = "\(path).\(getpid()).tmp"
        let file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw failure(.writeFailed, path, "a file that can be created", errno) }
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.write(file, $0.baseAddress.map { $0 + done }, bytes.count - done)
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else {
                let cause = errno
                close(file)
                unlink(temporary)
                throw failure(.writeFailed, path, "\(bytes.count) bytes written", cause)
            }
            done += count
        }
        let synced = fsync(file)
        let syncCause = errno
        close(file)
        guard synced == 0, rename(temporary, path) == 0 else {
            let cause = synced == 0 ? errno : syncCause
            unlink(temporary)
            throw failure(.writeFailed, path, "a file that reaches the disk", cause)
        }
        syncFolder(of: path)
    }

    /// Reads a whole file.
    ///
    /// - Throws: `RecipeError` for missing, unreadable, or larger than `limit` bytes.
    public static func read(_ path: String, limit: Int = 1 << 31) throws(RecipeError) -> [UInt8] {
        // Without O_NONBLOCK a named pipe would hold us here until somebody writes to it.
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { throw failure(.unreadable, path, "a readable file", errno) }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw failure(.unreadable, path, "a regular file", EISDIR)
        }
        let size = Int(status.st_size)
        guard size <= limit else {
            throw RecipeError(
                .tooLarge, path, expected: "at most \(limit) bytes", found: "\(size) bytes",
                hint: "is it the right file?")
        }
        var bytes = [UInt8](repeating: 0, count: size)
        var done = 0
        while done < size {
            let count = bytes.withUnsafeMutableBytes { Glibc.read(file, $0.baseAddress.map { $0 + done }, size - done) }
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw failure(.unreadable, path, "\(size) bytes", errno) }
            guard count > 0 else { break }
            done += count
        }
        bytes.removeLast(size - done)
        return bytes
    }

    /// Makes a folder and those above it; one that exists is fine.
    ///
    /// - Throws: `RecipeError` with `errno` and the path.
    public static func makeFolder(_ path: String) throws(RecipeError) {
        var soFar = path.hasPrefix("/") ? "/" : ""
        for part in path.split(separator: "/") {
            soFar += (soFar.isEmpty || soFar.hasSuffix("/") ? "" : "/") + part
            guard mkdir(soFar, 0o755) == 0 || errno == EEXIST else {
                throw failure(.writeFailed, soFar, "a folder that can be made", errno)
            }
        }
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            throw failure(.writeFailed, path, "a folder", ENOTDIR)
        }
    }

    /// Whether something is there.
    public static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    private static func syncFolder(of path: String) {
        let folder = path.contains("/") ? String(path[..<(path.lastIndex(of: "/") ?? path.endIndex)]) : "."
        let handle = open(folder.isEmpty ? "/" : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard handle >= 0 else { return }
        fsync(handle)
        close(handle)
    }

    private static func failure(
        _ code: RecipeError.Code, _ path: String, _ expected: String, _ cause: Int32
    ) -> RecipeError {
        RecipeError(
            code, path, expected: expected, found: String(cString: strerror(cause)), errno: cause,
            hint: cause == ENOSPC ? "make room on the disk" : "check the path, its owner and its permissions")
    }
}
