// SPDX-License-Identifier: Apache-2.0

/// PNG files of every kind, written from the specification without libpng: stored (uncompressed) data, no filters.
struct PNGMaker {
    /// Colour types of the specification.
    enum Colour: UInt8, CaseIterable {
        case grey = 0
        case rgb = 2
        case palette = 3
        case greyAlpha = 4
        case rgba = 6

        var channels: Int {
            switch self {
            case .grey, .palette: 1
            case .greyAlpha: 2
            case .rgb: 3
            case .rgba: 4
            }
        }

        var depths: [Int] {
            switch self {
            case .grey: [1, 2, 4, 8, 16]
            case .palette: [1, 2, 4, 8]
            default: [8, 16]
            }
        }
    }

    var width: Int
    var height: Int
    var colour: Colour
    var depth: Int
    var interlaced = false
    /// Claimed in the header instead of the true size.
    var claimed: (width: UInt32, height: UInt32)?
    /// RGB triples.
    var palette: [UInt8] = []
    var transparency: [UInt8] = []

    /// The file; `sample(x, y, channel)` is a value of `depth` bits.
    func bytes(_ sample: (Int, Int, Int) -> Int) -> [UInt8] {
        var raw: [UInt8] = []
        // Adam7: first column, first row, column step, row step of each pass.
        let adam7 = [
            (0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2),
        ]
        for (x0, y0, dx, dy) in interlaced ? adam7 : [(0, 0, 1, 1)] where x0 < width {
            for y in stride(from: y0, to: height, by: dy) {
                raw.append(0)
                var bits = 0
                var filled = 0
                for x in stride(from: x0, to: width, by: dx) {
                    for channel in 0..<colour.channels {
                        bits = bits << depth | sample(x, y, channel)
                        filled += depth
                        while filled >= 8 {
                            raw.append(UInt8(truncatingIfNeeded: bits >> (filled - 8)))
                            filled -= 8
                        }
                        bits &= (1 << filled) - 1
                    }
                }
                if filled > 0 { raw.append(UInt8(truncatingIfNeeded: bits << (8 - filled))) }
            }
        }
        let size = claimed ?? (UInt32(width), UInt32(height))
        let header =
            Self.big(size.width) + Self.big(size.height)
            + [UInt8(depth), colour.rawValue, 0, 0, interlaced ? 1 : 0]
        var file: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
        file += Self.chunk("IHDR", header)
        if !palette.isEmpty { file += Self.chunk("PLTE", palette) }
        if !transparency.isEmpty { file += Self.chunk("tRNS", transparency) }
        file += Self.chunk("IDAT", Self.stored(raw))
        return file + Self.chunk("IEND", [])
    }

    static func chunk(_ type: String, _ data: [UInt8]) -> [UInt8] {
        let body = Array(type.utf8) + data
        return big(UInt32(data.count)) + body + big(crc(body))
    }

    private static func big(_ value: UInt32) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
    }

    /// A zlib stream of one stored block, up to 65,535 bytes.
    private static func stored(_ raw: [UInt8]) -> [UInt8] {
        let count = UInt16(raw.count)
        let length = [UInt8(truncatingIfNeeded: count), UInt8(truncatingIfNeeded: count >> 8)]
        var a: UInt32 = 1
        var b: UInt32 = 0
        for byte in raw {
            a = (a + UInt32(byte)) % 65521
            b = (b + a) % 65521
        }
        return [0x78, 0x01, 0x01] + length + length.map { ~$0 } + raw + big(b << 16 | a)
    }

    static func crc(_ bytes: [UInt8]) -> UInt32 {
        var crc: UInt32 = 0xFFFF_FFFF
        for byte in bytes {
            crc ^= UInt32(byte)
            for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
        }
        return ~crc
    }
}
