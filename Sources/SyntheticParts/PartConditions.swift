// SPDX-License-Identifier: Apache-2.0

/// Everything that differs from one good part to the next and is no defect: light, place, focus, camera.
///
/// Lengths are in pixels of a picture of 256 × 256.
struct PartConditions: Sendable {
    /// Brightness of the light; 1 is nominal, ± 12 %.
    let exposure: Float
    /// How much brighter the picture gets from its middle to its right and its lower border, ± 8 % each.
    let gradient: (x: Float, y: Float)
    /// Where the middle of the part lies, relative to the middle of the picture, ± 1.5 pixels.
    let shift: (x: Float, y: Float)
    /// Sine and cosine of the part's turn, ± 0.035 radians (2°).
    let turn: (sine: Float, cosine: Float)
    /// Where the light comes from: a vector of length 1 nearly, pointing to the upper left.
    let light: (x: Float, y: Float)
    /// Strength of the two bright wings that a turned face shows under a lamp.
    let sheen: Float
    /// Weight of the neighbours on either side in the blur; 0.04 is sharp, 0.2 soft.
    let blur: Float
    /// Deviation of the sensor's noise in grey levels.
    let noise: Float
    /// Gain of red, green and blue, ± 3 %.
    let cast: (Float, Float, Float)
    /// Strength of the turning marks in grey levels.
    let marks: Float
    /// Where the belt's weave stands under the part, in pixels.
    let weave: (x: Float, y: Float)

    /// Conditions drawn from `random`; always the same number of draws.
    init(random: inout SplitMix64) {
        exposure = random.between(0.88, 1.12)
        gradient = (random.between(-0.08, 0.08), random.between(-0.08, 0.08))
        shift = (random.between(-1.5, 1.5), random.between(-1.5, 1.5))
        let angle = random.between(-0.035, 0.035)
        // Two terms of the series are exact to a float for so small an angle, and need no library.
        turn = (angle - angle * angle * angle / 6, 1 - angle * angle / 2)
        light = (-0.6 + random.between(-0.05, 0.05), -0.8 + random.between(-0.05, 0.05))
        sheen = random.between(9, 17)
        blur = random.between(0.04, 0.2)
        noise = random.between(1.4, 3)
        cast = (random.between(0.97, 1.03), random.between(0.985, 1.015), random.between(0.97, 1.03))
        marks = random.between(7, 11)
        weave = (random.between(0, 12), random.between(0, 12))
    }
}
