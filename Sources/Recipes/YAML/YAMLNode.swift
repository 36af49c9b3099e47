// SPDX-License-Identifier: Apache-2.0

/// One value of a YAML text, with the line it stands on.
package indirect enum YAMLNode: Sendable, Equatable {
    /// A word, number or text; `quoted` when it stood in quotes or as a block, which makes it text whatever it looks like.
    case scalar(String, quoted: Bool, line: Int)
    /// A list.
    case list([YAMLNode], line: Int)
    /// Keys and values in the order of the text.
    case mapping([YAMLEntry], line: Int)

    /// The line on which the value begins, from 1.
    package var line: Int {
        switch self {
        case .scalar(_, _, let line), .list(_, let line), .mapping(_, let line): line
        }
    }

    /// The value in an error message.
    package var description: String {
        switch self {
        case .scalar(let text, let quoted, _):
            if quoted { return "the text \"\(YAMLNode.shortened(text))\"" }
            return isNothing ? "nothing" : "'\(YAMLNode.shortened(text))'"
        case .list(let nodes, _): return nodes.count == 1 ? "a list of 1 entry" : "a list of \(nodes.count) entries"
        case .mapping: return "a mapping of keys"
        }
    }

    /// True for an empty value, `~` and `null`.
    package var isNothing: Bool {
        guard case .scalar(let text, false, _) = self else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(text)
    }

    /// A text short enough for a message on one line.
    static func shortened(_ text: String) -> String {
        RecipeError.oneLine(text, 60)
    }
}

/// A key of a mapping and its value.
package struct YAMLEntry: Sendable, Equatable {
    package let key: String
    /// The key's line, from 1.
    package let line: Int
    package let value: YAMLNode
}
