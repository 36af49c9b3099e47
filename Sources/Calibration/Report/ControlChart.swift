// SPDX-License-Identifier: Apache-2.0

/// The scores of production, one part after the other, beside the thresholds (an individuals chart), as SVG.
package enum ControlChart {
    private static let (width, left, right, top, tall) = (760.0, 64.0, 116.0, 66.0, 250.0)

    /// The chart as an element of a page; nil when no part has a score.
    package static func element(_ production: ProductionRecord, warn: Float?, title: String) -> String? {
        drawing(production, warn: warn)?.element(title: title)
    }

    /// The chart; nil when no part has a score.
    ///
    /// - Parameters:
    ///   - production: the parts.
    ///   - warn: the recipe's warn threshold, where it has one.
    static func drawing(_ production: ProductionRecord, warn: Float?) -> SVGDrawing? {
        let columns = production.columns.columns
        let ranges = columns.compactMap(\.range)
        guard !ranges.isEmpty, let median = production.median else { return nil }
        let bounds = [production.threshold, warn].compactMap(\.self)
        let values = (ranges.flatMap { [$0.low, $0.high] } + bounds).map(Double.init)
        var drawing = SVGDrawing(width: width, height: top + tall + 76)
        let frame = PlotFrame(
            left: left, top: top, width: width - left - right, height: tall,
            x: PlotAxis(title: "", exactly: 0...Double(columns.count), step: Double(columns.count) * 2),
            y: PlotAxis.forScores(values, title: "score"))
        andons(columns, frame, on: &drawing)
        drawScale(columns, frame, on: &drawing)
        curve(columns, frame, on: &drawing)
        lines(
            [("stop", Double(production.threshold), "6 3")] + (warn.map { [("warn", Double($0), "2 3")] } ?? [])
                + [("median", median, nil)], frame, on: &drawing)
        marks(columns, frame, on: &drawing)
        legend(columns, isThinned: production.columns.width > 1, on: &drawing)
        return drawing
    }

    /// Triangles and crosses; where they would hide everything, rows of ticks above the chart.
    private static func marks(_ columns: [PartColumns.Column], _ frame: PlotFrame, on drawing: inout SVGDrawing) {
        let isDense = columns.count { $0.bad > 0 || $0.invalid > 0 } > 120
        let wide = max(0.6, frame.width / Double(columns.count))
        for (place, column) in columns.enumerated() where column.bad > 0 || column.invalid > 0 {
            let x = frame.place(Double(place) + 0.5, frame.y.upper).x
            if column.bad > 0, isDense {
                drawing.rect(.init(x - wide / 2, top - 7), width: wide, height: 6, .vermilion)
            } else if column.bad > 0, let high = column.high {
                drawing.marker(.triangle, at: .init(x, frame.place(0, Double(high)).y), .vermilion, radius: 4.5)
            }
            if column.invalid > 0, isDense {
                drawing.rect(.init(x - wide / 2, top - 15), width: wide, height: 6, .black)
            } else if column.invalid > 0 {
                drawing.marker(.cross, at: .init(x, top + 5), .black, radius: 3.5)
            }
        }
    }

    /// Shade, fainter where only some parts of a column had it.
    private static func andons(_ columns: [PartColumns.Column], _ frame: PlotFrame, on drawing: inout SVGDrawing) {
        func shade(_ place: Int) -> Double {
            guard place < columns.count, columns[place].andon > 0 else { return 0 }
            let share = Double(columns[place].andon) / Double(columns[place].count)
            return share > 0.5 ? 0.35 : share > 0.1 ? 0.2 : 0.1
        }
        var start = 0
        for place in 0...columns.count where place == columns.count || shade(place) != shade(start) {
            if shade(start) > 0 {
                let (left, right) = (
                    frame.place(Double(start), frame.y.upper).x, frame.place(Double(place), frame.y.upper).x
                )
                drawing.rect(
                    .init(left, top), width: max(1, right - left), height: tall, .orange, opacity: shade(start))
            }
            start = place
        }
    }

    /// Grid and scores at the left; below, when the part at a tick was decided.
    private static func drawScale(_ columns: [PartColumns.Column], _ frame: PlotFrame, on drawing: inout SVGDrawing) {
        for tick in frame.y.ticks {
            let y = frame.place(0, tick).y
            drawing.line(.init(left, y), .init(left + frame.width, y), .pale)
            drawing.text(frame.y.label(tick), at: .init(left - 8, y + 4), .end, .grey)
        }
        let bottom = top + tall
        drawing.line(.init(left, bottom), .init(left + frame.width, bottom), .grey)
        drawing.line(.init(left, top), .init(left, bottom), .grey)
        let ticks = min(5, columns.count)
        var part = 1
        var next = 0
        for (place, column) in columns.enumerated() {
            if place == next * (columns.count - 1) / max(1, ticks - 1), next < ticks {
                let x = frame.place(Double(place) + 0.5, frame.y.upper).x
                let words = ReportTime.minute(column.time).split(separator: " ")
                drawing.line(.init(x, bottom), .init(x, bottom + 5), .grey)
                for (line, word) in (["part \(NumberText.grouped(part))"] + words.map(String.init)).enumerated() {
                    drawing.text(word, at: .init(x, bottom + 19 + 15 * Double(line)), .middle, .grey, size: 11)
                }
                next += 1
            }
            part += column.count
        }
        drawing.text(frame.y.title, at: .init(16, top + tall / 2), .middle, isUpright: true)
        drawing.text("UTC", at: .init(left + frame.width + 44, bottom + 49), .start, .grey, size: 11)
    }

    private static func curve(_ columns: [PartColumns.Column], _ frame: PlotFrame, on drawing: inout SVGDrawing) {
        var places: [SVGDrawing.Place] = []
        for (place, column) in columns.enumerated() {
            guard let range = column.range else {
                // A part without a score is a gap.
                if places.count > 1 { drawing.path(places, .blue, width: 1) }
                places = []
                continue
            }
            let (x, ends) = (Double(place) + 0.5, [Double(range.low), Double(range.high)])
            for end in column.isRising ? ends : ends.reversed() where end != ends[0] || places.last?.x != x {
                places.append(frame.place(x, end))
            }
        }
        if places.count > 1 { drawing.path(places, .blue, width: 1) }
        guard columns.count <= 300 else { return }
        for (place, column) in columns.enumerated() {
            guard let range = column.range else { continue }
            drawing.marker(.circle, at: frame.place(Double(place) + 0.5, Double(range.high)), .blue, radius: 2.6)
        }
    }

    /// Named at the right, none over another.
    private static func lines(
        _ lines: [(name: String, value: Double, dashes: String?)], _ frame: PlotFrame, on drawing: inout SVGDrawing
    ) {
        var lowest = -Double.infinity
        for line in lines.sorted(by: { $0.value > $1.value }) {
            let y = frame.place(0, line.value).y
            let ink: SVGDrawing.Ink = line.name == "median" ? .green : .black
            drawing.line(.init(left, y), .init(left + frame.width, y), ink, width: 1.5, dashes: line.dashes)
            let at = max(y, lowest + 14)
            lowest = at
            if at > y + 1 { drawing.line(.init(left + frame.width, y), .init(left + frame.width + 6, at), ink) }
            drawing.text(
                "\(line.name) \(NumberText.significant(line.value))", at: .init(left + frame.width + 8, at + 4),
                size: 11)
        }
    }

    private static func legend(_ columns: [PartColumns.Column], isThinned: Bool, on drawing: inout SVGDrawing) {
        drawing.text(
            isThinned ? "scores of the parts, from the lowest to the highest of each column" : "scores of the parts",
            at: .init(left, 22))
        let isDense = columns.count { $0.bad > 0 || $0.invalid > 0 } > 120
        var x = left
        func entry(_ text: String, _ draw: (inout SVGDrawing, SVGDrawing.Place) -> Void) {
            draw(&drawing, .init(x + 6, 40))
            drawing.text(text, at: .init(x + 18, 44), size: 11)
            x += SVGDrawing.width(of: text, size: 11) + 40
        }
        if columns.contains(where: { $0.bad > 0 }) {
            entry("above the stop threshold") { drawing, place in
                if isDense {
                    drawing.rect(.init(place.x - 3, place.y - 3), width: 6, height: 6, .vermilion)
                } else {
                    drawing.marker(.triangle, at: place, .vermilion, radius: 4.5)
                }
            }
        }
        if columns.contains(where: { $0.invalid > 0 }) {
            entry("score that is no number") { drawing, place in
                if isDense {
                    drawing.rect(.init(place.x - 3, place.y - 3), width: 6, height: 6, .black)
                } else {
                    drawing.marker(.cross, at: place, .black, radius: 3.5)
                }
            }
        }
        if columns.contains(where: { $0.andon > 0 }) {
            entry(isThinned ? "andon (fainter: after some of the parts)" : "andon") { drawing, place in
                drawing.rect(.init(place.x - 6, place.y - 6), width: 14, height: 12, .orange, opacity: 0.35)
            }
        }
    }
}
