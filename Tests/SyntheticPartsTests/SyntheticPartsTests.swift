// SPDX-License-Identifier: Apache-2.0

import Glibc
import Pictures
import SyntheticParts
import Testing

@Suite struct SyntheticPartsTests {
    private let parts = SyntheticParts(seed: 42)

    @Test("the same seed and index give the same bits, another index or seed gives another part")
    func repeatable() {
        #expect(parts.good(3) == SyntheticParts(seed: 42).good(3))
        #expect(parts.good(3) != parts.good(4))
        #expect(parts.good(3) != SyntheticParts(seed: 43).good(3))
        #expect(parts.good(3) != parts.twin(3))
        let first = parts.defective(9)
        let second = SyntheticParts(seed: 42).defective(9)
        #expect(first.picture == second.picture && first.mask == second.mask && first.kind == second.kind)
    }

    @Test("the bits of a few pictures are pinned: every machine draws the same parts")
    func pinned() {
        let hashes = [
            fingerprint(parts.good(0).pixels), fingerprint(parts.good(1_000_000).pixels),
            fingerprint(SyntheticParts(seed: .max, size: 96).good(7).pixels),
            fingerprint(parts.defective(0).picture.pixels), fingerprint(parts.defective(0).mask),
        ]
        #expect(
            hashes == [
                2_619_862_200_715_255_955,
                6_991_133_767_411_171_733,
                8_050_282_205_331_858_150,
                4_590_813_137_553_837_273,
                10_830_895_172_832_467_449,
            ])
        let kinds = DefectKind.allCases.map { fingerprint(parts.defective(5, kind: $0).picture.pixels) }
        #expect(
            kinds == [
                1_782_228_626_176_233_799,
                586_183_841_929_130_733,
                16_881_908_572_549_033_118,
                16_743_616_232_461_097_130,
                18_188_475_523_724_343_994,
            ])
    }

    @Test("pictures and masks have the asked size", arguments: [32, 96, 224, 320])
    func sizes(size: Int) {
        let small = SyntheticParts(seed: 1, size: size)
        let good = small.good(0)
        #expect(good.width == size && good.height == size)
        let bad = small.defective(0)
        #expect(bad.picture.width == size && bad.mask.count == size * size)
        #expect(bad.mask.allSatisfy { $0 == 0 || $0 == 255 })
    }

    @Test("every kind of defect is drawn about equally often")
    func kinds() {
        let tiny = SyntheticParts(seed: 5, size: 32)
        var counts: [DefectKind: Int] = [:]
        for index in 0..<300 { counts[tiny.defective(index).kind, default: 0] += 1 }
        for kind in DefectKind.allCases { #expect((35...90).contains(counts[kind] ?? 0)) }
    }

    @Test(
        "a defect changes what its mask shows, visibly, and next to nothing elsewhere", arguments: DefectKind.allCases)
    func changes(kind: DefectKind) {
        var shown = 0
        for index in 0..<12 {
            let bad = parts.defective(index, kind: kind)
            let twin = parts.twin(index)
            let area = bad.mask.count { $0 > 0 }
            var inside = 0.0
            var far = 0
            for pixel in 0..<(256 * 256) {
                let delta = abs(greyLevel(bad.picture, pixel) - greyLevel(twin, pixel))
                if bad.mask[pixel] > 0 { inside += delta }
                if delta > 1 && !near(bad.mask, pixel, reach: 7) { far += 1 }
            }
            // 0.03 % to 4 % of the picture: a person finds it, and it is small against the part.
            #expect((20...2600).contains(area), "\(kind) \(index): \(area) pixels")
            #expect(far == 0, "\(kind) \(index): \(far) pixels changed far from the mask")
            if inside / Double(max(1, area)) >= 9 { shown += 1 }
        }
        #expect(shown == 12, "\(kind): \(shown) of 12 change their place by 9 grey levels or more on average")
    }

    @Test("no threshold on mean, least, greatest or spread of brightness separates good from defective")
    func brightnessSaysNothing() {
        let thorough = getenv("JIDOKA_THOROUGH") != nil
        let count = thorough ? 1000 : 120
        print("synthetic parts: brightness of \(count) good and \(count) defective parts")
        let good = (0..<count).map { Brightness(parts.good($0)) }
        let bad = (0..<count).map { Brightness(parts.defective($0).picture) }
        let measures: [(name: String, of: (Brightness) -> Double)] = [
            ("mean", \.mean), ("deviation", \.deviation), ("least", \.least), ("greatest", \.greatest),
        ]
        for measure in measures {
            let area = separation(good: good.map(measure.of), bad: bad.map(measure.of))
            print("synthetic parts: AUROC of the \(measure.name) \(area)")
            #expect(area < 0.75, "\(measure.name)")
        }
        // Mean and extremes of defective parts lie where those of good ones do, but for a little at the ends.
        let means = good.map(\.mean).sorted()
        let inside = bad.count { $0.mean >= means[0] - 1 && $0.mean <= means[count - 1] + 1 }
        #expect(inside >= count * 97 / 100)
        let darkest = good.map(\.least).min() ?? 0
        let brightest = good.map(\.greatest).max() ?? 255
        #expect(bad.allSatisfy { $0.least >= darkest - 3 && $0.greatest <= brightest + 8 })
    }

    @Test("the contrast of scratches, pits and stains is smaller than the good parts' own variation")
    func contrastIsModerate() {
        // The face between groove and bolt holes, the same pixels in every part.
        let size = 256
        let face = (0..<(size * size)).map { index -> UInt8 in
            let x = Double(index % size) - 127.5
            let y = Double(index / size) - 127.5
            let radius = (x * x + y * y).squareRoot()
            return radius > 56 && radius < 64 ? 255 : 0
        }
        let goods = (0..<60).map { Brightness(parts.good($0), where: face) }
        let means = goods.map(\.mean)
        let range = (means.max() ?? 0) - (means.min() ?? 0)
        let texture = goods.map(\.deviation).reduce(0, +) / 60
        // Damage that shows the belt or hides a hole has the belt's contrast by its nature: it is printed, not limited.
        var largest = 0.0
        for kind in DefectKind.allCases {
            let contrasts = (0..<20).map { index -> Double in
                let bad = parts.defective(index, kind: kind)
                let before = Brightness(parts.twin(index), where: bad.mask).mean
                return abs(Brightness(bad.picture, where: bad.mask).mean - before)
            }
            let most = contrasts.max() ?? 0
            print("synthetic parts: contrast of \(kind.rawValue) \(contrasts.min() ?? 0) to \(most)")
            if [.scratch, .pit, .stain].contains(kind) { largest = max(largest, most) }
        }
        print("synthetic parts: face varies by \(range) between parts, \(texture) within; largest contrast \(largest)")
        #expect(largest < range)
    }

    private func near(_ mask: [UInt8], _ pixel: Int, reach: Int) -> Bool {
        let column = pixel % 256
        let row = pixel / 256
        for y in max(0, row - reach)...min(255, row + reach) {
            for x in max(0, column - reach)...min(255, column + reach) where mask[y * 256 + x] > 0 { return true }
        }
        return false
    }
}
