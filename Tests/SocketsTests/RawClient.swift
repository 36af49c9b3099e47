// SPDX-License-Identifier: Apache-2.0

import Glibc
import Sockets
import Synchronization
import Testing

/// A client that can do everything wrong: it writes any bytes and reads only when told.
final class RawClient {
    let descriptor: Int32
    private var incoming: [UInt8] = []
    private var start = 0

    init(_ path: String) throws {
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(result == 0, "connect: \(errno)")
        // A test that waits for a line that never comes has to fail, not to hang.
        var limit = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(descriptor) }

    func write(_ bytes: [UInt8]) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            sent += count
        }
    }

    func write(_ line: String) { write(Array((line + "\n").utf8)) }

    func endWriting() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// The next line; `nil` at the end, or after 20 s without one.
    func readLine() -> String? {
        var searched = start
        while true {
            if let newline = incoming[searched...].firstIndex(of: 0x0A) {
                let line = String(decoding: incoming[start..<newline], as: UTF8.self)
                start = newline + 1
                return line
            }
            incoming.removeFirst(start)
            start = 0
            searched = incoming.count
            var bytes = [UInt8](repeating: 0, count: 65_536)
            let count = recv(descriptor, &bytes, bytes.count, 0)
            guard count > 0 else { return nil }
            incoming += bytes[..<count]
        }
    }

    func readField(_ name: String) -> JSONValue? {
        guard let line = readLine(), case .object(let fields)? = JSONValue(parsing: Array(line.utf8)) else {
            return nil
        }
        return fields[name]
    }

    /// The code of the error line that comes next.
    func readErrorCode() -> String? {
        guard case .object(let error)? = readField("error"), case .string(let code)? = error["code"] else { return nil }
        return code
    }
}

/// Paths of sockets, and what the kernel knows about them.
enum SocketPath {
    private static let count = Atomic(0)

    static func fresh() -> String {
        "/tmp/jidoka-\(getpid())-\(count.add(1, ordering: .relaxed).newValue).sock"
    }

    /// Sockets of this path that are open anywhere on the system: the listener and its side of every connection.
    ///
    /// Counting the descriptors of this process would count other tests' files, too.
    static func open(_ path: String) -> Int {
        let file = Glibc.open("/proc/net/unix", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return -1 }
        defer { close(file) }
        var text: [UInt8] = []
        var bytes = [UInt8](repeating: 0, count: 65_536)
        while case let count = read(file, &bytes, bytes.count), count > 0 { text += bytes[..<count] }
        return String(decoding: text, as: UTF8.self).split(separator: "\n").count { $0.hasSuffix(" " + path) }
    }
}

/// Waits for something that another thread does; `false` after 20 s.
func eventually(_ condition: () -> Bool) -> Bool {
    for _ in 0..<20_000 {
        if condition() { return true }
        usleep(1_000)
    }
    return condition()
}
