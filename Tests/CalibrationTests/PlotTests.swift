// SPDX-License-Identifier: Apache-2.0

import Calibration
import Testing

@Suite struct PlotTests {
    /// One element of a drawing, read with a parser of the test's own.
    private struct Element {
        let name: String
        let attributes: [String: String]
        let text: String

        func number(_ key: String) -> Double? { attributes[key].flatMap(Double.init) }
    }

    /// Elements without children; nil where a tag is not closed as it should be.
    private func parsed(_ svg: String) -> [Element]? {
        var found: [Element] = []
        var open: [String] = []
        var rest = svg[...]
        while let start = rest.firstIndex(of: "<") {
            guard let end = rest[start...].firstIndex(of: ">") else { return nil }
            let tag = rest[rest.index(after: start)..<end]
            rest = rest[rest.index(after: end)...]
            if tag.hasPrefix("/") {
                guard open.popLast() == String(tag.dropFirst()) else { return nil }
                continue
            }
            let name = String(tag.prefix { $0 != " " && $0 != "/" })
            var attributes: [String: String] = [:]
            let pieces = tag.dropFirst(name.count).split(separator: "\"", omittingEmptySubsequences: false)
            for index in stride(from: 0, to: pieces.count - 1, by: 2) {
                let key = pieces[index].filter { $0 != " " && $0 != "=" }
                guard attributes[key] == nil else { return nil }
                attributes[key] = String(pieces[index + 1])
            }
            if !tag.hasSuffix("/") { open.append(name) }
            found.append(Element(name: name, attributes: attributes, text: String(rest.prefix { $0 != "<" })))
        }
        return open.isEmpty ? found : nil
    }

    /// Well-formed, white below everything, every coordinate and every text inside.
    private func check(_ svg: String) throws -> [Element] {
        let elements = try #require(parsed(svg))
        #expect(elements.first?.name == "svg" && svg.hasSuffix("</svg>\n"))
        let width = try #require(elements.first?.number("width"))
        let height = try #require(elements.first?.number("height"))
        #expect(elements.dropFirst(2).first?.attributes["fill"] == "#ffffff")
        for element in elements.dropFirst(3) {
            var places: [(Double, Double)] = []
            if let points = element.attributes["points"] {
                for pair in points.split(separator: " ") {
                    let numbers = pair.split(separator: ",").compactMap { Double($0) }
                    #expect(numbers.count == 2, "\(pair)")
                    places.append((numbers.first ?? -1, numbers.last ?? -1))
                }
            }
            if element.name == "text" {
                let x = try #require(element.number("x"))
                let y = try #require(element.number("y"))
                let size = try #require(element.number("font-size"))
                let length = Double(element.text.count) * size * 0.58
                let shift: Double =
                    switch element.attributes["text-anchor"] {
                    case "middle": -length / 2
                    case "end": -length
                    default: 0
                    }
                if element.attributes["transform"] != nil {
                    places += [(x, y - length / 2), (x, y + length / 2)]
                } else {
                    places += [(x + shift, y), (x + shift + length, y)]
                }
            }
            for (x, y) in places {
                #expect((0...width).contains(x) && (0...height).contains(y), "\(element)")
            }
        }
        return elements
    }

    @Test("curves are well-formed, inside their frames, and say the threshold's figures")
    func curves() throws {
        var random = SeededRandom(4)
        for shift: Float in [0, 1, 5] {
            let (good, defective) = (random.floats(60), random.floats(90).map { $0 + shift })
            let curve = try #require(OperatingCurve(good: good, defective: defective))
            let interval = AUROCInterval(auroc: curve.auroc, good: 60, defective: 90)
            for threshold: Float in [-9, 0.3, 9, 123_456] {
                let roc = CurvePlot.roc(curve, interval: interval, threshold: threshold, title: "a <b> & \"c\"\u{1}")
                let texts = try check(roc).map(\.text)
                #expect(texts.contains("a &lt;b&gt; &amp; \"c\" "))
                let recall = NumberText.fixed(curve.point(at: threshold).recall, 3)
                #expect(texts.contains { $0.contains("recall \(recall),") })
                let precision = CurvePlot.precisionRecall(
                    curve, defectiveShare: 0.6, threshold: threshold, title: String(repeating: "long ", count: 90))
                _ = try check(precision)
            }
        }
    }

    @Test("a histogram's bars add up to the parts, and none lies on both sides of the threshold")
    func histogram() throws {
        var random = SeededRandom(8)
        let good = random.floats(300, 0.5...2)
        let threshold = try #require(good.max())
        for factor: Float in [1, 100] {
            let groups = [
                HistogramPlot.Group(name: "good", isGood: true, scores: good),
                HistogramPlot.Group(
                    name: "crack", isGood: false, scores: random.floats(40, 1...6).map { $0 * factor } + [.infinity]),
                HistogramPlot.Group(name: String(repeating: "m", count: 80), isGood: false, scores: [threshold]),
                HistogramPlot.Group(name: "none", isGood: false, scores: []),
            ]
            let svg = HistogramPlot.svg(groups, threshold: threshold, title: "recipe on parts")
            let elements = try check(svg)
            let line = try #require(elements.first { $0.attributes["stroke-dasharray"] == "6 3" })
            let x = try #require(line.attributes["points"]?.split(separator: ",").first.flatMap { Double($0) })
            for bar in elements where bar.name == "rect" && bar.attributes["fill"] == "#0072b2" {
                let left = try #require(bar.number("x"))
                // All good parts pass.
                #expect(left + (try #require(bar.number("width"))) <= x + 0.01)
            }
            #expect(elements.contains { $0.text == "0 of 300 stop" } && elements.contains { $0.text == "0 of 1 stop" })
            #expect(elements.contains { $0.text.contains("logarithmic") } == (factor == 100))
        }
        // One score, all alike.
        _ = try check(
            HistogramPlot.svg(
                [.init(name: "good", isGood: true, scores: [2, 2])], threshold: 2, title: "alike"))
        _ = try check(
            HistogramPlot.svg([.init(name: "good", isGood: true, scores: [0])], threshold: 0, title: "zero"))
    }

    @Test("labels of a scatter lie on no marker and on no other label, or are left out")
    func trade() throws {
        var random = SeededRandom(6)
        for count in [1, 2, 7, 14] {
            let series = (0..<count).map { index in
                TradePlot.Series(
                    name: "detector \(index), teacher, int8",
                    points: [256, 384, 512].map { size in
                        TradePlot.Point(
                            milliseconds: Double(Float.random(in: 0.5...90, using: &random)),
                            auroc: Double(Float.random(in: 0.8...1, using: &random)),
                            deviation: index % 2 == 0 ? 0.02 : nil, label: "\(size) px")
                    })
            }
            let elements = try check(try #require(TradePlot.svg(series, title: "parts", budget: 5)))
            let labels = elements.filter { $0.text.hasSuffix(" px") && $0.name == "text" }
            #expect(count > 1 || labels.count == 3)
            for (index, one) in labels.enumerated() {
                for other in labels[(index + 1)...] {
                    let dx = (one.number("x") ?? 0) - (other.number("x") ?? 0)
                    let dy = (one.number("y") ?? 0) - (other.number("y") ?? 0)
                    let isSameSide = one.attributes["text-anchor"] == other.attributes["text-anchor"]
                    #expect(!isSameSide || abs(dx) > 30 || abs(dy) >= 10)
                }
            }
        }
        #expect(TradePlot.svg([], title: "none") == nil)
    }

    @Test("axes end at round numbers for any values")
    func axes() throws {
        for values: [Double] in [[0.9, 0.9], [1e-4, 3e-4], [0.5, 0.50001], [1, 1], [0, 0], [0, 1]] {
            let series = values.map {
                TradePlot.Series(
                    name: "d", points: [.init(milliseconds: 1 + $0, auroc: $0, deviation: nil, label: "")])
            }
            _ = try check(try #require(TradePlot.svg(series, title: "parts")))
        }
    }
}
