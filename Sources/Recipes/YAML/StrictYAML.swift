// SPDX-License-Identifier: Apache-2.0

import Glibc
import Yams

/// Reads YAML the way a configuration needs it: every surprise is an error that names its line.
///
/// Only mappings, lists and plain or quoted values; one document; no anchors, aliases, tags or directives; at most
/// 256 KiB and 16 levels. Words such as `yes` are text, not truth; numbers are decimal.
public enum StrictYAML {
    /// Texts above this many bytes are refused.
    public static let largest = 256 * 1024
    /// Mappings and lists may lie inside each other this deeply.
    public static let deepest = 16

    /// Reads a file.
    ///
    /// - Throws: `RecipeError` with the file's path: `.unreadable`, `.tooLarge`, and all that `parse` throws.
    public static func read(_ path: String) throws(RecipeError) -> YAMLMapping {
        try parse(bytes: try bytes(of: path), file: path)
    }

    /// Reads bytes that should be UTF-8.
    ///
    /// - Throws: `RecipeError`, `.notText` with the line of the first byte that is not UTF-8.
    public static func parse(bytes: [UInt8], file: String) throws(RecipeError) -> YAMLMapping {
        try checkSize(bytes.count, file)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw RecipeError(
                .notText, file, line: lineOfDamage(bytes), expected: "UTF-8", found: "bytes that are not",
                hint: "save the file as UTF-8")
        }
        return try parse(text, file: file)
    }

    /// Reads a text whose outermost value is a mapping.
    ///
    /// - Parameters:
    ///   - text: the text.
    ///   - file: the name that errors show.
    /// - Returns: the mapping; ask it for its keys, then call `finish()`.
    public static func parse(_ text: String, file: String) throws(RecipeError) -> YAMLMapping {
        try checkSize(text.utf8.count, file)
        // Editors on some systems put a byte order mark in front; it says nothing in UTF-8.
        let body = text.unicodeScalars.first == "\u{FEFF}" ? String(text.unicodeScalars.dropFirst()) : text
        try YAMLScreen.check(body, file: file)
        let empty = RecipeError(
            .empty, file, expected: "keys and values", found: "an empty text", hint: "start from the documented example"
        )
        // The parser keeps the anchors alive that `convert` looks for.
        guard let root = try compose(body, file) else { throw empty }
        if root.isNothing { throw empty }
        guard case .mapping(let entries, let line) = root else {
            throw RecipeError(
                .wrongType, file, line: root.line, expected: "a mapping of keys", found: root.description,
                hint: "write 'key: value', with a blank behind the colon")
        }
        return YAMLMapping(file: file, path: "", line: line, entries: entries)
    }

    private static func compose(_ text: String, _ file: String) throws(RecipeError) -> YAMLNode? {
        do {
            let parser = try Yams.Parser(yaml: text, resolver: .basic, encoding: .utf8)
            guard let root = try parser.singleRoot() else { return nil }
            let node = try convert(root, depth: 0, file: file)
            return withExtendedLifetime(parser) { node }
        } catch let error as RecipeError {
            throw error
        } catch let error as YamlError {
            throw translated(error, text, file)
        } catch {
            throw RecipeError(.syntax, file, expected: "YAML", found: "\(error)")
        }
    }

    private static func convert(_ node: Node, depth: Int, file: String) throws(RecipeError) -> YAMLNode {
        let line = node.mark?.line ?? 0
        guard depth <= deepest else {
            throw RecipeError(
                .forbidden, file, line: line, expected: "at most \(deepest) levels", found: "values nested more deeply")
        }
        if node.anchor != nil {
            throw RecipeError(.forbidden, file, line: line, expected: "no anchors", found: "an anchor")
        }
        switch node {
        case .scalar(let scalar):
            return .scalar(scalar.string, quoted: scalar.style != .plain && scalar.style != .any, line: line)
        case .sequence(let sequence):
            var nodes: [YAMLNode] = []
            for child in sequence { nodes.append(try convert(child, depth: depth + 1, file: file)) }
            return .list(nodes, line: line)
        case .mapping(let mapping):
            var entries: [YAMLEntry] = []
            var lines: [String: Int] = [:]
            for (key, value) in mapping {
                let keyLine = key.mark?.line ?? line
                guard case .scalar(let scalar) = key, !scalar.string.isEmpty else {
                    throw RecipeError(
                        .wrongType, file, line: keyLine, expected: "a word as key",
                        found: "a list, a mapping or nothing")
                }
                if let first = lines.updateValue(keyLine, forKey: scalar.string) {
                    throw duplicate(scalar.string, line: keyLine, first: first, file)
                }
                let child = try convert(value, depth: depth + 1, file: file)
                entries.append(YAMLEntry(key: scalar.string, line: keyLine, value: child))
            }
            return .mapping(entries, line: line)
        case .alias:
            throw RecipeError(.forbidden, file, line: line, expected: "no aliases", found: "an alias")
        }
    }

    private static func translated(_ error: YamlError, _ text: String, _ file: String) -> RecipeError {
        switch error {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _):
            let about = context.map { " (\($0.text) in line \($0.mark.line))" } ?? ""
            return RecipeError(
                .syntax, file, line: mark.line, expected: "well-formed YAML",
                found: "\(YAMLNode.shortened(problem)) in column \(mark.column)\(about)",
                hint: "check indentation and quotes")
        case .composer(_, let problem, let mark, _):
            let several = problem.contains("another document")
            return RecipeError(
                .forbidden, file, line: mark.line, expected: several ? "one document" : "no aliases",
                found: several ? "a second one behind '---'" : "an alias", hint: "write the value out")
        case .reader(let problem, let offset, _, _):
            let line = offset.map { 1 + text.utf8.prefix($0).count { $0 == UInt8(ascii: "\n") } } ?? 0
            return RecipeError(.notText, file, line: line, expected: "printable text", found: problem)
        case .duplicatedKeysInMapping(let duplicates, let context):
            let key = duplicates.first ?? ""
            let first = context.mark.line
            let second = lineOfRepetition(of: key, in: text, first: first, column: context.mark.column)
            return duplicate(key, line: second, first: first, file)
        default:
            return RecipeError(.syntax, file, expected: "well-formed YAML", found: "\(error)")
        }
    }

    private static func duplicate(_ key: String, line: Int, first: Int, _ file: String) -> RecipeError {
        RecipeError(
            .duplicateKey, file, line: line, key: YAMLNode.shortened(key), expected: "every key once",
            found: "a second one, the first is in line \(first)", hint: "delete one of them")
    }

    /// The parser tells where a repeated key stands first; where it stands again is looked up in the text.
    private static func lineOfRepetition(of key: String, in text: String, first: Int, column: Int) -> Int {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard first < lines.count else { return first }
        for index in first..<lines.count {
            let line = lines[index]
            let indent = line.prefix { $0 == " " }.count
            let content = line.dropFirst(indent)
            if content.isEmpty || content.hasPrefix("#") || content == "\r" { continue }
            if indent < column - 1 { break }
            guard indent == column - 1 else { continue }
            let spellings = [key, "\"\(key)\"", "'\(key)'"]
            let hit = spellings.contains {
                content.hasPrefix($0) && content.dropFirst($0.count).drop { $0 == " " }.first == ":"
            }
            if hit { return index + 1 }
        }
        return first
    }

    private static func checkSize(_ count: Int, _ file: String) throws(RecipeError) {
        guard count > largest else { return }
        throw RecipeError(
            .tooLarge, file, expected: "at most \(largest) bytes", found: "\(count)", hint: "is it the right file?")
    }

    private static func lineOfDamage(_ bytes: [UInt8]) -> Int {
        // Lines are cut at a byte that no longer sequence contains, so each can be looked at on its own.
        var number = 0
        for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            number += 1
            if String(validating: line, as: UTF8.self) == nil { return number }
        }
        return 0
    }

    private static func bytes(of path: String) throws(RecipeError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw unreadable(path, Glibc.errno) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16384)
        // One byte more than allowed is enough to know that it is too much.
        while bytes.count <= largest {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count == 0 { return bytes }
            if count < 0 {
                if Glibc.errno == EINTR { continue }
                throw unreadable(path, Glibc.errno)
            }
            bytes.append(contentsOf: chunk[0..<count])
        }
        throw RecipeError(
            .tooLarge, path, expected: "at most \(largest) bytes", found: "more", hint: "is it the right file?")
    }

    private static func unreadable(_ path: String, _ code: Int32) -> RecipeError {
        RecipeError(
            .unreadable, path, expected: "a readable file", found: code == ENOENT ? "nothing of that name" : "an error",
            errno: code, hint: "check the path and the permissions")
    }
}
