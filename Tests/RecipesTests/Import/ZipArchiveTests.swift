// SPDX-License-Identifier: Apache-2.0

import Recipes
import Testing
import TorchFixtures

/// Archives that lie; each is a sound file of PyTorch but for one thing.
@Suite struct ZipArchiveTests {
    private func error(_ change: (inout StoredZip) -> Void) -> RecipeError? {
        var zip = TorchFile([
            .init("conv1.weight", shape: [2], values: [1, 2]), .init("bn1.weight", shape: [1], values: [3]),
        ]).zip
        change(&zip)
        return recipeError { _ = try TorchCheckpoint(zip.bytes, name: "file") }
    }

    @Test("the archive that the others differ from is sound")
    func sound() { #expect(error { _ in } == nil) }

    @Test("two records of one name are refused")
    func duplicate() {
        #expect(error { $0.records.append($0.records[2]) }?.expected == "every name once")
        #expect(error { $0.records.append($0.records[0]) }?.expected == "every name once")
    }

    @Test("compressed and encrypted records are refused: there is nothing to unpack, so no bomb goes off")
    func packed() {
        for method in [1, 8, 9, 12, 14, 93, 99] {
            #expect(error { $0.records[2].method = UInt16(method) }?.found == "compression method \(method)")
        }
        #expect(error { $0.records[2].flags |= 1 }?.found.contains("flags") == true)
        // A bomb: 64 stored bytes that claim to be four gigabytes.
        #expect(error { $0.records[2].size = 0xFFFF_FFF0 }?.expected.contains("as many bytes stored as read") == true)
        #expect(error { $0.records[2].packedSize = 4 }?.expected.contains("as many bytes stored as read") == true)
    }

    @Test("records that overlap, share a place or reach into the directory are refused")
    func overlaps() {
        #expect(error { $0.records[3].offset = 0 }?.thing.contains("data/1") == true)
        // A whole record hidden in the data of another one.
        let hidden = StoredZip.Record("archive/hidden", [1, 2, 3])
        #expect(
            error {
                $0.records.insert(.init("archive/a", StoredZip([hidden]).bytes), at: 0)
                $0.records.append(hidden)
                $0.records[$0.records.count - 1].offset = 64
            }?.found == "records that overlap")
        #expect(
            error {
                $0.records[4].size = 400
                $0.records[4].packedSize = 400
                $0.records[4].flags = 8
            } != nil)
        #expect(error { $0.records[2].offset = .max - 1 } != nil)
        #expect(error { $0.records[2].offset = 1 } != nil)
    }

    @Test(
        "names that lead out of the folder, or into another one, are refused",
        arguments: [
            "data.pkl", "/etc/passwd", "../evil", "archive/../evil", "archive//x", "archive/", "archive/./x", "",
            "archive\\x",
            "C:/x", "archive/a\u{0}b", "archive/a\nb", "other/x", "archive/" + String(repeating: "x", count: 2000),
        ])
    func names(name: String) {
        #expect(error { $0.records.append(.init(name, [1])) }?.code == .badFile)
    }

    @Test("a record whose own header has another name, size or checksum than the directory is refused")
    func twoTruths() {
        #expect(error { $0.records[2].localName = "archive/data/7" } != nil)
        #expect(error { $0.records[0].checksum = 1 }?.expected.hasPrefix("CRC-32") == true)
        #expect(
            error {
                $0.records[0].flags = 0
                $0.records[0].size = 8
                $0.records[0].packedSize = 8
            } != nil)
    }

    @Test("a directory that lies about its place, size or count is refused")
    func directory() {
        for zip64 in [false, true] {
            for value: UInt64 in [0, 1, 3, 6, 65534, 65535, 0xFFFF_FFFF, 0x1_0000_0000, .max] {
                for field in [\StoredZip.count, \.directoryOffset, \.directorySize] {
                    #expect(
                        error {
                            $0.zip64 = zip64
                            $0[keyPath: field] = value
                        } != nil, "\(zip64) \(value)")
                }
            }
        }
    }

    @Test("zip64 fields that lie about a record are refused")
    func wide() {
        func field(_ values: [UInt64]) -> [UInt8] {
            [1, 0, UInt8(values.count * 8), 0]
                + values.flatMap { value in (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
        }
        for extra in [
            [], field([]), field([8]), field([.max, .max]), field([8, 9]), field([1 << 40, 1 << 40]), [1, 0, 255, 255],
            [7, 0, 0, 0], [1],
        ] {
            #expect(
                error {
                    $0.records[2].size = .max
                    $0.records[2].packedSize = .max
                    $0.records[2].extra = extra
                } != nil, "\(extra)")
        }
        // The truth in 64 bits is the truth.
        #expect(
            error {
                $0.records[2].size = .max
                $0.records[2].packedSize = .max
                $0.records[2].extra = field([8, 8])
            } == nil)
    }

    @Test("thousands of empty records are refused by their number")
    func many() {
        #expect(
            error { $0.records += (0..<9000).map { StoredZip.Record("archive/x\($0)", []) } }?.expected
                == "at most 8192 records")
    }
}
