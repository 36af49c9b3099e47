// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Why a socket can't be opened or used.
public struct SocketsError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What kind of failure it is.
    public enum Code: String, Sendable {
        /// A Unix socket's path has at most 107 bytes, and no NUL.
        case badPath
        /// The folder is missing, or there is no socket at the path.
        case missing
        /// Another process listens there.
        case inUse
        /// Something else than a socket is at the path; it is left alone.
        case notASocket
        /// Not allowed.
        case denied
        /// The group does not exist.
        case unknownGroup
        /// No answer in time.
        case timeout
        /// The other side closed the connection.
        case closed
        /// The other side sent something that is not an answer.
        case badAnswer
        /// Another failure in the system.
        case system
    }

    /// What kind of failure it is.
    public var code: Code
    /// The path of the socket, or the name of the thing.
    public var thing: String
    /// What should have been.
    public var expected: String
    /// What was instead.
    public var found: String
    /// The system's error number; 0 when there is none.
    public var errno: Int32
    /// What to do about it.
    public var hint: String

    /// All the facts.
    public init(code: Code, thing: String, expected: String, found: String, errno: Int32 = 0, hint: String) {
        self.code = code
        self.thing = thing
        self.expected = expected
        self.found = found
        self.errno = errno
        self.hint = hint
    }

    /// One line for a person.
    public var description: String {
        "\(thing): the socket can't be used: expected \(expected), found \(found) (\(hint))"
    }

    /// What a failed call of the system means.
    static func system(_ call: String, _ path: String, _ number: Int32) -> SocketsError {
        let (code, hint): (Code, String) =
            switch number {
            case ENOENT, ENOTDIR: (.missing, "start the daemon, or create the folder")
            case ECONNREFUSED: (.missing, "start the daemon: nobody listens there")
            case EACCES, EPERM: (.denied, "ask for membership in the group of the socket")
            case EADDRINUSE: (.inUse, "end the other process")
            case EAGAIN, ETIMEDOUT: (.timeout, "try again")
            case EPIPE, ECONNRESET: (.closed, "connect again")
            default: (.system, "see \(call)(2)")
            }
        return SocketsError(
            code: code, thing: path, expected: "\(call) to succeed", found: String(cString: strerror(number)),
            errno: number, hint: hint)
    }
}
