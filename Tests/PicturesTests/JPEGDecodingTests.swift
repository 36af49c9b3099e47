// SPDX-License-Identifier: Apache-2.0

import Pictures
import Testing

@Suite("JPEG kinds")
struct JPEGDecodingTests {
    private func largestDifference(_ a: [UInt8], _ b: [UInt8]) -> Int {
        zip(a, b).map { abs(Int($0) - Int($1)) }.max() ?? 0
    }

    /// Smooth, so that quality 95 comes back close.
    private let smooth: Picture = {
        var pixels: [UInt8] = []
        for y in 0..<37 {
            for x in 0..<53 { pixels += [UInt8(60 + 2 * x), UInt8(40 + 3 * y), UInt8(200 - x - y)] }
        }
        return Picture(width: 53, height: 37, pixels: pixels)
    }()

    @Test("baseline, subsampled, progressive, arithmetic, restarts and plain RGB come back close to the original")
    func colours() throws {
        let kinds: [JPEGMaker.Kind] = [.colour, .halfColour, .progressive, .arithmetic, .restarts, .rgb]
        for kind in kinds {
            let decoded = try Picture.decode(JPEGMaker.make(kind, smooth), name: "\(kind)")
            #expect(decoded.width == 53 && decoded.height == 37)
            #expect(largestDifference(decoded.pixels, smooth.pixels) <= (kind == .halfColour ? 14 : 8), "\(kind)")
        }
    }

    @Test("progressive gives the bits of baseline")
    func progressive() throws {
        let baseline = try Picture.decode(JPEGMaker.make(.colour, smooth), name: "b")
        #expect(try Picture.decode(JPEGMaker.make(.progressive, smooth), name: "p") == baseline)
        #expect(try Picture.decode(JPEGMaker.make(.arithmetic, smooth), name: "a") == baseline)
    }

    @Test("a grey JPEG has three equal channels, close to the luminance")
    func grey() throws {
        let decoded = try Picture.decode(JPEGMaker.make(.grey, smooth), name: "grey")
        for i in stride(from: 0, to: decoded.pixels.count, by: 3) {
            let rgb = decoded.pixels[i..<i + 3]
            #expect(rgb.allSatisfy { $0 == decoded.pixels[i] })
        }
        #expect(largestDifference(decoded.grey, smooth.grey) <= 4)
    }

    @Test("one constant colour comes back within three of 255")
    func constant() throws {
        let red = Picture(width: 16, height: 16, pixels: (0..<256).flatMap { _ in [250, 10, 20] as [UInt8] })
        for quality in [75, 90, 100] {
            let decoded = try Picture.decode(try red.jpeg(quality: quality), name: "red")
            #expect(largestDifference(decoded.pixels, red.pixels) <= 3)
        }
    }

    @Test("printing colours are refused clearly")
    func cmyk() {
        for kind in [JPEGMaker.Kind.cmyk, .ycck] {
            let file = JPEGMaker.make(kind, smooth)
            let error = Fixtures.failure { try Picture.decode(file, name: "print.jpg") }
            #expect(error?.code == .unsupported)
            #expect(error?.thing == "print.jpg")
            #expect(error?.found.contains("CMYK") == true)
        }
    }

    @Test("a better quality is a longer file, and a quality out of range is an error")
    func quality() throws {
        let picture = Fixtures.noise(64, 64, seed: 1)
        let lengths = try [1, 30, 60, 89, 90, 100].map { try picture.jpeg(quality: $0).count }
        #expect(lengths == lengths.sorted())
        for quality in [0, 101, -5, Int.max] {
            #expect(
                Fixtures.failure { try picture.jpeg(quality: quality) }?.code == .badArgument)
        }
    }

    @Test("a side over 65500 pixels can't become a JPEG but can become a PNG")
    func longSide() throws {
        let long = Picture(width: 65501, height: 1, pixels: [UInt8](repeating: 9, count: 65501 * 3))
        #expect(Fixtures.failure { try long.jpeg(quality: 90) }?.code == .tooLarge)
        #expect(try Picture.decode(try long.png(), name: "long") == long)
    }

    @Test("a header of 60000 x 60000 pixels is refused before any allocation")
    func hugeHeader() throws {
        for kind in [JPEGMaker.Kind.colour, .progressive] {
            var file = JPEGMaker.make(kind, smooth)
            let marker: UInt8 = kind == .progressive ? 0xC2 : 0xC0
            let start = try #require(file.indices.dropLast().first { file[$0] == 0xFF && file[$0 + 1] == marker })
            file.replaceSubrange(start + 5..<start + 9, with: [0xEA, 0x60, 0xEA, 0x60])
            let error = Fixtures.failure { try Picture.decode(file, name: "huge.jpg") }
            #expect(error?.code == .tooLarge)
            #expect(error?.found == "60000 x 60000 pixels")
        }
    }

    @Test("a few stray bytes before a marker are what cameras do; more are lost data")
    func strayBytes() throws {
        let file = JPEGMaker.make(.colour, smooth)
        let whole = try Picture.decode(file, name: "camera")
        let scan = Array(file.prefix(file.count - 2))
        let few: [UInt8] = scan + [0, 0, 0, 0xFF, 0xD9]
        #expect(try Picture.decode(few, name: "camera") == whole)
        let many: [UInt8] = scan + [UInt8](repeating: 0, count: 300) + [0xFF, 0xD9]
        #expect(
            Fixtures.failure { try Picture.decode(many, name: "c") }?.code == .corrupt)
        #expect(try Picture.decode(file + [UInt8](repeating: 0, count: 500), name: "padded") == whole)
    }
}
