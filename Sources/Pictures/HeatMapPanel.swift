// SPDX-License-Identifier: Apache-2.0

extension HeatMap {
    /// What an operator looks at: caption above, the picture left, the overlay right, a colour bar with the threshold.
    ///
    /// Pictures are shown with their longer side between 256 and 640 pixels. Words of the caption that name a verdict
    /// (STOP, PASS, WARN, FAULT) have its colour. Lines that are too wide are set smaller, then shortened in the middle.
    ///
    /// - Parameters:
    ///   - original: a picture of the same field of view as the map.
    ///   - caption: lines of ASCII text, such as file name, score, threshold and verdict.
    public func panel(original: Picture, caption: [String]) -> Picture {
        let view = Self.view(of: original)
        return panel(left: view, right: overlay(on: view), caption: caption)
    }

    /// The same panel for an original of which the network saw what an input rule left.
    ///
    /// - Throws: `.badArgument` when the rule does not fit the picture.
    public func panel(original: Picture, seenBy rule: InputRule, caption: [String]) throws(PictureError) -> Picture {
        // Painted at full size first: the rule's region counts pixels of the original.
        let painted = try overlay(on: original, seenBy: rule)
        return panel(left: Self.view(of: original), right: Self.view(of: painted), caption: caption)
    }

    private static func view(of picture: Picture) -> Picture {
        let side = max(picture.width, picture.height)
        let shown = min(max(side, 256), 640)
        guard shown != side else { return picture }
        func scaled(_ length: Int) -> Int { max(1, (2 * length * shown + side) / (2 * side)) }
        return picture.resized(width: scaled(picture.width), height: scaled(picture.height))
    }

    private func panel(left: Picture, right: Picture, caption: [String]) -> Picture {
        let margin = 10
        let barWidth = 16
        let labelWidth = 9 * BitmapFont.advance
        let body = max(left.height, 96)
        // Narrow, tall parts still need room for a line of text.
        let wide = max(2 * left.width + 3 * margin + barWidth + 8 + labelWidth + margin, 420)
        let lines = caption.map { Self.fit($0, width: wide - 2 * margin) }
        let top = lines.isEmpty ? margin : lines.reduce(margin) { $0 + $1.scale * 7 + 6 } + margin - 6
        var panel = Picture(width: wide, height: top + body + margin, colour: PanelColours.ground)

        var y = margin
        for line in lines {
            Self.draw(line.text, x: margin, y: y, scale: line.scale, &panel)
            y += line.scale * BitmapFont.height + 6
        }
        panel.place(left, x: margin, y: top + (body - left.height) / 2)
        panel.place(right, x: 2 * margin + left.width, y: top + (body - right.height) / 2)
        let barLeft = 3 * margin + 2 * left.width
        drawBar(Region(x: barLeft, y: top, width: barWidth, height: body), &panel)
        return panel
    }

    /// Twice the threshold at the top, zero at the bottom; a mark at the threshold, an arrow at the peak.
    private func drawBar(_ area: Region, _ panel: inout Picture) {
        let span = area.height - 1
        for row in 0...span {
            let tint = HeatMapColours.tint(2 * Float(span - row) / Float(span))
            let line = Region(x: area.x, y: area.y + row, width: area.width, height: 1)
            panel.fill(line, PanelColours.bar.mixed(with: tint.colour, tint.alpha / 0.7))
        }
        panel.frame(area, PanelColours.quiet)
        let label = area.x + area.width + 8
        let middle = area.y + span / 2
        panel.fill(Region(x: area.x - 3, y: middle - 1, width: area.width + 9, height: 3), PanelColours.ground)
        panel.fill(Region(x: area.x - 3, y: middle, width: area.width + 9, height: 1), PanelColours.text)
        panel.draw("threshold", x: label, y: middle - 9, scale: 1, PanelColours.quiet)
        panel.draw(Self.short(threshold), x: label, y: middle + 3, scale: 1, PanelColours.text)

        guard let peak else { return }
        let level = min(max(relative(peak.value), 0), 2)
        let row = area.y + span - Int(level / 2 * Float(span))
        let colour = peak.value > threshold ? PanelColours.stop : PanelColours.pass
        for step in 0..<5 {
            let half = step
            panel.fill(
                Region(x: area.x + area.width + step, y: row - half, width: 1, height: 2 * half + 1), colour)
        }
        // Its label keeps clear of the threshold's and of the edges.
        var text = min(max(row - 9, area.y), area.y + area.height - 19)
        if text + 19 > middle - 10, text < middle + 12 { text = row <= middle ? middle - 30 : middle + 15 }
        panel.draw("peak", x: label, y: text, scale: 1, PanelColours.quiet)
        panel.draw(Self.short(peak.value), x: label, y: text + 10, scale: 1, colour)
    }

    /// The largest of the two sizes that fits, and what fits of the text.
    static func fit(_ text: String, width: Int) -> (text: String, scale: Int) {
        for scale in [2, 1] where text.count * BitmapFont.advance * scale <= width { return (text, scale) }
        let room = max(4, width / BitmapFont.advance)
        return ("\(text.prefix(room / 2 - 1))..\(text.suffix(room - room / 2 - 1))", 1)
    }

    private static func draw(_ text: String, x: Int, y: Int, scale: Int, _ panel: inout Picture) {
        var left = x
        for word in text.split(separator: " ", omittingEmptySubsequences: false) {
            let letters = word.filter { $0.isLetter }
            panel.draw(word, x: left, y: y, scale: scale, PanelColours.verdicts[letters] ?? PanelColours.text)
            left += (word.count + 1) * BitmapFont.advance * scale
        }
    }

    /// At most eight characters.
    static func short(_ value: Float) -> String {
        guard value.isFinite, abs(value) < 1_000_000, value == 0 || abs(value) >= 0.001 else {
            return String("\(value)".prefix(8))
        }
        let decimals = abs(value) < 100 ? 3 : 1
        let unit = decimals == 3 ? 1000 : 10
        let scaled = Int((abs(Double(value)) * Double(unit)).rounded())
        let fraction = "\(scaled % unit)"
        let zeros = String(repeating: "0", count: decimals - fraction.count)
        return "\(value < 0 ? "-" : "")\(scaled / unit).\(zeros)\(fraction)"
    }
}

/// The colours of a panel.
enum PanelColours {
    static let ground = Colour(24, 26, 30)
    static let bar = Colour(96, 96, 96)
    static let text = Colour(240, 240, 240)
    static let quiet = Colour(150, 155, 165)
    static let stop = Colour(255, 85, 75)
    static let pass = Colour(80, 220, 110)

    /// Words of the caption that are not white.
    static let verdicts: [String: Colour] = [
        "STOP": stop, "NG": stop, "FAULT": stop, "WARN": Colour(255, 205, 60), "PASS": pass, "OK": pass,
    ]
}
