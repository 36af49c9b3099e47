// SPDX-License-Identifier: Apache-2.0

extension Picture {
    /// The network input in a picture file: the one rule for camera, folder, training and evaluation.
    ///
    /// A PNG is decoded as it is. A JPEG is decoded at the smallest DCT scale (1/8, 1/4, 1/2 or 1) that still covers
    /// the network input, which costs a fraction of the time; see `InputRule.divisor`. So the same bytes give the same
    /// network input, wherever they come from.
    ///
    /// - Throws: what `decode` and `prepared(by:)` throw; all errors begin with `name`.
    public static func prepared(
        decoding bytes: [UInt8], name: String, rule: InputRule
    ) throws(PictureError) -> Picture {
        try decoded(bytes, name: name, for: rule).prepared
    }

    /// The same, with the decoded picture that the input was made from; a JPEG's is smaller by the divisor.
    public static func decoded(
        _ bytes: [UInt8], name: String, for rule: InputRule
    ) throws(PictureError) -> (picture: Picture, prepared: Picture) {
        var scaled = rule
        let picture = try decode(bytes, name: name) { (width, height) throws(PictureError) in
            let divisor = rule.divisor(width: width, height: height)
            scaled = rule.divided(by: divisor)
            return divisor
        }
        do throws(PictureError) {
            return (picture, try picture.prepared(by: scaled))
        } catch {
            // The rule doesn't know which picture it met.
            throw PictureError(
                error.code, "\(name): \(error.thing)", expected: error.expected, found: error.found, errno: error.errno,
                hint: error.hint)
        }
    }
}

extension InputRule {
    /// What a JPEG of `width` × `height` is divided by when it is decoded for this rule: the largest of 8, 4, 2, 1 with
    /// which the part that the rule looks at is still at least `size` on both sides; a region must divide evenly.
    public func divisor(width: Int, height: Int) -> Int {
        // A region that is not inside the picture is found out when it is used; its error names the original numbers.
        guard region?.isInside(width, height) ?? true else { return 1 }
        return [8, 4, 2].first { divisor in
            guard let region else { return (min(width, height) + divisor - 1) / divisor >= size }
            return [region.x, region.y, region.width, region.height].allSatisfy { $0 % divisor == 0 }
                && min(region.width, region.height) / divisor >= size
        } ?? 1
    }

    /// This rule for a picture that was divided.
    func divided(by divisor: Int) -> InputRule {
        guard let region, divisor > 1 else { return self }
        var rule = self
        rule.region = Region(
            x: region.x / divisor, y: region.y / divisor, width: region.width / divisor,
            height: region.height / divisor)
        return rule
    }
}
