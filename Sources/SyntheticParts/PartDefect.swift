// SPDX-License-Identifier: Apache-2.0

/// One defect, placed: what it changes at a point of the part.
///
/// Coordinates are the part's own: origin in its middle, pixels of a picture of 256 × 256.
struct PartDefect: Sendable {
    /// What the defect does at one point.
    struct Effect {
        /// Added to the metal's grey level.
        var shift: Float = 0
        /// The part of the texture that is left, 0–1.
        var texture: Float = 1
        /// Added to red and taken from blue, in grey levels.
        var warmth: Float = 0
        /// How much metal there is: −1 takes it away, +1 adds it, 0 leaves it.
        var metal: Float = 0
        /// How much of the point belongs to the defect, 0–1.
        var cover: Float = 0
    }

    let kind: DefectKind
    private let place: (x: Float, y: Float)
    private let radius: Float
    private let strength: Float
    private let sign: Float
    private let stroke: Stroke?
    private let shape: LatticeNoise
    private let hole: Int

    /// A defect of a kind, at a place where it can be seen, drawn from `random`.
    init(kind: DefectKind, random: inout SplitMix64) {
        self.kind = kind
        shape = LatticeNoise(key: random.next())
        sign = random.coin() ? 1 : -1
        hole = random.below(Flange.holes.count)
        let direction = PartDefect.direction(&random)
        switch kind {
        case .scratch:
            radius = random.between(1, 2)
            strength = random.between(26, 36)
            let length = random.between(30, 80)
            let start = PartDefect.direction(&random)
            let distance = random.between(62, 88)
            let middle = (x: start.x * distance, y: start.y * distance)
            stroke = Stroke(
                middle: middle, direction: direction, length: length, bend: random.between(-0.12, 0.12))
            place = middle
        case .pit:
            radius = random.between(6, 12)
            strength = random.between(30, 44)
            let distance = random.between(56, 90)
            place = (direction.x * distance, direction.y * distance)
            stroke = nil
        case .stain:
            radius = random.between(14, 26)
            strength = random.between(22, 32)
            let distance = random.between(56, 84)
            place = (direction.x * distance, direction.y * distance)
            stroke = nil
        case .edge:
            radius = random.between(6.5, 11)
            strength = 0
            let distance = sign > 0 ? Flange.outer - 2 : Flange.outer + random.between(-1, 2.5)
            place = (direction.x * distance, direction.y * distance)
            stroke = nil
        case .missingHole:
            radius = Flange.holeRadius
            strength = 0
            place = Flange.holes[hole]
            stroke = nil
        }
    }

    /// True when bolt hole `index` is not there.
    func closes(_ index: Int) -> Bool {
        kind == .missingHole && index == hole
    }

    /// What the defect does at `(x, y)` under a light from `light`.
    func effect(_ x: Float, _ y: Float, light: (x: Float, y: Float)) -> Effect {
        switch kind {
        case .scratch: return scratch(x, y)
        case .pit: return pit(x, y, light)
        case .stain: return stain(x, y)
        case .edge: return edge(x, y)
        case .missingHole:
            var effect = Effect()
            let dx = x - place.x
            let dy = y - place.y
            effect.cover = clamp(radius + 2.5 - (dx * dx + dy * dy).squareRoot())
            return effect
        }
    }

    private func scratch(_ x: Float, _ y: Float) -> Effect {
        var effect = Effect()
        guard near(x, y, 48), let position = stroke?.position(x, y) else { return effect }
        let distance = position.distance
        // The tool lifts at both ends and skips a little on the way.
        let ends = softStep(0, 0.12, position.along) * softStep(0, 0.12, 1 - position.along)
        let pressure = ends * (0.85 + 0.25 * shape.value(position.along * 15, 3))
        let core = clamp(radius + 0.5 - distance) * pressure
        let lip = clamp(1.5 - abs(distance - radius - 1)) * (position.side > 0 ? 1 : 0) * pressure
        effect.shift = sign * strength * (core - 0.45 * lip * (1 - core))
        effect.texture = 1 - 0.7 * core
        effect.cover = core
        return effect
    }

    private func pit(_ x: Float, _ y: Float, _ light: (x: Float, y: Float)) -> Effect {
        var effect = Effect()
        guard near(x, y, radius * 1.8) else { return effect }
        let dx = x - place.x
        let dy = y - place.y
        let distance = (dx * dx + dy * dy).squareRoot()
        let rim = radius * (1 + 0.3 * shape.value(dx * 0.14, dy * 0.14) + 0.1 * shape.value(dx * 0.4 + 9, dy * 0.4))
        let inside = clamp(rim + 0.5 - distance)
        // The wall that faces the lamp is lit, the one under the lamp lies in its own shade.
        let slope = (dx * light.x + dy * light.y) / max(distance, 1)
        let wall = softStep(0.35, 0.95, distance / rim)
        effect.shift =
            inside * (-strength * (0.75 + 0.15 * shape.value(x * 0.5, y * 0.5)) - slope * wall * strength * 0.7)
        let lip = clamp(1.6 - abs(distance - rim - 1.2)) * (1 - inside)
        effect.shift += lip * 12 * slope
        effect.texture = 1 - 0.6 * inside
        effect.cover = inside
        return effect
    }

    private func stain(_ x: Float, _ y: Float) -> Effect {
        var effect = Effect()
        guard near(x, y, radius * 1.7) else { return effect }
        let dx = x - place.x
        let dy = y - place.y
        let distance = (dx * dx + dy * dy).squareRoot() / radius
        let edge = 1.05 + 0.45 * shape.cloud(dx / radius * 1.6, dy / radius * 1.6)
        let inside = softStep(0, 0.22, edge - distance)
        // A drop that dried is darker along its border.
        let border = inside * (1 - softStep(0.1, 0.5, edge - distance))
        let depth = inside * (0.75 + 0.3 * shape.cloud(x * 0.12 + 40, y * 0.12)) + 0.3 * border
        effect.shift = -strength * depth
        effect.texture = 1 - 0.45 * inside
        effect.warmth = 3 * inside
        effect.cover = inside
        return effect
    }

    private func edge(_ x: Float, _ y: Float) -> Effect {
        var effect = Effect()
        guard near(x, y, radius * 1.8) else { return effect }
        let dx = x - place.x
        let dy = y - place.y
        // A burr is smaller than a nick and hugs the edge: it is stretched along it.
        let reach = (place.x * place.x + place.y * place.y).squareRoot()
        let across = (dx * place.x + dy * place.y) / reach
        let along = (dx * place.y - dy * place.x) / reach
        let squeeze: Float = sign > 0 ? 1.35 : 1.1
        let distance = (along * along + across * across * squeeze * squeeze).squareRoot()
        let rim = radius * (1 + 0.35 * shape.value(dx * 0.22, dy * 0.22))
        let inside = clamp(rim + 0.5 - distance)
        effect.metal = sign > 0 ? inside : -inside
        effect.cover = inside
        return effect
    }

    private func near(_ x: Float, _ y: Float, _ reach: Float) -> Bool {
        abs(x - place.x) <= reach && abs(y - place.y) <= reach
    }

    /// A direction, evenly spread: a point inside the unit circle, pushed out to it.
    static func direction(_ random: inout SplitMix64) -> (x: Float, y: Float) {
        for _ in 0..<64 {
            let x = random.between(-1, 1)
            let y = random.between(-1, 1)
            let length = (x * x + y * y).squareRoot()
            if length <= 1 && length > 0.1 { return (x / length, y / length) }
        }
        return (1, 0)
    }
}
