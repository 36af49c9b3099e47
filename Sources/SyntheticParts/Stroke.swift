// SPDX-License-Identifier: Apache-2.0

/// A slightly bent line of even steps: the way of a scratch.
struct Stroke: Sendable {
    /// Where a point lies relative to the stroke.
    struct Position {
        /// Pixels from the stroke's middle line.
        var distance: Float
        /// How far along the stroke, 0 to 1.
        var along: Float
        /// +1 on one side, −1 on the other.
        var side: Float
    }

    private static let steps = 24
    private let points: [(x: Float, y: Float)]

    /// A stroke through `middle` along `direction` (length 1).
    ///
    /// - Parameter bend: how far the middle stands off the straight line, in parts of half the length.
    init(middle: (x: Float, y: Float), direction: (x: Float, y: Float), length: Float, bend: Float) {
        points = (0...Stroke.steps).map { step in
            let t = Float(step) / Float(Stroke.steps) - 0.5
            let sag = bend * length * (0.25 - t * t) * 2
            return (
                middle.x + direction.x * t * length - direction.y * sag,
                middle.y + direction.y * t * length + direction.x * sag
            )
        }
    }

    /// The nearest place on the stroke to `(x, y)`.
    func position(_ x: Float, _ y: Float) -> Position {
        var best = Float.greatestFiniteMagnitude
        var along: Float = 0
        var side: Float = 1
        for index in 1..<points.count {
            let a = points[index - 1]
            let b = points[index]
            let ex = b.x - a.x
            let ey = b.y - a.y
            let px = x - a.x
            let py = y - a.y
            let t = clamp((px * ex + py * ey) / (ex * ex + ey * ey))
            let dx = px - ex * t
            let dy = py - ey * t
            let squared = dx * dx + dy * dy
            if squared < best {
                best = squared
                along = Float(index - 1) + t
                side = ex * py - ey * px > 0 ? 1 : -1
            }
        }
        return Position(distance: best.squareRoot(), along: along / Float(Stroke.steps), side: side)
    }
}
