// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// Makes system calls of a daemon fail or hang, and its clock wrong: `Tests/faults/inject.c` in its `LD_PRELOAD`.
final class SystemCallFaults {
    /// A call; the raw values are the bits in `inject.c`.
    enum Call: UInt32, CaseIterable {
        case open = 0x1
        case read = 0x2
        case write = 0x4
        case pread = 0x8
        case pwrite = 0x10
        case fsync = 0x20
        case fdatasync = 0x40
        case ftruncate = 0x80
        case rename = 0x100
        case unlink = 0x200
        case mmap = 0x400
        case poll = 0x800
        case accept = 0x1000
        case recv = 0x2000
        case send = 0x4000
        case sendmsg = 0x8000
        case fstat = 0x10000
        /// All that allocate.
        case malloc = 0x20000

        /// Those on files, which are hit by the file's path.
        static let ofFiles: [Call] = [
            .open, .fstat, .read, .pread, .write, .pwrite, .fsync, .fdatasync, .ftruncate, .rename, .unlink, .mmap,
        ]
    }

    /// Places in the page that is shared with the daemon.
    private enum Place: off_t {
        case calls = 0
        case error = 4
        case limit = 8
        case delay = 12
        case clockOffset = 16
        case injected = 24
        case prefix = 32
    }

    private let library: String
    private let path: String
    private let descriptor: Int32

    /// Variables of the daemon's environment.
    var environment: [String: String] { ["LD_PRELOAD": library, "JIDOKA_FAULT_CONTROL": path] }

    /// A page of its own in a folder; nothing is armed.
    init(in folder: TemporaryFolder) throws {
        library = try Self.built.get()
        path = folder / "faults"
        try Files.write([UInt8](repeating: 0, count: 4096), to: path)
        descriptor = Glibc.open(path, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { throw SystemFailure("open \(path)") }
    }

    deinit { close(descriptor) }

    /// From now on calls fail with an error number, or hang when that is 0.
    ///
    /// - Parameters:
    ///   - prefix: of the files' paths; empty is every file, and every socket.
    ///   - limit: most failures; 0 is any number.
    func arm(_ calls: [Call], error: Int32, below prefix: String, limit: UInt32 = 0, delay: UInt32 = 0) {
        disarm()
        put(error, at: .error)
        put(limit, at: .limit)
        put(delay, at: .delay)
        put(UInt64(0), at: .injected)
        let bytes = Array(prefix.utf8) + [0]
        pwrite(descriptor, bytes, bytes.count, Place.prefix.rawValue)
        put(calls.reduce(0) { $0 | $1.rawValue }, at: .calls)
    }

    /// Calls work again.
    func disarm() { put(UInt32(0), at: .calls) }

    /// Failures since `arm`.
    var injected: Int {
        var count: UInt64 = 0
        pread(descriptor, &count, 8, Place.injected.rawValue)
        return Int(count)
    }

    /// Sets the daemon's clock: so many seconds from the true one.
    func setClock(offset seconds: Int64) { put(seconds, at: .clockOffset) }

    private func put<Number: FixedWidthInteger>(_ number: Number, at place: Place) {
        var number = number
        pwrite(descriptor, &number, MemoryLayout<Number>.size, place.rawValue)
    }

    /// The library, compiled once for a run.
    private static let built = Result { () throws -> String in
        let library = TemporaryFolder.root + "/inject.so"
        // Tests/SystemTests/Faults/SystemCallFaults.swift -> Tests/faults/inject.c
        let tests = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let words = ["cc", "-shared", "-fPIC", "-O2", "-o", library, "/\(tests)/faults/inject.c"]
        let compiled = try run("/usr/bin/env", words)
        guard compiled.ending == .exit(0) else {
            throw ChildProcess.NotStarted(program: "cc", reason: compiled.errors)
        }
        return library
    }
}
