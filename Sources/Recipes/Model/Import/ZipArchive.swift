// SPDX-License-Identifier: Apache-2.0

/// A zip archive as `torch.save` writes it: stored records under one folder, read without unpacking anything to disk.
///
/// Format: PKWARE APPNOTE 6.3. Accepted is only what PyTorch writes: method 0, one disk, no comment, no encryption, records
/// that neither overlap nor reach into the directory, every name once, zip64 fields that agree with the plain ones.
struct ZipArchive {
    /// One stored record.
    struct Entry: Equatable {
        /// Where its bytes are in the file.
        let range: Range<Int>
        /// CRC-32 that the directory promises.
        let checksum: UInt32
    }

    /// More records than any network needs.
    static let mostEntries = 8192
    /// Bytes that every zip file starts with.
    static let signature: [UInt8] = [0x50, 0x4B, 0x03, 0x04]

    /// The one folder that all records lie in.
    let folder: String
    /// Records by name, without the folder.
    let entries: [String: Entry]
    private let bytes: [UInt8]
    private let name: String

    /// Checks the directory and every record's place; `name` is for errors.
    init(_ bytes: [UInt8], name: String) throws(RecipeError) {
        self.bytes = bytes
        self.name = name
        let directory = try Directory(bytes, name: name)
        var position = directory.range.lowerBound
        var folder: String?
        var entries: [String: Entry] = [:]
        var places: [Range<Int>] = []
        for _ in 0..<directory.count {
            let record = try CentralRecord(bytes, at: position, directory: directory, name: name)
            position = record.end
            let (top, rest) = try Self.split(record.name, archive: name)
            guard folder == nil || folder == top else {
                throw ZipArchive.damaged("\(name): \(record.name)", "all records in the folder '\(folder ?? "")'", top)
            }
            folder = top
            let (place, data) = try record.localRecord(bytes, directory: directory, archive: name)
            guard entries[rest] == nil else {
                throw ZipArchive.damaged("\(name): \(record.name)", "every name once", "two records of this name")
            }
            entries[rest] = Entry(range: data, checksum: record.checksum)
            places.append(place)
        }
        guard position == directory.range.upperBound else {
            throw ZipArchive.damaged(
                "\(name): directory", "\(directory.count) records in \(directory.range.count) bytes",
                "\(position - directory.range.lowerBound) bytes used")
        }
        places.sort { $0.lowerBound < $1.lowerBound }
        for (one, next) in zip(places, places.dropFirst()) where one.upperBound > next.lowerBound {
            throw ZipArchive.damaged(
                "\(name): byte \(next.lowerBound)", "records one after the other", "records that overlap")
        }
        self.folder = folder ?? ""
        self.entries = entries
    }

    /// A record's bytes, after a check of their CRC-32.
    func contents(of record: String) throws(RecipeError) -> ArraySlice<UInt8> {
        guard let entry = entries[record] else {
            throw ZipArchive.damaged(
                "\(name): \(folder)/\(record)", "this record", "none in an archive of \(entries.count)")
        }
        let slice = bytes[entry.range]
        let checksum = CRC32.of(slice)
        guard checksum == entry.checksum else {
            throw ZipArchive.damaged(
                "\(name): \(folder)/\(record)", "CRC-32 \(String(entry.checksum, radix: 16))",
                String(checksum, radix: 16))
        }
        return slice
    }

    /// `archive/data/0` → (`archive`, `data/0`); nothing that could be a way out of a folder.
    private static func split(_ path: String, archive: String) throws(RecipeError) -> (String, String) {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        let odd = path.unicodeScalars.contains { $0.value < 32 || $0.value == 127 || $0 == "\\" || $0 == ":" }
        guard parts.count >= 2, !odd, parts.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." }) else {
            throw damaged("\(archive): record name", "FOLDER/NAME, as torch.save writes it", "'\(path)'")
        }
        return (String(parts[0]), parts.dropFirst().joined(separator: "/"))
    }

    static func damaged(_ thing: String, _ expected: String, _ found: String) -> RecipeError {
        RecipeError(
            .badFile, thing, expected: expected, found: found,
            hint: "not a whole file of torch.save: download it again and compare its sha256")
    }
}

/// Where the directory of a zip file is and how many records it has.
private struct Directory {
    let range: Range<Int>
    let count: Int

    init(_ bytes: [UInt8], name: String) throws(RecipeError) {
        // 22 bytes at the very end; torch.save writes no comment, so nothing has to be searched for.
        let end = bytes.count - 22
        guard end >= 0, bytes.word32(end) == 0x0605_4B50, bytes.word16(end + 20) == 0 else {
            throw ZipArchive.damaged(name, "an end-of-directory record in the last 22 bytes", "none: cut off?")
        }
        guard bytes.word16(end + 4) == 0, bytes.word16(end + 6) == 0,
            bytes.word16(end + 8) == bytes.word16(end + 10)
        else { throw ZipArchive.damaged(name, "a zip file of one disk", "several") }
        var count = UInt64(bytes.word16(end + 10) ?? 0)
        var size = UInt64(bytes.word32(end + 12) ?? 0)
        var offset = UInt64(bytes.word32(end + 16) ?? 0)
        var limit = end
        if end >= 76, bytes.word32(end - 20) == 0x0706_4B50 {
            // The zip64 record lies right before its locator.
            let record = end - 76
            guard bytes.word32(record) == 0x0606_4B50, bytes.word64(record + 4) == 44,
                bytes.word64(end - 12) == UInt64(record), bytes.word32(end - 16) == 0, bytes.word32(end - 4) == 1,
                bytes.word32(record + 16) == 0, bytes.word32(record + 20) == 0,
                bytes.word64(record + 24) == bytes.word64(record + 32)
            else {
                throw ZipArchive.damaged(name, "a zip64 record of 56 bytes before its locator", "another one")
            }
            let wide = [bytes.word64(record + 32) ?? 0, bytes.word64(record + 40) ?? 0, bytes.word64(record + 48) ?? 0]
            guard count == 0xFFFF || count == wide[0], size == 0xFFFF_FFFF || size == wide[1],
                offset == 0xFFFF_FFFF || offset == wide[2]
            else {
                throw ZipArchive.damaged(name, "a zip64 record that agrees with the plain one", "two directories")
            }
            (count, size, offset) = (wide[0], wide[1], wide[2])
            limit = record
        }
        guard count <= UInt64(ZipArchive.mostEntries) else {
            throw ZipArchive.damaged(name, "at most \(ZipArchive.mostEntries) records", "\(count)")
        }
        guard offset <= UInt64(limit), size == UInt64(limit) - offset else {
            throw ZipArchive.damaged(
                name, "a directory that ends at byte \(limit)", "\(size) bytes from byte \(offset)")
        }
        self.count = Int(count)
        range = Int(offset)..<limit
    }
}

/// One record of the directory.
private struct CentralRecord {
    let name: String
    let checksum: UInt32
    let end: Int
    private let flags: UInt16
    private let size: Int
    private let offset: Int

    init(_ bytes: [UInt8], at start: Int, directory: Directory, name archive: String) throws(RecipeError) {
        let limit = directory.range.upperBound
        guard start <= limit - 46, bytes.word32(start) == 0x0201_4B50,
            let nameLength = bytes.word16(start + 28), let extraLength = bytes.word16(start + 30),
            let commentLength = bytes.word16(start + 32), let flags = bytes.word16(start + 8),
            let method = bytes.word16(start + 10), let checksum = bytes.word32(start + 16),
            let packed = bytes.word32(start + 20), let plain = bytes.word32(start + 24),
            let place = bytes.word32(start + 42)
        else { throw ZipArchive.damaged("\(archive): byte \(start)", "a directory record", "something else") }
        let extra = start + 46 + Int(nameLength)
        let end = extra + Int(extraLength) + Int(commentLength)
        guard end <= limit, nameLength > 0, nameLength <= 1024,
            let name = String(validating: bytes[(start + 46)..<extra], as: UTF8.self)
        else { throw ZipArchive.damaged("\(archive): byte \(start)", "a name inside the directory", "none") }
        let thing = "\(archive): \(RecipeError.oneLine(name, 80))"
        // Bit 3: sizes follow the data; bit 11: names are UTF-8. Bit 0 would be encryption.
        guard flags & ~0x0808 == 0 else { throw ZipArchive.damaged(thing, "a plain record", "flags \(flags)") }
        guard method == 0, bytes.word16(start + 34) == 0 else {
            throw ZipArchive.damaged(thing, "a stored record, as torch.save writes it", "compression method \(method)")
        }
        var sizes = [UInt64(plain), UInt64(packed), UInt64(place)]
        if sizes.contains(0xFFFF_FFFF) {
            sizes = try Self.wide(sizes, bytes, extra..<(extra + Int(extraLength)), thing: thing)
        }
        guard sizes[0] == sizes[1], sizes[0] <= UInt64(bytes.count), sizes[2] <= UInt64(bytes.count) else {
            throw ZipArchive.damaged(
                thing, "as many bytes stored as read, inside the file's \(bytes.count)",
                "\(sizes[1]) stored, \(sizes[0]) read, at \(sizes[2])")
        }
        self.name = name
        self.checksum = checksum
        self.end = end
        self.flags = flags
        (size, offset) = (Int(sizes[0]), Int(sizes[2]))
    }

    /// Values that did not fit into 32 bits, from the zip64 extra field.
    private static func wide(
        _ sizes: [UInt64], _ bytes: [UInt8], _ extra: Range<Int>, thing: String
    ) throws(RecipeError) -> [UInt64] {
        var position = extra.lowerBound
        while position + 4 <= extra.upperBound {
            let length = Int(bytes.word16(position + 2) ?? 0)
            let end = position + 4 + length
            guard end <= extra.upperBound else { break }
            if bytes.word16(position) == 1 {
                var result = sizes
                var at = position + 4
                for index in sizes.indices where sizes[index] == 0xFFFF_FFFF {
                    guard at + 8 <= end, let value = bytes.word64(at) else { break }
                    result[index] = value
                    at += 8
                }
                return result
            }
            position = end
        }
        throw ZipArchive.damaged(thing, "a zip64 field with the true sizes", "none")
    }

    /// Where the whole record and where its data lie; the record's own header has to say the same as the directory.
    func localRecord(
        _ bytes: [UInt8], directory: Directory, archive: String
    ) throws(RecipeError) -> (place: Range<Int>, data: Range<Int>) {
        let thing = "\(archive): \(RecipeError.oneLine(name, 80))"
        let utf8 = Array(name.utf8)
        guard bytes.word32(offset) == 0x0403_4B50, bytes.word16(offset + 6) == flags, bytes.word16(offset + 8) == 0,
            bytes.word16(offset + 26) == UInt16(utf8.count), let extra = bytes.word16(offset + 28),
            offset + 30 + utf8.count <= bytes.count,
            bytes[(offset + 30)..<(offset + 30 + utf8.count)].elementsEqual(utf8)
        else {
            throw ZipArchive.damaged(thing, "the same record at byte \(offset) as in the directory", "another one")
        }
        let later = flags & 8 != 0
        for (position, value) in [(18, size), (22, size), (14, Int(checksum))] {
            let own = bytes.word32(offset + position)
            guard own == UInt32(truncatingIfNeeded: value) || (later && own == 0) || (own == .max && position != 14)
            else { throw ZipArchive.damaged(thing, "the directory's sizes and CRC-32 in the record", "others") }
        }
        let start = offset + 30 + utf8.count + Int(extra)
        guard start + size <= directory.range.lowerBound else {
            throw ZipArchive.damaged(thing, "\(size) bytes before the directory", "a record that reaches into it")
        }
        return (offset..<(start + size), start..<(start + size))
    }
}

extension [UInt8] {
    /// Little-endian numbers; nil where they would reach out of the bytes.
    func word16(_ at: Int) -> UInt16? { word(at) }
    func word32(_ at: Int) -> UInt32? { word(at) }
    func word64(_ at: Int) -> UInt64? { word(at) }

    private func word<T: FixedWidthInteger>(_ at: Int) -> T? {
        guard at >= 0, at <= count - MemoryLayout<T>.size else { return nil }
        return withUnsafeBytes { T(littleEndian: $0.loadUnaligned(fromByteOffset: at, as: T.self)) }
    }
}
