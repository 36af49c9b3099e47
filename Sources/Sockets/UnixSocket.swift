// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The calls that open Unix stream sockets; all of them close on exec.
enum UnixSocket {
    /// A new stream socket.
    static func make(_ path: String, nonBlocking: Bool) throws(SocketsError) -> Int32 {
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = socket(AF_UNIX, nonBlocking ? kind | Int32(SOCK_NONBLOCK.rawValue) : kind, 0)
        guard descriptor >= 0 else { throw .system("socket", path, errno) }
        return descriptor
    }

    /// Calls `bind` or `connect` with the path as an address; the result is 0 or the error number.
    static func withAddress(
        _ path: String, _ call: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) throws(SocketsError) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let capacity = MemoryLayout.size(ofValue: address.sun_path)
        let bytes = Array(path.utf8)
        guard !bytes.isEmpty, bytes.count < capacity, !bytes.contains(0) else {
            throw SocketsError(
                code: .badPath, thing: path, expected: "1 to \(capacity - 1) bytes without NUL",
                found: "\(bytes.count) bytes", hint: "choose a shorter path, e.g. below /run")
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                call(generic, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0 ? 0 : errno
            }
        }
    }

    /// Connects, waiting at most `timeout` seconds for a place in the queue of the listener.
    static func connect(_ path: String, timeout: Double) throws(SocketsError) -> Int32 {
        let descriptor = try make(path, nonBlocking: false)
        var limit = timeval()
        limit.tv_sec = Int(timeout)
        limit.tv_usec = max(1, Int((timeout - timeout.rounded(.down)) * 1_000_000))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        do throws(SocketsError) {
            let number = try withAddress(path) { Glibc.connect(descriptor, $0, $1) }
            guard number == 0 else { throw SocketsError.system("connect", path, number) }
        } catch {
            close(descriptor)
            throw error
        }
        return descriptor
    }
}

/// A socket that listens, and the file that belongs to it.
struct ListeningSocket: Sendable {
    let descriptor: Int32
    let path: String
    /// The file as it was made; nil when it belongs to somebody else, who removes it.
    private let identity: (device: dev_t, inode: ino_t)?

    /// Takes over a socket that listens already, as systemd hands it over (sd_listen_fds(3)); closes it on failure.
    init(adopting descriptor: Int32, path: String) throws(SocketsError) {
        var isListening: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        let flags = fcntl(descriptor, F_GETFL)
        guard getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &isListening, &size) == 0, isListening == 1,
            flags >= 0, fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) == 0
        else {
            let number = errno
            close(descriptor)
            throw SocketsError(
                code: .notASocket, thing: "\(path) (descriptor \(descriptor))", expected: "a socket that listens",
                found: "something else", errno: number, hint: "see the socket unit")
        }
        self.descriptor = descriptor
        self.path = path
        identity = nil
    }

    /// Binds, sets mode and group, then listens: until then nobody can connect, so there is no moment with another mode.
    ///
    /// A socket file that nobody listens on is what a killed process left; it is replaced. Anything else is left alone.
    init(path: String, mode: mode_t, group: String?) throws(SocketsError) {
        try Self.removeStale(path)
        let descriptor = try UnixSocket.make(path, nonBlocking: true)
        var isBound = false
        do throws(SocketsError) {
            let number = try UnixSocket.withAddress(path) { bind(descriptor, $0, $1) }
            guard number == 0 else { throw SocketsError.system("bind", path, number) }
            isBound = true
            if let group {
                let identifier = try Self.identifier(of: group)
                guard chown(path, uid_t.max, identifier) == 0 else { throw SocketsError.system("chown", path, errno) }
            }
            guard chmod(path, mode) == 0 else { throw SocketsError.system("chmod", path, errno) }
            var status = stat()
            guard lstat(path, &status) == 0 else { throw SocketsError.system("lstat", path, errno) }
            guard listen(descriptor, 128) == 0 else { throw SocketsError.system("listen", path, errno) }
            self.descriptor = descriptor
            self.path = path
            identity = (status.st_dev, status.st_ino)
        } catch {
            close(descriptor)
            if isBound { unlink(path) }
            throw error
        }
    }

    /// Closes the socket and removes the file, if it is still this socket's own.
    func closeAndRemove() {
        var status = stat()
        if let identity, lstat(path, &status) == 0, status.st_dev == identity.device, status.st_ino == identity.inode {
            unlink(path)
        }
        close(descriptor)
    }

    private static func removeStale(_ path: String) throws(SocketsError) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw SocketsError(
                code: .notASocket, thing: path, expected: "no file, or a socket that nobody listens on",
                found: "another kind of file", hint: "move it away or choose another path")
        }
        // Without blocking: a listener whose queue is full is alive, too.
        let probe = try UnixSocket.make(path, nonBlocking: true)
        defer { close(probe) }
        let number = try UnixSocket.withAddress(path) { Glibc.connect(probe, $0, $1) }
        switch number {
        case 0, EAGAIN, EINPROGRESS:
            throw SocketsError(
                code: .inUse, thing: path, expected: "nobody listening", found: "another process that listens",
                hint: "end the other daemon")
        case ECONNREFUSED:
            guard unlink(path) == 0 || errno == ENOENT else { throw .system("unlink", path, errno) }
        case ENOENT:
            return
        default:
            throw .system("connect", path, number)
        }
    }

    private static func identifier(of group: String) throws(SocketsError) -> gid_t {
        var entry = Glibc.group()
        var result: UnsafeMutablePointer<Glibc.group>?
        var buffer = [CChar](repeating: 0, count: 65_536)
        let number = getgrnam_r(group, &entry, &buffer, buffer.count, &result)
        guard number == 0, result != nil else {
            throw SocketsError(
                code: .unknownGroup, thing: group, expected: "a group of this system", found: "none", errno: number,
                hint: "create it (groupadd), or name another one")
        }
        return entry.gr_gid
    }
}
