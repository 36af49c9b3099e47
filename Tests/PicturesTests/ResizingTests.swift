// SPDX-License-Identifier: Apache-2.0

import CPictures
import Pictures
import Testing

@Suite("resizing")
struct ResizingTests {
    /// The definition, slowly and in real numbers: triangle of support max(1, in/out), weights normalised inside.
    private func weights(_ input: Int, _ output: Int, _ index: Int) -> [Double] {
        let scale = Double(input) / Double(output)
        let support = max(1, scale)
        let centre = (Double(index) + 0.5) * scale
        let raw = (0..<input).map { max(0, 1 - abs(Double($0) + 0.5 - centre) / support) }
        let total = raw.reduce(0, +)
        return raw.map { $0 / total }
    }

    private func reference(_ picture: Picture, _ width: Int, _ height: Int) -> [Double] {
        let across = (0..<width).map { weights(picture.width, width, $0) }
        let down = (0..<height).map { weights(picture.height, height, $0) }
        var between = [Double](repeating: 0, count: picture.height * width * 3)
        for y in 0..<picture.height {
            for x in 0..<width {
                for (column, weight) in across[x].enumerated() where weight > 0 {
                    for c in 0..<3 {
                        let value = Double(picture.pixels[(y * picture.width + column) * 3 + c])
                        between[(y * width + x) * 3 + c] += weight * value
                    }
                }
            }
        }
        var result = [Double](repeating: 0, count: height * width * 3)
        for y in 0..<height {
            for (row, weight) in down[y].enumerated() where weight > 0 {
                for i in 0..<width * 3 { result[y * width * 3 + i] += weight * between[row * width * 3 + i] }
            }
        }
        return result
    }

    @Test("every size equals the slow reference in real numbers within the rounding of two passes")
    func againstReference() throws {
        let sizes: [((Int, Int), (Int, Int))] = [
            ((7, 5), (3, 2)), ((3, 2), (7, 5)), ((64, 48), (32, 32)), ((97, 31), (32, 64)), ((33, 40), (32, 32)),
            ((1, 1), (5, 7)), ((5, 7), (1, 1)), ((200, 3), (11, 3)), ((4, 200), (4, 13)), ((150, 100), (256, 256)),
        ]
        for (from, to) in sizes {
            let picture = Fixtures.noise(from.0, from.1, seed: UInt64(from.0 * 131 + to.0))
            let exact = reference(picture, to.0, to.1)
            let fast = picture.resized(width: to.0, height: to.1)
            #expect(fast.width == to.0 && fast.height == to.1)
            let errors = zip(fast.pixels, exact).map { abs(Double($0) - $1) }
            // Half a step for each of two roundings, and a little for the 13-bit weights.
            #expect((errors.max() ?? 9) < 1.15, "\(from) to \(to)")
            #expect(errors.reduce(0, +) / Double(errors.count) < 0.4, "\(from) to \(to)")
        }
    }

    @Test("known small answers")
    func knownAnswers() {
        func row(_ values: [UInt8]) -> Picture {
            Picture(width: values.count, height: 1, pixels: values.flatMap { [$0, $0, $0] })
        }
        func reds(_ picture: Picture) -> [UInt8] {
            stride(from: 0, to: picture.pixels.count, by: 3).map { picture.pixels[$0] }
        }
        // Weights 0.75 and 0.25 between centres, the ends repeat.
        #expect(reds(row([0, 100]).resized(width: 4, height: 1)) == [0, 25, 75, 100])
        // Halving: weights 3, 3, 1 of 7 at the edge.
        #expect(reds(row([70, 70, 0, 0]).resized(width: 2, height: 1)) == [60, 10])
        #expect(reds(row([10, 20, 30]).resized(width: 1, height: 1)) == [20])
        #expect(reds(row([9]).resized(width: 3, height: 1)) == [9, 9, 9])
    }

    @Test("the bits of a fixed picture are the same on every machine")
    func fixedBits() {
        func hash(_ bytes: [UInt8]) -> UInt64 {
            bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        }
        // From a separate program in exact fractions, written from the description in resample.c.
        let shrunk = Fixtures.noise(640, 480, seed: 5).resized(width: 256, height: 256)
        #expect(hash(shrunk.pixels) == 13_463_008_599_987_097_989)
        let enlarged = Fixtures.noise(100, 90, seed: 6).resized(width: 256, height: 224)
        #expect(hash(enlarged.pixels) == 17_740_924_250_964_216_874)
    }

    @Test("the variant for this machine and the portable one give the same bits")
    func variants() {
        for width in [1, 2, 10, 11, 31, 32, 33, 85, 86, 300] {
            for (height, toWidth, toHeight) in [(1, 7, 5), (9, 256, 3), (40, width, 13), (64, 64, 64), (5, 3, 5)] {
                let picture = Fixtures.noise(width, height, seed: UInt64(width * 100 + height))
                var portable = [UInt8](repeating: 0, count: toWidth * toHeight * 3)
                let done = cp_resize_rgb__portable(
                    picture.pixels, width * 3, UInt32(width), UInt32(height), &portable, toWidth * 3, UInt32(toWidth),
                    UInt32(toHeight))
                #expect(done)
                #expect(picture.resized(width: toWidth, height: toHeight).pixels == portable)
            }
        }
    }

    @Test("the same size is the same picture, in one direction too")
    func identity() {
        let picture = Fixtures.noise(61, 43, seed: 3)
        #expect(picture.resized(width: 61, height: 43) == picture)
        let tall = picture.resized(width: 61, height: 90)
        #expect(tall.resized(width: 61, height: 90) == tall)
    }

    @Test("a constant stays constant at every size")
    func constant() {
        for value: UInt8 in [0, 1, 127, 128, 254, 255] {
            for (width, height) in [(1, 1), (640, 480), (37, 91), (1000, 2)] {
                let flat = Picture(
                    width: width, height: height, pixels: [UInt8](repeating: value, count: width * height * 3))
                for (toWidth, toHeight) in [(256, 256), (1, 1), (7, 300)] {
                    let other = flat.resized(width: toWidth, height: toHeight)
                    #expect(other.pixels.allSatisfy { $0 == value })
                }
            }
        }
    }

    @Test("the mean is kept when shrinking by a whole factor")
    func mean() {
        let picture = Fixtures.noise(512, 384, seed: 8)
        func mean(_ picture: Picture) -> Double {
            picture.pixels.reduce(0.0) { $0 + Double($1) } / Double(picture.pixels.count)
        }
        #expect(abs(mean(picture.resized(width: 128, height: 96)) - mean(picture)) < 0.6)
    }

    @Test("a checkerboard becomes grey when shrunk, not stripes")
    func antialiasing() {
        for size in [400, 411, 500] {
            var board: [UInt8] = []
            for y in 0..<size {
                for x in 0..<size { board += [UInt8](repeating: (x + y) % 2 == 0 ? 255 : 0, count: 3) }
            }
            let small = Picture(width: size, height: size, pixels: board).resized(width: 100, height: 100)
            for y in 2..<98 {
                for x in 2..<98 {
                    let value = Int(small.pixels[(y * 100 + x) * 3])
                    #expect(abs(value - 128) <= 6)
                }
            }
        }
    }

    @Test("very long shrinks stay near the true mean")
    func longShrink() {
        let picture = Fixtures.noise(60000, 1, seed: 4)
        let one = picture.resized(width: 1, height: 1)
        #expect(abs(Int(one.pixels[0]) - 128) <= 4)
    }

    @Test("grey is Rec. 601 in integers")
    func grey() {
        let colours: [UInt8] = [255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255, 0, 0, 0, 10, 20, 30]
        #expect(Picture(width: 6, height: 1, pixels: colours).grey == [76, 150, 29, 255, 0, 18])
    }
}
