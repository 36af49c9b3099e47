// SPDX-License-Identifier: Apache-2.0

import Dispatch
import FoundationEssentials
import Glibc
import Inspection
import Line
import Pictures
import Recipes
import Records
import Synchronization
import Testing

@Suite struct EvidenceTests {
    private func item(_ seq: Int64?, part: String = "p", bytes: Int = 64) -> EvidenceItem {
        var event = EventHistoryTests.stop
        event.part = part
        return EvidenceItem(
            recorded: seq.map { RecordedEvent(seq: $0, event: event) },
            anchor: seq.map { HistoryAnchor(history: "h", seq: $0, hash: "ab") }, part: part,
            time: 1_763_694_720_123_456_789 + UInt64(seq ?? Int64(bytes)), score: 1.5, threshold: 1, warn: 0.8,
            original: [UInt8](repeating: 7, count: bytes),
            layout: RawLayout(code: "GREY", width: 8, height: 8, stride: 8, isLimitedRange: false, matrix: .bt601),
            pixels: [UInt8](repeating: 9, count: 32 * 32 * 3), size: 32, map: [Float](repeating: 0.5, count: 32 * 32),
            pixelThreshold: 1, rule: InputRule(size: 32), recipe: "plates", identity: "i", model: "m",
            controls: [.init(name: "gain", value: 3)], latency: 5.25, networks: 3.5, instructionSet: "scalar")
    }

    @Test("what is kept of a part is its own bytes, the map over it, and what is needed to decide again")
    func keeping() throws {
        let folder = TestFolder()
        var store = try EvidenceStore(path: folder.file("evidence"))
        #expect(try store.keep(item(123)) == "0000000123-stop")
        let place = folder.file("evidence/0000000123-stop")
        let kept = try EvidenceFile.read(place + "/evidence.json")
        #expect(kept.picture == "picture.raw" && kept.layout?.code == "GREY" && kept.scoreBits == "3fc00000")
        #expect(kept.event.map { try? EventLine.decode($0).seq } == 123 && kept.hash == "ab" && kept.history == "h")
        #expect(kept.controls == [.init(name: "gain", value: 3)] && kept.latencyMS == 5.25 && kept.networksMS == 3.5)
        #expect(try SafeFile.read(place + "/picture.raw") == [UInt8](repeating: 7, count: 64))
        #expect(try Picture.decode(try SafeFile.read(place + "/overlay.png"), name: "overlay").width > 64)
        // A name is used once: evidence is never written over.
        #expect(throws: (any Error).self) { try store.keep(item(123)) }
        #expect(try store.keep(item(nil)).hasPrefix("good-"))
        #expect(try EvidenceStore(path: folder.file("evidence")).names.count == 2)
    }

    @Test("what a power cut left half written goes, the rest stays")
    func halfWritten() throws {
        let folder = TestFolder()
        var store = try EvidenceStore(path: folder.file("evidence"))
        _ = try store.keep(item(1))
        try SafeFile.makeFolder(folder.file("evidence/.0000000002-stop"))
        try SafeFile.makeFolder(folder.file("evidence/recipes/abc"))
        #expect(try EvidenceStore(path: folder.file("evidence")).names == ["0000000001-stop"])
        #expect(!SafeFile.exists(folder.file("evidence/.0000000002-stop")))
        #expect(SafeFile.exists(folder.file("evidence/recipes/abc")))
    }

    @Test("when it is too much, samples of good parts go first, then the oldest")
    func retention() throws {
        let folder = TestFolder()
        var store = try EvidenceStore(path: folder.file("evidence"))
        for seq: Int64 in 1...3 { _ = try store.keep(item(seq, bytes: 40_000)) }
        for sample in 1...2 { _ = try store.keep(item(nil, bytes: 40_000 + sample)) }
        let all = store.bytes
        var tight = try EvidenceStore(path: folder.file("evidence"), limits: .init(bytes: all - 1))
        #expect(tight.prune(now: .max / 2).allSatisfy { $0.hasPrefix("good-") })
        #expect(tight.names.count == 4)
        // A recipe's copy stays as long as a part needs it; the newest stays in any case.
        let kept = try EvidenceFile.read(folder.file("evidence/0000000003-stop/evidence.json"))
        for copy in ["none", String(kept.identity.prefix(16)), "newest"] {
            try SafeFile.makeFolder(folder.file("evidence/recipes/" + copy))
            usleep(20_000)
        }
        var tighter = try EvidenceStore(path: folder.file("evidence"), limits: .init(bytes: all / 4))
        #expect(tighter.prune(now: .max / 2).last?.hasSuffix("-stop") == true)
        #expect(tighter.bytes <= all / 4 && tighter.names.last == "0000000003-stop")
        #expect(!SafeFile.exists(folder.file("evidence/recipes/none")))
        for copy in [String(kept.identity.prefix(16)), "newest"] {
            #expect(SafeFile.exists(folder.file("evidence/recipes/" + copy)))
        }
        var old = try EvidenceStore(path: folder.file("evidence"), limits: .init(age: 1))
        #expect(!old.prune(now: .max / 2).isEmpty && old.names.isEmpty)
    }

    @Test("evidence leaves room for the history on its disk")
    func reserve() throws {
        let folder = TestFolder()
        #expect(throws: Never.self) { try DiskReserve.require(1, in: folder.file("")) }
        let error = #expect(throws: RecipeError.self) { try DiskReserve.require(1 << 60, in: folder.file("")) }
        #expect(error?.errno == ENOSPC && "\(error!)".contains("left to the history"))
        // Where nothing is known, the writing tells.
        #expect(throws: Never.self) { try DiskReserve.require(1 << 60, in: folder.file("none")) }
    }

    @Test("a disk that hangs keeps nobody waiting: what does not fit is left out and counted")
    func hanging() throws {
        let folder = TestFolder()
        let path = folder.file("evidence")
        let disk = DispatchSemaphore(value: 0)
        var bounds = EvidenceWriter.Bounds()
        bounds.count = 4
        let writer = EvidenceWriter(
            bounds: bounds,
            open: {
                disk.wait()
                return try EvidenceStore(path: path)
            }, report: { _ in })
        var taken = 0
        for seq: Int64 in 1...50 where writer.offer(item(seq)) { taken += 1 }
        // One may have been taken out already.
        #expect((4...5).contains(taken) && writer.counts.dropped == UInt64(50 - taken))
        disk.signal()
        writer.close(seconds: 30)
        #expect(writer.counts.written == UInt64(taken))
        #expect(!writer.offer(item(99)))
    }

    @Test("a disk that can't be written is told once and counted, and works again when it can")
    func unwritable() throws {
        let folder = TestFolder()
        let path = folder.file("evidence")
        try SafeFile.write([1], to: path)
        let reports = Mutex<[String]>([])
        let writer = EvidenceWriter(
            open: { try EvidenceStore(path: path) }, report: { text in reports.withLock { $0.append(text) } })
        for seq: Int64 in 1...3 { writer.offer(item(seq)) }
        while writer.counts.failed < 3 { usleep(1000) }
        #expect(reports.withLock { $0.count } == 1 && writer.counts.failure != nil)
        unlink(path)
        writer.offer(item(4))
        writer.close(seconds: 30)
        #expect(writer.counts.written == 1 && writer.counts.failure == nil)
        #expect(try EvidenceStore(path: path).names == ["0000000004-stop"])
    }

    @Test("evidence that is no evidence is refused by name")
    func damaged() throws {
        let folder = TestFolder()
        let path = folder.file("evidence.json")
        for text in ["", "{}", "{\"version\":2}", "[1]"] {
            try SafeFile.write(Array(text.utf8), to: path)
            let error = #expect(throws: RecipeError.self) { try EvidenceFile.read(path) }
            #expect(error?.description.contains(path) == true)
        }
    }

    @Test("a folder is removed with everything in it, and what a link points to stays")
    func folderTree() throws {
        let folder = TestFolder()
        let (tree, kept) = (folder.file("tree"), folder.file("kept"))
        for path in [tree, tree + "/a", tree + "/a/b", kept] { #expect(mkdir(path, 0o755) == 0) }
        for path in [tree + "/1", tree + "/a/b/2", kept + "/3"] { close(open(path, O_CREAT | O_WRONLY, 0o644)) }
        #expect(symlink(kept, tree + "/a/link") == 0)
        #expect(Set(FolderTree.names(tree)) == ["a", "1"])
        FolderTree.remove(tree)
        #expect(FolderTree.names(tree).isEmpty && access(tree, F_OK) != 0)
        #expect(FolderTree.names(kept) == ["3"])
        FolderTree.remove(tree)
    }
}
