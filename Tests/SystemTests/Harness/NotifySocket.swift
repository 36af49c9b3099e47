// SPDX-License-Identifier: Apache-2.0

import Glibc

/// What systemd would be told: a datagram socket that the daemon finds in `NOTIFY_SOCKET`.
final class NotifySocket {
    let path: String
    private let descriptor: Int32
    private(set) var messages: [String] = []

    init(_ path: String) throws {
        self.path = path
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard bound == 0 else { throw ChildProcess.NotStarted(program: path, reason: "bind: errno \(errno)") }
    }

    deinit { close(descriptor) }

    /// Takes what has come.
    func collect() {
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            guard count > 0 else { return }
            messages.append(String(decoding: buffer.prefix(count), as: UTF8.self))
        }
    }

    /// Waits until a message that contains a text has come; returns it.
    func wait(for text: String, after count: Int = 0) -> String? {
        var found: String?
        _ = Patience.until {
            collect()
            found = messages.dropFirst(count).first { $0.contains(text) }
            return found != nil
        }
        return found
    }
}
