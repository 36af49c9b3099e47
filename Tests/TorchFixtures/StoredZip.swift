// SPDX-License-Identifier: Apache-2.0

/// A zip archive as PyTorch writes it (stored, data aligned to 64, sizes behind the data, zip64 end), or one that lies.
package struct StoredZip {
    /// One record and what its headers say of it; nil means the truth.
    package struct Record {
        package var name: String
        package var data: [UInt8]
        package var method: UInt16 = 0
        package var flags: UInt16 = 0x0808
        package var checksum: UInt32?
        package var size: UInt32?
        package var packedSize: UInt32?
        /// Place of the header in the directory.
        package var offset: UInt32?
        /// Name in the record's own header.
        package var localName: String?
        /// Extra field of the directory.
        package var extra: [UInt8] = []

        package init(_ name: String, _ data: [UInt8]) {
            self.name = name
            self.data = data
        }
    }

    package var records: [Record]
    /// Writes a zip64 record and its locator, as PyTorch does.
    package var zip64 = true
    /// What the end says, when it lies.
    package var count: UInt64?
    package var directoryOffset: UInt64?
    package var directorySize: UInt64?

    package init(_ records: [Record]) { self.records = records }

    package var bytes: [UInt8] {
        var out: [UInt8] = []
        var directory: [UInt8] = []
        for record in records {
            let offset = UInt32(out.count)
            let name = Array((record.localName ?? record.name).utf8)
            let (checksum, size) = (record.checksum ?? Self.checksum(record.data), UInt32(record.data.count))
            let later = record.flags & 8 != 0
            let unpadded = out.count + 30 + name.count + 4
            let padding = (64 - unpadded % 64) % 64
            out += le(0x0403_4B50, 4) + le(0, 2) + le(UInt64(record.flags), 2) + le(UInt64(record.method), 2) + le(0, 4)
            out +=
                le(later ? 0 : UInt64(checksum), 4) + le(later ? 0 : UInt64(size), 4) + le(later ? 0 : UInt64(size), 4)
            out += le(UInt64(name.count), 2) + le(UInt64(4 + padding), 2) + name
            out += Array("FB".utf8) + le(UInt64(padding), 2) + [UInt8](repeating: UInt8(ascii: "Z"), count: padding)
            out += record.data
            if later { out += le(0x0807_4B50, 4) + le(UInt64(checksum), 4) + le(UInt64(size), 4) + le(UInt64(size), 4) }
            let full = Array(record.name.utf8)
            directory += le(0x0201_4B50, 4) + le(0, 4) + le(UInt64(record.flags), 2) + le(UInt64(record.method), 2)
            directory += le(0, 4) + le(UInt64(checksum), 4) + le(UInt64(record.packedSize ?? size), 4)
            directory +=
                le(UInt64(record.size ?? size), 4) + le(UInt64(full.count), 2) + le(UInt64(record.extra.count), 2)
            directory += le(0, 2 + 2 + 2 + 4) + le(UInt64(record.offset ?? offset), 4) + full + record.extra
        }
        let (count, start) = (count ?? UInt64(records.count), directoryOffset ?? UInt64(out.count))
        let length = directorySize ?? UInt64(directory.count)
        out += directory
        if zip64 {
            let end = UInt64(out.count)
            out +=
                le(0x0606_4B50, 4) + le(44, 8) + le(0, 12) + le(count, 8) + le(count, 8) + le(length, 8) + le(start, 8)
            out += le(0x0706_4B50, 4) + le(0, 4) + le(end, 8) + le(1, 4)
        }
        return out + le(0x0605_4B50, 4) + le(0, 4) + le(count, 2) + le(count, 2) + le(length, 4) + le(start, 4)
            + le(0, 2)
    }

    private func le(_ value: UInt64, _ width: Int) -> [UInt8] {
        (0..<width).map { $0 < 8 ? UInt8(truncatingIfNeeded: value >> (8 * $0)) : 0 }
    }

    /// CRC-32 bit by bit, so that it shares nothing with the one that is tested.
    package static func checksum(_ bytes: [UInt8]) -> UInt32 {
        ~bytes.reduce(UInt32.max) { before, byte in
            (0..<8).reduce(before ^ UInt32(byte)) { value, _ in value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1 }
        }
    }
}
