// SPDX-License-Identifier: Apache-2.0

/// A small picture of lines and text in SVG 1.1, on white, so that it reads the same in light and dark viewers.
struct SVGDrawing {
    /// Colours that people with any colour vision tell apart (Okabe and Ito, 2008).
    enum Ink: String {
        case black = "#000000"
        case grey = "#6b6b6b"
        case pale = "#e3e3e3"
        case white = "#ffffff"
        case blue = "#0072b2"
        case vermilion = "#d55e00"
        case green = "#009e73"
        case purple = "#cc79a7"
        case orange = "#e69f00"
        case sky = "#56b4e9"
    }

    /// Where a text's position is.
    enum Anchor: String { case start, middle, end }

    /// A place, in units of the drawing from its upper left corner.
    struct Place: Equatable {
        var x: Double
        var y: Double

        init(_ x: Double, _ y: Double) {
            self.x = x
            self.y = y
        }
    }

    let width: Double
    let height: Double
    private var body = ""

    init(width: Double, height: Double) {
        self.width = width
        self.height = height
    }

    /// The whole file; `title` is what a reader hears who can't see it.
    func document(title: String) -> String {
        let size = "\(Self.number(width)) \(Self.number(height))"
        return """
            <svg xmlns="http://www.w3.org/2000/svg" width="\(Self.number(width))" height="\(Self.number(height))" \
            viewBox="0 0 \(size)" role="img" font-family="'DejaVu Sans', Verdana, Helvetica, Arial, sans-serif" \
            font-size="12">
            <title>\(Self.escaped(title))</title>
            <rect width="100%" height="100%" fill="#ffffff"/>
            \(body)</svg>

            """
    }

    /// The drawing within a page of HTML: no namespace, and no ground of its own, so that the page's style may change its inks.
    func element(title: String) -> String {
        """
        <svg width="\(Self.number(width))" height="\(Self.number(height))" \
        viewBox="0 0 \(Self.number(width)) \(Self.number(height))" role="img" font-size="12">
        <title>\(Self.escaped(title))</title>
        \(body)</svg>
        """
    }

    mutating func line(_ from: Place, _ to: Place, _ ink: Ink, width: Double = 1, dashes: String? = nil) {
        path([from, to], ink, width: width, dashes: dashes)
    }

    mutating func path(_ places: [Place], _ ink: Ink, width: Double = 2, dashes: String? = nil) {
        let list = places.map { "\(Self.number($0.x)),\(Self.number($0.y))" }.joined(separator: " ")
        let dash = dashes.map { " stroke-dasharray=\"\($0)\"" } ?? ""
        body +=
            "<polyline points=\"\(list)\" fill=\"none\" stroke=\"\(ink.rawValue)\" "
            + "stroke-width=\"\(Self.number(width))\" stroke-linejoin=\"round\"\(dash)/>\n"
    }

    mutating func rect(_ corner: Place, width: Double, height: Double, _ ink: Ink, opacity: Double = 1) {
        let shade = opacity < 1 ? " fill-opacity=\"\(Self.number(opacity))\"" : ""
        body +=
            "<rect x=\"\(Self.number(corner.x))\" y=\"\(Self.number(corner.y))\" width=\"\(Self.number(width))\" "
            + "height=\"\(Self.number(height))\" fill=\"\(ink.rawValue)\"\(shade)/>\n"
    }

    mutating func text(
        _ text: String, at place: Place, _ anchor: Anchor = .start, _ ink: Ink = .black, size: Double = 12,
        isBold: Bool = false, isUpright: Bool = false
    ) {
        let (x, y) = (Self.number(place.x), Self.number(place.y))
        let turn = isUpright ? " transform=\"rotate(-90 \(x) \(y))\"" : ""
        let weight = isBold ? " font-weight=\"bold\"" : ""
        body +=
            "<text x=\"\(x)\" y=\"\(y)\" text-anchor=\"\(anchor.rawValue)\" fill=\"\(ink.rawValue)\" "
            + "font-size=\"\(Self.number(size))\"\(weight)\(turn)>\(Self.escaped(text))</text>\n"
    }

    /// Shapes that can be told apart without their colours.
    enum Marker: Int, CaseIterable { case circle, square, triangle, diamond, cross, downward }

    mutating func marker(_ marker: Marker, at place: Place, _ ink: Ink, radius: Double = 5) {
        let (x, y, r) = (place.x, place.y, radius)
        func polygon(_ corners: [Place]) {
            let list = corners.map { "\(Self.number($0.x)),\(Self.number($0.y))" }.joined(separator: " ")
            body += "<polygon points=\"\(list)\" fill=\"\(ink.rawValue)\" stroke=\"#ffffff\" stroke-width=\"1\"/>\n"
        }
        switch marker {
        case .circle:
            body +=
                "<circle cx=\"\(Self.number(x))\" cy=\"\(Self.number(y))\" r=\"\(Self.number(r))\" "
                + "fill=\"\(ink.rawValue)\" stroke=\"#ffffff\" stroke-width=\"1\"/>\n"
        case .square:
            polygon([Place(x - r, y - r), Place(x + r, y - r), Place(x + r, y + r), Place(x - r, y + r)])
        case .triangle: polygon([Place(x, y - 1.2 * r), Place(x + 1.1 * r, y + r), Place(x - 1.1 * r, y + r)])
        case .downward: polygon([Place(x, y + 1.2 * r), Place(x + 1.1 * r, y - r), Place(x - 1.1 * r, y - r)])
        case .diamond:
            polygon([Place(x, y - 1.3 * r), Place(x + 1.3 * r, y), Place(x, y + 1.3 * r), Place(x - 1.3 * r, y)])
        case .cross:
            line(Place(x - r, y - r), Place(x + r, y + r), ink, width: 3)
            line(Place(x - r, y + r), Place(x + r, y - r), ink, width: 3)
        }
    }

    /// About how wide a text is: wide enough for every usual sans-serif font.
    static func width(of text: String, size: Double = 12) -> Double { Double(text.count) * size * 0.62 }

    private static func number(_ value: Double) -> String { NumberText.short(value) }

    private static func escaped(_ text: String) -> String {
        text.unicodeScalars.reduce(into: "") { result, scalar in
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            // What controls, or turns the direction of writing: a name must not rewrite the line that it stands in.
            case _
            where (0x7F..<0xA0).contains(scalar.value) || (0x202A...0x202E).contains(scalar.value)
                || (0x2066...0x2069).contains(scalar.value):
                result += "\u{FFFD}"
            // Not allowed in XML at all.
            case _ where scalar.value < 0x20 || scalar.value == 0xFFFE || scalar.value == 0xFFFF: result += " "
            default: result.unicodeScalars.append(scalar)
            }
        }
    }
}
