// SPDX-License-Identifier: Apache-2.0

import Glibc
import Sockets
import Testing

@Suite struct ListeningSocketTests {
    private func server(_ path: String, mode: mode_t = 0o660, group: String? = nil) throws(SocketsError)
        -> ControlServer
    {
        try ControlServer(path: path, mode: mode, group: group, commands: ["status"]) { _, _ in .done([:]) }
    }

    private func mode(_ path: String) -> mode_t? {
        var status = stat()
        return lstat(path, &status) == 0 ? status.st_mode & 0o777 : nil
    }

    @Test("the socket file has its mode and group, and is gone after close")
    func lifetime() throws {
        let path = SocketPath.fresh()
        let server = try server(path, mode: 0o606, group: "root")
        #expect(mode(path) == 0o606)
        server.close()
        server.close()
        #expect(mode(path) == nil)
    }

    @Test("a server that is forgotten closes itself")
    func forgotten() throws {
        let path = SocketPath.fresh()
        do { _ = try server(path) }
        #expect(mode(path) == nil)
    }

    @Test("a second server is refused and the first one is not disturbed; a stale file is replaced")
    func stale() throws {
        let path = SocketPath.fresh()
        let first = try server(path)
        let error = #expect(throws: SocketsError.self) { try server(path) }
        #expect(error?.code == .inUse && error?.thing == path)
        #expect(try LineClient(path: path).request(ControlRequest(command: "status")) == .done([:]))
        first.close()

        let orphan = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(orphan, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        #expect(result == 0)
        close(orphan)
        #expect(mode(path) != nil)
        let second = try server(path)
        #expect(try LineClient(path: path).request(ControlRequest(command: "status")) == .done([:]))
        second.close()
    }

    @Test("a file that is no socket is left alone")
    func foreignFile() {
        let path = SocketPath.fresh()
        close(open(path, O_CREAT | O_WRONLY, 0o644))
        defer { unlink(path) }
        #expect(throws: SocketsError.self) { try server(path) }
        #expect(mode(path) == 0o644)
    }

    @Test("a long path, a missing folder and an unknown group are named")
    func refused() {
        let long = "/tmp/" + String(repeating: "x", count: 103)
        #expect(long.utf8.count == 108)
        let cases: [(String, String?, SocketsError.Code)] = [
            (long, nil, .badPath), ("", nil, .badPath), ("/tmp/a\u{0}b", nil, .badPath),
            ("/tmp/jidoka-no-such-folder/a.sock", nil, .missing),
            (SocketPath.fresh(), "no-such-group-here", .unknownGroup),
        ]
        for (path, group, code) in cases {
            let error = #expect(throws: SocketsError.self) { try server(path, group: group) }
            #expect(error?.code == code, "\(path)")
            #expect(mode(path) == nil)
        }
    }

    @Test("a client without a server, and one whose server never answers, get a clear error")
    func clientErrors() throws {
        let path = SocketPath.fresh()
        let missing = #expect(throws: SocketsError.self) {
            try LineClient(path: path).request(ControlRequest(command: "status"))
        }
        #expect(missing?.code == .missing)
        let server = try ControlServer(path: path, commands: ["wait"]) { _, _ in
            usleep(300_000)
            return .done([:])
        }
        defer { server.close() }
        let late = #expect(throws: SocketsError.self) {
            try LineClient(path: path).request(ControlRequest(command: "wait"), timeout: 0.05)
        }
        #expect(late?.code == .timeout)
    }
}
