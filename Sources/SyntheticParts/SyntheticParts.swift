// SPDX-License-Identifier: Apache-2.0

import Pictures

/// Pictures of parts that never existed: for the demonstration, for tests and for choices that need defects.
///
/// The part is a turned steel flange on a dark belt. Good parts differ in light, place, turn, focus, texture and noise;
/// a defect takes its grey levels from the range that good parts show, to a few levels, so that no threshold on mean,
/// least, greatest or spread of brightness finds it. Scratches, pits and stains differ from their place by less than
/// good faces differ from each other; edge damage and a missing hole have the contrast of belt and metal.
/// The pictures depend on the seed and the index only, bit for bit, on every machine: integers, and floating-point
/// operations that IEEE 754 rounds in one way; no library function.
public struct SyntheticParts: Sendable {
    /// Side of the pictures in pixels.
    public let size: Int
    private let seed: UInt64
    private static let goodSalt: UInt64 = 0x600D
    private static let badSalt: UInt64 = 0xBAD

    /// The parts of one seed.
    ///
    /// - Parameters:
    ///   - seed: another seed, other parts.
    ///   - size: side of the pictures in pixels, 32 to 4096.
    public init(seed: UInt64, size: Int = 256) {
        precondition(size >= 32 && size <= 4096, "a picture is 32 to 4096 pixels wide")
        self.seed = seed
        self.size = size
    }

    /// Good part number `index`.
    public func good(_ index: Int) -> Picture {
        render(index, salt: SyntheticParts.goodSalt, defect: nil).picture
    }

    /// Defective part number `index`: another part than the good one of that number.
    ///
    /// - Returns: the picture, a mask `(size, size)` that is 255 on the defect and 0 elsewhere, and the kind.
    public func defective(_ index: Int) -> (picture: Picture, mask: [UInt8], kind: DefectKind) {
        var random = stream(index, salt: 0xDEFE_C7ED)
        let kind = DefectKind.allCases[random.below(DefectKind.allCases.count)]
        return defective(index, kind: kind)
    }

    /// Defective part number `index` with one of the subtle kinds, see ``DefectKind/surface``.
    public func surfaceDefect(_ index: Int) -> (picture: Picture, mask: [UInt8], kind: DefectKind) {
        var random = stream(index, salt: 0x5C2A_7C45)
        return defective(index, kind: DefectKind.surface[random.below(DefectKind.surface.count)])
    }

    /// Defective part number `index` with a defect of a chosen kind.
    package func defective(
        _ index: Int, kind: DefectKind
    ) -> (picture: Picture, mask: [UInt8], kind: DefectKind) {
        var random = stream(index, salt: 0xDEFE_C7ED)
        _ = random.next()
        let rendered = render(index, salt: SyntheticParts.badSalt, defect: PartDefect(kind: kind, random: &random))
        return (rendered.picture, rendered.mask, kind)
    }

    /// The same part, light and noise as `defective(index)`, without the defect: what a defect changes is the difference.
    package func twin(_ index: Int) -> Picture {
        render(index, salt: SyntheticParts.badSalt, defect: nil).picture
    }

    private func stream(_ index: Int, salt: UInt64) -> SplitMix64 {
        let number = UInt64(bitPattern: Int64(index))
        return SplitMix64(seed: SplitMix64.mix(seed ^ salt) ^ SplitMix64.mix(number &* 0x9E37_79B9_7F4A_7C15 &+ salt))
    }

    private func render(_ index: Int, salt: UInt64, defect: PartDefect?) -> (picture: Picture, mask: [UInt8]) {
        var random = stream(index, salt: salt)
        let conditions = PartConditions(random: &random)
        let surface = Flange.Surface(random: &random)
        var scene = Scene(size: size)
        let scale = 256 / Float(size)
        for row in 0..<size {
            for column in 0..<size {
                let atX = (Float(column) + 0.5) * scale - 128
                let atY = (Float(row) + 0.5) * scale - 128
                let dx = atX - conditions.shift.x
                let dy = atY - conditions.shift.y
                let x = dx * conditions.turn.cosine + dy * conditions.turn.sine
                let y = dy * conditions.turn.cosine - dx * conditions.turn.sine
                let point = Flange.point(
                    x, y, beltX: dx, beltY: dy, surface: surface, conditions: conditions, defect: defect)
                let slope = conditions.gradient.x * atX + conditions.gradient.y * atY
                scene.set(row * size + column, point, light: conditions.exposure * (1 + slope * (1.0 / 128)))
            }
        }
        return (scene.photograph(conditions, random: &random), scene.mask)
    }
}
