// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Why a source has no frame to give.
public struct CaptureError: Error, Sendable, Equatable {
    /// The kind of failure.
    public enum Code: String, Sendable, CaseIterable {
        /// There is no folder of that name, or it can't be read.
        case noFolder
        /// The folder holds no picture.
        case emptyFolder
        /// One picture can't be used; the source goes on with the next one.
        case badPicture
        /// There is no picture of a part: dropped, damaged on the way, too late; the source goes on with the next part.
        case noPicture
        /// The source is gone; it may come back.
        case sourceLost
        /// A setting that makes no sense.
        case badArgument
        /// There is no camera of that name, it can't be opened, or it is something else than a camera.
        case noCamera
        /// The camera does not grant a format, a size or a rate that was asked for.
        case notOffered
        /// A control of the camera does not exist, or does not take the value.
        case badControl
        /// The camera gives no frames, but no error either.
        case stale
        /// The picture is too dark to show a part.
        case dark
        /// The picture is too bright to show a part.
        case saturated
        /// The camera gives the same bytes again and again.
        case frozen
    }

    /// The kind of failure.
    public let code: Code
    /// The path or the name of what was asked for.
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

extension CaptureError: CustomStringConvertible {
    /// One line: the thing, what is wrong, the facts and the hint.
    public var description: String {
        let system = errno == 0 ? "" : " [errno \(errno): \(String(cString: strerror(errno)))]"
        let advice = hint.isEmpty ? "" : " (\(hint))"
        return "\(thing): \(code.summary): expected \(expected), found \(found)\(system)\(advice)"
    }
}

extension CaptureError.Code {
    /// The code in plain English.
    public var summary: String {
        switch self {
        case .noFolder: "folder can't be read"
        case .emptyFolder: "no pictures"
        case .badPicture: "picture can't be used"
        case .noPicture: "no picture of the part"
        case .sourceLost: "source lost"
        case .badArgument: "wrong setting"
        case .noCamera: "no camera"
        case .notOffered: "camera does not offer it"
        case .badControl: "camera control"
        case .stale: "no frames"
        case .dark: "dark picture"
        case .saturated: "saturated picture"
        case .frozen: "frozen picture"
        }
    }
}
