// SPDX-License-Identifier: Apache-2.0

/// An RGB colour for drawing.
package struct Colour: Sendable, Equatable {
    package var red: Float
    package var green: Float
    package var blue: Float

    /// Channels 0...255.
    package init(_ red: Float, _ green: Float, _ blue: Float) {
        self.red = red
        self.green = green
        self.blue = blue
    }

    /// The colour at `share` of the way to another.
    package func mixed(with other: Colour, _ share: Float) -> Colour {
        Colour(
            red + (other.red - red) * share, green + (other.green - green) * share, blue + (other.blue - blue) * share)
    }
}

extension Picture {
    /// A picture of one colour.
    package init(width: Int, height: Int, colour: Colour) {
        self.init(width: width, height: height, pixels: [UInt8](repeating: 0, count: width * height * 3))
        fill(bounds, colour)
    }

    /// Paints over one pixel, which must be inside; `alpha` 0...1.
    package mutating func blend(_ x: Int, _ y: Int, _ colour: Colour, alpha: Float = 1) {
        let i = (y * width + x) * 3
        pixels[i] = Self.blended(pixels[i], colour.red, alpha)
        pixels[i + 1] = Self.blended(pixels[i + 1], colour.green, alpha)
        pixels[i + 2] = Self.blended(pixels[i + 2], colour.blue, alpha)
    }

    private static func blended(_ under: UInt8, _ over: Float, _ alpha: Float) -> UInt8 {
        let value = Float(under) + (over - Float(under)) * alpha + 0.5
        return UInt8(min(max(value, 0), 255))
    }

    /// Fills a rectangle; what lies outside is left out.
    package mutating func fill(_ area: Region, _ colour: Colour) {
        let columns = max(0, area.x)..<max(0, area.x, min(width, area.x + area.width))
        for y in max(0, area.y)..<max(0, area.y, min(height, area.y + area.height)) {
            for x in columns { blend(x, y, colour) }
        }
    }

    /// Copies a picture into this one; what does not fit is left out.
    package mutating func place(_ other: Picture, x: Int, y: Int) {
        let columns = max(0, x)..<max(0, x, min(width, x + other.width))
        guard !columns.isEmpty else { return }
        for row in max(0, y)..<max(0, y, min(height, y + other.height)) {
            let from = ((row - y) * other.width + columns.lowerBound - x) * 3
            let to = (row * width + columns.lowerBound) * 3
            pixels.replaceSubrange(to..<to + columns.count * 3, with: other.pixels[from..<from + columns.count * 3])
        }
    }

    /// Draws text with its top left corner at (x, y); each font pixel is `scale` pixels wide; clipped at the edges.
    package mutating func draw(_ text: some StringProtocol, x: Int, y: Int, scale: Int, _ colour: Colour) {
        var left = x
        for character in text {
            let top = y + BitmapFont.descent(of: character) * scale
            for (row, bits) in BitmapFont.rows(of: character).enumerated() {
                for column in 0..<5 where bits >> (4 - column) & 1 == 1 {
                    fill(Region(x: left + column * scale, y: top + row * scale, width: scale, height: scale), colour)
                }
            }
            left += BitmapFont.advance * scale
        }
    }
}
