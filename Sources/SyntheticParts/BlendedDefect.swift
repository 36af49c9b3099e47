// SPDX-License-Identifier: Apache-2.0

import Pictures

/// Synthetic defects blended into any good picture: for choices that may not look at real defects.
///
/// A blob or a patch takes its texture from another place of the same picture; a blob or a scratch gets darker or brighter; a
/// blob is roughened, wiped even or covered with something foreign; a jagged crack runs through. From hardly visible to plain,
/// 0.1–25 % of the picture's area: real defects come in all sizes, and what finds the small ones is not what finds the large
/// ones. The same idea as CutPaste (Li et al., CVPR 2021) and the Perlin-noise defects of DRAEM (Zavrtanik et al., ICCV 2021),
/// with the picture as its own source of textures.
public enum BlendedDefect {
    /// The middles of the size classes, shares of the picture's area, each about three times the one before.
    public static let shares: [Float] = [0.002, 0.006, 0.02, 0.06, 0.18]

    /// Blends one defect into a picture.
    ///
    /// - Parameters:
    ///   - picture: a good picture, at network-input size, at least 32 × 32.
    ///   - seed: chooses kind, place, exact size and contrast; the same seed gives the same bits.
    ///   - sizeClass: index into ``shares``; nil lets the seed choose. Scratches and cracks are
    ///     as long as the class allows, and thin.
    /// - Returns: the picture with its defect, and a mask `(height, width)` that is 255 on the defect and 0 elsewhere.
    public static func apply(to picture: Picture, seed: UInt64, sizeClass: Int? = nil) -> (Picture, [UInt8]) {
        precondition(picture.width >= 32 && picture.height >= 32, "a picture is at least 32 × 32")
        var random = SplitMix64(seed: SplitMix64.mix(seed ^ 0xB1E9_DDEF))
        let drawn = random.below(shares.count)
        let share = shares[min(shares.count - 1, max(0, sizeClass ?? drawn))] * random.between(0.55, 1.35)
        let (width, height) = (picture.width, picture.height)
        let area = max(12, share * Float(width * height))
        let middle = (x: random.between(0.08, 0.92) * Float(width), y: random.between(0.08, 0.92) * Float(height))
        func blob(_ random: inout SplitMix64) -> BlendedShape {
            BlendedShape.blob(area: area, middle: middle, width: width, height: height, random: &random)
        }
        var blend: Blend
        // From hardly visible to plain, as many of each.
        let contrast = 10 * Float(1 << random.below(3)) * random.between(1, 2)
        switch random.below(8) {
        case 0:
            blend = Blend(picture, blob(&random))
            blend.transplant(opacity: random.between(0.55, 1), random: &random)
        case 1:
            blend = Blend(picture, blob(&random))
            blend.shift(by: contrast, random: &random)
        case 2:
            let limited = min(area, 0.01 * Float(width * height))
            let shape = BlendedShape.scratch(
                area: limited, middle: middle, width: width, height: height, random: &random)
            blend = Blend(picture, shape)
            blend.shift(by: contrast, random: &random)
        case 3:
            let shape = BlendedShape.patch(area: area, middle: middle, width: width, height: height, random: &random)
            blend = Blend(picture, shape)
            blend.transplant(opacity: random.between(0.7, 1), random: &random)
        case 4:
            blend = Blend(picture, blob(&random))
            blend.roughen(by: random.between(10, 30), opacity: random.between(0.5, 1), random: &random)
        case 5:
            blend = Blend(picture, blob(&random))
            blend.wipe(opacity: random.between(0.6, 1), random: &random)
        case 6:
            let limited = min(area, 0.02 * Float(width * height))
            let shape = BlendedShape.crack(
                area: limited, middle: middle, width: width, height: height, random: &random)
            blend = Blend(picture, shape)
            blend.shift(by: contrast, sign: -1, random: &random)
        default:
            blend = Blend(picture, blob(&random))
            blend.cover(random: &random)
        }
        // On an even surface a transplant changes nothing: then it is given a little contrast of its own.
        if blend.change < 5 { blend.shift(by: random.between(8, 16), random: &random) }
        return (blend.picture, blend.mask)
    }
}

/// A picture with a defect in the making.
private struct Blend {
    let original: Picture
    let shape: BlendedShape
    private(set) var picture: Picture

    init(_ picture: Picture, _ shape: BlendedShape) {
        original = picture
        self.picture = picture
        self.shape = shape
    }

    /// How much the defect differs from what was there, in grey levels: the change of its mean, or a quarter of the mean
    /// change of its pixels, as a texture moved a little aside changes every pixel and yet shows nothing.
    var change: Float {
        var signed: Float = 0
        var absolute: Float = 0
        var weight: Float = 0
        visit { index, _, _, cover in
            guard cover >= 0.5 else { return }
            for channel in 0..<3 {
                let delta = Float(picture.pixels[index * 3 + channel]) - Float(original.pixels[index * 3 + channel])
                signed += delta
                absolute += abs(delta)
            }
            weight += 3
        }
        return weight > 0 ? max(abs(signed), absolute * 0.25) / weight : 0
    }

    /// 255 where the defect covers more than it leaves.
    var mask: [UInt8] {
        var mask = [UInt8](repeating: 0, count: original.width * original.height)
        visit { index, _, _, cover in
            if cover >= 0.5 { mask[index] = 255 }
        }
        return mask
    }

    /// Makes the defect darker (`sign` −1) or brighter (1); nil lets chance decide. Never where there is no room.
    mutating func shift(by levels: Float, sign asked: Float? = nil, random: inout SplitMix64) {
        let noise = LatticeNoise(key: random.next())
        let grain = random.between(0.05, 0.3)
        var sum: Float = 0
        var squares: Float = 0
        var weight: Float = 0
        visit { index, _, _, cover in
            guard cover >= 0.5 else { return }
            let grey = Float(original.pixels[index * 3 + 1])
            sum += grey
            squares += grey * grey
            weight += 1
        }
        let mean = weight > 0 ? sum / weight : 128
        let deviation = weight > 0 ? max(0, squares / weight - mean * mean).squareRoot() : 0
        // A coarse texture hides more: there the contrast grows with it.
        let contrast = levels * clamp(deviation / 16, 1, 1.8)
        let drawn: Float = random.coin() ? 1 : -1
        let chosen = asked ?? drawn
        let sign: Float = mean < 60 ? 1 : mean > 195 ? -1 : chosen
        var pixels = picture.pixels
        visit { index, x, y, cover in
            guard cover > 0 else { return }
            let shift = sign * contrast * cover * (1 + 0.3 * noise.value(Float(x) * grain, Float(y) * grain))
            for channel in 0..<3 {
                pixels[index * 3 + channel] = Scene.byte(Float(picture.pixels[index * 3 + channel]) + shift)
            }
        }
        picture.pixels = pixels
    }

    /// Lays another place of the picture over the defect: the first tried that is different enough, else the most different.
    mutating func transplant(opacity: Float, random: inout SplitMix64) {
        var best = (x: 0, y: 0, difference: Float(-1))
        for _ in 0..<12 {
            let x = random.below(original.width - shape.width + 1) - shape.left
            let y = random.below(original.height - shape.height + 1) - shape.top
            let difference = self.difference(x, y)
            if difference > best.difference { best = (x, y, difference) }
            if difference >= 8 { break }
        }
        let tone = random.between(-6, 6)
        var pixels = picture.pixels
        visit { index, x, y, cover in
            guard cover > 0 else { return }
            let source = (y + best.y) * original.width + x + best.x
            let weight = cover * opacity
            for channel in 0..<3 {
                let old = Float(picture.pixels[index * 3 + channel])
                let new = Float(original.pixels[source * 3 + channel]) + tone
                pixels[index * 3 + channel] = Scene.byte(old + (new - old) * weight)
            }
        }
        picture.pixels = pixels
    }

    /// Lays a grain of noise over the defect's mean colour: corrosion, a rough spot.
    mutating func roughen(by levels: Float, opacity: Float, random: inout SplitMix64) {
        let noise = LatticeNoise(key: random.next())
        let grain = random.between(0.15, 0.8)
        let tone = random.between(-12, 12)
        let mean = self.mean
        paint(opacity: opacity) { channel, x, y in
            mean[channel] + tone + levels * 1.5 * noise.cloud(Float(x) * grain, Float(y) * grain)
        }
    }

    /// Wipes the texture away, down to the defect's mean colour: a smear, a film, a missing print.
    mutating func wipe(opacity: Float, random: inout SplitMix64) {
        let tone = random.between(-10, 10)
        let mean = self.mean
        paint(opacity: opacity) { channel, _, _ in mean[channel] + tone }
    }

    /// Covers it with something of a colour of its own: foreign matter. A grey picture gets a grey one.
    mutating func cover(random: inout SplitMix64) {
        let noise = LatticeNoise(key: random.next())
        let grain = random.between(0.1, 0.5)
        let colour = (0..<3).map { _ in random.between(0, 255) }
        let mean = self.mean
        let isGrey = abs(mean[0] - mean[1]) < 0.5 && abs(mean[1] - mean[2]) < 0.5
        paint(opacity: 1) { channel, x, y in
            colour[isGrey ? 0 : channel] + 10 * noise.cloud(Float(x) * grain, Float(y) * grain)
        }
    }

    /// Mean colour below the defect.
    private var mean: [Float] {
        var sums: [Float] = [0, 0, 0]
        var weight: Float = 0
        visit { index, _, _, cover in
            guard cover >= 0.5 else { return }
            for channel in 0..<3 { sums[channel] += Float(original.pixels[index * 3 + channel]) }
            weight += 1
        }
        return sums.map { weight > 0 ? $0 / weight : 128 }
    }

    private mutating func paint(opacity: Float, _ colour: (_ channel: Int, _ x: Int, _ y: Int) -> Float) {
        var pixels = picture.pixels
        visit { index, x, y, cover in
            guard cover > 0 else { return }
            for channel in 0..<3 {
                let old = Float(picture.pixels[index * 3 + channel])
                pixels[index * 3 + channel] = Scene.byte(old + (colour(channel, x, y) - old) * cover * opacity)
            }
        }
        picture.pixels = pixels
    }

    private func difference(_ dx: Int, _ dy: Int) -> Float {
        var sum: Float = 0
        var weight: Float = 0
        visit { index, x, y, cover in
            guard cover >= 0.5 else { return }
            let source = (y + dy) * original.width + x + dx
            sum += abs(Float(original.pixels[index * 3 + 1]) - Float(original.pixels[source * 3 + 1]))
            weight += 1
        }
        return weight > 0 ? sum / weight : 0
    }

    private func visit(_ body: (_ index: Int, _ x: Int, _ y: Int, _ cover: Float) -> Void) {
        for row in 0..<shape.height {
            for column in 0..<shape.width {
                let x = shape.left + column
                let y = shape.top + row
                body(y * original.width + x, x, y, shape.cover[row * shape.width + column])
            }
        }
    }
}
