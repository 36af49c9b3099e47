// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A plain connection to one of the daemon's sockets: bytes out, lines in.
final class LineSocket {
    private let descriptor: Int32
    private var incoming: [UInt8] = []
    /// Whether the daemon has hung up.
    private(set) var hasEnded = false

    /// Connects; a listener that is not there yet is an error.
    init(_ path: String) throws {
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        descriptor = socket(AF_UNIX, kind, 0)
        guard descriptor >= 0 else { throw SystemFailure("socket") }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8).prefix($0.count - 1)) }
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        // The object is whole here: its end closes the descriptor, once.
        guard result == 0 else { throw SystemFailure("connect \(path)") }
        var limit = timeval(tv_sec: 30, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(descriptor) }

    /// Sends bytes as they are; false when the other side doesn't take them.
    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }

    @discardableResult
    func send(_ text: String) -> Bool { send(Array(text.utf8)) }

    /// The next line without its newline; nil at the end of the connection or when none comes in time.
    func line(seconds: Double = Patience.seconds) -> String? {
        let end = ContinuousClock.now + .seconds(seconds)
        while true {
            if let newline = incoming.firstIndex(of: 0x0A) {
                defer { incoming.removeFirst(newline + 1) }
                return String(decoding: incoming[..<newline], as: UTF8.self)
            }
            guard !hasEnded else { return nil }
            let rest = end - ContinuousClock.now
            let milliseconds = rest.components.seconds * 1000 + rest.components.attoseconds / 1_000_000_000_000_000
            guard rest >= .zero else { return nil }
            var polled = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            guard poll(&polled, 1, Int32(milliseconds) + 1) > 0 else { continue }
            var buffer = [UInt8](repeating: 0, count: 65_536)
            let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
            if count > 0 {
                incoming += buffer[..<count]
            } else if count == 0 || (errno != EAGAIN && errno != EINTR) {
                hasEnded = true
            }
        }
    }

    /// All whole lines that are there now or come within a moment.
    func linesUntilQuiet(seconds: Double = 0.3) -> [String] {
        var lines: [String] = []
        while let line = line(seconds: seconds) { lines.append(line) }
        return lines
    }
}
