// SPDX-License-Identifier: Apache-2.0

import Line
import Records
import Testing

@Suite struct HistoryVerificationTests {
    private static let count: Int64 = 30

    /// A history of some events, and what the journal was told of them.
    private func history(_ folder: TestFolder, events: Int64 = count) throws -> (path: String, anchors: [HistoryAnchor])
    {
        let path = folder.file("history.sqlite")
        let history = try EventHistory(path: path)
        var anchors: [HistoryAnchor] = []
        for number in 1...events {
            var event = EventHistoryTests.stop
            event.time = UInt64(number) * 1_000_000_000
            event.detail = "number \(number)"
            _ = try history.append(event, latch: EventHistoryTests.latch)
            anchors.append(try #require(history.anchor))
        }
        try history.close()
        return (path, anchors)
    }

    private func change(_ path: String, _ statements: String...) throws {
        let history = try EventHistory(path: path)
        for statement in statements { try history.change(statement) }
        try history.close()
    }

    @Test("a history that nobody has changed is sound, also after a restart and with the journal")
    func sound() throws {
        let folder = TestFolder()
        let (path, anchors) = try history(folder)
        let reopened = try EventHistory(path: path)
        _ = try reopened.append(EventHistoryTests.stop, latch: EventHistoryTests.latch)
        try reopened.close()
        let found = try HistoryVerification(path: path, anchors: anchors)
        #expect(found.problems.isEmpty && found.events == 31 && found.anchors == 30 && found.strangers.isEmpty)
        #expect(found.first == 1 && found.last == 31 && found.head != anchors.last?.hash)
        #expect(try HistoryVerification(path: path).problems.isEmpty)
    }

    @Test(
        "every edit of any column, deletion, exchange and insertion is found without the journal",
        arguments: [
            "UPDATE events SET score = 0.1 WHERE seq = 7", "UPDATE events SET verdict = 'defect' WHERE seq = 7",
            "UPDATE events SET user = 'otto' WHERE seq = 30", "UPDATE events SET time = time + 1 WHERE seq = 1",
            "UPDATE events SET part = NULL WHERE seq = 9", "UPDATE events SET recipe = 'x' WHERE seq = 9",
            "UPDATE events SET state = 'ready' WHERE seq = 9", "UPDATE events SET state_from = NULL WHERE seq = 9",
            "UPDATE events SET model = '' WHERE seq = 9", "UPDATE events SET event = 'start' WHERE seq = 9",
            "UPDATE events SET threshold = 2 WHERE seq = 9", "UPDATE events SET detail = 'nothing' WHERE seq = 9",
            "UPDATE events SET hash = 'ab' WHERE seq = 9", "UPDATE events SET hash = NULL WHERE seq = 9",
            "UPDATE events SET event = 'nonsense' WHERE seq = 9", "DELETE FROM events WHERE seq = 12",
            "DELETE FROM events WHERE seq < 12", "DELETE FROM events WHERE seq > 12", "DELETE FROM events",
            "UPDATE events SET seq = 99 WHERE seq = 30", "UPDATE latch SET state = 'ready'",
            "UPDATE events SET verdict = 'nonsense' WHERE seq = 9",
            "UPDATE events SET score = 1.1000000001 WHERE seq = 9",
            "UPDATE events SET detail = detail || char(0) || 'x' WHERE seq = 9", "DELETE FROM latch",
            "UPDATE history SET name = 'other'", "UPDATE sqlite_sequence SET seq = 12",
        ])
    func tampering(statement: String) throws {
        let folder = TestFolder()
        let (path, _) = try history(folder)
        try change(path, statement)
        let found = try HistoryVerification(path: path)
        #expect(!found.problems.isEmpty, "\(statement)")
    }

    @Test("two events that changed places are found")
    func exchange() throws {
        let folder = TestFolder()
        let (path, _) = try history(folder)
        try change(
            path, "UPDATE events SET seq = -1 WHERE seq = 5", "UPDATE events SET seq = 5 WHERE seq = 6",
            "UPDATE events SET seq = 6 WHERE seq = -1")
        #expect(try HistoryVerification(path: path).problems.contains("event 5 was changed"))
    }

    @Test("an end that was cut off with every trace, and a chain that was written anew, are found by the journal")
    func rewriting() throws {
        let folder = TestFolder()
        let (path, anchors) = try history(folder)
        try change(
            path, "DELETE FROM events WHERE seq > 20", "UPDATE sqlite_sequence SET seq = 20",
            "UPDATE latch SET seq = 20")
        #expect(try HistoryVerification(path: path).problems.isEmpty)
        let cut = try HistoryVerification(path: path, anchors: anchors)
        #expect(cut.problems == ["the end is missing: the journal knows events up to 30, the history ends with 20"])
        // The cut end recorded again, otherwise.
        let writer = try EventHistory(path: path)
        for _ in 21...30 { _ = try writer.append(EventHistoryTests.stop, latch: EventHistoryTests.latch) }
        try writer.close()
        #expect(try HistoryVerification(path: path).problems.isEmpty)
        let anew = try HistoryVerification(path: path, anchors: anchors)
        #expect(anew.problems.contains("not what the journal knows: event 21") && anew.anchors == 20)
        // A whole new history in its place.
        let other = TestFolder()
        let (second, _) = try history(other)
        let exchanged = try HistoryVerification(path: second, anchors: anchors)
        let name = try #require(anchors.first?.history)
        #expect(exchanged.strangers == [name] && exchanged.problems.count == 1)
        #expect(try HistoryVerification(path: second, anchors: anchors, accepted: [name]).problems.isEmpty)
        // Whoever tells the journal something else of an event is found, too.
        let forged = anchors + [HistoryAnchor(history: name, seq: 7, hash: "00")]
        #expect(!(try HistoryVerification(path: path, anchors: forged)).problems.isEmpty)
    }

    @Test("a null character in a text does not make a sound history look changed")
    func nulls() throws {
        let folder = TestFolder()
        let path = folder.file("history.sqlite")
        let history = try EventHistory(path: path)
        var event = EventHistoryTests.stop
        event.detail = "a\0b"
        event.user = "\0"
        #expect(try history.append(event, latch: EventHistoryTests.latch).event.detail == "a\u{FFFD}b")
        try history.close()
        #expect(try HistoryVerification(path: path).problems.isEmpty)
    }

    @Test("a history of an older version gets a chain when it is opened, with all that it has")
    func migration() throws {
        let folder = TestFolder()
        let (path, _) = try history(folder)
        try change(
            path, "DROP TABLE history", "ALTER TABLE events DROP COLUMN hash",
            "DELETE FROM grdb_migrations WHERE identifier = 'v3'")
        let history = try EventHistory(path: path)
        #expect(try history.events(since: 0, limit: 100).count == 30)
        _ = try history.append(EventHistoryTests.stop, latch: EventHistoryTests.latch)
        try history.close()
        #expect(try HistoryVerification(path: path).problems.isEmpty)
    }

    @Test("a missing file, and one that is no history, are refused by name")
    func unreadable() throws {
        let folder = TestFolder()
        let missing = folder.file("none.sqlite")
        #expect(throws: RecordsError.self) { try HistoryVerification(path: missing) }
    }

    @Test(
        "old events go, an event says so, and what is left proves itself; a deletion that only looks like it does not")
    func pruning() throws {
        let folder = TestFolder()
        var (path, anchors) = try history(folder, events: 40)
        let database = try EventHistory(path: path)
        #expect(try database.prune(keep: 40, at: 1) == nil && database.prune(keep: 37, at: 1) == nil)
        let first = try #require(try database.prune(keep: 20, at: 7, most: 5))
        anchors.append(try #require(database.anchor))
        #expect(first.seq == 41 && first.event.kind == .historyPruned && first.event.state == .stopped)
        #expect(first.event.detail == "up to 5, hash \(anchors[4].hash)")
        while try database.prune(keep: 20, at: 8, most: 5) != nil { anchors.append(try #require(database.anchor)) }
        #expect(try database.latch() == EventHistoryTests.latch)
        let oldest = try #require(try database.events(since: 0, limit: 1).first).seq
        #expect(oldest > 15 && anchors.count - Int(oldest) < 23)
        let found = try HistoryVerification(path: path, anchors: anchors)
        #expect(found.problems.isEmpty && found.first == oldest && found.last == Int64(anchors.count))
        // The journal has forgotten the beginning, or is not there.
        #expect(try HistoryVerification(path: path, anchors: [anchors[35]]).problems.count == 1)
        #expect(try HistoryVerification(path: path, anchors: [anchors[anchors.count - 1]]).problems.isEmpty)
        #expect(try HistoryVerification(path: path).problems.isEmpty)
        try database.close()
        try change(path, "DELETE FROM events WHERE seq < 30")
        #expect(try !HistoryVerification(path: path).problems.isEmpty)
        try change(
            path, "UPDATE checkpoint SET seq = 29, hash = '\(anchors[28].hash)'")
        #expect(try HistoryVerification(path: path).problems.contains { $0.contains("no later one says") })
    }
}
