// SPDX-License-Identifier: Apache-2.0

/// HTML in which everything that is put in is escaped, unless it is HTML itself.
///
/// A literal is HTML; a `String` in `\(…)` is text, whoever named the file that it comes from.
struct Markup: ExpressibleByStringInterpolation {
    /// The HTML.
    private(set) var text: String

    init(stringLiteral value: String) { text = value }

    init(stringInterpolation: Interpolation) { text = stringInterpolation.text }

    /// HTML that was made elsewhere and is known to be well-formed, such as a drawing.
    init(trusted text: String) { self.text = text }

    static func += (left: inout Markup, right: Markup) { left.text += right.text }

    struct Interpolation: StringInterpolationProtocol {
        fileprivate var text = ""

        init(literalCapacity: Int, interpolationCount: Int) { text.reserveCapacity(literalCapacity) }

        mutating func appendLiteral(_ literal: String) { text += literal }

        mutating func appendInterpolation(_ value: String) { text += Markup.escaped(value) }

        mutating func appendInterpolation(_ value: Int) { text += NumberText.grouped(value) }

        mutating func appendInterpolation(_ value: Markup) { text += value.text }

        mutating func appendInterpolation(_ values: [Markup]) { for value in values { text += value.text } }
    }

    /// Text for the inside of elements and of attributes.
    ///
    /// Characters that control (C0 but tab and newline, C1) or turn the direction of writing become U+FFFD: a name must not rewrite the
    /// line that it stands in.
    static func escaped(_ text: String) -> String {
        text.unicodeScalars.reduce(into: "") { result, scalar in
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            case "\t", "\n": result.unicodeScalars.append(scalar)
            default:
                switch scalar.value {
                case 0..<0x20, 0x7F..<0xA0, 0x202A...0x202E, 0x2066...0x2069, 0xFFFE...0xFFFF: result += "\u{FFFD}"
                default: result.unicodeScalars.append(scalar)
                }
            }
        }
    }

    /// A table, that scrolls where it is wider than the screen.
    ///
    /// - Parameters:
    ///   - caption: what it shows.
    ///   - columns: heads; one that begins with `#` is a column of numbers.
    ///   - rows: as many cells each; the first names the row.
    static func table(_ caption: String, _ columns: [String], _ rows: [[Markup]]) -> Markup {
        let isNumber = columns.map { $0.hasPrefix("#") }
        let heads = zip(columns, isNumber).map { name, isNumber -> Markup in
            let name = isNumber ? String(name.dropFirst()) : name
            return isNumber ? "<th scope=\"col\" class=\"number\">\(name)</th>" : "<th scope=\"col\">\(name)</th>"
        }
        let body = rows.map { row -> Markup in
            let cells = row.enumerated().map { place, cell -> Markup in
                if place == 0 { return "<th scope=\"row\">\(cell)</th>" }
                return isNumber[place] ? "<td class=\"number\">\(cell)</td>" : "<td>\(cell)</td>"
            }
            return "<tr>\(cells)</tr>\n"
        }
        return """
            <div class="wide" tabindex="0" role="region" aria-label="\(caption)"><table><caption>\(caption)</caption>
            <thead><tr>\(heads)</tr></thead>
            <tbody>
            \(body)</tbody></table></div>

            """
    }

    /// A drawing with its words.
    static func figure(_ drawing: SVGDrawing, title: String, caption: String) -> Markup {
        """
        <figure><div class="wide" tabindex="0" role="region" aria-label="\(caption)">\(Markup(trusted: drawing.element(title: title)))</div>
        <figcaption>\(caption)</figcaption></figure>

        """
    }
}
