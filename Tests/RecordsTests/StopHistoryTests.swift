// SPDX-License-Identifier: Apache-2.0

import Line
import Records
import Testing

/// A history of events that is told second by second.
struct ToldHistory {
    static let start: UInt64 = 1_767_225_600_000_000_000
    private(set) var stops = StopHistory()
    private(set) var seq: Int64 = 0
    var recipe: String? = "plates"
    var model: String? = "9f2c"

    static func time(_ second: Int) -> UInt64 { start + UInt64(second) * 1_000_000_000 }

    mutating func tell(
        _ second: Int, _ kind: LineEvent.Kind, _ state: LineState, part: String? = nil, score: Float? = nil,
        threshold: Float? = 1, verdict: AcknowledgeVerdict? = nil, detail: String? = nil
    ) {
        seq += 1
        stops.add(
            RecordedEvent(
                seq: seq,
                event: LineEvent(
                    kind: kind, time: Self.time(second), recipe: recipe, part: part, score: score,
                    threshold: score == nil ? nil : threshold, state: state, model: model,
                    user: verdict == nil ? nil : "anna", verdict: verdict, detail: detail)))
    }

    /// A stop by a part, what somebody finds, and the line runs again.
    mutating func stop(_ second: Int, _ part: String, _ score: Float, _ verdict: AcknowledgeVerdict?) {
        tell(second, .stop, .stopped, part: part, score: score)
        guard let verdict else { return }
        tell(second + 1, .acknowledge, .acknowledged, part: part, verdict: verdict)
        tell(second + 2, .reset, .ready)
        tell(second + 3, .start, .running)
    }
}

@Suite struct StopHistoryTests {
    @Test("each stop gets what was found at it, and nothing that belongs to a fault, an andon or an unclean end")
    func acknowledgements() {
        var told = ToldHistory()
        told.tell(0, .start, .running)
        told.stop(10, "a.png", 1.5, .defect)
        told.stop(20, "b.png", 1.25, .falseStop)
        told.tell(30, .warn, .andon, part: "c.png", score: 0.9)
        told.tell(31, .acknowledge, .running, part: "c.png", verdict: .unclear)
        told.tell(40, .fault, .fault, part: "d.png", score: .nan)
        told.tell(41, .acknowledge, .acknowledged, part: "d.png", verdict: .unclear)
        told.tell(42, .reset, .ready)
        told.tell(43, .start, .running)
        // An andon that ran out has no part.
        told.tell(50, .stop, .stopped, detail: "andon: nobody has looked")
        told.tell(51, .acknowledge, .acknowledged, verdict: .falseStop)
        told.tell(52, .start, .running)
        told.stop(60, "e.png", 2, nil)
        let stops = told.stops.stops
        #expect(stops.map(\.part) == ["a.png", "b.png", nil, "e.png"])
        #expect(stops.map(\.verdict) == [.defect, .falseStop, .falseStop, nil])
        #expect(stops.map(\.isByScore) == [true, true, false, true])
        #expect(stops[0].user == "anna")
        let tally = told.stops.tally(since: 0, until: .max)
        #expect(tally.stops == 4 && tally.falseStops == 2 && tally.falseStopsByScore == 1 && tally.defects == 1)
        #expect(tally.open == 1 && tally.unclear == 0)
        #expect(told.stops.tally(since: ToldHistory.time(20), until: ToldHistory.time(60)).stops == 2)
        #expect(told.stops.tally(since: 0, until: .max, recipe: "tiles").stops == 0)
    }

    @Test(
        "parts come from the summaries, hours from the time that the line ran, and none of either from a daemon that was down"
    )
    func measures() {
        var told = ToldHistory()
        told.tell(0, .boot, .blocked)
        told.tell(100, .start, .running)
        told.tell(160, .summary, .running, detail: "parts=60 good=59 bad=1 not_running=3 suspicious=1")
        told.tell(170, .warn, .andon, part: "w", score: 0.9)
        told.tell(190, .andonCleared, .running)
        told.tell(200, .stop, .stopped, part: "a", score: 2)
        told.tell(260, .summary, .stopped, detail: "parts=40 good=39 bad=1 not_running=0")
        told.tell(300, .start, .running)
        // The power goes at some time, and comes back an hour later.
        told.tell(4_000, .boot, .stopped)
        told.tell(4_001, .summary, .stopped, detail: "nonsense parts=-4")
        let all = told.stops.tally(since: 0, until: .max)
        #expect(all.parts == 100)
        #expect(abs(all.hours * 3_600 - 100) < 1e-9)
        let first = told.stops.tally(since: 0, until: ToldHistory.time(161), recipe: "plates", model: "9f2c")
        #expect(first.parts == 60 && abs(first.hours * 3_600 - 60) < 1e-9)
        #expect(told.stops.tally(since: 0, until: .max, model: "other") == StopTally())
        #expect(told.stops.first == ToldHistory.time(0) && told.stops.last == ToldHistory.time(4_001))
    }

    @Test("a history on the disk is read as it was told")
    func onDisk() throws {
        let folder = TestFolder()
        let path = folder.file("history.sqlite")
        let history = try EventHistory(path: path)
        for (kind, state, verdict) in [
            (.start, .running, nil), (.stop, .stopped, nil), (.acknowledge, .acknowledged, .falseStop),
        ] as [(LineEvent.Kind, LineState, AcknowledgeVerdict?)] {
            let score: Float? = kind == .stop ? 1.5 : nil
            _ = try history.append(
                LineEvent(
                    kind: kind, time: ToldHistory.start, part: kind == .start ? nil : "a.png", score: score,
                    threshold: score.map { _ in 1 }, state: state, verdict: verdict),
                latch: Latch(state: state, cleanEnd: false))
        }
        let read = try StopHistory(path: path)
        #expect(read.stops.count == 1 && read.stops[0].verdict == .falseStop && read.stops[0].seq == 2)
        #expect(throws: RecordsError.self) { try StopHistory(path: folder.file("none.sqlite")) }
    }
}
