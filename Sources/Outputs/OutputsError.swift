// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Why an output could not be set, or an input not be read.
public struct OutputsError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What kind of failure it is.
    public enum Code: String, Sendable {
        /// The output can't be opened.
        case open
        /// The output can't be written.
        case write
        /// The settings contradict each other or miss something, e.g. a line that is used twice.
        case settings
        /// There is no such chip.
        case noChip
        /// There is no such line.
        case noLine
        /// More than one chip or line has the name.
        case ambiguous
        /// Not allowed.
        case denied
        /// Somebody else holds the line.
        case busy
        /// The line can't be an output.
        case notAnOutput
        /// The line reports no edges.
        case noInterrupt
        /// The chip went away or does not answer.
        case lost
        /// A line reads differently from what was set.
        case mismatch
        /// More edges or pulses than can be taken.
        case overrun
        /// The lines were let go.
        case released
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
        "\(thing): \(code.summary): expected \(expected), found \(found) (\(hint))"
    }
}

extension OutputsError.Code {
    /// The kind of failure in words.
    var summary: String {
        switch self {
        case .open: "can't be opened"
        case .write, .simulated: "the output can't be set"
        case .settings: "the settings are wrong"
        case .noChip: "there is no such chip"
        case .noLine: "there is no such line"
        case .ambiguous: "the name is not unique"
        case .denied: "not allowed"
        case .busy: "the line is busy"
        case .notAnOutput: "the line can't be an output"
        case .noInterrupt: "the line reports no edges"
        case .lost: "the chip is lost"
        case .mismatch: "the line is not what was set"
        case .overrun: "too many at once"
        case .released: "the lines were let go"
        }
    }
}
