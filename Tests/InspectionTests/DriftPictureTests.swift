// SPDX-License-Identifier: Apache-2.0

import Inspection
import Testing

@Suite struct DriftPictureTests {
    private static let size = 64

    /// Stripes and noise of some contrast around a level, one value per pixel.
    private static func scene(_ seed: UInt64, level: Double = 90, contrast: Double = 40) -> [Double] {
        var random = SeededRandom(seed)
        return (0..<size * size).map { place in
            let (x, y) = (Double(place % size), Double(place / size))
            let stripes = (Int(x / 5) + Int(y / 7)) % 2 == 0 ? 1.0 : -1
            return level + contrast * (0.6 * stripes + 0.4 * Double.random(in: -1...1, using: &random))
        }
    }

    private static func pixels(_ grey: [Double], gain: (Double, Double, Double) = (1, 1, 1)) -> [UInt8] {
        grey.flatMap { value in
            [gain.0, gain.1, gain.2].map { UInt8(max(0, min(255, (value * $0).rounded()))) }
        }
    }

    /// The mean over 3×3 places, borders repeated, once.
    private static func blurred(_ grey: [Double]) -> [Double] {
        grey.indices.map { place in
            let (x, y) = (place % size, place / size)
            var sum = 0.0
            for dy in -1...1 {
                for dx in -1...1 {
                    sum += grey[min(size - 1, max(0, y + dy)) * size + min(size - 1, max(0, x + dx))]
                }
            }
            return sum / 9
        }
    }

    @Test("exposure follows the light, focus and colour do not")
    func light() {
        for seed in 0..<5 as Range<UInt64> {
            let grey = Self.scene(seed)
            let plain = PictureStatistics(Self.pixels(grey), size: Self.size)
            #expect(plain.red == 1 && plain.blue == 1)
            var last = plain
            for gain in [1.05, 1.2, 1.5] {
                let lit = PictureStatistics(Self.pixels(grey.map { $0 * gain }), size: Self.size)
                #expect(lit.exposure > last.exposure)
                #expect(abs(lit.exposure / plain.exposure - Float(gain)) < 0.01)
                #expect(abs(lit.focus / plain.focus - 1) < 0.02, "gain \(gain)")
                #expect(lit.red == 1 && lit.blue == 1)
                last = lit
            }
            // An offset, as stray light gives it, and less contrast.
            let stray = PictureStatistics(Self.pixels(grey.map { $0 * 0.7 + 40 }), size: Self.size)
            #expect(abs(stray.focus / plain.focus - 1) < 0.02)
        }
    }

    @Test("focus falls with every step of blur, with sensor noise added afterwards too")
    func focus() {
        for noise in [0.0, 1, 2] {
            var random = SeededRandom(3)
            var grey = Self.scene(1)
            var last = PictureStatistics(Self.pixels(grey), size: Self.size).focus
            for step in 1...4 {
                grey = Self.blurred(grey)
                let noisy = grey.map { $0 + noise * Double.random(in: -1.7...1.7, using: &random) }
                let focus = PictureStatistics(Self.pixels(noisy), size: Self.size).focus
                #expect(focus < last, "noise \(noise), step \(step)")
                last = focus
            }
        }
    }

    @Test("colour ratios follow the colour of the light, each its own")
    func colour() {
        let grey = Self.scene(2)
        let warm = PictureStatistics(Self.pixels(grey, gain: (1.1, 1, 0.8)), size: Self.size)
        #expect(abs(warm.red - 1.1) < 0.01 && abs(warm.blue - 0.8) < 0.01)
    }

    @Test("pictures without light, without structure and of any size give finite numbers")
    func extremes() {
        for size in [1, 2, 3, 5, 6, 7, 8, 31, 33] {
            for value in [0, 7, 255] as [UInt8] {
                let flat = PictureStatistics(.init(repeating: value, count: size * size * 3), size: size)
                #expect(flat == PictureStatistics(exposure: Float(value), focus: 0, red: 1, blue: 1))
            }
            var random = SeededRandom(UInt64(size))
            let wild = PictureStatistics(random.bytes(size * size * 3), size: size)
            #expect(
                [wild.exposure, wild.focus, wild.red, wild.blue].allSatisfy { $0.isFinite && $0 >= 0 }
                    && wild.focus <= 8)
        }
        // Edges between whole rows only, wherever they lie.
        for phase in 0..<8 {
            let rows = (0..<64 * 64).map { ($0 / 64 + phase) / 4 % 2 == 0 ? 20.0 : 200 }
            #expect((0.5...8).contains(PictureStatistics(Self.pixels(rows), size: 64).focus))
        }
        // No green at all.
        let red = PictureStatistics((0..<64 * 64).flatMap { _ in [200, 0, 0] as [UInt8] }, size: 64)
        #expect(red.red.isFinite && red.red > 1_000 && red.blue == 1)
        // A chequerboard of single pixels is finer than what is looked at; one of pairs is the finest there is.
        let fine = (0..<64 * 64).map { ($0 % 64 / 2 + $0 / 64 / 2) % 2 == 0 ? 255.0 : 0 }
        #expect(PictureStatistics(Self.pixels(fine), size: 64).focus == 8)
    }
}
