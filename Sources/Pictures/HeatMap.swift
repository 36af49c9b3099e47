// SPDX-License-Identifier: Apache-2.0

/// An anomaly map as a person should see it: over the picture, coloured by how it compares with the threshold.
///
/// Below half the threshold the picture shows unchanged. From there to the threshold it turns yellow, at the threshold
/// orange, then red, and magenta from twice the threshold on. A white line with a dark rim surrounds what is above the
/// threshold. Cells that are not a number are painted blue: the map can't be trusted there.
public struct HeatMap: Sendable {
    /// `(height, width)` map values, row major; the higher, the less like a good part.
    public let values: [Float]
    /// Columns of the map, ≥ 1.
    public let width: Int
    /// Rows of the map, ≥ 1.
    public let height: Int
    /// What a value must exceed to stop the line; values equal to it pass.
    public let threshold: Float

    /// A map and its threshold.
    ///
    /// When the threshold is not a positive finite number there is no scale: everything above it is magenta, the rest
    /// is left alone.
    ///
    /// - Precondition: `width, height ≥ 1` and `values.count == width * height`.
    public init(values: [Float], width: Int, height: Int, threshold: Float) {
        precondition(width >= 1 && height >= 1 && values.count == width * height, "(height, width) values")
        self.values = values
        self.width = width
        self.height = height
        self.threshold = threshold
    }

    /// The largest value that is a number, and its place in the map; `nil` when there is none.
    public var peak: (value: Float, x: Int, y: Int)? {
        var best: Int?
        for (index, value) in values.enumerated() where !value.isNaN {
            if let known = best, values[known] >= value { continue }
            best = index
        }
        return best.map { (values[$0], $0 % width, $0 / width) }
    }

    /// The map over a picture of the same field of view; the picture keeps its size.
    public func overlay(on picture: Picture) -> Picture {
        overlay(on: picture, source: picture.bounds, target: picture.bounds, within: (picture.width, picture.height))
    }

    /// The map over an original picture of which the network saw what an input rule left.
    ///
    /// Only the part that the network saw is painted; a thin frame marks it when it is not the whole picture.
    ///
    /// - Throws: `.badArgument` when the rule does not fit the picture.
    public func overlay(on original: Picture, seenBy rule: InputRule) throws(PictureError) -> Picture {
        let placement = try original.placement(by: rule)
        var result = overlay(
            on: original, source: placement.source, target: placement.target, within: (rule.size, rule.size))
        if placement.source != original.bounds { result.frame(placement.source, HeatMapColours.seen) }
        return result
    }

    /// Paints `source` of the picture with that part of the map which `target` is of the network input.
    private func overlay(
        on picture: Picture, source: Region, target: Region, within input: (width: Int, height: Int)
    ) -> Picture {
        let across = HeatMapAxis(
            cells: width, pixels: source.width, from: target.x, length: target.width, of: input.width)
        let down = HeatMapAxis(
            cells: height, pixels: source.height, from: target.y, length: target.height, of: input.height)
        let levels = HeatMapLevels(values, width: width, across: across, down: down)
        var result = picture
        for y in 0..<source.height {
            for x in 0..<source.width {
                let value = levels[x, y]
                let tint = value.isNaN ? HeatMapColours.notANumber : HeatMapColours.tint(relative(value))
                if tint.alpha > 0 { result.blend(source.x + x, source.y + y, tint.colour, alpha: tint.alpha) }
            }
        }
        drawContour(levels, source, &result)
        return result
    }

    /// White just inside what is above the threshold, dark just outside, so that it shows on any ground.
    private func drawContour(_ levels: HeatMapLevels, _ source: Region, _ result: inout Picture) {
        let reach = max(1, max(source.width, source.height) / 400)
        var above = [Bool](repeating: false, count: source.width * source.height)
        for y in 0..<source.height {
            for x in 0..<source.width { above[y * source.width + x] = levels[x, y] > threshold }
        }
        guard above.contains(true) else { return }
        for y in 0..<source.height {
            for x in 0..<source.width {
                let here = above[y * source.width + x]
                var isEdge = false
                for step in 1...reach {
                    isEdge = isEdge || x >= step && above[y * source.width + x - step] != here
                    isEdge = isEdge || x + step < source.width && above[y * source.width + x + step] != here
                    isEdge = isEdge || y >= step && above[(y - step) * source.width + x] != here
                    isEdge = isEdge || y + step < source.height && above[(y + step) * source.width + x] != here
                }
                guard isEdge else { continue }
                let (colour, alpha): (Colour, Float) =
                    here ? (HeatMapColours.contour, 1) : (HeatMapColours.rim, 0.6)
                result.blend(source.x + x, source.y + y, colour, alpha: alpha)
            }
        }
    }

    /// The value as a multiple of the threshold, or 0 and 2 when the threshold gives no scale.
    func relative(_ value: Float) -> Float {
        guard threshold > 0, threshold.isFinite else { return value > threshold ? 2 : 0 }
        return value / threshold
    }
}

extension Picture {
    /// Draws the one-pixel outline of a rectangle.
    package mutating func frame(_ area: Region, _ colour: Colour) {
        fill(Region(x: area.x, y: area.y, width: area.width, height: 1), colour)
        fill(Region(x: area.x, y: area.y + area.height - 1, width: area.width, height: 1), colour)
        fill(Region(x: area.x, y: area.y, width: 1, height: area.height), colour)
        fill(Region(x: area.x + area.width - 1, y: area.y, width: 1, height: area.height), colour)
    }
}

/// The colours of a heat map.
enum HeatMapColours {
    /// Paint with its opacity 0...1.
    typealias Tint = (colour: Colour, alpha: Float)

    static let notANumber: Tint = (Colour(40, 110, 255), 0.85)
    static let contour = Colour(255, 255, 255)
    static let rim = Colour(0, 0, 0)
    static let seen = Colour(120, 190, 255)

    /// Multiples of the threshold, colour and opacity; between them all three are interpolated.
    private static let anchors: [(at: Float, tint: Tint)] = [
        (0.5, (Colour(255, 240, 60), 0)),
        (0.75, (Colour(255, 235, 50), 0.25)),
        (1, (Colour(255, 165, 0), 0.45)),
        (1.4, (Colour(235, 35, 20), 0.6)),
        (2, (Colour(225, 0, 190), 0.7)),
    ]

    /// Paint for a value that is `level` times the threshold.
    static func tint(_ level: Float) -> Tint {
        var before = anchors[0]
        // Written so that anything that does not compare falls through to no paint.
        guard level > before.at else { return (before.tint.colour, 0) }
        for anchor in anchors.dropFirst() {
            if level < anchor.at {
                let share = (level - before.at) / (anchor.at - before.at)
                return (
                    before.tint.colour.mixed(with: anchor.tint.colour, share),
                    before.tint.alpha + (anchor.tint.alpha - before.tint.alpha) * share
                )
            }
            before = anchor
        }
        return before.tint
    }
}
