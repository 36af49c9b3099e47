// SPDX-License-Identifier: Apache-2.0

import Pictures
import SyntheticParts
import Testing

@Suite struct BlendedDefectTests {
    @Test("the same seed blends the same bits; they are pinned")
    func repeatable() {
        let picture = SyntheticParts(seed: 1).good(0)
        var hashes: [UInt64] = []
        for seed in 0..<6 as Range<UInt64> {
            let first = BlendedDefect.apply(to: picture, seed: seed)
            let second = BlendedDefect.apply(to: picture, seed: seed)
            #expect(first.0 == second.0 && first.1 == second.1)
            hashes.append(fingerprint(first.0.pixels))
        }
        #expect(
            hashes == [
                84_085_882_813_007_878, 10_189_722_151_378_069_562, 8_203_457_710_729_683_330,
                12_358_163_148_139_472_678, 10_729_386_037_807_994_659, 15_645_608_305_967_424_638,
            ])
    }

    @Test("sizes span 0.1 % to 25 %, the change shows inside the mask and stays near it")
    func extent() {
        let parts = SyntheticParts(seed: 2)
        var areas: [Double] = []
        for seed in 0..<80 as Range<UInt64> {
            let picture = parts.good(Int(seed) % 4)
            let (blended, mask) = BlendedDefect.apply(to: picture, seed: seed)
            let area = mask.count { $0 > 0 }
            var inside = 0.0
            var outside = 0.0
            for pixel in 0..<mask.count {
                let delta = abs(greyLevel(blended, pixel) - greyLevel(picture, pixel))
                if mask[pixel] > 0 { inside += delta } else { outside += delta }
            }
            areas.append(Double(area) / Double(mask.count))
            #expect(area > 0)
            #expect(inside / Double(area) > 3, "seed \(seed)")
            #expect(outside < inside, "seed \(seed)")
        }
        areas.sort()
        print(
            "blended defects: area \(areas[0] * 100) % to \(areas[areas.count - 1] * 100) %, median \(areas[40] * 100) %"
        )
        #expect(areas[0] >= 0.0004 && areas[areas.count - 1] <= 0.27)
        #expect(areas[8] < 0.004 && areas[72] > 0.05)
    }

    @Test("a size class gives its size")
    func sizeClasses() {
        let picture = SyntheticParts(seed: 2).good(0)
        for (sizeClass, share) in BlendedDefect.shares.enumerated() {
            var areas = (0..<30 as Range<UInt64>).map { seed in
                let mask = BlendedDefect.apply(to: picture, seed: seed, sizeClass: sizeClass).1
                return Float(mask.count { $0 > 0 }) / Float(mask.count)
            }
            areas.sort()
            #expect(areas[15] > share * 0.4 && areas[15] < share * 1.4, "class \(sizeClass)")
            #expect(areas[29] < share * 1.6)
        }
    }

    @Test("a grey picture stays grey, an even one gets a defect too, and the smallest size works")
    func unusualPictures() {
        var random: UInt8 = 1
        let noisy = (0..<(64 * 48)).flatMap { _ -> [UInt8] in
            random = random &* 37 &+ 11
            return [random, random, random]
        }
        let even = Picture(width: 32, height: 32, pixels: [UInt8](repeating: 128, count: 32 * 32 * 3))
        for seed in 0..<200 as Range<UInt64> {
            let (grey, mask) = BlendedDefect.apply(to: Picture(width: 64, height: 48, pixels: noisy), seed: seed)
            #expect(mask.count == 64 * 48)
            for pixel in 0..<mask.count {
                #expect(
                    grey.pixels[pixel * 3] == grey.pixels[pixel * 3 + 1]
                        && grey.pixels[pixel * 3] == grey.pixels[pixel * 3 + 2])
            }
            let (changed, small) = BlendedDefect.apply(to: even, seed: seed)
            #expect(changed != even && small.contains(255))
        }
        for value in [UInt8(0), 255] {
            let flat = Picture(width: 256, height: 256, pixels: [UInt8](repeating: value, count: 256 * 256 * 3))
            for seed in 0..<20 as Range<UInt64> { #expect(BlendedDefect.apply(to: flat, seed: seed).0 != flat) }
        }
    }
}
