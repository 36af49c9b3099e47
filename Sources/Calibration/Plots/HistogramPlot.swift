// SPDX-License-Identifier: Apache-2.0

/// How the scores of good parts and of each kind of defect are spread, beside the threshold, as SVG.
public enum HistogramPlot {
    /// Scores of one kind of part.
    public struct Group: Sendable {
        /// What they are: `good`, or the kind of defect.
        public let name: String
        /// Whether these parts should pass.
        public let isGood: Bool
        /// One score a part.
        public let scores: [Float]

        /// A group.
        public init(name: String, isGood: Bool, scores: [Float]) {
            self.name = name
            self.isGood = isGood
            self.scores = scores
        }
    }

    private static let (width, left, rowHeight, top) = (760.0, 200.0, 64.0, 76.0)
    /// Bins over the whole axis.
    private static let bins = 40.0

    /// One row per group on a common axis; what is right of the threshold stops.
    ///
    /// - Parameters:
    ///   - threshold: the recipe's.
    ///   - warn: the recipe's warn threshold, where it has one.
    ///   - title: what was measured: the recipe and the data set.
    public static func svg(_ groups: [Group], threshold: Float, warn: Float? = nil, title: String) -> String {
        drawing(groups, threshold: threshold, warn: warn, title: title)
            .document(title: "\(title), scores of \(groups.map(\.name).joined(separator: ", "))")
    }

    /// As above, for a page.
    static func drawing(_ groups: [Group], threshold: Float, warn: Float?, title: String) -> SVGDrawing {
        let values = (groups.flatMap(\.scores) + [threshold, warn ?? threshold]).map(Double.init).filter(\.isFinite)
        let axis = PlotAxis.forScores(values, title: "score")
        // A line of its own for the second label.
        let top = warn == nil ? Self.top : Self.top + 16
        let height = top + rowHeight * Double(groups.count) + 62
        var drawing = SVGDrawing(width: width, height: height)
        let area = width - left - 30
        drawing.text(
            CurvePlot.cut(title, to: width - 40, size: 15), at: .init(20, 26), size: 15, isBold: true)
        drawing.text("parts per score; each row has its own height", at: .init(20, 44), .start, .grey)
        let bottom = top + rowHeight * Double(groups.count)
        for tick in axis.ticks {
            let x = left + axis.share(tick) * area
            drawing.line(.init(x, top), .init(x, bottom), .pale)
            drawing.text(axis.label(tick), at: .init(x, bottom + 18), .middle, .grey)
        }
        for (index, group) in groups.enumerated() {
            draw(group, at: top + rowHeight * Double(index), axis, area, threshold: threshold, on: &drawing)
        }
        drawing.text(axis.title, at: .init(left + area / 2, bottom + 42), .middle)
        func bound(_ value: Float, _ name: String, rise: Double, dashes: String) {
            let x = left + axis.share(Double(value)) * area
            drawing.line(.init(x, top - rise), .init(x, bottom), .black, width: 1.5, dashes: dashes)
            // On the side that has room.
            let label = "\(name) \(NumberText.significant(Double(value)))"
            let isRoomy = x + 6 + SVGDrawing.width(of: label) < width
            drawing.text(label, at: .init(isRoomy ? x + 4 : x - 4, top - rise - 2), isRoomy ? .start : .end)
        }
        bound(threshold, "threshold", rise: 6, dashes: "6 3")
        if let warn { bound(warn, "warn", rise: 22, dashes: "2 3") }
        return drawing
    }

    private static func draw(
        _ group: Group, at top: Double, _ axis: PlotAxis, _ area: Double, threshold: Float,
        on drawing: inout SVGDrawing
    ) {
        let bottom = top + rowHeight
        let edge = axis.share(Double(threshold))
        let counts = counts(group.scores, axis, threshold: threshold)
        let highest = max(1, counts.values.max() ?? 1)
        let ink: SVGDrawing.Ink = group.isGood ? .blue : .vermilion
        for (bin, count) in counts.sorted(by: { $0.key < $1.key }) {
            let tall = (rowHeight - 14) * Double(count) / Double(highest)
            let from = left + area * max(0, edge + Double(bin) / bins)
            let to = left + area * min(1, edge + Double(bin + 1) / bins)
            drawing.rect(.init(from + 0.4, bottom - tall), width: max(0.4, to - from - 0.8), height: tall, ink)
        }
        drawing.line(.init(left, bottom), .init(left + area, bottom), .grey)
        drawing.line(.init(left - 4, bottom - rowHeight + 14), .init(left, bottom - rowHeight + 14), .grey)
        drawing.line(.init(left, bottom - rowHeight + 14), .init(left, bottom), .grey)
        drawing.text("\(highest)", at: .init(left - 8, bottom - rowHeight + 18), .end, .grey, size: 11)
        let name = CurvePlot.cut(group.name, to: left - 60, size: 13)
        drawing.text(name, at: .init(20, bottom - 26), size: 13, isBold: true)
        let stops = group.scores.count { $0 > threshold }
        drawing.text("\(stops) of \(group.scores.count) stop", at: .init(20, bottom - 9), .start, .grey, size: 11)
    }

    /// Parts per bin; bin 0 begins at the threshold, so no bin holds parts that pass and parts that stop. A score that is
    /// not finite is in no bin.
    static func counts(_ scores: [Float], _ axis: PlotAxis, threshold: Float) -> [Int: Int] {
        let edge = axis.share(Double(threshold))
        var counts: [Int: Int] = [:]
        for score in scores where score.isFinite {
            let bin = Int(((axis.share(Double(score)) - edge) * bins).rounded(.down))
            counts[score > threshold ? max(0, bin) : min(-1, bin), default: 0] += 1
        }
        return counts
    }
}
