// SPDX-License-Identifier: Apache-2.0

import Glibc

/// One axis: its range, its scale, and where its ticks are.
struct PlotAxis {
    let title: String
    let lower: Double
    let upper: Double
    let isLogarithmic: Bool
    let ticks: [Double]
    /// Places after the point of the tick labels.
    let places: Int

    /// A linear axis that ends where it is told.
    init(title: String, exactly range: ClosedRange<Double>, step: Double) {
        self.title = title
        (lower, upper) = (range.lowerBound, range.upperBound)
        isLogarithmic = false
        let first = Int((lower / step - 1e-9).rounded(.up))
        let last = Int((upper / step + 1e-9).rounded(.down))
        ticks = first <= last ? (first...last).map { Double($0) * step } : []
        places = Self.places(step)
    }

    /// A linear axis over values, ended at ticks of 1, 2 or 5 times a power of ten.
    init(title: String, linear values: [Double], count: Int = 6, within limits: ClosedRange<Double>? = nil) {
        var (low, high) = (values.min() ?? 0, values.max() ?? 1)
        if high - low < 1e-12 * max(1, abs(high)) {
            let margin = max(abs(high) * 0.1, 1e-3)
            (low, high) = (low - margin, high + margin)
        }
        let raw = (high - low) / Double(count)
        let power = pow(10, (log10(raw)).rounded(.down))
        let step = ([1.0, 2, 5, 10].first { $0 * power >= raw * 0.999 } ?? 10) * power
        var (start, end) = ((low / step + 1e-9).rounded(.down) * step, (high / step - 1e-9).rounded(.up) * step)
        if let limits { (start, end) = (max(start, limits.lowerBound), min(end, limits.upperBound)) }
        self.init(title: title, exactly: start...max(end, start + step), step: step)
    }

    /// A logarithmic axis over positive values, ended at 1, 2 or 5 times a power of ten.
    init(title: String, logarithmic values: [Double]) {
        let (low, high) = (values.min() ?? 1, values.max() ?? 10)
        var all: [Double] = []
        var decade = pow(10, log10(low).rounded(.down) - 1)
        while decade <= high * 10 {
            all += [decade, 2 * decade, 5 * decade]
            decade *= 10
        }
        let start = all.last { $0 <= low * 0.95 } ?? low
        let end = all.first { $0 >= high * 1.05 } ?? high
        self.title = title
        (lower, upper) = (start, end)
        isLogarithmic = true
        let inside = all.filter { $0 >= start * 0.999 && $0 <= end * 1.001 }
        // Over more than three decades only the powers of ten are named.
        ticks = end / start > 1001 ? inside.filter { abs(log10($0).rounded() - log10($0)) < 1e-9 } : inside
        places = max(0, Int((-log10(start) - 1e-9).rounded(.up)))
    }

    /// The axis that suits scores: logarithmic where they are positive and spread over more than a factor of 30.
    static func forScores(_ values: [Double], title: String) -> PlotAxis {
        let finite = values.filter(\.isFinite)
        if let low = finite.min(), let high = finite.max(), low > 0, high / low > 30 {
            return PlotAxis(title: title + " (logarithmic)", logarithmic: finite)
        }
        return PlotAxis(title: title, linear: finite)
    }

    /// Share of the axis, 0 at its lower end, 1 at its upper.
    func share(_ value: Double) -> Double {
        isLogarithmic ? log(value / lower) / log(upper / lower) : (value - lower) / (upper - lower)
    }

    func label(_ tick: Double) -> String { isLogarithmic ? NumberText.short(tick, 6) : NumberText.fixed(tick, places) }

    private static func places(_ step: Double) -> Int {
        max(0, Int((-log10(step) - 1e-9).rounded(.up)))
    }
}

/// A rectangle of a drawing with two axes.
struct PlotFrame {
    let left: Double
    let top: Double
    let width: Double
    let height: Double
    let x: PlotAxis
    let y: PlotAxis

    func place(_ xValue: Double, _ yValue: Double) -> SVGDrawing.Place {
        .init(left + x.share(xValue) * width, top + (1 - y.share(yValue)) * height)
    }

    /// Grid, border, tick labels and titles.
    func draw(on drawing: inout SVGDrawing) {
        for tick in x.ticks {
            let at = left + x.share(tick) * width
            drawing.line(.init(at, top), .init(at, top + height), .pale)
            drawing.text(x.label(tick), at: .init(at, top + height + 18), .middle, .grey)
        }
        var widest = 0.0
        for tick in y.ticks {
            let at = top + (1 - y.share(tick)) * height
            drawing.line(.init(left, at), .init(left + width, at), .pale)
            drawing.text(y.label(tick), at: .init(left - 8, at + 4), .end, .grey)
            widest = max(widest, SVGDrawing.width(of: y.label(tick)))
        }
        drawing.line(.init(left, top + height), .init(left + width, top + height), .grey)
        drawing.line(.init(left, top), .init(left, top + height), .grey)
        drawing.text(x.title, at: .init(left + width / 2, top + height + 40), .middle)
        drawing.text(y.title, at: .init(left - 18 - widest, top + height / 2), .middle, isUpright: true)
    }
}
