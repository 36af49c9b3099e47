// SPDX-License-Identifier: Apache-2.0

/// The outline of a blended defect: how much of it covers each pixel of a window of the picture.
struct BlendedShape {
    /// First column and row of the window.
    let left: Int
    let top: Int
    /// Columns and rows of the window, ≥ 1.
    let width: Int
    let height: Int
    /// 0–1 for each pixel of the window, `(height, width)`.
    private(set) var cover: [Float]

    /// A window around `middle` that reaches `reach` pixels, clipped to the picture.
    private init(middle: (x: Float, y: Float), reach: Float, pictureWidth: Int, pictureHeight: Int) {
        left = max(0, Int(middle.x - reach))
        top = max(0, Int(middle.y - reach))
        width = max(1, min(pictureWidth, Int(middle.x + reach) + 1) - left)
        height = max(1, min(pictureHeight, Int(middle.y + reach) + 1) - top)
        cover = [Float](repeating: 0, count: width * height)
    }

    /// A cloudy blob of about `area` pixels.
    static func blob(area: Float, middle: (x: Float, y: Float), width: Int, height: Int, random: inout SplitMix64)
        -> BlendedShape
    {
        let noise = LatticeNoise(key: random.next())
        let direction = PartDefect.direction(&random)
        let stretch = random.between(1, 1.8)
        let roughness = random.between(0.3, 0.8)
        let grain = random.between(1.1, 2)
        let softness = random.between(0.04, 0.3)
        let radius = (area / 3.1415927).squareRoot()
        var shape = BlendedShape(
            middle: middle, reach: radius * stretch * 1.6 + 2, pictureWidth: width, pictureHeight: height)
        var field = shape.cover
        shape.fill(&field) { x, y in
            let dx = (x - middle.x) / radius
            let dy = (y - middle.y) / radius
            let u = (dx * direction.x + dy * direction.y) / stretch
            let v = (dy * direction.x - dx * direction.y) * stretch
            return 1 - (u * u + v * v).squareRoot() + roughness * noise.cloud(dx * grain, dy * grain)
        }
        // The level that leaves the asked area inside: the size is exact whatever the noise did.
        let sorted = field.sorted(by: >)
        let level = sorted[min(sorted.count - 1, Int(area))]
        shape.cover = field.map { softStep(-softness, softness, $0 - level) }
        return shape
    }

    /// A thin stroke of about `area` pixels.
    static func scratch(area: Float, middle: (x: Float, y: Float), width: Int, height: Int, random: inout SplitMix64)
        -> BlendedShape
    {
        let side = Float(min(width, height))
        let thickness = random.between(1.4, 3.6) * max(1, side / 256)
        let length = min(area / thickness, side * 0.6)
        let stroke = Stroke(
            middle: middle, direction: PartDefect.direction(&random), length: length,
            bend: random.between(-0.2, 0.2))
        let noise = LatticeNoise(key: random.next())
        var shape = BlendedShape(
            middle: middle, reach: length * 0.55 + thickness + 2, pictureWidth: width, pictureHeight: height)
        var field = shape.cover
        shape.fill(&field) { x, y in
            let position = stroke.position(x, y)
            let half = thickness * 0.5 * (0.85 + 0.35 * noise.value(position.along * 9, 1))
            return clamp(half + 0.5 - position.distance)
        }
        shape.cover = field
        return shape
    }

    /// A jagged crack of about `area` pixels, with branches; what runs out of the picture is lost.
    static func crack(area: Float, middle: (x: Float, y: Float), width: Int, height: Int, random: inout SplitMix64)
        -> BlendedShape
    {
        let side = Float(min(width, height))
        let thickness = random.between(0.9, 2.6) * max(1, side / 256)
        let length = min(area / thickness, side * 1.2)
        var shape = BlendedShape(
            middle: middle, reach: length * 0.6 + thickness + 2, pictureWidth: width, pictureHeight: height)
        var field = shape.cover
        // Two arms from the middle, then branches of them: each is where it begins, its direction and its length.
        let first = PartDefect.direction(&random)
        var arms = [(middle, first, length * 0.5), (middle, (x: -first.x, y: -first.y), length * 0.5)]
        var next = 0
        while next < arms.count {
            var (place, direction, left) = arms[next]
            next += 1
            while left > 0 {
                let turn = random.between(-0.5, 0.5)
                // A small turn without a trigonometric function: the same bits on every machine.
                direction = normalised(x: direction.x - turn * direction.y, y: direction.y + turn * direction.x)
                let step = min(left, random.between(2, 6))
                let end = (x: place.x + step * direction.x, y: place.y + step * direction.y)
                shape.draw(from: place, to: end, thickness: thickness, into: &field)
                place = end
                left -= step
                if arms.count < 6, random.below(30) == 0 {
                    let side: Float = random.coin() ? 1 : -1
                    let away = normalised(
                        x: direction.x - side * direction.y, y: direction.y + side * direction.x)
                    arms.append((place, away, left * 0.6))
                }
            }
        }
        shape.cover = field
        return shape
    }

    private static func normalised(x: Float, y: Float) -> (x: Float, y: Float) {
        let length = max((x * x + y * y).squareRoot(), 1e-6)
        return (x / length, y / length)
    }

    /// A straight stroke with soft sides, on top of what is there.
    private func draw(
        from a: (x: Float, y: Float), to b: (x: Float, y: Float), thickness: Float, into field: inout [Float]
    ) {
        let (dx, dy) = (b.x - a.x, b.y - a.y)
        let squared = max(dx * dx + dy * dy, 1e-6)
        let reach = thickness * 0.5 + 1
        // Beyond the window there is nothing: both ends are kept in it.
        func inside(_ position: Float, _ origin: Int, _ count: Int) -> Int {
            min(count, max(0, Int(position.rounded(.down)) - origin))
        }
        for row in inside(min(a.y, b.y) - reach, top, height)..<inside(max(a.y, b.y) + reach + 1, top, height) {
            for column in inside(min(a.x, b.x) - reach, left, width)..<inside(max(a.x, b.x) + reach + 1, left, width) {
                let (x, y) = (Float(left + column) + 0.5 - a.x, Float(top + row) + 0.5 - a.y)
                let along = clamp((x * dx + y * dy) / squared)
                let (u, v) = (x - along * dx, y - along * dy)
                let covered = clamp(thickness * 0.5 + 0.5 - (u * u + v * v).squareRoot())
                let index = row * width + column
                field[index] = max(field[index], covered)
            }
        }
    }

    /// A turned rectangle of about `area` pixels with feathered sides.
    static func patch(area: Float, middle: (x: Float, y: Float), width: Int, height: Int, random: inout SplitMix64)
        -> BlendedShape
    {
        let direction = PartDefect.direction(&random)
        let aspect = random.between(1, 4)
        let halfShort = (area / aspect).squareRoot() * 0.5
        let halfLong = halfShort * aspect
        let feather = random.between(0.7, 2.5)
        var shape = BlendedShape(
            middle: middle, reach: halfLong * 1.5 + 3, pictureWidth: width, pictureHeight: height)
        var field = shape.cover
        shape.fill(&field) { x, y in
            let dx = x - middle.x
            let dy = y - middle.y
            let u = abs(dx * direction.x + dy * direction.y)
            let v = abs(dy * direction.x - dx * direction.y)
            return softStep(-feather, feather, min(halfLong - u, halfShort - v))
        }
        shape.cover = field
        return shape
    }

    private func fill(_ field: inout [Float], _ value: (_ x: Float, _ y: Float) -> Float) {
        for row in 0..<height {
            for column in 0..<width {
                field[row * width + column] = value(Float(left + column) + 0.5, Float(top + row) + 0.5)
            }
        }
    }
}
