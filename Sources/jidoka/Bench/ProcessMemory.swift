// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Memory of a process that is in RAM, from /proc/PID/statm.
enum ProcessMemory {
    /// 2^20 bytes; 0 when the process can't be seen. Process 0 is this one.
    static func residentMegabytes(of process: pid_t = 0) -> Double {
        let file = open("/proc/\(process == 0 ? "self" : "\(process)")/statm", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return 0 }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 128)
        let count = read(file, &bytes, bytes.count)
        let words = String(decoding: bytes.prefix(max(0, count)), as: UTF8.self).split(separator: " ")
        return (words.dropFirst().first.flatMap { Double($0) } ?? 0) * Double(sysconf(Int32(_SC_PAGESIZE))) / 1_048_576
    }

    /// Descriptors that a process holds; 0 when it can't be seen.
    static func descriptors(of process: pid_t) -> Int {
        guard let folder = opendir("/proc/\(process)/fd") else { return 0 }
        defer { closedir(folder) }
        var count = 0
        while let entry = readdir(folder) {
            if entry.pointee.d_name.0 != CChar(bitPattern: UInt8(ascii: ".")) { count += 1 }
        }
        return count
    }
}
