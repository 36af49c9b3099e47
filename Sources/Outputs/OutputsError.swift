// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Why an output could not be set.
public struct OutputsError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What kind of failure it is.
    public enum Code: String, Sendable {
        /// The output can't be opened.
        case open
        /// The output can't be written.
        case write
        /// A test or a simulation asked for the failure.
        case simulated
    }

    /// What kind of failure it is.
    public var code: Code
    /// The path or name of the output.
    public var thing: String
    /// What should have happened.
    public var expected: String
    /// What happened instead.
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
        "\(thing): the output can't be set: expected \(expected), found \(found) (\(hint))"
    }
}
