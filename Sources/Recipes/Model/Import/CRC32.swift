// SPDX-License-Identifier: Apache-2.0

/// The checksum of zip records (ISO 3309, reflected polynomial EDB88320), eight bytes at a time.
enum CRC32 {
    /// `(8, 256)`: table k takes a byte that k more bytes follow.
    private static let tables: [UInt32] = {
        var tables = [UInt32](repeating: 0, count: 8 * 256)
        for byte in 0..<256 {
            var value = UInt32(byte)
            for _ in 0..<8 { value = value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1 }
            tables[byte] = value
        }
        for index in 256..<(8 * 256) {
            let before = tables[index - 256]
            tables[index] = before >> 8 ^ tables[Int(before & 255)]
        }
        return tables
    }()

    static func of(_ bytes: some Collection<UInt8>) -> UInt32 {
        let slow: (UInt32, UInt8, UnsafeBufferPointer<UInt32>) -> UInt32 = {
            $0 >> 8 ^ $2[Int(($0 ^ UInt32($1)) & 255)]
        }
        return tables.withUnsafeBufferPointer { tables in
            let fast = bytes.withContiguousStorageIfAvailable { buffer in
                let raw = UnsafeRawBufferPointer(buffer)
                var value = UInt32.max
                var index = 0
                while index + 8 <= raw.count {
                    let word = raw.loadUnaligned(fromByteOffset: index, as: UInt64.self).littleEndian ^ UInt64(value)
                    value = 0
                    for k in 0..<8 { value ^= tables[(7 - k) * 256 + Int(word >> UInt64(8 * k) & 255)] }
                    index += 8
                }
                while index < raw.count {
                    value = slow(value, raw[index], tables)
                    index += 1
                }
                return ~value
            }
            return fast ?? ~bytes.reduce(UInt32.max) { slow($0, $1, tables) }
        }
    }
}
