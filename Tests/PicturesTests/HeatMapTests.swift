// SPDX-License-Identifier: Apache-2.0

import Pictures
import Testing

@Suite("heat maps")
struct HeatMapTests {
    private let ground = Picture(width: 64, height: 64, pixels: [UInt8](repeating: 100, count: 64 * 64 * 3))

    private func map(_ width: Int = 8, _ height: Int = 8, threshold: Float = 1, _ value: (Int, Int) -> Float) -> HeatMap
    {
        let values = (0..<width * height).map { value($0 % width, $0 / width) }
        return HeatMap(values: values, width: width, height: height, threshold: threshold)
    }

    private func pixel(_ picture: Picture, _ x: Int, _ y: Int) -> [UInt8] {
        Array(picture.pixels[(y * picture.width + x) * 3..<(y * picture.width + x) * 3 + 3])
    }

    @Test("below half the threshold the picture is untouched")
    func quiet() {
        #expect(map { _, _ in 0.5 }.overlay(on: ground) == ground)
        #expect(map { _, _ in -3 }.overlay(on: ground) == ground)
    }

    @Test("colours go from yellow over orange and red to magenta")
    func colours() {
        let levels: [Float] = [0.75, 1, 1.4, 2, 50, .infinity]
        let seen = levels.map { level in pixel(map { _, _ in level }.overlay(on: ground), 30, 30).map(Int.init) }
        // Yellow: red and green up, blue down.
        #expect(seen[0][0] > 120 && seen[0][1] > 120 && seen[0][2] < 100)
        #expect(seen[1][0] > seen[0][0] && seen[1][1] < seen[1][0] && seen[1][2] < 70)
        #expect(seen[2][0] > 150 && seen[2][1] < 80 && seen[2][2] < 80)
        #expect(seen[3][0] > 150 && seen[3][1] < 50 && seen[3][2] > 150)
        #expect(seen[4] == seen[3] && seen[5] == seen[3])
    }

    @Test("a hot cell is painted where it is, and only there")
    func geometry() {
        let hot = map { x, y in x == 6 && y == 1 ? 3 : 0 }
        let painted = hot.overlay(on: ground)
        #expect(painted.width == 64 && painted.height == 64)
        #expect(pixel(painted, 52, 12) != [100, 100, 100])
        var touched = 0
        for y in 0..<64 {
            for x in 0..<64 where pixel(painted, x, y) != [100, 100, 100] {
                touched += 1
                // The cell covers 48..<56 by 8..<16 and fades over half a cell on each side, plus its rim.
                #expect((43...60).contains(x) && (3...20).contains(y))
            }
        }
        #expect(touched > 64)
        let peak = hot.peak
        #expect(peak?.value == 3 && peak?.x == 6 && peak?.y == 1)
    }

    @Test("a contour surrounds what is above the threshold and only that")
    func contour() {
        let painted = map { x, _ in x < 4 ? 2 : 0 }.overlay(on: ground)
        let white = (0..<64).filter { pixel(painted, $0, 20) == [255, 255, 255] }
        #expect(white.count == 1)
        #expect(white.allSatisfy { (28...34).contains($0) })
        // What equals the threshold passes: no contour.
        let tie = map(threshold: 0.7) { x, _ in x < 4 ? 0.7 : 0 }.overlay(on: ground)
        #expect(!(0..<64).contains { pixel(tie, $0, 20) == [255, 255, 255] })
    }

    @Test("values that are no numbers are painted blue and spoil nothing beside them")
    func notANumber() {
        let painted = map { x, y in x == 2 && y == 2 ? .nan : 0 }.overlay(on: ground)
        let marked = pixel(painted, 20, 20).map(Int.init)
        #expect(marked[2] > 200 && marked[0] < 80)
        #expect(pixel(painted, 15, 20) == [100, 100, 100])
        #expect(pixel(painted, 24, 20) == [100, 100, 100])
        let none = map { _, _ in .nan }
        #expect(none.peak == nil)
        _ = none.panel(original: ground, caption: ["all lost"])
    }

    @Test("odd thresholds and values never crash")
    func oddNumbers() {
        let odd: [Float] = [
            0, -0.0, -1, 1, -5, .nan, .infinity, -.infinity, .leastNonzeroMagnitude, .greatestFiniteMagnitude,
        ]
        for threshold in odd {
            for value in odd {
                let map = map(3, 2, threshold: threshold) { x, _ in x == 1 ? value : 0.1 }
                let panel = map.panel(original: ground, caption: ["\(threshold) \(value)"])
                #expect(panel.width > 256)
            }
        }
    }

    @Test("a narrow peak is still seen when the map is finer than the picture")
    func shrinking() {
        let fine = map(256, 256) { x, y in x == 101 && y == 57 ? 3 : 0 }
        let small = Picture(width: 32, height: 20, pixels: [UInt8](repeating: 100, count: 32 * 20 * 3))
        #expect(fine.overlay(on: small) != small)
    }

    @Test("with an input rule only what the network saw is painted, in its place")
    func inputRule() throws {
        let wide = Picture(width: 100, height: 40, pixels: [UInt8](repeating: 100, count: 12000))
        let hot = map { _, _ in 2 }
        let cropped = try hot.overlay(on: wide, seenBy: InputRule(resize: .crop, size: 64))
        for x in 0..<100 {
            #expect((pixel(cropped, x, 20) != [100, 100, 100]) == (30..<70).contains(x))
        }
        let region = Region(x: 5, y: 6, width: 20, height: 10)
        let part = try hot.overlay(on: wide, seenBy: InputRule(region: region, size: 64))
        #expect(pixel(part, 4, 8) == [100, 100, 100] && pixel(part, 5, 8) != [100, 100, 100])
        // Letterbox: the picture fills rows 19..<45 of 64; a hot row in the filling is not painted.
        let filling = map { _, y in y == 0 || y == 7 ? 9 : 0 }
        #expect(try filling.overlay(on: wide, seenBy: InputRule(resize: .letterbox, size: 64)) == wide)
        let middle = map { _, y in y == 3 || y == 4 ? 2 : 0 }
        #expect(try middle.overlay(on: wide, seenBy: InputRule(resize: .letterbox, size: 64)) != wide)
        let bad = InputRule(region: Region(x: 90, y: 0, width: 20, height: 20))
        #expect(Fixtures.failure { try hot.overlay(on: wide, seenBy: bad) }?.code == .badArgument)
    }

    @Test("a panel has both pictures side by side, the caption above and room for the bar")
    func panel() throws {
        for (width, height) in [(256, 256), (600, 250), (40, 300), (300, 3), (1, 1), (900, 700)] {
            let picture = Fixtures.picture(width, height)
            let longer = max(width, height)
            let shown = min(max(longer, 256), 640)
            let panel = map { _, _ in 0 }.panel(original: picture, caption: ["part.png", "score 0.2 PASS"])
            #expect(panel.width >= 2 * (width * shown / longer))
            #expect(panel.height >= height * shown / longer)
            let plain = map { _, _ in 0 }.panel(original: picture, caption: [])
            #expect(plain.height < panel.height)
        }
        // Of the quiet map both sides are the picture itself.
        let picture = Fixtures.picture(300, 260)
        let panel = map { _, _ in 0 }.panel(original: picture, caption: [])
        #expect(try panel.cropped(to: Region(x: 10, y: 10, width: 300, height: 260)) == picture)
        #expect(try panel.cropped(to: Region(x: 320, y: 10, width: 300, height: 260)) == picture)
    }

    @Test("captions of any length and alphabet fit")
    func captions() {
        let long = String(repeating: "very/long/path/", count: 40) + "end.png"
        let quiet = map { _, _ in 0 }
        let panel = quiet.panel(original: ground, caption: [long, "Größe μ 漢字", "", "a\nb\tc"])
        #expect(panel.width == quiet.panel(original: ground, caption: []).width)
    }

    @Test("every printable character has its own shape")
    func font() {
        let characters = (33...126).map { Character(UnicodeScalar(UInt8($0))) }
        let shapes = characters.map { Array(BitmapFont.rows(of: $0)) + [UInt8(BitmapFont.descent(of: $0))] }
        #expect(Set(shapes).count == 94)
        #expect(shapes.allSatisfy { $0.dropLast().contains { $0 != 0 } })
        #expect(BitmapFont.rows(of: " ").allSatisfy { $0 == 0 })
        #expect(Array(BitmapFont.rows(of: "é")) == Array(BitmapFont.rows(of: "?")))
    }
}
