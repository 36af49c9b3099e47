// SPDX-License-Identifier: Apache-2.0

import Pictures
import Testing

@Suite("regions and resize rules")
struct InputRuleTests {
    private let picture = Fixtures.noise(60, 25, seed: 12)

    @Test("a region is cut out exactly, the whole region is the picture")
    func crop() throws {
        let part = try picture.cropped(to: Region(x: 7, y: 3, width: 5, height: 4))
        for y in 0..<4 {
            for x in 0..<5 {
                for c in 0..<3 {
                    #expect(part.pixels[(y * 5 + x) * 3 + c] == picture.pixels[((y + 3) * 60 + x + 7) * 3 + c])
                }
            }
        }
        #expect(try picture.cropped(to: picture.bounds) == picture)
        #expect(try picture.cropped(to: Region(x: 59, y: 24, width: 1, height: 1)).pixels.count == 3)
    }

    @Test("a region that is not inside is refused, naming both")
    func outside() {
        let bad = [
            (0, 0, 61, 25), (0, 0, 60, 26), (-1, 0, 5, 5), (0, -1, 5, 5), (56, 0, 5, 5), (0, 21, 5, 5), (0, 0, 0, 5),
            (0, 0, 5, 0), (0, 0, -3, 5), (Int.max, 0, 5, 5), (5, 5, Int.max, 5), (Int.min, 0, 5, 5), (0, 0, 5, Int.min),
        ]
        for (x, y, width, height) in bad {
            let region = Region(x: x, y: y, width: width, height: height)
            for error in [
                Fixtures.failure { try picture.cropped(to: region) },
                Fixtures.failure { try picture.prepared(by: InputRule(region: region)) },
            ] {
                #expect(error?.code == .badArgument)
                #expect(error?.thing == "region x \(x), y \(y), \(width) x \(height)")
                #expect(error?.expected.contains("60 x 25") == true)
            }
        }
    }

    @Test("every resize rule equals cutting and scaling by hand, with and without a region")
    func rules() throws {
        for region in [nil, Region(x: 4, y: 2, width: 31, height: 20), Region(x: 10, y: 0, width: 9, height: 25)] {
            let part = try picture.cropped(to: region ?? picture.bounds)
            for size in [32, 64] {
                let stretch = try picture.prepared(by: InputRule(region: region, resize: .stretch, size: size))
                #expect(stretch == part.resized(width: size, height: size))

                let side = min(part.width, part.height)
                let square = try part.cropped(
                    to: Region(x: (part.width - side) / 2, y: (part.height - side) / 2, width: side, height: side))
                let crop = try picture.prepared(by: InputRule(region: region, resize: .crop, size: size))
                #expect(crop == square.resized(width: size, height: size))

                let rule = InputRule(region: region, resize: .letterbox, size: size)
                let box = try picture.prepared(by: rule)
                let target = try picture.placement(by: rule).target
                #expect(max(target.width, target.height) == size)
                #expect(try box.cropped(to: target) == part.resized(width: target.width, height: target.height))
                for y in 0..<size {
                    for x in 0..<size {
                        let isInside =
                            (target.x..<target.x + target.width).contains(x)
                            && (target.y..<target.y + target.height).contains(y)
                        if isInside { continue }
                        let i = (y * size + x) * 3
                        #expect(Array(box.pixels[i..<i + 3]) == [124, 116, 104])
                    }
                }
            }
        }
    }

    @Test("letterbox keeps the aspect ratio and centres")
    func letterbox() throws {
        let wide = try picture.placement(by: InputRule(resize: .letterbox, size: 96)).target
        #expect(wide == Region(x: 0, y: 28, width: 96, height: 40))
        let sliver = Picture(width: 5000, height: 1, pixels: [UInt8](repeating: 1, count: 15000))
        #expect(try sliver.placement(by: InputRule(resize: .letterbox, size: 32)).target.height == 1)
        _ = try sliver.prepared(by: InputRule(resize: .letterbox, size: 32))
    }

    @Test("an impossible size is an error")
    func size() {
        for size in [0, -32, 8193, Int.max, Int.min] {
            for rule in ResizeRule.allCases {
                let error = Fixtures.failure { try picture.prepared(by: InputRule(resize: rule, size: size)) }
                #expect(error?.code == .badArgument)
            }
        }
    }
}
