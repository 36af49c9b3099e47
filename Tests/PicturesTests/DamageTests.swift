// SPDX-License-Identifier: Apache-2.0

import Pictures
import Testing

@Suite("damaged files")
struct DamageTests {
    /// Small files of every kind that is decoded.
    private static let files: [(name: String, bytes: [UInt8])] = {
        let picture = Fixtures.picture(24, 17)
        var files = JPEGMaker.Kind.allCases.map { ("\($0).jpg", JPEGMaker.make($0, picture)) }
        for colour in PNGMaker.Colour.allCases {
            for interlaced in [false, true] {
                var maker = PNGMaker(width: 9, height: 7, colour: colour, depth: 8, interlaced: interlaced)
                if colour == .palette { maker.palette = (0..<768).map { UInt8(truncatingIfNeeded: $0) } }
                files.append(("\(colour)-\(interlaced).png", maker.bytes { ($0 * 29 + $1 * 7 + $2) & 255 }))
            }
        }
        if let packed = try? picture.png() { files.append(("packed.png", packed)) }
        return files
    }()

    @Test("cut at every byte, a file is refused with its name or decodes in full")
    func truncation() throws {
        var cuts = 0
        for file in Self.files {
            let whole = try? Picture.decode(file.bytes, name: file.name)
            for count in 0..<file.bytes.count {
                cuts += 1
                do throws(PictureError) {
                    let picture = try Picture.decode(Array(file.bytes.prefix(count)), name: file.name)
                    #expect(picture == whole, "\(file.name) cut at \(count)")
                } catch {
                    #expect(error.thing == file.name)
                    let codes: [PictureError.Code] = count == 0 ? [.empty] : [.truncated, .unsupported]
                    #expect(codes.contains(error.code), "\(file.name) cut at \(count): \(error)")
                }
            }
        }
        #expect(cuts > 5000)
    }

    @Test("randomly changed files never crash, and every error carries the name")
    func mutations() {
        let rounds = Fixtures.isThorough ? 200_000 : 20_000
        print("mutations: \(rounds)\(Fixtures.isThorough ? "" : " (JIDOKA_THOROUGH=1 for 200000)")")
        var random = Random(seed: 2024)
        var refused = 0
        for round in 0..<rounds {
            let file = Self.files[round % Self.files.count]
            var bytes = file.bytes
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let at = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<6, using: &random) {
                case 0: bytes[at] ^= 1 << UInt8.random(in: 0...7, using: &random)
                case 1: bytes[at] = [0, 0xFF, 0x7F, 0x80, 0xD8, 0xD9][Int.random(in: 0..<6, using: &random)]
                case 2: bytes.removeSubrange(at..<min(bytes.count, at + Int.random(in: 1...8, using: &random)))
                case 3: bytes.insert(UInt8.random(in: 0...255, using: &random), at: at)
                case 4: bytes.insert(contentsOf: bytes[at..<min(bytes.count, at + 16)], at: at)
                default: bytes[at] = UInt8.random(in: 0...255, using: &random)
                }
                if bytes.isEmpty { bytes = [0xFF] }
            }
            // Otherwise almost every change ends at a checksum and the decoder behind it is never reached.
            if file.name.hasSuffix("png"), round % 3 != 0 { Self.repairChecksums(&bytes) }
            do throws(PictureError) {
                let picture = try Picture.decode(bytes, name: file.name)
                #expect(picture.pixels.count == picture.width * picture.height * 3)
            } catch {
                refused += 1
                #expect(error.thing == file.name)
            }
        }
        print("mutations: \(refused) refused, \(rounds - refused) decoded")
        #expect(refused > rounds / 4 && refused < rounds)
    }

    private static func repairChecksums(_ bytes: inout [UInt8]) {
        var at = 8
        while at + 12 <= bytes.count {
            let length = bytes[at..<at + 4].reduce(0) { $0 << 8 | Int($1) }
            guard length <= bytes.count - at - 12 else { return }
            let crc = PNGMaker.crc(Array(bytes[at + 4..<at + 8 + length]))
            for k in 0..<4 { bytes[at + 8 + length + k] = UInt8(truncatingIfNeeded: crc >> (24 - 8 * UInt32(k))) }
            at += 12 + length
        }
    }

    @Test("random bytes behind a valid signature are refused")
    func garbage() {
        var random = Random(seed: 7)
        for format in PictureFormat.allCases {
            for count in 0..<400 {
                let bytes = format.magic + (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
                #expect(Fixtures.failure { try Picture.decode(bytes, name: "x") } != nil)
            }
        }
    }

    @Test("files of other kinds are named, not guessed")
    func otherKinds() {
        let kinds: [(start: String, found: String)] = [
            ("GIF89a......", "a GIF"), ("BM..........", "a BMP"), ("RIFF....WEBP", "a WebP"), ("%PDF-1.7....", "a PDF"),
            ("P5\n4 4\n255\n.", "a PGM"), ("hello", "bytes 68 65 6c 6c 6f"),
        ]
        for kind in kinds {
            let error = Fixtures.failure { try Picture.decode(Array(kind.start.utf8), name: "x.png") }
            #expect(error?.code == .notAPicture)
            #expect(error?.found == kind.found)
        }
        let asText: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0A, 0x1A, 0x0A, 0, 0]
        let error = Fixtures.failure { try Picture.decode(asText, name: "x.png") }
        #expect(error?.code == .corrupt)
        #expect(error?.hint.contains("binary") == true)
    }

    @Test("an error reads as one line with the name, the facts and the hint")
    func description() {
        let error = PictureError(
            .unreadable, "parts/7.png", expected: "a readable file", found: "open failed", errno: 13,
            hint: "check the permissions")
        #expect(
            error.description
                == "parts/7.png: can't be read: expected a readable file, found open failed [errno 13: Permission denied]"
                + " (check the permissions)")
    }
}
