// SPDX-License-Identifier: Apache-2.0

import Pictures

/// Light as it reaches the camera, and the camera: blur, colour, noise, eight bits.
struct Scene {
    /// 255 on the defect, 0 elsewhere, `(size, size)`.
    private(set) var mask: [UInt8]
    private let size: Int
    private var grey: [Float]
    private var warmth: [Float]

    init(size: Int) {
        self.size = size
        mask = [UInt8](repeating: 0, count: size * size)
        grey = [Float](repeating: 0, count: size * size)
        warmth = grey
    }

    /// Sets pixel `index`, lit by `light`.
    mutating func set(_ index: Int, _ point: Flange.Point, light: Float) {
        grey[index] = point.grey * light
        warmth[index] = point.warmth
        mask[index] = point.cover > 0.4 ? 255 : 0
    }

    /// The camera's picture of the scene.
    func photograph(_ conditions: PartConditions, random: inout SplitMix64) -> Picture {
        let sharp = blurred(grey, step: 1, weight: conditions.blur)
        let soft = blurred(sharp, step: size, weight: conditions.blur)
        var pixels = [UInt8](repeating: 0, count: size * size * 3)
        for index in 0..<(size * size) {
            // Neighbouring colour sensors see mostly the same light, so most of the noise is common to all three.
            let common = random.bell() * conditions.noise
            let own = conditions.noise * 0.4
            let base = soft[index] + common
            let warm = warmth[index]
            pixels[index * 3] = Scene.byte((base + warm + own * random.bell()) * conditions.cast.0)
            pixels[index * 3 + 1] = Scene.byte((base + own * random.bell()) * conditions.cast.1)
            pixels[index * 3 + 2] = Scene.byte((base - warm + own * random.bell()) * conditions.cast.2)
        }
        return Picture(width: size, height: size, pixels: pixels)
    }

    /// Three taps along one axis: `step` 1 is along a row, `size` down a column; borders repeat.
    private func blurred(_ values: [Float], step: Int, weight: Float) -> [Float] {
        var result = values
        for row in 0..<size {
            for column in 0..<size {
                let index = row * size + column
                let place = step == 1 ? column : row
                let before = place > 0 ? values[index - step] : values[index]
                let after = place < size - 1 ? values[index + step] : values[index]
                result[index] = values[index] * (1 - 2 * weight) + (before + after) * weight
            }
        }
        return result
    }

    /// A grey level rounded to the nearest byte, clipped at both ends.
    static func byte(_ value: Float) -> UInt8 {
        UInt8(clamp(value, 0, 255).rounded(.toNearestOrEven))
    }
}
