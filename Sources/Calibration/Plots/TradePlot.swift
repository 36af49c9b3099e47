// SPDX-License-Identifier: Apache-2.0

/// What a detector finds against what a picture costs: AUROC over milliseconds, as SVG.
public enum TradePlot {
    /// One detector with all settings but the size of its input fixed.
    public struct Series: Sendable {
        /// What it is: detector, teacher.
        public let name: String
        /// Its sizes.
        public let points: [Point]

        /// A series.
        public init(name: String, points: [Point]) {
            self.name = name
            self.points = points
        }
    }

    /// One size of one detector.
    public struct Point: Sendable {
        /// Median milliseconds of a picture on one core, > 0.
        public let milliseconds: Double
        /// Mean image AUROC over the seeds.
        public let auroc: Double
        /// Its deviation over the seeds; nil for one seed.
        public let deviation: Double?
        /// What tells it from the others of its series; empty where it is alone.
        public let label: String

        /// A point.
        public init(milliseconds: Double, auroc: Double, deviation: Double?, label: String) {
            self.milliseconds = milliseconds
            self.auroc = auroc
            self.deviation = deviation
            self.label = label
        }
    }

    private static let inks: [SVGDrawing.Ink] = [.blue, .vermilion, .green, .purple, .orange, .sky]
    private static let width = 760.0

    /// The picture; the bars are ± one deviation over the seeds.
    ///
    /// - Parameters:
    ///   - title: the data set.
    ///   - budget: milliseconds that a picture may cost, marked with a line.
    /// - Returns: nil without a point.
    public static func svg(_ series: [Series], title: String, budget: Double? = nil) -> String? {
        let points = series.flatMap(\.points)
        guard !points.isEmpty else { return nil }
        // At least a hundredth to both sides: what lies closer together is the same.
        let reach = points.flatMap { point in
            let half = max(0.01, point.deviation ?? 0)
            return [point.auroc - half, point.auroc + half]
        }
        let room = (width - 106) / 2 - 30
        let columns = series.contains { SVGDrawing.width(of: $0.name) > room } ? 1 : 2
        let rows = Double((series.count + columns - 1) / columns)
        let frame = PlotFrame(
            left: 76, top: 62, width: width - 106, height: 360,
            x: PlotAxis(
                title: "milliseconds per picture, one core, median (logarithmic)",
                logarithmic: points.map(\.milliseconds) + (budget.map { [$0] } ?? [])),
            y: PlotAxis(title: "image AUROC", linear: reach.map { min(1, max(0, $0)) }, within: 0...1))
        var drawing = SVGDrawing(width: width, height: frame.top + frame.height + 64 + 22 * rows)
        drawing.text(CurvePlot.cut(title, to: width - 40, size: 15), at: .init(20, 26), size: 15, isBold: true)
        drawing.text(
            "image AUROC against time; bars: ± one standard deviation over the seeds", at: .init(20, 44), .start, .grey)
        frame.draw(on: &drawing)
        if let budget {
            let x = frame.place(budget, frame.y.lower).x
            drawing.line(.init(x, frame.top), .init(x, frame.top + frame.height), .grey, dashes: "6 3")
            drawing.text("\(NumberText.short(budget)) ms", at: .init(x + 4, frame.top + 12), .start, .grey)
        }
        var labels = LabelPlaces(frame: frame)
        if let budget {
            let x = frame.place(budget, frame.y.lower).x
            labels.block(from: .init(x, frame.top), to: .init(x, frame.top + frame.height))
            labels.block(from: .init(x, frame.top + 8), to: .init(x + 50, frame.top + 8))
        }
        for one in series { block(one, frame, &labels) }
        for (index, one) in series.enumerated() { draw(one, index, frame, &labels, on: &drawing) }
        for (index, one) in series.enumerated() {
            let x = frame.left + 8 + frame.width / Double(columns) * Double(index % columns)
            let y = frame.top + frame.height + 68 + 22 * Double(index / columns)
            drawing.marker(marker(index), at: .init(x, y - 4), ink(index))
            let name = CurvePlot.cut(one.name, to: frame.width / Double(columns) - 30, size: 12)
            drawing.text(name, at: .init(x + 14, y))
        }
        return drawing.document(title: "\(title): image AUROC against milliseconds per picture")
    }

    /// No label may lie on a marker, a bar or the line between sizes.
    private static func block(_ series: Series, _ frame: PlotFrame, _ labels: inout LabelPlaces) {
        let points = series.points.sorted { $0.milliseconds < $1.milliseconds }
        for (index, point) in points.enumerated() {
            let place = frame.place(point.milliseconds, point.auroc)
            labels.block(place, margin: 7)
            if index > 0 {
                labels.block(from: frame.place(points[index - 1].milliseconds, points[index - 1].auroc), to: place)
            }
            let deviation = point.deviation ?? 0
            let (low, high) = (max(frame.y.lower, point.auroc - deviation), min(1, point.auroc + deviation))
            labels.block(
                from: frame.place(point.milliseconds, low), to: frame.place(point.milliseconds, high))
        }
    }

    private static func draw(
        _ series: Series, _ index: Int, _ frame: PlotFrame, _ labels: inout LabelPlaces, on drawing: inout SVGDrawing
    ) {
        let points = series.points.sorted { $0.milliseconds < $1.milliseconds }
        if points.count > 1 {
            drawing.path(points.map { frame.place($0.milliseconds, $0.auroc) }, ink(index), width: 1, dashes: "2 3")
        }
        for point in points {
            let place = frame.place(point.milliseconds, point.auroc)
            if let deviation = point.deviation {
                let (low, high) = (max(frame.y.lower, point.auroc - deviation), min(1, point.auroc + deviation))
                let (from, to) = (frame.place(point.milliseconds, low), frame.place(point.milliseconds, high))
                drawing.line(from, to, ink(index), width: 1.5)
                for end in [from, to] { drawing.line(.init(end.x - 4, end.y), .init(end.x + 4, end.y), ink(index)) }
            }
            drawing.marker(marker(index), at: place, ink(index))
            if !point.label.isEmpty, let (at, anchor) = labels.place(point.label, near: place) {
                drawing.text(point.label, at: at, anchor, .grey, size: 11)
            }
        }
    }

    private static func ink(_ index: Int) -> SVGDrawing.Ink { inks[index % inks.count] }

    // Twelve series differ in colour or in shape before a pair comes again.
    private static func marker(_ index: Int) -> SVGDrawing.Marker {
        let all = SVGDrawing.Marker.allCases
        return all[(index + index / inks.count) % all.count]
    }
}

/// Keeps labels off markers, off each other, and inside the frame.
private struct LabelPlaces {
    private struct Box {
        let left, top, right, bottom: Double

        func meets(_ other: Box) -> Bool {
            left < other.right && other.left < right && top < other.bottom && other.top < bottom
        }
    }

    private let frame: Box
    private var taken: [Box] = []

    init(frame: PlotFrame) {
        self.frame = Box(
            left: frame.left, top: frame.top, right: frame.left + frame.width, bottom: frame.top + frame.height)
    }

    mutating func block(_ place: SVGDrawing.Place, margin: Double) {
        taken.append(
            Box(left: place.x - margin, top: place.y - margin, right: place.x + margin, bottom: place.y + margin))
    }

    /// A straight line, as boxes along it.
    mutating func block(from: SVGDrawing.Place, to: SVGDrawing.Place) {
        let steps = max(1, Int(max(abs(to.x - from.x), abs(to.y - from.y)) / 3))
        for step in 0...steps {
            let share = Double(step) / Double(steps)
            block(.init(from.x + share * (to.x - from.x), from.y + share * (to.y - from.y)), margin: 2)
        }
    }

    /// nil where there is no room: better no label than one that can't be read.
    mutating func place(
        _ text: String, near place: SVGDrawing.Place
    ) -> (SVGDrawing.Place, SVGDrawing.Anchor)? {
        let width = SVGDrawing.width(of: text, size: 11)
        // Close by: further away a label would seem to be another marker's.
        let tries: [(SVGDrawing.Place, SVGDrawing.Anchor, Double)] = [
            (.init(place.x + 10, place.y - 6), .start, 0), (.init(place.x - 10, place.y - 6), .end, -width),
            (.init(place.x + 10, place.y + 14), .start, 0), (.init(place.x - 10, place.y + 14), .end, -width),
            (.init(place.x + 10, place.y - 20), .start, 0), (.init(place.x + 10, place.y + 28), .start, 0),
            (.init(place.x - 10, place.y - 20), .end, -width), (.init(place.x - 10, place.y + 28), .end, -width),
        ]
        for (at, anchor, shift) in tries {
            let box = Box(left: at.x + shift, top: at.y - 9, right: at.x + shift + width, bottom: at.y + 3)
            let isInside =
                box.left >= frame.left && box.right <= frame.right && box.top >= frame.top && box.bottom <= frame.bottom
            guard isInside, !taken.contains(where: box.meets) else { continue }
            taken.append(box)
            return (at, anchor)
        }
        return nil
    }
}
