// SPDX-License-Identifier: Apache-2.0

/// What went wrong with data handed to the training engine.
///
/// Wrong shapes inside a network are programming errors and stop the program with a message; this error is for data that
/// comes from outside, such as a saved state.
public struct TrainingError: Error, Equatable, CustomStringConvertible {
    /// The kind of error.
    public enum Code: String, Sendable, Equatable {
        /// A named array that the receiver needs is not there.
        case missing
        /// A named array that the receiver does not know.
        case unknown
        /// The same name twice.
        case duplicate
        /// A shape or count that differs from the receiver's.
        case shape
        /// A value that is not finite or outside its range.
        case value
        /// A call to the system failed; `errno` tells why.
        case system
    }

    /// The kind of error.
    public let code: Code
    /// The array, parameter or file in question.
    public let thing: String
    /// What would have been right.
    public let expected: String
    /// What was there.
    public let found: String
    /// The system's error number, 0 when none.
    public let errno: Int32
    /// What to do about it; may be empty.
    public let hint: String

    /// An error about one thing.
    public init(
        _ code: Code, _ thing: String, expected: String, found: String, errno: Int32 = 0, hint: String = ""
    ) {
        self.code = code
        self.thing = thing
        self.expected = expected
        self.found = found
        self.errno = errno
        self.hint = hint
    }

    /// `THING: what is wrong: expected X, found Y (hint)`.
    public var description: String {
        let what =
            switch code {
            case .missing: "missing"
            case .unknown: "unknown name"
            case .duplicate: "named twice"
            case .shape: "wrong shape"
            case .value: "wrong value"
            case .system: "system call failed (errno \(errno))"
            }
        return "\(thing): \(what): expected \(expected), found \(found)" + (hint.isEmpty ? "" : " (\(hint))")
    }
}
