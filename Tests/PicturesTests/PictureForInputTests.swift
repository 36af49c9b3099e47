// SPDX-License-Identifier: Apache-2.0

import Pictures
import Testing

@Suite("pictures decoded for network input")
struct PictureForInputTests {
    @Test("the divisor is the largest with which the seen part covers the input, and a region must divide evenly")
    func divisor() {
        func divisor(_ width: Int, _ height: Int, _ size: Int, _ region: Region? = nil) -> Int {
            InputRule(region: region, size: size).divisor(width: width, height: height)
        }
        #expect(divisor(2048, 2048, 256) == 8)
        #expect(divisor(2047, 2041, 256) == 8)
        #expect(divisor(2040, 2040, 256) == 4)
        #expect(divisor(1920, 1080, 256) == 4)
        #expect(divisor(1280, 720, 256) == 2)
        #expect(divisor(640, 480, 256) == 1)
        #expect(divisor(64, 48, 256) == 1)
        #expect(divisor(1920, 1080, 64, Region(x: 8, y: 16, width: 512, height: 512)) == 8)
        #expect(divisor(1920, 1080, 64, Region(x: 12, y: 16, width: 512, height: 512)) == 4)
        #expect(divisor(1920, 1080, 64, Region(x: 8, y: 16, width: 510, height: 512)) == 2)
        #expect(divisor(1920, 1080, 64, Region(x: 9, y: 16, width: 512, height: 512)) == 1)
        #expect(divisor(1920, 1080, 64, Region(x: 8, y: 16, width: 504, height: 512)) == 4)
        #expect(divisor(1920, 1080, 64, Region(x: 1900, y: 0, width: 512, height: 512)) == 1)
    }

    @Test("a large JPEG is decoded smaller, close to the scaled whole; a PNG and a small JPEG are decoded as they are")
    func scaled() throws {
        let picture = Fixtures.picture(517, 403)
        let jpeg = try picture.jpeg(quality: 95)
        let rule = InputRule(size: 96)
        let (decoded, prepared) = try Picture.decoded(jpeg, name: "a.jpg", for: rule)
        #expect(decoded.width == 130 && decoded.height == 101)
        #expect(try prepared == decoded.prepared(by: rule))
        #expect(try Picture.prepared(decoding: jpeg, name: "a.jpg", rule: rule) == prepared)
        let whole = try Picture.decode(jpeg, name: "a.jpg").prepared(by: rule)
        let worst = zip(prepared.pixels, whole.pixels).map { abs(Int($0) - Int($1)) }.max() ?? 0
        let sum = zip(prepared.pixels, whole.pixels).reduce(0) { $0 + abs(Int($1.0) - Int($1.1)) }
        // The filters differ at the one sharp edge; elsewhere the two ways agree within rounding.
        #expect(worst <= 48)
        #expect(sum <= 2 * prepared.pixels.count)
        let png = try picture.png()
        #expect(try Picture.prepared(decoding: png, name: "a.png", rule: rule) == picture.prepared(by: rule))
        let large = InputRule(size: 416)
        #expect(
            try Picture.prepared(decoding: jpeg, name: "a.jpg", rule: large)
                == Picture.decode(jpeg, name: "a.jpg").prepared(by: large))
    }

    @Test("a region of a scaled JPEG is the region of the whole")
    func region() throws {
        let picture = Fixtures.picture(512, 384)
        let jpeg = try picture.jpeg(quality: 95)
        let rule = InputRule(region: Region(x: 64, y: 32, width: 256, height: 288), resize: .crop, size: 64)
        let (decoded, prepared) = try Picture.decoded(jpeg, name: "a.jpg", for: rule)
        #expect(decoded.width == 128)
        let small = InputRule(region: Region(x: 16, y: 8, width: 64, height: 72), resize: .crop, size: 64)
        #expect(try prepared == decoded.prepared(by: small))
    }

    @Test("a scaled JPEG is as strict as a whole one")
    func strict() throws {
        let jpeg = try Fixtures.picture(512, 384).jpeg(quality: 90)
        let rule = InputRule(size: 32)
        let cut = Fixtures.failure {
            try Picture.prepared(decoding: Array(jpeg.prefix(jpeg.count - 40)), name: "cut.jpg", rule: rule)
        }
        #expect(cut?.code == .truncated && cut?.thing == "cut.jpg")
        var rule2 = rule
        rule2.region = Region(x: 0, y: 0, width: 513, height: 10)
        let outside = Fixtures.failure { try Picture.prepared(decoding: jpeg, name: "x.jpg", rule: rule2) }
        #expect(outside?.code == .badArgument && outside?.thing.hasPrefix("x.jpg: region") == true)
    }

    @Test("Motion JPEG without Huffman tables is decoded with the standard ones")
    func noTables() throws {
        let jpeg = JPEGMaker.make(.colour, Fixtures.picture(64, 48))
        var stripped: [UInt8] = [0xFF, 0xD8]
        var index = 2
        while index + 4 <= jpeg.count, jpeg[index] == 0xFF, jpeg[index + 1] != 0xDA {
            let length = Int(jpeg[index + 2]) << 8 | Int(jpeg[index + 3])
            if jpeg[index + 1] != 0xC4 { stripped += jpeg[index..<index + 2 + length] }
            index += 2 + length
        }
        stripped += jpeg[index...]
        #expect(stripped.count < jpeg.count - 100)
        #expect(try Picture.decode(stripped, name: "camera") == Picture.decode(jpeg, name: "whole"))
    }
}
