// SPDX-License-Identifier: Apache-2.0

import Pictures
import Testing

@Suite("PNG kinds")
struct PNGDecodingTests {
    /// Width 13 leaves part of a byte and ends inside every Adam7 pass.
    private func maker(_ colour: PNGMaker.Colour, _ depth: Int, interlaced: Bool) -> PNGMaker {
        PNGMaker(width: 13, height: 11, colour: colour, depth: depth, interlaced: interlaced)
    }

    private func sample(_ x: Int, _ y: Int, _ channel: Int, depth: Int) -> Int {
        (x * 4099 + y * 733 + channel * 9001) & ((1 << depth) - 1)
    }

    /// Scaled to 8 bit and rounded, from the specification's formula in real numbers.
    private func eight(_ value: Int, depth: Int) -> Int {
        Int((Double(value) * 255 / Double((1 << depth) - 1)).rounded())
    }

    @Test("every colour type and depth, interlaced or not, gives the pixels of the specification")
    func everyKind() throws {
        var kinds = 0
        for colour in PNGMaker.Colour.allCases where colour != .palette {
            for depth in colour.depths {
                for interlaced in [false, true] {
                    let file = maker(colour, depth, interlaced: interlaced).bytes {
                        sample($0, $1, $2, depth: depth)
                    }
                    let picture = try Picture.decode(file, name: "\(colour) \(depth)")
                    #expect(picture.width == 13 && picture.height == 11)
                    for y in 0..<11 {
                        for x in 0..<13 {
                            let values = (0..<colour.channels).map {
                                eight(sample(x, y, $0, depth: depth), depth: depth)
                            }
                            let rgb = colour.channels < 3 ? [values[0], values[0], values[0]] : Array(values[0..<3])
                            let alpha = colour.channels % 2 == 0 ? values[colour.channels - 1] : 255
                            let expected = rgb.map { UInt8(Int((Double($0 * alpha) / 255).rounded())) }
                            let i = (y * 13 + x) * 3
                            try #require(Array(picture.pixels[i..<i + 3]) == expected, "\(colour) \(depth) \(x) \(y)")
                        }
                    }
                    kinds += 1
                }
            }
        }
        #expect(kinds == 22)
    }

    @Test("a palette gives its colours at every depth, its transparent entries are black")
    func palette() throws {
        for depth in PNGMaker.Colour.palette.depths {
            for interlaced in [false, true] {
                let count = 1 << depth
                var maker = maker(.palette, depth, interlaced: interlaced)
                maker.palette = (0..<count).flatMap { [UInt8($0), UInt8(255 - $0), UInt8($0 / 2)] }
                let opaque = try Picture.decode(
                    maker.bytes { sample($0, $1, $2, depth: depth) }, name: "palette")
                maker.transparency = [0, 128]
                let composed = try Picture.decode(
                    maker.bytes { sample($0, $1, $2, depth: depth) }, name: "palette")
                for y in 0..<11 {
                    for x in 0..<13 {
                        let entry = sample(x, y, 0, depth: depth)
                        let i = (y * 13 + x) * 3
                        let colour = Array(maker.palette[entry * 3..<entry * 3 + 3])
                        #expect(Array(opaque.pixels[i..<i + 3]) == colour)
                        let alpha = entry == 0 ? 0 : entry == 1 ? 128 : 255
                        let dimmed = colour.map { UInt8((Double(Int($0) * alpha) / 255).rounded()) }
                        #expect(Array(composed.pixels[i..<i + 3]) == dimmed)
                    }
                }
            }
        }
    }

    @Test("a transparent grey value or colour is black, the others stay")
    func transparentColour() throws {
        var grey = PNGMaker(width: 2, height: 1, colour: .grey, depth: 8)
        grey.transparency = [0, 77]
        #expect(try Picture.decode(grey.bytes { x, _, _ in [77, 78][x] }, name: "g").pixels == [0, 0, 0, 78, 78, 78])
        var rgb = PNGMaker(width: 2, height: 1, colour: .rgb, depth: 8)
        rgb.transparency = [0, 1, 0, 2, 0, 3]
        #expect(
            try Picture.decode(rgb.bytes { x, _, c in [[1, 2, 3], [1, 2, 4]][x][c] }, name: "c").pixels
                == [0, 0, 0, 1, 2, 4])
    }

    @Test("our own PNG gives back the same pixels for every small size")
    func roundTrip() throws {
        for (width, height) in [(1, 1), (1, 9), (9, 1), (31, 17), (256, 3), (300, 200)] {
            let picture = Fixtures.noise(width, height, seed: UInt64(width * 1000 + height))
            #expect(try Picture.decode(try picture.png(), name: "noise") == picture)
        }
    }

    @Test("a wrong checksum is damage, in the pixels and in any other chunk")
    func checksum() throws {
        let file = try Fixtures.picture(20, 10).png()
        for index in [29, file.count - 1, file.count / 2] {
            var bad = file
            bad[index] ^= 1
            #expect(Fixtures.failure { try Picture.decode(bad, name: "p") }?.code == .corrupt)
        }
        var withText = Array(file.prefix(33))
        var text = PNGMaker.chunk("tEXt", Array("Title\0part".utf8))
        #expect(try Picture.decode(withText + text + file.dropFirst(33), name: "p") == Fixtures.picture(20, 10))
        text[text.count - 1] ^= 1
        withText += text + file.dropFirst(33)
        #expect(Fixtures.failure { try Picture.decode(withText, name: "p") }?.code == .corrupt)
    }

    @Test("a header of 60000 x 60000 pixels is refused with both numbers, before any allocation")
    func hugeHeader() throws {
        for (width, height) in [(60000, 60000), (0x7FFF_FFFF, 0x7FFF_FFFF), (8193, 8192), (1 << 26 + 1, 1)] {
            var maker = PNGMaker(width: 1, height: 1, colour: .grey, depth: 8)
            maker.claimed = (UInt32(width), UInt32(height))
            let error = Fixtures.failure {
                try Picture.decode(maker.bytes { _, _, _ in 0 }, name: "huge.png")
            }
            #expect(error?.code == .tooLarge)
            #expect(error?.thing == "huge.png")
            #expect(error?.found == "\(width) x \(height) pixels")
        }
    }

    @Test("exactly 64 megapixels in the header pass that check and fail for want of data")
    func largestHeader() {
        var maker = PNGMaker(width: 1, height: 1, colour: .grey, depth: 8)
        maker.claimed = (8192, 8192)
        let error = Fixtures.failure {
            try Picture.decode(maker.bytes { _, _, _ in 0 }, name: "p")
        }
        #expect(error?.code == .corrupt || error?.code == .truncated)
        maker.claimed = (0, 5)
        let none = Fixtures.failure {
            try Picture.decode(maker.bytes { _, _, _ in 0 }, name: "p")
        }
        #expect(none?.code == .corrupt)
    }
}
