// SPDX-License-Identifier: Apache-2.0

/// Writes grey or colour PNG files without compression: pictures that no training part looks like, and masks.
enum PlainPNG {
    /// Noise all over: a part that is certainly not good.
    static func noise(side: Int, seed: UInt64) -> [UInt8] {
        var state = seed
        return encode(width: side, height: side, channels: 3) { _, _, _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 56)
        }
    }

    /// The same grey all over.
    static func flat(side: Int, value: UInt8) -> [UInt8] {
        encode(width: side, height: side, channels: 3) { _, _, _ in value }
    }

    /// A mask: white in the middle.
    static func mask(side: Int) -> [UInt8] {
        encode(width: side, height: side, channels: 1) { x, y, _ in
            (side / 4..<3 * side / 4).contains(x) && (side / 4..<3 * side / 4).contains(y) ? 255 : 0
        }
    }

    private static func encode(
        width: Int, height: Int, channels: Int, _ value: (Int, Int, Int) -> UInt8
    ) -> [UInt8] {
        var raw: [UInt8] = []
        for y in 0..<height {
            raw.append(0)
            for x in 0..<width { for channel in 0..<channels { raw.append(value(x, y, channel)) } }
        }
        let header = big(width) + big(height) + [8, channels == 3 ? 2 : 0, 0, 0, 0]
        return [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
            + chunk("IHDR", header) + chunk("IDAT", stored(raw)) + chunk("IEND", [])
    }

    /// A zlib stream of stored blocks.
    private static func stored(_ bytes: [UInt8]) -> [UInt8] {
        var result: [UInt8] = [0x78, 0x01]
        var start = 0
        repeat {
            let end = min(start + 65_535, bytes.count)
            let (low, high) = (UInt8((end - start) & 0xFF), UInt8((end - start) >> 8))
            result += [end == bytes.count ? 1 : 0, low, high, ~low, ~high] + bytes[start..<end]
            start = end
        } while start < bytes.count
        var (a, b) = (1, 0)
        for byte in bytes {
            a = (a + Int(byte)) % 65_521
            b = (b + a) % 65_521
        }
        return result + big(b << 16 | a)
    }

    private static func chunk(_ kind: String, _ content: [UInt8]) -> [UInt8] {
        let body = Array(kind.utf8) + content
        var crc = UInt32.max
        for byte in body {
            crc ^= UInt32(byte)
            for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
        }
        return big(content.count) + body + big(Int(~crc))
    }

    private static func big(_ value: Int) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
    }
}
