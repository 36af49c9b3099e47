// SPDX-License-Identifier: Apache-2.0

import Calibration
import Testing

@Suite struct PixelMeasuresTests {
    @Test("regions touch at sides and corners, and are numbered in reading order")
    func regions() {
        let mask: [UInt8] = [
            1, 0, 0, 0, 9,
            0, 1, 0, 0, 1,
            0, 0, 0, 0, 0,
            1, 0, 1, 0, 0,
            0, 1, 0, 0, 1,
        ]
        let found = MaskRegions(mask, width: 5)
        #expect(found.areas == [2, 2, 3, 1])
        #expect(
            found.labels == [
                0, -1, -1, -1, 1, -1, 0, -1, -1, 1, -1, -1, -1, -1, -1, 2, -1, 2, -1, -1, -1, 2, -1, -1, 3,
            ])
        #expect(MaskRegions([], width: 3).areas.isEmpty && MaskRegions([0, 0], width: 1).areas.isEmpty)
        // A region does not go round the edge of a row.
        #expect(MaskRegions([0, 0, 1, 1, 0, 0], width: 3).areas == [1, 1])
        #expect(MaskRegions([1, 1, 1, 1], width: 1).areas == [4])
    }

    @Test("arms that meet late are one region, however they are joined")
    func joins() {
        // Two combs, the second upside down: provisional labels are joined from both sides.
        let comb: [UInt8] = [1, 0, 1, 0, 1, 0, 1] + [1, 0, 1, 0, 1, 0, 1] + [1, 1, 1, 1, 1, 1, 1]
        #expect(MaskRegions(comb, width: 7).areas == [15])
        #expect(MaskRegions(comb.reversed(), width: 7).areas == [15])
        var spiral = [UInt8](repeating: 0, count: 49)
        for (row, columns) in [
            (0, [0, 1, 2, 3, 4, 5, 6]), (1, [6]), (2, [0, 1, 2, 3, 4, 6]), (3, [0, 4, 6]), (4, [0, 2, 4, 6]),
            (5, [0, 6]), (6, [0, 1, 2, 3, 4, 5, 6]),
        ] { for column in columns { spiral[row * 7 + column] = 1 } }
        #expect(MaskRegions(spiral, width: 7).areas == [29, 1])
    }

    @Test("regions are those of a flood fill on random masks")
    func floodFill() {
        var random = SeededRandom(5)
        for density in [0.1, 0.4, 0.6] {
            for (width, height) in [(1, 9), (9, 1), (13, 17)] {
                let mask = (0..<width * height).map { _ in
                    Double.random(in: 0..<1, using: &random) < density ? UInt8(1) : 0
                }
                #expect(MaskRegions(mask, width: width).labels == flood(mask, width: width))
            }
        }
    }

    private func flood(_ mask: [UInt8], width: Int) -> [Int] {
        var labels = [Int](repeating: -1, count: mask.count)
        var next = 0
        for start in mask.indices where mask[start] != 0 && labels[start] < 0 {
            var open = [start]
            labels[start] = next
            while let index = open.popLast() {
                for dy in -1...1 {
                    for dx in -1...1 {
                        let (x, y) = (index % width + dx, index / width + dy)
                        guard (0..<width).contains(x), (0..<mask.count / width).contains(y) else { continue }
                        let other = y * width + x
                        if mask[other] != 0, labels[other] < 0 {
                            labels[other] = next
                            open.append(other)
                        }
                    }
                }
            }
            next += 1
        }
        return labels
    }

    private func isClose(_ found: Double?, _ wanted: Double) -> Bool { abs((found ?? .nan) - wanted) < 1e-12 }

    @Test("AUPRO by hand: each region counts alike, and the last step is cut at the limit")
    func byHand() throws {
        // Two regions, 1 and 4 pixels, in 10 good ones. From above: the small one, a good pixel, half of the large one,
        // four good.
        var histogram = PixelHistogram()
        let mask: [UInt8] = [
            1, 0, 0, 0, 0,
            0, 0, 0, 1, 1,
            0, 0, 0, 1, 1,
        ]
        let map: [Float] = [
            9, 8, 1, 1, 1,
            5, 5, 1, 7, 7,
            5, 5, 1, 0, 0,
        ]
        histogram.add(map, mask: mask, width: 5)
        #expect(histogram.regions == 2)
        // Points (rate, overlap): (0, 0.5), (0.1, 0.5), (0.1, 0.75), (0.5, 0.75), (1, 0.75), (1, 1).
        #expect(isClose(histogram.aupro(limit: 1), 0.725))
        #expect(isClose(histogram.aupro(), 0.2 / 0.3))
        #expect(isClose(histogram.aupro(limit: 0.05), 0.5))
        #expect(histogram.aupro(limit: 0) == nil && histogram.aupro(limit: 1.5) == nil)
        // A tie of good and defective pixels is a slope: (0, 0) to (0.5, 1).
        var ties = PixelHistogram()
        ties.add([2, 2, 1], mask: [1, 0, 0], width: 3)
        #expect(isClose(ties.aupro(limit: 1), 0.75))
        #expect(isClose(ties.aupro(limit: 0.25), 0.25))
    }

    @Test("AUPRO is 1 where every region lies above all else, 0 where all lie below, nil without regions or good ones")
    func ends() throws {
        var histogram = PixelHistogram()
        histogram.add([3, 1, 1, 4], mask: [1, 0, 0, 1], width: 4)
        #expect(histogram.aupro() == 1)
        var worst = PixelHistogram()
        worst.add([0, 1, 1, 0], mask: [1, 0, 0, 1], width: 4)
        #expect(worst.aupro() == 0)
        var empty = PixelHistogram()
        #expect(empty.aupro() == nil)
        empty.add([1, 2], mask: nil, width: 2)
        #expect(empty.aupro() == nil && empty.regions == 0)
        var only = PixelHistogram()
        only.add([1, 2], mask: [1, 1], width: 2)
        #expect(only.aupro() == nil)
        var broken = PixelHistogram()
        broken.add([.nan, 1, 2], mask: [1, 0, 0], width: 3)
        #expect(broken.aupro() == 1)
    }

    @Test("AUPRO over bins is the exact one within a thousandth; halves that are merged give the same")
    func exact() throws {
        var random = SeededRandom(11)
        var histogram = PixelHistogram()
        var halves = [PixelHistogram(), PixelHistogram()]
        var regions: [[Float]] = []
        var good: [Float] = []
        for map in 0..<6 {
            let mask = (0..<400).map { _ in Double.random(in: 0..<1, using: &random) < 0.12 ? UInt8(255) : 0 }
            var values = random.floats(400, 0...2)
            let found = MaskRegions(mask, width: 20)
            var own = [[Float]](repeating: [], count: found.areas.count)
            for index in values.indices {
                if found.labels[index] >= 0 {
                    values[index] += 0.6
                    own[found.labels[index]].append(values[index])
                } else {
                    good.append(values[index])
                }
            }
            regions += own
            histogram.add(values, mask: mask, width: 20)
            halves[map % 2].add(values, mask: mask, width: 20)
        }
        // Sorted pixels, no bins: the definition.
        let thresholds = Set(good + regions.flatMap(\.self)).sorted(by: >)
        var points = [(0.0, 0.0)]
        for threshold in thresholds {
            let rate = Double(good.count { $0 >= threshold }) / Double(good.count)
            let overlap = regions.reduce(0.0) { sum, region in
                sum + Double(region.count { $0 >= threshold }) / Double(region.count)
            }
            points.append((rate, overlap / Double(regions.count)))
        }
        var area = 0.0
        for (from, to) in zip(points, points.dropFirst()) where from.0 < 0.3 && to.0 > from.0 {
            let end = min(0.3, to.0)
            let slope: Double = (to.1 - from.1) / (to.0 - from.0)
            let top: Double = from.1 + slope * (end - from.0)
            area += (end - from.0) * (from.1 + top) / 2
        }
        #expect(abs(try #require(histogram.aupro()) - area / 0.3) < 1e-3)
        halves[0].merge(halves[1])
        #expect(halves[0].regions == histogram.regions)
        #expect(isClose(halves[0].aupro(), try #require(histogram.aupro())))
    }

    @Test("pixel AUROC and AUPRO are those of an independent program over sorted pixels, ties included")
    func elsewhere() throws {
        // The expected figures are NumPy's: thresholds at every score, regions by a flood fill, trapezoids up to 0.3.
        let width = 24
        var histogram = PixelHistogram()
        for map in 0..<9 {
            var values: [Float] = []
            var mask: [UInt8] = []
            for index in 0..<width * width {
                let hash = (index * 2_654_435_761 + map * 97_531) % (1 << 32)
                let cell = index / width / 3 * 5 + index % width / 4 * 3 + map
                mask.append(map % 3 != 0 && cell % 7 == 0 ? 255 : 0)
                values.append(Float((hash >> 20) % 48 + (mask[index] == 0 ? 0 : 13)))
            }
            histogram.add(values, mask: map % 3 == 0 ? nil : mask, width: width)
        }
        #expect(histogram.regions == 42)
        #expect(isClose(histogram.auroc, 0.7367224596391263))
        #expect(isClose(histogram.aupro(), 0.4236341839820938))
    }
}
