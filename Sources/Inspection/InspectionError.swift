// SPDX-License-Identifier: Apache-2.0

/// Why a network, its weights or its maps can't be used.
public struct InspectionError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What kind of trouble it is.
    public enum Code: String, Sendable {
        /// A tensor that the graph names is not there.
        case missingTensor
        /// A tensor, map or picture has another shape than the graph wants.
        case wrongShape
        /// A weight is NaN or infinite.
        case notFinite
        /// The graph itself makes no sense.
        case badGraph
        /// A setting is outside what is possible.
        case badSetting
        /// A compiled plan fails its check.
        case badPlan
        /// This CPU can't do what is asked.
        case notSupported
        /// Memory or threads are missing.
        case noResources
    }

    /// What kind of trouble it is.
    public let code: Code
    /// The tensor, node or setting.
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
