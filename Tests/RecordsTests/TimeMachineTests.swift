// SPDX-License-Identifier: Apache-2.0

import Line
import Records
import Testing

@Suite struct TimeMachineTests {
    private static let basis = PartRow.Basis(recipe: "plates", model: "9f2c", threshold: 1, warn: 0.8)

    private func row(
        _ second: Int, _ part: String, _ score: Float?, _ state: LineState, basis: PartRow.Basis = basis
    ) -> PartRow {
        // A row is written a moment after its event.
        PartRow(
            time: ToldHistory.time(second) + 1_000_000, part: part, score: score, verdict: .good, state: state,
            basis: basis)
    }

    @Test("stops that are gained, lost and kept, with what people found at those that are lost")
    func changes() {
        var told = ToldHistory()
        told.tell(0, .start, .running)
        told.stop(10, "defect", 1.25, .defect)
        told.stop(20, "false", 1.125, .falseStop)
        told.stop(30, "unclear", 1.25, .unclear)
        told.stop(40, "plain", 3, .defect)
        told.stop(50, "open", 1.25, nil)
        var machine = TimeMachine(history: told.stops)
        let higher = TimeMachine.Bounds(stop: 2, warn: 0.5)
        let rows = [
            row(5, "good", 0.25, .running), row(10, "defect", 1.25, .stopped), row(20, "false", 1.125, .stopped),
            row(25, "suspicious", 0.9, .andon), row(30, "unclear", 1.25, .stopped), row(40, "plain", 3, .stopped),
            row(50, "open", 1.25, .stopped),
        ]
        let changes = rows.map { machine.decide($0, by: higher)?.change }
        #expect(changes == [.passed, .lost, .lost, .passed, .lost, .kept, .lost])
        let counts = machine.counts
        #expect(counts.parts == 7 && counts.stopsThen == 5 && counts.stopsNow == 1 && counts.gained == 0)
        #expect(counts.lost == 4 && counts.lostDefects == 1 && counts.lostFalseStops == 1)
        #expect(counts.lostUnclear == 1 && counts.lostUnknown == 1 && counts.defects == 2 && counts.falseStops == 1)
        #expect(counts.warnsThen == 1 && counts.warnsNow == 5)
        // The other way: equal passes.
        var lower = TimeMachine(history: told.stops)
        let again = rows.map { lower.decide($0, by: .init(stop: 0.9))?.change }
        #expect(again == [.passed, .kept, .kept, .passed, .kept, .kept, .kept])
        var lowest = TimeMachine(history: told.stops)
        let gained = lowest.decide(rows[3], by: .init(stop: Float(0.9).nextDown))
        #expect(gained?.change == .gained && gained?.stop == nil && lowest.counts.gained == 1)
    }

    @Test("parts of another model, without a score, or while the line did not run, are counted and left out")
    func leftOut() {
        var told = ToldHistory()
        told.tell(10, .defectWhileNotRunning, .stopped, part: "b", score: 3)
        told.tell(12, .defectWhileBypassed, .bypass, part: "c", score: 3)
        var machine = TimeMachine(history: told.stops)
        let bounds = TimeMachine.Bounds(stop: 0.1)
        #expect(machine.decide(row(1, "a", 0.5, .running), by: nil) == nil)
        #expect(machine.decide(row(2, "a", nil, .running), by: bounds) == nil)
        #expect(machine.decide(row(3, "a", .nan, .running), by: bounds) == nil)
        #expect(
            machine.decide(row(4, "a", 0.5, .running, basis: .init(recipe: "plates", model: "9f2c")), by: bounds) == nil
        )
        #expect(machine.decide(row(5, "a", 0.5, .ready), by: bounds) == nil)
        #expect(machine.decide(row(10, "b", 3, .stopped), by: bounds) == nil)
        #expect(machine.decide(row(12, "c", 3, .bypass), by: bounds) == nil)
        let counts = machine.counts
        #expect(counts.otherModels == 1 && counts.withoutScore == 3 && counts.notRunning == 3 && counts.parts == 0)
        // Without events, a part above the threshold after which the line stands has stopped it.
        var blind = TimeMachine()
        #expect(blind.decide(row(10, "b", 3, .stopped), by: bounds)?.change == .kept)
        #expect(blind.decide(row(11, "good", 0.5, .stopped), by: bounds) == nil)
    }

    @Test(
        "a part that stopped the line further on has the stop that came later; names that come again are told apart by time"
    )
    func furtherOn() {
        var told = ToldHistory()
        told.tell(0, .start, .running)
        told.tell(10, .stopPending, .andon, part: "a", score: 2)
        told.tell(11, .stopPending, .andon, part: "b", score: 2)
        told.stop(13, "a", 2, .falseStop)
        told.stop(30, "a", 2, .defect)
        var machine = TimeMachine(history: told.stops)
        let bounds = TimeMachine.Bounds(stop: 5)
        let first = machine.decide(row(10, "a", 2, .andon), by: bounds)
        #expect(first?.stop?.verdict == .falseStop && first?.stop?.time == ToldHistory.time(13))
        let second = machine.decide(row(11, "b", 2, .andon), by: bounds)
        #expect(second?.change == .lost && second?.stop == nil)
        #expect(machine.decide(row(30, "a", 2, .stopped), by: bounds)?.stop?.verdict == .defect)
        #expect(
            machine.counts.lostFalseStops == 1 && machine.counts.lostDefects == 1 && machine.counts.lostUnknown == 1)
    }

    @Test("the counts are what counting all parts of a database by hand gives")
    func database() throws {
        let folder = TestFolder()
        let path = folder.file("parts.sqlite")
        let history = try PartHistory(path: path)
        let scores = (0..<2_000).map { Float($0 * 7_919 % 2_000) / 1_000 }
        for block in 0..<4 {
            let rows = (0..<500).map { row(block * 500 + $0, "p\($0)", scores[block * 500 + $0], .running) }
            _ = try history.append(rows)
        }
        try history.close()
        for bound in [Float(0.25), 1, 1.5] {
            var machine = TimeMachine()
            var query = PartQuery()
            query.since = ToldHistory.time(100)
            try query.run(path: path, page: 333) {
                _ = machine.decide($0, by: .init(stop: bound))
                return true
            }
            let asked = scores[100...]
            #expect(machine.counts.parts == asked.count)
            #expect(machine.counts.gained == asked.count { $0 <= 1 && $0 > bound })
            #expect(machine.counts.lost == asked.count { $0 > 1 && $0 <= bound })
        }
    }
}
