// SPDX-License-Identifier: Apache-2.0

import Line
import Records
import Testing

@Suite struct JournalReaderTests {
    private let stop: [String: String] = [
        "JIDOKA_EVENT": "stop", "JIDOKA_SEQ": "7", "JIDOKA_STATE_TO": "stopped", "JIDOKA_STATE_FROM": "running",
        "JIDOKA_PART": "a.png", "JIDOKA_SCORE": "1.5", "JIDOKA_THRESHOLD": "1.0", "JIDOKA_RECIPE": "plates",
        "JIDOKA_MODEL": "9f2c",
    ]

    @Test("an entry of the journal becomes the line of the event socket")
    func line() throws {
        let event = try #require(JournalReader.event(time: 1_000_000) { stop[$0] })
        #expect(
            EventLine.encode(event)
                == "{\"v\":1,\"seq\":7,\"time\":\"1970-01-01T00:00:01.000000000Z\",\"event\":\"stop\",\"recipe\":\"plates\","
                + "\"part\":\"a.png\",\"score\":1.5,\"threshold\":1.0,\"state\":\"stopped\",\"model\":\"9f2c\","
                + "\"state_from\":\"running\"}")
    }

    @Test("an acknowledgement keeps who, what and why, and its own time if it has one")
    func acknowledge() throws {
        let fields = [
            "JIDOKA_EVENT": "acknowledge", "JIDOKA_SEQ": "8", "JIDOKA_STATE_TO": "acknowledged", "JIDOKA_USER": "anna",
            "JIDOKA_VERDICT": "defect", "JIDOKA_DETAIL": "a crack, \"long\"\nand deep", "JIDOKA_SCORE": "nan",
            "JIDOKA_TIME": "2026-11-21T03:12:00.123456789Z",
        ]
        let event = try #require(JournalReader.event(time: 5) { fields[$0] })
        #expect(event.event.user == "anna" && event.event.verdict == .defect && event.event.score?.isNaN == true)
        #expect(try EventLine.decode(EventLine.encode(event)).event.detail == "a crack, \"long\"\nand deep")
        #expect(EventLine.encode(event).contains("2026-11-21T03:12:00.123456789Z"))
    }

    @Test("an entry without number, state or a known kind is no event")
    func noEvent() {
        for (key, value) in [
            ("JIDOKA_EVENT", "dance"), ("JIDOKA_SEQ", "x"), ("JIDOKA_SEQ", nil), ("JIDOKA_STATE_TO", "asleep"),
        ] {
            var fields = stop
            fields[key] = value
            #expect(JournalReader.event(time: 1) { fields[$0] } == nil, "\(key)")
        }
    }
}
