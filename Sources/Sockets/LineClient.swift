// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The client of the control socket: one connection for each request.
public struct LineClient: Sendable {
    /// Path of the control socket.
    public let path: String

    /// A client; nothing is opened before the first request.
    public init(path: String) {
        self.path = path
    }

    /// Sends a request and waits for its answer.
    ///
    /// - Parameter timeout: seconds for everything together.
    /// - Throws: `SocketsError` when nobody listens or no answer comes; a refusal is an answer, not an error.
    public func request(_ request: ControlRequest, timeout: Double = 5) throws(SocketsError) -> ControlAnswer {
        let connection = try ClientConnection(path: path, timeout: timeout)
        var fields = request.arguments
        fields["v"] = .integer(1)
        fields["cmd"] = .string(request.command)
        try connection.send(JSONValue.object(fields).text)
        guard let line = try connection.next() else {
            throw SocketsError(
                code: .closed, thing: path, expected: "an answer", found: "the end of the connection",
                hint: "see the journal of the daemon")
        }
        guard let answer = ControlAnswer(parsing: Array(line.utf8)) else {
            throw SocketsError(
                code: .badAnswer, thing: path, expected: "an answer of version 1", found: String(line.prefix(200)),
                hint: "check that it is the control socket")
        }
        return answer
    }
}

/// Reads events from the event socket, line by line.
public final class EventReader {
    private let connection: ClientConnection

    /// Connects, and asks for older events first if `since` is given (0: all).
    ///
    /// - Parameter timeout: seconds for connecting.
    public init(path: String, since: Int64? = nil, timeout: Double = 5) throws(SocketsError) {
        connection = try ClientConnection(path: path, timeout: timeout)
        if let since { try connection.send("{\"v\":1,\"since\":\(since)}") }
    }

    /// The next line, without its newline; `nil` when the daemon has ended or has dropped a reader that was too slow.
    ///
    /// - Parameter timeout: seconds to wait; `nil` waits for ever.
    public func next(timeout: Double? = nil) throws(SocketsError) -> String? {
        connection.setTimeout(timeout)
        return try connection.next()
    }
}

/// A connected socket that writes and reads lines before a deadline.
final class ClientConnection {
    private let descriptor: Int32
    private let path: String
    private var deadline: Int64?
    private var incoming = LineBuffer(limit: 16 * 1_024 * 1_024)

    init(path: String, timeout: Double) throws(SocketsError) {
        self.path = path
        descriptor = try UnixSocket.connect(path, timeout: timeout)
        setTimeout(timeout)
    }

    deinit { close(descriptor) }

    func setTimeout(_ seconds: Double?) {
        deadline = seconds.map { MonotonicTime.nanoseconds + Int64(min(max($0, 0), 1e9) * 1e9) }
    }

    func send(_ line: String) throws(SocketsError) {
        let bytes = Array(line.utf8) + [0x0A]
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
            }
            if count >= 0 {
                sent += count
            } else if errno == EAGAIN {
                try wait(Int16(POLLOUT))
            } else if errno != EINTR {
                throw .system("send", path, errno)
            }
        }
    }

    func next() throws(SocketsError) -> String? {
        while true {
            switch incoming.next() {
            case .line(let line): return String(decoding: line, as: UTF8.self)
            case .tooLong:
                throw SocketsError(
                    code: .badAnswer, thing: path, expected: "lines of at most 16 MiB", found: "a longer one",
                    hint: "check which socket it is")
            case nil: break
            }
            var bytes = [UInt8](repeating: 0, count: 65_536)
            let count = recv(descriptor, &bytes, bytes.count, Int32(MSG_DONTWAIT))
            if count > 0 {
                incoming.append(bytes[..<count])
            } else if count == 0 || errno == ECONNRESET {
                return nil
            } else if errno == EAGAIN {
                try wait(Int16(POLLIN))
            } else if errno != EINTR {
                throw .system("recv", path, errno)
            }
        }
    }

    private func wait(_ events: Int16) throws(SocketsError) {
        var milliseconds: Int32 = -1
        if let deadline {
            let rest = deadline - MonotonicTime.nanoseconds
            guard rest > 0 else {
                throw SocketsError(
                    code: .timeout, thing: path, expected: "an answer in time", found: "none", errno: ETIMEDOUT,
                    hint: "try again; see the journal of the daemon")
            }
            milliseconds = Int32(clamping: rest / 1_000_000 + 1)
        }
        var polled = pollfd(fd: descriptor, events: events, revents: 0)
        _ = poll(&polled, 1, milliseconds)
    }
}
