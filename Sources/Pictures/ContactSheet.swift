// SPDX-License-Identifier: Apache-2.0

/// Many pictures side by side, each with a few words below it and a frame around the place to look at.
public struct ContactSheet: Sendable {
    /// One picture of a sheet.
    public struct Item: Sendable {
        /// What is shown, at any size.
        public var picture: Picture
        /// Lines of ASCII text below it; what is too wide is shortened in the middle.
        public var caption: [String]
        /// A rectangle of the picture to look at; nil: none.
        public var mark: Region?

        /// A picture with its caption.
        public init(picture: Picture, caption: [String], mark: Region? = nil) {
            self.picture = picture
            self.caption = caption
            self.mark = mark
        }
    }

    /// Side of the square that a picture is fitted into, in pixels.
    static let thumbnail = 232
    /// Pictures beside one another: a sheet is at most 1,950 pixels wide.
    static let columns = 8
    /// Rows of a sheet.
    static let rows = 6
    /// Pictures on one sheet.
    public static let capacity = columns * rows

    private static let margin = 10
    private static let line = BitmapFont.height + 4

    /// Pictures in their order, row by row, on as many sheets as they need; none without pictures.
    ///
    /// - Parameter title: a line above each sheet; sheets are numbered when there are several.
    public static func sheets(_ items: [Item], title: String) -> [Picture] {
        let count = (items.count + capacity - 1) / capacity
        return (0..<count).map { number in
            let shown = items[number * capacity..<min(items.count, (number + 1) * capacity)]
            return sheet(Array(shown), title: count == 1 ? title : "\(title)  sheet \(number + 1) of \(count)")
        }
    }

    private static func sheet(_ items: [Item], title: String) -> Picture {
        let across = min(columns, items.count)
        let lines = items.map(\.caption.count).max() ?? 0
        let cell = (width: thumbnail + margin, height: thumbnail + 4 + lines * line + margin)
        // A title needs room even above a single picture.
        let width = max(margin + across * cell.width, 2 * cell.width + margin)
        let top = margin + 2 * BitmapFont.height + margin
        let down = (items.count + columns - 1) / columns
        var sheet = Picture(width: width, height: top + down * cell.height, colour: PanelColours.ground)
        let heading = HeatMap.fit(title, width: width - 2 * margin)
        sheet.draw(heading.text, x: margin, y: margin, scale: heading.scale, PanelColours.text)
        for (index, item) in items.enumerated() {
            let x = margin + index % columns * cell.width
            let y = top + index / columns * cell.height
            draw(item, x: x, y: y, &sheet)
        }
        return sheet
    }

    private static func draw(_ item: Item, x: Int, y: Int, _ sheet: inout Picture) {
        let (picture, side) = (item.picture, max(item.picture.width, item.picture.height))
        func scaled(_ length: Int) -> Int { (2 * length * thumbnail + side) / (2 * side) }
        let (width, height) = (max(1, scaled(picture.width)), max(1, scaled(picture.height)))
        let (left, top) = (x + (thumbnail - width) / 2, y + (thumbnail - height) / 2)
        sheet.place(picture.resized(width: width, height: height), x: left, y: top)
        if let mark = item.mark {
            // Two pixels of colour between two of shade: it shows on any ground.
            for (outset, colour) in [(2, shade), (1, marked), (0, marked), (-1, shade)] {
                sheet.outline(
                    left + scaled(mark.x) - outset, top + scaled(mark.y) - outset,
                    left + scaled(mark.x + mark.width) + outset, top + scaled(mark.y + mark.height) + outset,
                    within: Region(x: x, y: y, width: thumbnail, height: thumbnail), colour)
            }
        }
        for (number, text) in item.caption.enumerated() {
            let words = fitted(text)
            sheet.draw(
                words, x: x, y: y + thumbnail + 4 + number * line, scale: 1,
                number == 0 ? PanelColours.text : PanelColours.quiet)
        }
    }

    private static let marked = Colour(255, 205, 60)
    private static let shade = Colour(0, 0, 0)

    /// A line of a caption, shortened in the middle where it is too wide for its picture.
    package static func fitted(_ text: String) -> String {
        let room = thumbnail / BitmapFont.advance
        guard text.count > room else { return text }
        return "\(text.prefix(room / 2 - 1))..\(text.suffix(room - room / 2 - 1))"
    }
}

extension Picture {
    /// Draws a one-pixel outline from corner to corner, held inside an area.
    fileprivate mutating func outline(
        _ left: Int, _ top: Int, _ right: Int, _ bottom: Int, within area: Region, _ colour: Colour
    ) {
        let (x0, x1) = (max(left, area.x), min(right, area.x + area.width))
        let (y0, y1) = (max(top, area.y), min(bottom, area.y + area.height))
        guard x1 - x0 >= 2, y1 - y0 >= 2 else { return }
        frame(Region(x: x0, y: y0, width: x1 - x0, height: y1 - y0), colour)
    }
}
