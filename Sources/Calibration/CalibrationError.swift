// SPDX-License-Identifier: Apache-2.0

/// Why good parts can't be dealt, scored or turned into a threshold.
public struct CalibrationError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What kind of trouble it is.
    public enum Code: String, Sendable {
        /// Too few parts for what was asked.
        case tooFewParts
        /// A rate or another setting outside its range.
        case badSetting
        /// A data folder without pictures, or in no layout that we know.
        case badData
        /// A score is NaN or infinite.
        case notFinite
    }

    /// What kind of trouble it is.
    public let code: Code
    /// The folder, file or setting.
    public let thing: String
    /// What would have been right.
    public let expected: String
    /// What was there.
    public let found: String
    /// What to do about it.
    public let hint: String

    /// An error with all its facts.
    public init(_ code: Code, _ thing: String, expected: String, found: String, hint: String) {
        self.code = code
        self.thing = thing
        self.expected = expected
        self.found = found
        self.hint = hint
    }

    /// One line for people.
    public var description: String { "\(thing): expected \(expected), found \(found) (\(hint))" }
}
