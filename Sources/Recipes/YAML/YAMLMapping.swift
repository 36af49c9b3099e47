// SPDX-License-Identifier: Apache-2.0

/// A mapping of a YAML text that notes which of its keys were asked for, so that the others can be refused.
///
/// Ask for every key that means something, the nested mappings likewise, then call `finish()` on each.
public final class YAMLMapping {
    /// The name of the file in errors.
    public let file: String
    /// Where the mapping stands, e.g. `source`; empty for the outermost.
    public let path: String
    /// The line on which it begins, from 1.
    public let line: Int
    private let entries: [YAMLEntry]
    private var asked: [String] = []

    init(file: String, path: String, line: Int, entries: [YAMLEntry]) {
        self.file = file
        self.path = path
        self.line = line
        self.entries = entries
    }

    /// The keys in the order of the text.
    public var keys: [String] {
        entries.map(\.key)
    }

    /// True when the key is there; does not count as asking for it.
    public func contains(_ key: String) -> Bool {
        entries.contains { $0.key == key }
    }

    /// A value that must be there.
    public func required<Value: YAMLValue>(_ key: String, as type: Value.Type) throws(RecipeError) -> Value {
        guard let value = try optional(key, as: type) else { throw missing(key, Value.yamlName) }
        return value
    }

    /// A value that may be missing: `nil` when the key is not there; a key with nothing behind it is an error.
    public func optional<Value: YAMLValue>(_ key: String, as type: Value.Type) throws(RecipeError) -> Value? {
        guard let entry = take(key) else { return nil }
        return try value(of: entry.value, type, key, line: entry.line)
    }

    /// A number that must be there and lie inside a range.
    public func required<Value: YAMLValue & Comparable>(
        _ key: String, as type: Value.Type, in range: ClosedRange<Value>
    ) throws(RecipeError) -> Value {
        guard let value = try optional(key, as: type, in: range) else { throw missing(key, Value.yamlName) }
        return value
    }

    /// A number that may be missing but, if there, lies inside a range.
    public func optional<Value: YAMLValue & Comparable>(
        _ key: String, as type: Value.Type, in range: ClosedRange<Value>
    ) throws(RecipeError) -> Value? {
        guard let value = try optional(key, as: type) else { return nil }
        guard range.contains(value) else {
            throw error(
                .outOfRange, key, expected: "\(Value.yamlName), \(range.lowerBound) to \(range.upperBound)",
                found: "\(value)")
        }
        return value
    }

    /// One of the words of an enumeration; must be there.
    public func required<Choice: RawRepresentable & CaseIterable>(
        _ key: String, oneOf choices: Choice.Type
    ) throws(RecipeError) -> Choice where Choice.RawValue == String {
        guard let value = try optional(key, oneOf: choices) else {
            throw missing(key, Choice.allCases.map(\.rawValue).joined(separator: ", "))
        }
        return value
    }

    /// One of the words of an enumeration; may be missing.
    public func optional<Choice: RawRepresentable & CaseIterable>(
        _ key: String, oneOf choices: Choice.Type
    ) throws(RecipeError) -> Choice? where Choice.RawValue == String {
        guard let entry = take(key) else { return nil }
        // Any spelling will do here, so that `kind: 4` is told the choices and not to use quotes.
        if case .scalar(let word, _, _) = entry.value, let choice = Choice(rawValue: word) { return choice }
        let words = Choice.allCases.map(\.rawValue)
        var hint = ""
        if case .scalar(let word, _, _) = entry.value, let near = Spelling.nearest(to: word, among: words) {
            hint = "did you mean '\(near)'?"
        }
        throw error(
            .notAChoice, key, expected: words.joined(separator: ", "), found: entry.value.description, hint: hint)
    }

    /// A nested mapping that must be there.
    public func requiredMapping(_ key: String) throws(RecipeError) -> YAMLMapping {
        guard let mapping = try optionalMapping(key) else { throw missing(key, "a mapping of keys") }
        return mapping
    }

    /// A nested mapping, `nil` when the key is not there.
    public func optionalMapping(_ key: String) throws(RecipeError) -> YAMLMapping? {
        guard let entry = take(key) else { return nil }
        return try mapping(of: entry.value, dotted(key), line: entry.line)
    }

    /// A list of values that must be there; its entries are checked one by one.
    public func requiredList<Value: YAMLValue>(_ key: String, of type: Value.Type) throws(RecipeError) -> [Value] {
        guard let values = try optionalList(key, of: type) else { throw missing(key, "a list, each \(Value.yamlName)") }
        return values
    }

    /// A list of values, `nil` when the key is not there.
    public func optionalList<Value: YAMLValue>(_ key: String, of type: Value.Type) throws(RecipeError) -> [Value]? {
        guard let nodes = try list(key) else { return nil }
        var values: [Value] = []
        for (index, node) in nodes.enumerated() {
            values.append(try value(of: node, type, "\(key)[\(index)]", line: node.line))
        }
        return values
    }

    /// A list of mappings, `nil` when the key is not there.
    public func optionalMappings(_ key: String) throws(RecipeError) -> [YAMLMapping]? {
        guard let nodes = try list(key) else { return nil }
        var mappings: [YAMLMapping] = []
        for (index, node) in nodes.enumerated() {
            mappings.append(try mapping(of: node, "\(dotted(key))[\(index)]", line: node.line))
        }
        return mappings
    }

    /// Refuses keys that belong to another choice, e.g. `path` when the source is synthetic.
    ///
    /// - Parameters:
    ///   - keys: keys that must not be there.
    ///   - reason: the choice they don't go with, e.g. `kind: synthetic`.
    public func refuse(_ keys: [String], with reason: String) throws(RecipeError) {
        for key in keys where contains(key) {
            throw error(
                .contradiction, key, expected: "no such key with '\(reason)'", found: "'\(key)'",
                hint: "delete the line")
        }
    }

    /// Throws when there is a key that nobody asked for: the first in the text, with the nearest valid one.
    public func finish() throws(RecipeError) {
        guard let stray = entries.first(where: { !asked.contains($0.key) }) else { return }
        throw unknown(stray)
    }

    /// An error about one key, for checks that are the caller's own.
    public func error(
        _ code: RecipeError.Code, _ key: String, expected: String, found: String, hint: String = ""
    ) -> RecipeError {
        let entry = entries.first { $0.key == key }
        return RecipeError(
            code, file, line: entry?.line ?? line, key: dotted(key), expected: expected, found: found, hint: hint)
    }

    private func dotted(_ key: String) -> String {
        path.isEmpty ? key : "\(path).\(key)"
    }

    private func take(_ key: String) -> YAMLEntry? {
        if !asked.contains(key) { asked.append(key) }
        return entries.first { $0.key == key }
    }

    private func list(_ key: String) throws(RecipeError) -> [YAMLNode]? {
        guard let entry = take(key) else { return nil }
        guard case .list(let nodes, _) = entry.value else {
            throw error(
                .wrongType, key, expected: "a list", found: entry.value.description,
                hint: "write [a, b] or lines of '- a'")
        }
        return nodes
    }

    private func value<Value: YAMLValue>(
        of node: YAMLNode, _ type: Value.Type, _ key: String, line: Int
    ) throws(RecipeError) -> Value {
        if case .scalar(let word, let quoted, _) = node, let value = Value(yaml: word, quoted: quoted) { return value }
        var hint = ""
        if case .scalar(let word, let quoted, _) = node {
            if Value.self == String.self, !node.isNothing { hint = "put it in quotes" }
            if quoted, Value(yaml: word, quoted: false) != nil { hint = "take the quotes away" }
        }
        throw RecipeError(
            .wrongType, file, line: line, key: dotted(key), expected: Value.yamlName, found: node.description,
            hint: hint)
    }

    private func mapping(of node: YAMLNode, _ path: String, line: Int) throws(RecipeError) -> YAMLMapping {
        guard case .mapping(let entries, _) = node else {
            throw RecipeError(
                .wrongType, file, line: line, key: path, expected: "a mapping of keys", found: node.description,
                hint: "indent its keys on the lines below")
        }
        return YAMLMapping(file: file, path: path, line: line, entries: entries)
    }

    /// A missing key is often a misspelt one: then the misspelt line is the one to show.
    private func missing(_ key: String, _ expected: String) -> RecipeError {
        for entry in entries where !asked.contains(entry.key) && Spelling.nearest(to: entry.key, among: [key]) != nil {
            return unknown(entry)
        }
        return RecipeError(
            .missingKey, file, line: line, key: dotted(key), expected: expected, found: "no such key",
            hint: "add '\(key): ...'")
    }

    private func unknown(_ entry: YAMLEntry) -> RecipeError {
        let near = Spelling.nearest(to: entry.key, among: asked)
        return RecipeError(
            .unknownKey, file, line: entry.line, key: YAMLNode.shortened(dotted(entry.key)),
            expected: asked.joined(separator: ", "), found: YAMLNode.shortened(entry.key),
            hint: near.map { "did you mean '\($0)'?" } ?? "")
    }
}
