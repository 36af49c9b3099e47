// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization

/// `records-crash-child`, found next to the test binary, with pipes on standard input, output and error.
final class ChildProcess {
    struct Missing: Error { let path: String }

    let process: pid_t
    private let input: Int32
    private let output: Int32
    private let errors: Int32
    private var isReaped = false

    init(_ mode: String, _ path: String) throws {
        var link = [UInt8](repeating: 0, count: 4_096)
        let length = link.withUnsafeMutableBytes { buffer in
            buffer.baseAddress.map { readlink("/proc/self/exe", $0.assumingMemoryBound(to: CChar.self), buffer.count) }
        }
        let own = String(decoding: link.prefix(max(0, length ?? 0)), as: UTF8.self)
        let folder = own.lastIndex(of: "/").map { String(own[..<$0]) } ?? "."
        let program = folder + "/records-crash-child"

        let (process, pipes, result) = Self.spawning.withLock { _ in Self.spawn([program, mode, path]) }
        self.process = process
        input = pipes[1]
        output = pipes[2]
        errors = pipes[4]
        guard result == 0 else { throw Missing(path: program) }
    }

    /// One at a time: glibc's `pipe2` is not visible here, and a pipe that another child inherits never ends.
    private static let spawning = Mutex(())

    private static func spawn(_ command: [String]) -> (process: pid_t, pipes: [Int32], result: Int32) {
        var pipes: [Int32] = []
        for _ in 0..<3 {
            var ends: [Int32] = [-1, -1]
            pipe(&ends)
            for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
            pipes += ends
        }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, pipes[0], STDIN_FILENO)
        posix_spawn_file_actions_adddup2(&actions, pipes[3], STDOUT_FILENO)
        posix_spawn_file_actions_adddup2(&actions, pipes[5], STDERR_FILENO)
        var arguments: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var process: pid_t = 0
        let result = posix_spawn(&process, command[0], &actions, nil, &arguments, environ)
        close(pipes[0])
        close(pipes[3])
        close(pipes[5])
        return (process, pipes, result)
    }

    deinit {
        if !isReaped { killNow() }
        close(output)
        close(errors)
    }

    /// One byte at a time: exactly one line is taken.
    func readLine() -> String? { Self.line(output) }

    func readErrorLine() -> String? { Self.line(errors) }

    func readAll() -> [String] {
        var lines: [String] = []
        while let line = readLine() { lines.append(line) }
        return lines
    }

    func killNow() {
        kill(process, SIGKILL)
        wait()
    }

    /// Ends its standard input and waits for its end.
    func wait() {
        guard !isReaped else { return }
        close(input)
        var status: Int32 = 0
        waitpid(process, &status, 0)
        isReaped = true
    }

    /// `nil` at the end; a line without its newline is not one (the process was killed while printing).
    private static func line(_ descriptor: Int32) -> String? {
        var bytes: [UInt8] = []
        var byte: UInt8 = 0
        while read(descriptor, &byte, 1) == 1 {
            if byte == 0x0A { return String(decoding: bytes, as: UTF8.self) }
            bytes.append(byte)
        }
        return nil
    }
}

/// A folder of its own that is gone after the test.
final class TestFolder {
    let path: String

    init() {
        var name = Array("/tmp/jidoka-records-XXXXXX".utf8CString)
        path = name.withUnsafeMutableBufferPointer { buffer in
            buffer.baseAddress.flatMap { mkdtemp($0) }.map { String(cString: $0) } ?? "/tmp/jidoka-records-failed"
        }
    }

    deinit {
        chmod(path, 0o700)
        guard let folder = opendir(path) else { return }
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            unlink(path + "/" + name)
        }
        closedir(folder)
        rmdir(path)
    }

    func file(_ name: String) -> String { path + "/" + name }
}
