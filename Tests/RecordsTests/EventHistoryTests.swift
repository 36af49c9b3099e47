// SPDX-License-Identifier: Apache-2.0

import Glibc
import Line
import Records
import Testing

@Suite struct EventHistoryTests {
    static let stop = LineEvent(
        kind: .stop, time: 1_763_694_720_123_456_789, recipe: "plates", part: "a\n\"ü\".png", score: 1.1,
        threshold: 1, state: .stopped, stateFrom: .running, model: "9f2c", user: "anna", verdict: .falseStop,
        detail: "why")
    static let latch = Latch(state: .stopped, cleanEnd: false, reason: "why", part: "a.png")

    @Test("events and latch come back as they were, also after a restart")
    func roundTrip() throws {
        let folder = TestFolder()
        let path = folder.file("history.sqlite")
        let scores: [Float?] = [nil, 0, -0.0, 1.1, .leastNonzeroMagnitude, .greatestFiniteMagnitude, .infinity]
        var appended: [RecordedEvent] = []
        do {
            let history = try EventHistory(path: path)
            #expect(try history.latch() == nil)
            #expect(try history.latest() == nil)
            #expect(try history.append(Self.stop, latch: Self.latch).seq == 1)
            for score in scores {
                var event = Self.stop
                event.score = score
                event.threshold = score.map { -$0 }
                event.state = .fault
                appended.append(try history.append(event, latch: Latch(state: .fault, cleanEnd: true)))
            }
            try history.close()
        }
        let history = try EventHistory(path: path)
        let events = try history.events(since: 0, limit: 100)
        #expect(events.first == RecordedEvent(seq: 1, event: Self.stop))
        #expect(events.map(\.seq) == Array(1...Int64(scores.count + 1)))
        #expect(events.dropFirst().map(\.event.score) == scores)
        // The line that was published must be the line that is read later, the sign of zero too.
        #expect(events.dropFirst().map(EventLine.encode) == appended.map(EventLine.encode))
        #expect(try history.latest() == events.last)
        #expect(try history.latch() == Latch(state: .fault, cleanEnd: true))
        #expect(try history.events(since: 3, limit: 2).map(\.seq) == [4, 5])
        #expect(try history.events(since: 99, limit: 2).isEmpty)
        #expect(try history.events(since: 0, limit: -1).isEmpty)
    }

    @Test("a score that is not a number is NaN again, not null")
    func nan() throws {
        let folder = TestFolder()
        let history = try EventHistory(path: folder.file("history.sqlite"))
        var event = Self.stop
        event.score = .nan
        event.threshold = -.infinity
        _ = try history.append(event, latch: Self.latch)
        let back = try #require(try history.latest()).event
        #expect(back.score?.isNaN == true && back.threshold == -.infinity)
    }

    @Test("every append is synced: WAL with synchronous FULL")
    func durability() throws {
        let folder = TestFolder()
        let history = try EventHistory(path: folder.file("history.sqlite"))
        #expect(try history.pragma("journal_mode") == "wal")
        #expect(try history.pragma("synchronous") == "2")
    }

    @Test("every kind, state and verdict has a place in the history")
    func allKinds() throws {
        let folder = TestFolder()
        let history = try EventHistory(path: folder.file("history.sqlite"))
        for kind in LineEvent.Kind.allCases {
            for state in LineState.allCases {
                var event = Self.stop
                event.kind = kind
                event.state = state
                let recorded = try history.append(event, latch: Latch(state: state, cleanEnd: false))
                #expect(try history.latest() == recorded)
            }
        }
    }

    @Test("a full disk is an error, nothing is half written, and space makes it work again")
    func fullDisk() throws {
        let folder = TestFolder()
        let path = folder.file("history.sqlite")
        let history = try EventHistory(path: path, busyTimeout: 1, maximumPages: 24)
        var event = Self.stop
        event.detail = String(repeating: "x", count: 2_000)
        var appended: Int64 = 0
        let error = #expect(throws: RecordsError.self) {
            while appended < 1_000 { appended = try history.append(event, latch: Self.latch).seq }
        }
        #expect(error?.code == .full && error?.thing == path)
        #expect(appended > 0 && appended < 1_000)
        #expect(try history.latest()?.seq == appended)
        #expect(try history.latch() == Self.latch)
        try history.close()
        let larger = try EventHistory(path: path)
        #expect(try larger.append(event, latch: Self.latch).seq == appended + 1)
    }

    @Test("a file size limit is an error too")
    func fileSizeLimit() throws {
        let folder = TestFolder()
        let path = folder.file("history.sqlite")
        let lines = try ChildProcess("fill", path).readAll()
        let code = try #require(lines.dropLast().last)
        #expect(["full", "io"].contains(code), "\(lines.last ?? "")")
        let history = try EventHistory(path: path)
        #expect(try history.latest()?.seq == lines.dropLast(2).last.flatMap { Int64($0) })
        #expect(try history.append(Self.stop, latch: Self.latch).seq == Int64(lines.count - 1))
    }

    @Test("a missing folder, a folder in place of the file and a read-only folder are refused by name")
    func cannotOpen() throws {
        let folder = TestFolder()
        let missing = folder.path + "/no/history.sqlite"
        let error = #expect(throws: RecordsError.self) { try EventHistory(path: missing) }
        #expect(error?.code == .cannotOpen && error?.thing == missing)
        #expect(throws: RecordsError.self) { try EventHistory(path: folder.path) }

        guard getuid() == 0 else {
            chmod(folder.path, 0o555)
            let refused = #expect(throws: RecordsError.self) { try EventHistory(path: folder.file("h.sqlite")) }
            #expect(refused?.code == .cannotOpen)
            return
        }
        // Root may write everywhere, so another user has to try.
        chmod(folder.path, 0o555)
        #expect(try ChildProcess("nobody", folder.file("h.sqlite")).readLine() == "cannotOpen")
    }

    @Test("a database file that may not be written is refused")
    func readOnlyFile() throws {
        guard getuid() == 0 else { return }
        let folder = TestFolder()
        let path = folder.file("history.sqlite")
        let history = try EventHistory(path: path)
        _ = try history.append(Self.stop, latch: Self.latch)
        try history.close()
        chmod(path, 0o444)
        chmod(folder.path, 0o555)
        let code = try ChildProcess("nobody", path).readLine()
        #expect(code == "readOnly" || code == "cannotOpen", "\(code ?? "nothing")")
    }

    @Test("a file that is no database is refused and left as it is")
    func notADatabase() throws {
        let folder = TestFolder()
        let path = folder.file("history.sqlite")
        let garbage = [UInt8]((0..<8_192).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ 7) })
        write(garbage, to: path)
        let error = #expect(throws: RecordsError.self) { try EventHistory(path: path) }
        #expect(error?.code == .corrupt)
        #expect(read(path) == garbage)
    }

    @Test("a damaged database never crashes: every page overwritten in turn")
    func damaged() throws {
        let folder = TestFolder()
        let path = folder.file("history.sqlite")
        let history = try EventHistory(path: path)
        for _ in 0..<100 { _ = try history.append(Self.stop, latch: Self.latch) }
        try history.close()
        let intact = read(path)
        var refused = 0
        for page in 0..<(intact.count / 4_096) {
            var bytes = intact
            for place in 0..<4_096 where place % 3 == 0 { bytes[page * 4_096 + place] ^= 0xA5 }
            write(bytes, to: path)
            unlink(path + "-wal")
            unlink(path + "-shm")
            do throws(RecordsError) {
                let history = try EventHistory(path: path)
                _ = try history.latch()
                _ = try history.events(since: 0, limit: 1_000)
                _ = try history.append(Self.stop, latch: Self.latch)
            } catch {
                refused += 1
                #expect(!error.description.isEmpty)
            }
        }
        #expect(refused > 0)
    }

    @Test("another process that holds the database is named as the reason, and waited for again later")
    func locked() throws {
        let folder = TestFolder()
        let path = folder.file("history.sqlite")
        let history = try EventHistory(path: path, busyTimeout: 0.05)
        _ = try history.append(Self.stop, latch: Self.latch)
        let child = try ChildProcess("lock", path)
        #expect(child.readLine() == "locked")
        let error = #expect(throws: RecordsError.self) { try history.append(Self.stop, latch: Self.latch) }
        #expect(error?.code == .locked)
        #expect(try history.latest()?.seq == 1)
        child.wait()
        #expect(try history.append(Self.stop, latch: Self.latch).seq == 2)
    }

    @Test("a latch that doesn't belong to the last event is damage, not an answer")
    func foreignLatch() throws {
        let folder = TestFolder()
        let path = folder.file("history.sqlite")
        let history = try EventHistory(path: path)
        _ = try history.append(Self.stop, latch: Self.latch)
        _ = try history.append(Self.stop, latch: Self.latch)
        try history.change("UPDATE latch SET seq = 1")
        #expect(throws: RecordsError.self) { try history.latch() }
        try history.change("DELETE FROM latch")
        #expect(throws: RecordsError.self) { try history.latch() }
    }

    @Test("a history of a newer version is refused")
    func newerSchema() throws {
        let folder = TestFolder()
        let path = folder.file("history.sqlite")
        let history = try EventHistory(path: path)
        try history.change("INSERT INTO grdb_migrations (identifier) VALUES ('v999')")
        try history.close()
        let error = #expect(throws: RecordsError.self) { try EventHistory(path: path) }
        #expect(error?.code == .newerSchema)
    }

    private func write(_ bytes: [UInt8], to path: String) {
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        #expect(Glibc.write(file, bytes, bytes.count) == bytes.count)
        close(file)
    }

    private func read(_ path: String) -> [UInt8] {
        let file = open(path, O_RDONLY)
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = Glibc.read(file, &bytes, bytes.count)
        return Array(bytes.prefix(max(0, count)))
    }
}
