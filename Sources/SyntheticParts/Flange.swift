// SPDX-License-Identifier: Apache-2.0

/// The part itself: a turned steel flange with a bore, a groove and four bolt holes, lying on a dark woven belt.
///
/// Lengths are in pixels of a picture of 256 × 256; grey levels are those under nominal light.
enum Flange {
    static let outer: Float = 104
    static let bore: Float = 34
    static let holeRadius: Float = 9
    static let groove: ClosedRange<Float> = 47...51
    /// Middles of the bolt holes, on a circle of radius 77.
    static let holes: [(x: Float, y: Float)] = [(54.45, 54.45), (-54.45, 54.45), (-54.45, -54.45), (54.45, -54.45)]

    /// The noises of one part: fresh for every part, as no two were turned by the same stroke.
    struct Surface {
        let rings: LatticeNoise
        let arcs: LatticeNoise
        let belt: LatticeNoise

        init(random: inout SplitMix64) {
            rings = LatticeNoise(key: random.next())
            arcs = LatticeNoise(key: random.next())
            belt = LatticeNoise(key: random.next())
        }
    }

    /// Grey level and warmth of one point, before lamp and camera, and how much of it is defect.
    struct Point {
        var grey: Float
        var warmth: Float
        var cover: Float
    }

    /// The point at `(x, y)` of the part; `(beltX, beltY)` is the same point on the belt, which does not turn along.
    static func point(
        _ x: Float, _ y: Float, beltX: Float, beltY: Float, surface: Surface, conditions: PartConditions,
        defect: PartDefect?
    ) -> Point {
        let radius = (x * x + y * y).squareRoot()
        let effect = defect?.effect(x, y, light: conditions.light) ?? PartDefect.Effect()
        var metal = clamp(outer - radius + 0.5)
        let before = metal
        if effect.metal > 0 { metal = max(metal, effect.metal) }
        if effect.metal < 0 { metal = min(metal, 1 + effect.metal) }
        var cover = effect.metal == 0 ? effect.cover : abs(metal - before)

        var shade = clamp(radius - bore + 0.5)
        var bevel: Float = 0
        for (index, hole) in holes.enumerated() where defect?.closes(index) != true {
            let dx = x - hole.x
            let dy = y - hole.y
            guard abs(dx) < holeRadius + 4, abs(dy) < holeRadius + 4 else { continue }
            let distance = (dx * dx + dy * dy).squareRoot()
            shade = min(shade, clamp(distance - holeRadius + 0.5))
            let ring = clamp(1.5 - abs(distance - holeRadius - 1) * 0.8)
            bevel -= ring * (dx * conditions.light.x + dy * conditions.light.y) / max(distance, 1)
        }
        let belt = beltGrey(beltX, beltY, radius, surface, conditions)
        guard metal > 0 else { return Point(grey: belt, warmth: 0, cover: cover) }

        let face = faceGrey(x, y, radius, bevel, effect, surface, conditions)
        let hollow = belt * 0.55 + 2
        let solid = hollow + (face - hollow) * shade
        if effect.metal == 0 { cover *= defect?.kind == .missingHole ? 1 : shade * metal }
        return Point(
            grey: belt + (solid - belt) * metal, warmth: effect.warmth * shade * metal, cover: cover)
    }

    private static func faceGrey(
        _ x: Float, _ y: Float, _ radius: Float, _ holeBevel: Float, _ effect: PartDefect.Effect, _ surface: Surface,
        _ conditions: PartConditions
    ) -> Float {
        let unit = max(radius, 1)
        // A place along the ring without an arc tangent: the diamond's angle, 0 to 4.
        let turn = x / (abs(x) + abs(y) + 1e-6)
        let around = y >= 0 ? 1 - turn : 3 + turn
        let rings = surface.rings.value(radius * 0.55, 0.5) * 0.6 + surface.rings.value(radius * 0.16, 7.5) * 0.4
        let arcs = surface.arcs.value(radius * 0.9, around * 5)
        let marks = conditions.marks * (rings + 0.6 * arcs) * effect.texture
        // A turned face reflects a lamp as two wings, at right angles to the light.
        let double = (x * conditions.light.y - y * conditions.light.x) / unit
        let sheen = conditions.sheen * (2 * double * double - 1)
        let facing = (x * conditions.light.x + y * conditions.light.y) / unit
        var bevel = holeBevel * 26
        bevel += clamp(1 - abs(radius - outer + 2) * 0.45) * facing * 42
        bevel -= clamp(1 - abs(radius - bore - 1.5) * 0.5) * facing * 36
        let depth = clamp(radius - groove.lowerBound + 0.5) * clamp(groove.upperBound - radius + 0.5)
        bevel -= depth * 26
        bevel -= clamp(1 - abs(radius - groove.upperBound - 0.5)) * facing * 22
        return 138 + marks + sheen + bevel + effect.shift
    }

    private static func beltGrey(
        _ x: Float, _ y: Float, _ radius: Float, _ surface: Surface, _ conditions: PartConditions
    ) -> Float {
        let weave = triangle((x + y + conditions.weave.x) / 6) * triangle((x - y + conditions.weave.y) / 6)
        let dirt = surface.belt.cloud(x * 0.05, y * 0.05) * 5 + surface.belt.value(x * 0.7 + 50, y * 0.7) * 3
        // The part throws a soft shadow on the side away from the lamp.
        let sx = x + conditions.light.x * 6
        let sy = y + conditions.light.y * 6
        let shadow = softStep(-4, 9, outer + 3 - (sx * sx + sy * sy).squareRoot())
        return (40 + weave * 7 + dirt) * (1 - 0.4 * shadow)
    }

    /// A wave of straight lines between −1 and 1, period 1.
    private static func triangle(_ t: Float) -> Float {
        abs((t - t.rounded(.down)) - 0.5) * 4 - 1
    }
}
