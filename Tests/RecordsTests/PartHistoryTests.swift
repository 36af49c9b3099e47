// SPDX-License-Identifier: Apache-2.0

import Line
import Records
import Synchronization
import Testing

@Suite struct PartHistoryTests {
    private static let basis = PartRow.Basis(recipe: "plates", model: "9f2c", threshold: 1.25, warn: 1)

    static func row(_ number: Int, _ verdict: PartRow.Verdict = .good, _ state: LineState = .running) -> PartRow {
        PartRow(
            time: 1_767_225_600_000_000_000 + UInt64(number) * 1_000_000_000, part: "part \(number).png",
            score: Float(number) / 7, verdict: verdict, state: state, milliseconds: 3.25, basis: basis)
    }

    /// A history of blocks of three parts, and the place of each block.
    private func history(
        _ folder: TestFolder, blocks: Int = 10, keep: Int64 = .max
    ) throws -> (path: String, anchors: [HistoryAnchor], pruned: [HistoryAnchor]) {
        let path = folder.file("parts.sqlite")
        let history = try PartHistory(path: path, keep: keep)
        var anchors: [HistoryAnchor] = []
        var pruned: [HistoryAnchor] = []
        for block in 0..<blocks {
            let rows = (1...3).map { Self.row(block * 3 + $0) }
            let (anchor, hasPruned) = try history.append(rows)
            anchors.append(anchor)
            if hasPruned { pruned.append(anchor) }
        }
        try history.close()
        return (path, anchors, pruned)
    }

    private func read(_ path: String, _ query: PartQuery = PartQuery(), page: Int = 4) throws -> [PartRow] {
        var rows: [PartRow] = []
        try query.run(path: path, page: page) {
            rows.append($0)
            return true
        }
        return rows
    }

    @Test("what is recorded is read back bit for bit, over restarts, in any page")
    func roundTrip() throws {
        let folder = TestFolder()
        let path = folder.file("parts.sqlite")
        var rows = (1...9).map { Self.row($0, PartRow.Verdict.allCases[$0 % 6], LineState.allCases[$0 % 8]) }
        rows[1].score = .nan
        rows[2].score = -.infinity
        rows[3] = PartRow(time: 5, part: nil, verdict: .unjudged, state: .blocked)
        rows[4].part = "a\0b\"\\\n,é"
        rows[5].score = -0.0
        for block in [rows[..<2], rows[2..<3], rows[3...]] {
            let history = try PartHistory(path: path)
            _ = try history.append(Array(block))
            try history.close()
        }
        rows[4].part = "a\u{FFFD}b\"\\\n,é"
        for page in [1, 2, 100] {
            let found = try read(path, page: page)
            #expect(found.map(\.seq) == Array(1...9))
            for (one, row) in zip(found, rows) {
                #expect(one.part == row.part && one.time == row.time && one.basis == row.basis)
                #expect(one.verdict == row.verdict && one.state == row.state)
            }
            #expect(found[1].score?.isNaN == true && found[2].score == -.infinity && found[3].score == nil)
            #expect(found[5].score?.sign == .plus && found[8].score == rows[8].score)
        }
        #expect(try PartVerification(path: path).problems.isEmpty)
    }

    @Test("each filter finds what it should, also together and over pages and equal times")
    func queries() throws {
        let folder = TestFolder()
        let path = folder.file("parts.sqlite")
        let history = try PartHistory(path: path)
        var rows: [PartRow] = []
        for number in 1...60 {
            var row = Self.row(number / 3, PartRow.Verdict.allCases[number % 6], LineState.allCases[number % 5])
            row.basis.recipe = number % 4 == 0 ? "tiles" : "plates"
            rows.append(row)
        }
        _ = try history.append(rows)
        for place in rows.indices { rows[place].seq = Int64(place + 1) }
        let bounds = (rows[10].time, rows[40].time)
        for verdict in [nil, .good, .bad] as [PartRow.Verdict?] {
            for state in [nil, .running, .stopped] as [LineState?] {
                for (recipe, part, isTimed) in [
                    (nil, nil, false), ("tiles", nil, true), (nil, "part 7.png", false), (nil, "part 7.png", true),
                ] as [(String?, String?, Bool)] {
                    var query = PartQuery()
                    (query.verdict, query.state, query.recipe, query.part) = (verdict, state, recipe, part)
                    if isTimed { (query.since, query.until) = bounds }
                    let expected = rows.filter {
                        (verdict == nil || $0.verdict == verdict) && (state == nil || $0.state == state)
                            && (recipe == nil || $0.basis.recipe == recipe) && (part == nil || $0.part == part)
                            && (!isTimed || $0.time >= bounds.0 && $0.time < bounds.1)
                    }
                    for page in [1, 7, 100] { #expect(try read(path, query, page: page) == expected) }
                }
            }
        }
        try history.close()
        #expect(throws: RecordsError.self) { try read(folder.file("none.sqlite")) }
    }

    @Test(
        "every edit, deletion and insertion is found without the journal",
        arguments: [
            "UPDATE parts SET score = 0.1 WHERE seq = 7", "UPDATE parts SET score = 0.100000001 WHERE seq = 7",
            "UPDATE parts SET part = NULL WHERE seq = 7",
            "UPDATE parts SET part = part || char(0) || 'x' WHERE seq = 7",
            "UPDATE parts SET verdict = 'bad' WHERE seq = 7",
            "UPDATE parts SET verdict = verdict || char(0) WHERE seq = 7",
            "UPDATE bases SET recipe = recipe || char(0)", "UPDATE parts SET verdict = 'fine' WHERE seq = 7",
            "UPDATE parts SET state = 'stopped' WHERE seq = 30", "UPDATE parts SET time = time + 1 WHERE seq = 1",
            "UPDATE parts SET ms = 1 WHERE seq = 9", "UPDATE parts SET basis = 2 WHERE seq = 9",
            "UPDATE bases SET threshold = 9", "UPDATE bases SET recipe = 'x'", "UPDATE bases SET warn = NULL",
            "DELETE FROM parts WHERE seq = 12", "DELETE FROM parts WHERE seq <= 12", "DELETE FROM parts WHERE seq > 12",
            "DELETE FROM parts", "UPDATE blocks SET hash = 'x' WHERE last = 12", "DELETE FROM blocks WHERE last = 12",
            "DELETE FROM blocks WHERE last <= 12", "UPDATE parts SET seq = 99 WHERE seq = 30",
            "INSERT INTO parts SELECT 31, time, part, score, verdict, state, ms, basis FROM parts WHERE seq = 30",
            "UPDATE history SET name = 'other'", "INSERT INTO checkpoint VALUES (1, 3, 'x')",
            "UPDATE parts SET score = 'inf' WHERE seq = 9", "UPDATE blocks SET pruned = '3 x' WHERE last = 12",
        ])
    func tampering(statement: String) throws {
        let folder = TestFolder()
        let path = try history(folder).path
        let database = try PartHistory(path: path)
        try database.change("INSERT INTO bases SELECT 2, recipe, model, 9, warn FROM bases")
        try database.change(statement)
        try database.close()
        #expect(try !PartVerification(path: path).problems.isEmpty, "\(statement)")
    }

    @Test("a cut end, another history and a deletion that nobody recorded are found with the journal")
    func againstTheJournal() throws {
        let folder = TestFolder()
        let (path, anchors, _) = try history(folder)
        let sound = try PartVerification(path: path, anchors: anchors)
        #expect(sound.problems.isEmpty && sound.anchors == 10 && sound.parts == 30 && sound.last == 30)
        #expect(sound.head == anchors.last?.hash && sound.history == anchors[0].history)
        let database = try PartHistory(path: path)
        try database.change("DELETE FROM parts WHERE seq > 21")
        try database.change("DELETE FROM blocks WHERE last > 21")
        #expect(try PartVerification(path: path).problems.isEmpty)
        #expect(try PartVerification(path: path, anchors: anchors).problems.contains { $0.contains("up to 30") })
        // Others in their place.
        for number in 0..<3 { _ = try database.append((1...3).map { Self.row(90 + number * 3 + $0) }) }
        try database.close()
        #expect(try PartVerification(path: path).problems.isEmpty)
        #expect(try PartVerification(path: path, anchors: anchors).problems.count == 3)
        // Blocks that end elsewhere: the journal's places are not among them.
        let elsewhere = HistoryAnchor(history: anchors[0].history, seq: 8, hash: anchors[1].hash)
        #expect(
            try PartVerification(path: path, anchors: [elsewhere]).problems
                == ["no block ends with part 8, as the journal knows"])
        let other = TestFolder()
        let stranger = try history(other)
        #expect(try !PartVerification(path: stranger.path, anchors: anchors).problems.isEmpty)
        let accepted = Set([anchors[0].history])
        #expect(try PartVerification(path: stranger.path, anchors: anchors, accepted: accepted).problems.isEmpty)
    }

    @Test("old parts go in blocks, and what is left proves itself; a deletion that only looks like it does not")
    func pruning() throws {
        let folder = TestFolder()
        let (path, anchors, pruned) = try history(folder, blocks: 40, keep: 30)
        #expect(!pruned.isEmpty)
        let found = try PartVerification(path: path, anchors: anchors)
        #expect(found.problems.isEmpty && found.last == 120 && found.parts <= 36 && found.parts >= 30)
        #expect(try read(path).first?.seq == found.first && found.first > 80)
        // Only what the writer tells the journal: the blocks that deleted, and the last one.
        #expect(try PartVerification(path: path, anchors: pruned + [anchors[39]]).problems.isEmpty)
        // The journal knows older blocks, and not the one that is said to have deleted.
        let unknown: [HistoryAnchor] = [anchors[0], anchors[39]].filter { $0 != pruned.last }
        #expect(try !PartVerification(path: path, anchors: unknown).problems.isEmpty)
        let database = try PartHistory(path: path)
        try database.change("UPDATE checkpoint SET seq = seq + 3, hash = (SELECT min(hash) FROM blocks)")
        try database.close()
        #expect(try !PartVerification(path: path).problems.isEmpty)
    }

    @Test("the writer keeps their order, never waits, tells the journal at a seal, and counts what it could not take")
    func writer() throws {
        let folder = TestFolder()
        let path = folder.file("parts.sqlite")
        let seals = Mutex<[HistoryAnchor]>([])
        let told = Mutex<[String]>([])
        let writer = PartWriter(
            pause: 60, open: { try PartHistory(path: path) },
            sealed: { anchor in seals.withLock { $0.append(anchor) } },
            report: { text in told.withLock { $0.append(text) } })
        for number in 1...2_500 { writer.offer(Self.row(number)) }
        writer.close()
        #expect(
            writer.counts
                == {
                    var counts = PartWriter.Counts(); counts.written = 2_500; return counts
                }())
        #expect(seals.withLock(\.last)?.seq == 2_500 && told.withLock(\.isEmpty))
        #expect(try read(path, page: 999).map(\.part) == (1...2_500).map { "part \($0).png" })
        #expect(try PartVerification(path: path, anchors: seals.withLock { $0 }).problems.isEmpty)
        // A disk that can't be written.
        let nowhere = folder.file("no/folder/parts.sqlite")
        let failing = PartWriter(
            bound: 10, pause: 0.01, open: { try PartHistory(path: nowhere) },
            sealed: { anchor in seals.withLock { $0.append(anchor) } },
            report: { text in told.withLock { $0.append(text) } })
        for number in 1...25 { failing.offer(Self.row(number)) }
        failing.seal()
        failing.close()
        #expect(failing.counts.written == 0 && failing.counts.dropped == 15)
        #expect(failing.counts.failure?.contains("parts.sqlite") == true && told.withLock(\.count) == 1)
    }

    @Test("lines of JSON and CSV say the same, and a name never becomes a formula or a field of its own")
    func lines() {
        var row = Self.row(3, .bad, .stopped)
        row.seq = 7
        row.part = "=cmd(\"x\"),\n"
        #expect(
            PartLine.json(row)
                == #"{"v":1,"seq":7,"time":"2026-01-01T00:00:03.000000000Z","part":"=cmd(\"x\"),\n","score":0.42857143,"#
                + #""verdict":"bad","state":"stopped","ms":3.25,"recipe":"plates","threshold":1.25,"warn":1.0,"model":"9f2c"}"#
        )
        #expect(
            PartLine.csv(row)
                == "7,2026-01-01T00:00:03.000000000Z,\"'=cmd(\"\"x\"\"),\n\",0.42857143,bad,stopped,3.25,plates,1.25,1.0,9f2c"
        )
        row.score = -.infinity
        row.part = nil
        #expect(PartLine.csv(row).contains("Z,,-inf,bad") && PartLine.json(row).contains("\"score\":\"-inf\""))
        #expect(
            PartLine.columns.count == PartLine.csv(row).split(separator: ",", omittingEmptySubsequences: false).count)
    }
}
