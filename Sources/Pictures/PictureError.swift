// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Why a picture could not be read, used or written.
public struct PictureError: Error, Sendable, Equatable {
    /// The kind of failure.
    public enum Code: String, Sendable, CaseIterable {
        /// No such file.
        case missing
        /// The file is there but can't be read: permission, a folder, a device, an input error.
        case unreadable
        /// The file has no bytes.
        case empty
        /// The first bytes are neither JPEG nor PNG.
        case notAPicture
        /// The data ends before the picture does.
        case truncated
        /// The data is damaged.
        case corrupt
        /// More pixels or bytes than are accepted.
        case tooLarge
        /// A valid picture of a kind that is not handled, such as a CMYK JPEG.
        case unsupported
        /// A region, size or quality that makes no sense for this picture.
        case badArgument
        /// The file could not be written; nothing was left behind and an old file is unchanged.
        case writeFailed
    }

    /// The kind of failure.
    public let code: Code
    /// The file's path, or the name of what was asked for.
    public let thing: String
    /// What would have been right.
    public let expected: String
    /// What was there instead.
    public let found: String
    /// The system's error number, 0 when there is none.
    public let errno: Int32
    /// What to do about it; may be empty.
    public let hint: String

    /// An error with its facts.
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
}

extension PictureError: CustomStringConvertible {
    /// One line: the thing, what is wrong, the facts and the hint.
    public var description: String {
        let system = errno == 0 ? "" : " [errno \(errno): \(String(cString: strerror(errno)))]"
        let advice = hint.isEmpty ? "" : " (\(hint))"
        return "\(thing): \(code.summary): expected \(expected), found \(found)\(system)\(advice)"
    }
}

extension PictureError.Code {
    /// The code in plain English, e.g. `no such file`.
    public var summary: String {
        switch self {
        case .missing: "no such file"
        case .unreadable: "can't be read"
        case .empty: "empty file"
        case .notAPicture: "not a picture"
        case .truncated: "incomplete picture"
        case .corrupt: "damaged picture"
        case .tooLarge: "picture too large"
        case .unsupported: "unsupported kind of picture"
        case .badArgument: "wrong request"
        case .writeFailed: "can't be written"
        }
    }
}
