// SPDX-License-Identifier: Apache-2.0

/// Why the history can't be opened, written or read.
public struct RecordsError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What kind of failure it is.
    public enum Code: String, Sendable {
        /// The file or its folder is missing or can't be opened.
        case cannotOpen
        /// The file or its folder may not be written.
        case readOnly
        /// The file is not a database, or a damaged one.
        case corrupt
        /// No space is left.
        case full
        /// Another process holds the database.
        case locked
        /// Reading or writing failed in the system.
        case io
        /// A newer version of Jidoka wrote the database.
        case newerSchema
        /// An event line is not what `EventLine` writes.
        case badLine
        /// Anything else.
        case other
    }

    /// What kind of failure it is.
    public var code: Code
    /// The path of the database, or the name of the thing.
    public var thing: String
    /// What should have been there.
    public var expected: String
    /// What was there instead.
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
        let what =
            switch code {
            case .cannotOpen: "the history can't be opened"
            case .readOnly: "the history can't be written"
            case .corrupt: "the history is damaged"
            case .full: "no space is left for the history"
            case .locked: "the history is in use by another process"
            case .io: "reading or writing the history failed"
            case .newerSchema: "the history was written by a newer version"
            case .badLine: "not an event line"
            case .other: "the history failed"
            }
        return "\(thing): \(what): expected \(expected), found \(found) (\(hint))"
    }
}
