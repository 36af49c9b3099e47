// SPDX-License-Identifier: Apache-2.0

import CPictures

extension Picture {
    /// This picture at another size, each side scaled on its own.
    ///
    /// Bilinear when enlarging; when shrinking, the triangle filter widens with the factor so that every source pixel
    /// counts (antialiased). Integer arithmetic in 13 bits: the same bits on every machine, a constant stays constant,
    /// and the same size returns the same pixels.
    ///
    /// - Precondition: `width, height ≥ 1` and `width * height ≤ Picture.maximumPixels`.
    public func resized(width: Int, height: Int) -> Picture {
        precondition(Self.isAcceptable(width, height), "a picture of 1 pixel to 64 megapixels")
        if width == self.width, height == self.height { return self }
        let target = Region(x: 0, y: 0, width: width, height: height)
        return resized(bounds, into: target, of: (width, height), background: nil)
    }

    /// A part of this picture, not scaled.
    ///
    /// - Throws: `.badArgument` naming region and picture when the region is empty or not wholly inside.
    public func cropped(to region: Region) throws(PictureError) -> Picture {
        try region.check(inside: width, height)
        if region == bounds { return self }
        var part: [UInt8] = []
        part.reserveCapacity(region.width * region.height * 3)
        for y in region.y..<region.y + region.height {
            let start = (y * width + region.x) * 3
            part += pixels[start..<start + region.width * 3]
        }
        return Picture(width: region.width, height: region.height, pixels: part)
    }

    /// The square network input: the rule's region, then its resize rule, `(size, size, 3)`.
    ///
    /// - Throws: `.badArgument` when the region is not inside the picture or `size` is impossible.
    public func prepared(by rule: InputRule) throws(PictureError) -> Picture {
        let placement = try placement(by: rule)
        return resized(
            placement.source, into: placement.target, of: (rule.size, rule.size),
            background: rule.resize == .letterbox ? InputRule.letterboxColour : nil)
    }

    /// Luminance by Rec. 601 in integers, `(height, width)`: (19595 R + 38470 G + 7471 B + 32768) / 65536.
    public var grey: [UInt8] {
        [UInt8](unsafeUninitializedCapacity: width * height) { plane, count in
            pixels.withUnsafeBufferPointer { rgb in
                for i in 0..<plane.count {
                    let red = 19595 * UInt32(rgb[3 * i])
                    let green = 38470 * UInt32(rgb[3 * i + 1])
                    let blue = 7471 * UInt32(rgb[3 * i + 2])
                    plane.initializeElement(at: i, to: UInt8(truncatingIfNeeded: (red + green + blue + 32768) >> 16))
                }
            }
            count = width * height
        }
    }

    /// The whole picture as a region.
    public var bounds: Region { Region(x: 0, y: 0, width: width, height: height) }

    /// Where a rule takes its pixels from and where they end up.
    ///
    /// - Returns: the part of this picture that the network sees, and the part of the `(size, size)` input that it
    ///   fills.
    /// - Throws: `.badArgument` as `prepared(by:)`.
    public func placement(by rule: InputRule) throws(PictureError) -> (source: Region, target: Region) {
        try rule.placement(width: width, height: height)
    }

    static func isAcceptable(_ width: Int, _ height: Int) -> Bool {
        width >= 1 && height >= 1 && width <= maximumPixels && height <= maximumPixels / width
    }

    /// Scales a part of this picture into a part of a new one; both parts must be inside.
    private func resized(
        _ source: Region, into target: Region, of size: (width: Int, height: Int),
        background: (UInt8, UInt8, UInt8)?
    ) -> Picture {
        let total = size.width * size.height * 3
        let rgb = [UInt8](unsafeUninitializedCapacity: total) { out, count in
            if let background {
                for i in 0..<size.width * size.height {
                    out.initializeElement(at: 3 * i, to: background.0)
                    out.initializeElement(at: 3 * i + 1, to: background.1)
                    out.initializeElement(at: 3 * i + 2, to: background.2)
                }
            }
            let done = pixels.withUnsafeBufferPointer { rgb in
                cp_resize_rgb(
                    rgb.baseAddress?.advanced(by: (source.y * width + source.x) * 3), width * 3,
                    UInt32(source.width), UInt32(source.height),
                    out.baseAddress?.advanced(by: (target.y * size.width + target.x) * 3), size.width * 3,
                    UInt32(target.width), UInt32(target.height))
            }
            // Swift's own arrays trap likewise when memory runs out.
            precondition(done, "memory for resampling")
            count = total
        }
        return Picture(width: size.width, height: size.height, pixels: rgb)
    }
}

extension InputRule {
    /// What `letterbox` fills the rest with: the mean colour of ImageNet.
    public static let letterboxColour: (UInt8, UInt8, UInt8) = (124, 116, 104)
}
