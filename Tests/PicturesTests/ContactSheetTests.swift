// SPDX-License-Identifier: Apache-2.0

import Pictures
import Testing

@Suite struct ContactSheetTests {
    private func items(_ count: Int, width: Int = 64, height: Int = 64, mark: Region? = nil) -> [ContactSheet.Item] {
        (0..<count).map {
            ContactSheet.Item(
                picture: Picture(width: width, height: height, colour: Colour(90, 90, 90)),
                caption: ["\($0 + 1)  4.20", "a-name-that-is-much-too-long-for-the-column-it-stands-in.png"], mark: mark
            )
        }
    }

    @Test("a sheet is at most 2,000 pixels wide, whatever it holds, and can be decoded")
    func size() throws {
        for (count, width) in [(1, 494), (5, 1220), (8, 1946), (40, 1946)] {
            let sheets = ContactSheet.sheets(items(count), title: "forty")
            #expect(sheets.count == 1 && sheets[0].width == width, "\(count): \(sheets[0].width)")
            #expect(sheets[0].height == 34 + (count + 7) / 8 * (232 + 4 + 22 + 10))
            let decoded = try Picture.decode(try sheets[0].png(), name: "sheet.png")
            #expect(decoded == sheets[0])
        }
    }

    @Test("more pictures than a sheet holds go on the next; none give none")
    func several() {
        #expect(ContactSheet.sheets([], title: "none").isEmpty)
        let sheets = ContactSheet.sheets(items(ContactSheet.capacity + 3), title: "many")
        #expect(sheets.count == 2 && sheets[1].width == 3 * 242 + 10)
    }

    @Test("the frame is around the marked place, and stays inside its picture's square")
    func mark() {
        let marked = ContactSheet.sheets(items(1, mark: Region(x: 16, y: 16, width: 16, height: 16)), title: "t")[0]
        let plain = ContactSheet.sheets(items(1), title: "t")[0]
        // 16 of 64 pixels are 58 of 232; the thumbnail begins at (10, 34).
        func differs(_ x: Int, _ y: Int) -> Bool {
            let index = (y * plain.width + x) * 3
            return marked.pixels[index..<index + 3] != plain.pixels[index..<index + 3]
        }
        #expect(differs(10 + 58, 34 + 70) && differs(10 + 90, 34 + 58) && !differs(10 + 87, 34 + 87))
        let outside = ContactSheet.sheets(items(1, mark: Region(x: -20, y: -20, width: 200, height: 200)), title: "t")[
            0]
        for y in 0..<34 {
            for x in 0..<plain.width {
                let index = (y * plain.width + x) * 3
                #expect(outside.pixels[index] == plain.pixels[index])
            }
        }
    }

    @Test("narrow, flat and tiny pictures keep their proportions")
    func proportions() {
        for (width, height) in [(300, 20), (20, 300), (1, 1), (1, 4_000)] {
            #expect(ContactSheet.sheets(items(3, width: width, height: height), title: "t")[0].width == 736)
        }
    }

    @Test("a caption that is too wide loses its middle")
    func captions() {
        #expect(ContactSheet.fitted("short.png") == "short.png")
        let long = ContactSheet.fitted(String(repeating: "a", count: 50) + "end.png")
        #expect(long.count == 38 && long.hasSuffix("end.png") && long.contains(".."))
    }
}
