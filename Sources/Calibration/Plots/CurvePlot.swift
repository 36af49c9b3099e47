// SPDX-License-Identifier: Apache-2.0

/// The ROC curve and the precision-recall curve of one evaluation, as SVG.
public enum CurvePlot {
    private static let (width, height) = (560.0, 560.0)

    /// Recall over false stops, with the chance line and the recipe's own threshold.
    ///
    /// - Parameters:
    ///   - interval: of the area, where there is one.
    ///   - threshold: the recipe's.
    ///   - title: what was measured: the recipe and the data set.
    public static func roc(
        _ curve: OperatingCurve, interval: AUROCInterval?, threshold: Float, title: String
    ) -> String {
        var drawing = SVGDrawing(width: width, height: height)
        let frame = frame("false stops (share of good parts)", "recall (share of defective parts)")
        head(title, "ROC curve", on: &drawing)
        frame.draw(on: &drawing)
        drawing.line(frame.place(0, 0), frame.place(1, 1), .grey, dashes: "5 4")
        drawing.path(curve.points.map { frame.place($0.falseStopRate, $0.recall) }, .blue, width: 2.5)
        let point = curve.point(at: threshold)
        mark(point, at: frame.place(point.falseStopRate, point.recall), on: &drawing)
        let range = interval.map { " (95 %: \(share($0.lower)) to \(share($0.upper)))" } ?? ""
        legend(
            [
                (.curve(.blue, nil), "image AUROC \(share(curve.auroc))\(range)"),
                (
                    .mark,
                    "threshold \(NumberText.significant(Double(threshold))): recall \(share(point.recall)), "
                        + "false stops \(share(point.falseStopRate))"
                ), (.curve(.grey, "5 4"), "chance"),
            ], frame: frame, on: &drawing)
        return drawing.document(title: "\(title), ROC curve, image AUROC \(share(curve.auroc))\(range)")
    }

    /// Precision over recall, with the share of defective parts (what chance gives) and the recipe's own threshold.
    public static func precisionRecall(
        _ curve: OperatingCurve, defectiveShare: Double, threshold: Float, title: String
    ) -> String {
        var drawing = SVGDrawing(width: width, height: height)
        let frame = frame("recall (share of defective parts)", "precision (share of right stops)")
        head(title, "precision-recall curve", on: &drawing)
        frame.draw(on: &drawing)
        drawing.line(frame.place(0, defectiveShare), frame.place(1, defectiveShare), .grey, dashes: "5 4")
        // Steps, as the average precision adds them up: to reach a recall, the precision of its own threshold is paid.
        var steps: [SVGDrawing.Place] = []
        for (before, point) in zip(curve.points, curve.points.dropFirst()) {
            steps.append(frame.place(before.recall, point.precision))
            steps.append(frame.place(point.recall, point.precision))
        }
        drawing.path(steps, .blue, width: 2.5)
        let point = curve.point(at: threshold)
        let stops = point.recall > 0 || point.falseStopRate > 0
        if stops { mark(point, at: frame.place(point.recall, point.precision), on: &drawing) }
        legend(
            [
                (.curve(.blue, nil), "average precision \(share(curve.averagePrecision))"),
                (
                    .mark,
                    "threshold \(NumberText.significant(Double(threshold))): "
                        + (stops
                            ? "recall \(share(point.recall)), precision \(share(point.precision))" : "stops nothing")
                ), (.curve(.grey, "5 4"), "chance (share of defective parts \(share(defectiveShare)))"),
            ], frame: frame, on: &drawing)
        return drawing.document(
            title: "\(title), precision-recall curve, average precision \(share(curve.averagePrecision))")
    }

    private static func frame(_ x: String, _ y: String) -> PlotFrame {
        PlotFrame(
            left: 70, top: 58, width: width - 94, height: height - 188,
            x: PlotAxis(title: x, exactly: 0...1, step: 0.2), y: PlotAxis(title: y, exactly: 0...1, step: 0.2))
    }

    private static func head(_ title: String, _ kind: String, on drawing: inout SVGDrawing) {
        drawing.text(Self.cut(title, to: width - 40, size: 15), at: .init(20, 26), size: 15, isBold: true)
        drawing.text(kind, at: .init(20, 44), .start, .grey)
    }

    private static func mark(_ point: OperatingCurve.Point, at place: SVGDrawing.Place, on drawing: inout SVGDrawing) {
        drawing.marker(.circle, at: place, .vermilion, radius: 6)
    }

    private enum Sample {
        case curve(SVGDrawing.Ink, String?)
        case mark
    }

    /// Below the axis, where no curve can run through it.
    private static func legend(_ rows: [(Sample, String)], frame: PlotFrame, on drawing: inout SVGDrawing) {
        for (index, row) in rows.enumerated() {
            let y = frame.top + frame.height + 68 + 20 * Double(index)
            switch row.0 {
            case .curve(let ink, let dashes):
                drawing.line(
                    .init(frame.left, y - 4), .init(frame.left + 28, y - 4), ink, width: dashes == nil ? 2.5 : 1,
                    dashes: dashes)
            case .mark: drawing.marker(.circle, at: .init(frame.left + 14, y - 4), .vermilion, radius: 6)
            }
            drawing.text(row.1, at: .init(frame.left + 38, y))
        }
    }

    private static func share(_ value: Double) -> String { NumberText.fixed(value, 3) }

    /// A text that fits.
    static func cut(_ text: String, to width: Double, size: Double) -> String {
        let count = Int(width / SVGDrawing.width(of: "m", size: size))
        return text.count <= count ? text : String(text.prefix(max(1, count - 1))) + "…"
    }
}
