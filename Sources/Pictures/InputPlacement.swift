// SPDX-License-Identifier: Apache-2.0

extension InputRule {
    /// Where the rule takes its pixels from in a picture of `width` × `height`, and where they end up.
    ///
    /// - Returns: the part of the picture that the network sees, and the part of the `(size, size)` input that it
    ///   fills.
    /// - Throws: `.badArgument` when the region is not inside the picture or `size` is impossible.
    public func placement(width: Int, height: Int) throws(PictureError) -> (source: Region, target: Region) {
        guard Picture.isAcceptable(size, size) else {
            throw PictureError(.badArgument, "network input size", expected: "1...8192 pixels", found: "\(size)")
        }
        var source = region ?? Region(x: 0, y: 0, width: width, height: height)
        try source.check(inside: width, height)
        var target = Region(x: 0, y: 0, width: size, height: size)
        switch resize {
        case .stretch: break
        case .crop:
            let side = min(source.width, source.height)
            source.x += (source.width - side) / 2
            source.y += (source.height - side) / 2
            source.width = side
            source.height = side
        case .letterbox:
            // Rounded to nearest; a sliver keeps at least one pixel.
            let side = max(source.width, source.height)
            target.width = max(1, (2 * source.width * size + side) / (2 * side))
            target.height = max(1, (2 * source.height * size + side) / (2 * side))
            target.x = (size - target.width) / 2
            target.y = (size - target.height) / 2
        }
        return (source, target)
    }
}

extension Region {
    /// Whether all of it is inside a picture.
    func isInside(_ width: Int, _ height: Int) -> Bool {
        x >= 0 && y >= 0 && self.width >= 1 && self.height >= 1 && self.width <= width && self.height <= height
            && x <= width - self.width && y <= height - self.height
    }

    /// Throws `.badArgument` when it is not.
    func check(inside width: Int, _ height: Int) throws(PictureError) {
        guard isInside(width, height) else {
            throw PictureError(
                .badArgument, "region x \(x), y \(y), \(self.width) x \(self.height)",
                expected: "a part of the picture of \(width) x \(height) pixels", found: "one that is not inside it",
                hint: "correct the region in the recipe or the size of the camera's picture")
        }
    }
}
