// SPDX-License-Identifier: Apache-2.0

/// A strict reader of the HTML that a report writes: tags in pairs, attributes in quotes.
struct PageReader {
    struct Element {
        let name: String
        let attributes: [String: String]
        /// The text up to the next tag, as it is written.
        let text: String
    }

    let elements: [Element]

    /// Elements that have no end.
    private static let lonely: Set<String> = ["meta", "!DOCTYPE"]

    /// nil where a tag is not closed as it should be, or an attribute has no quotes.
    init?(_ html: String) {
        var found: [Element] = []
        var open: [String] = []
        var rest = Substring(html)
        while let start = rest.firstIndex(of: "<") {
            guard let end = rest[start...].firstIndex(of: ">") else { return nil }
            let tag = rest[rest.index(after: start)..<end]
            rest = rest[rest.index(after: end)...]
            if tag.hasPrefix("/") {
                guard open.popLast() == String(tag.dropFirst()) else { return nil }
                continue
            }
            let name = String(tag.prefix { $0 != " " && $0 != "/" })
            guard name == "!DOCTYPE" || name.allSatisfy({ $0.isLetter || $0.isNumber }), !name.isEmpty else {
                return nil
            }
            var attributes: [String: String] = [:]
            let pieces = tag.dropFirst(name.count).split(separator: "\"", omittingEmptySubsequences: false)
            guard pieces.count % 2 == 1 else { return nil }
            for index in stride(from: 0, to: pieces.count - 1, by: 2) {
                let key = pieces[index].trimmingPrefix(" ")
                guard key.hasSuffix("="), !key.contains(" "), attributes[String(key.dropLast())] == nil else {
                    return nil
                }
                attributes[String(key.dropLast())] = String(pieces[index + 1])
            }
            if !tag.hasSuffix("/"), !Self.lonely.contains(name) { open.append(name) }
            found.append(Element(name: name, attributes: attributes, text: String(rest.prefix { $0 != "<" })))
        }
        guard open.isEmpty else { return nil }
        elements = found
    }

    func of(_ name: String) -> [Element] { elements.filter { $0.name == name } }
}
