// SPDX-License-Identifier: Apache-2.0

import Line
import Records
import Testing

@Suite struct EventLineTests {
    @Test("a stop is this line")
    func stop() {
        let event = LineEvent(
            kind: .stop, time: 1_763_694_720_123_456_789, recipe: "plates", part: "a.png", score: 1.1, threshold: 1,
            state: .stopped, stateFrom: .running, model: "9f2c")
        #expect(
            EventLine.encode(RecordedEvent(seq: 7, event: event))
                == #"{"v":1,"seq":7,"time":"2025-11-21T03:12:00.123456789Z","event":"stop","recipe":"plates","#
                + #""part":"a.png","score":1.1,"threshold":1.0,"state":"stopped","model":"9f2c","#
                + #""state_from":"running"}"#)
    }

    @Test("what doesn't apply is null for the keys that are always there, and absent for the others")
    func empty() {
        let event = LineEvent(kind: .boot, time: 0, state: .blocked)
        #expect(
            EventLine.encode(RecordedEvent(seq: 1, event: event))
                == #"{"v":1,"seq":1,"time":"1970-01-01T00:00:00.000000000Z","event":"boot","recipe":null,"part":null,"#
                + #""score":null,"threshold":null,"state":"blocked","model":null}"#)
    }

    @Test("every text survives, and no control character gets out")
    func texts() throws {
        var text = "\"\\/ü\u{1F600}\u{2028}"
        for value in UInt8(0)..<0x20 { text.unicodeScalars.append(Unicode.Scalar(value)) }
        text.unicodeScalars.append("\u{7F}")
        let event = LineEvent(
            kind: .acknowledge, time: 1, recipe: text, part: text, state: .acknowledged, stateFrom: .stopped,
            model: text, user: text, verdict: .unclear, detail: text)
        let line = EventLine.encode(RecordedEvent(seq: 1, event: event))
        #expect(line.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F })
        #expect(try EventLine.decode(line).event == event)
    }

    @Test("every float comes back bit for bit, and the ones that JSON can't write by name")
    func floats() throws {
        var random = SystemRandomNumberGenerator()
        var patterns = (0..<20_000).map { _ in UInt32.random(in: 0...UInt32.max, using: &random) }
        patterns += [0, 0x8000_0000, 1, 0x007F_FFFF, 0x0080_0000, 0x7F7F_FFFF, 0x7F80_0000, 0xFF80_0000, 0x7FC0_0000]
        for pattern in patterns {
            let score = Float(bitPattern: pattern)
            let event = LineEvent(kind: .stop, time: 1, score: score, threshold: -score, state: .stopped)
            let back = try EventLine.decode(EventLine.encode(RecordedEvent(seq: 1, event: event))).event
            if score.isNaN {
                #expect(back.score?.isNaN == true)
            } else {
                #expect(back.score?.bitPattern == pattern && back.threshold?.bitPattern == (-score).bitPattern)
            }
        }
    }

    @Test("times are right to the nanosecond over the whole range and over leap days")
    func times() {
        let known: [(UInt64, String)] = [
            (0, "1970-01-01T00:00:00.000000000Z"),
            (951_782_399_999_999_999, "2000-02-28T23:59:59.999999999Z"),
            (951_782_400_000_000_000, "2000-02-29T00:00:00.000000000Z"),
            (4_107_542_399_000_000_001, "2100-02-28T23:59:59.000000001Z"),
            (4_107_542_400_000_000_000, "2100-03-01T00:00:00.000000000Z"),
            (UInt64.max, "2554-07-21T23:34:33.709551615Z"),
        ]
        for (time, text) in known {
            #expect(UTCTime.text(time) == text)
            #expect(UTCTime.nanoseconds(text) == time)
        }
        for _ in 0..<10_000 {
            let time = UInt64.random(in: 0...UInt64.max)
            #expect(UTCTime.nanoseconds(UTCTime.text(time)) == time)
        }
        let wrong = [
            "", "2026-02-29T00:00:00.000000000Z", "2026-13-01T00:00:00.000000000Z", "1969-12-31T23:59:59.999999999Z",
            "2026-01-01T24:00:00.000000000Z", "2026-01-01 00:00:00.000000000Z", "2555-01-01T00:00:00.000000000Z",
        ]
        for text in wrong { #expect(UTCTime.nanoseconds(text) == nil, "\(text)") }
    }

    @Test("what is no event line is refused")
    func wrongLines() {
        let good = EventLine.encode(RecordedEvent(seq: 1, event: LineEvent(kind: .boot, time: 0, state: .blocked)))
        let lines = [
            "", "{}", "null", String(good.dropLast()), good.replacing("\"v\":1", with: "\"v\":2"),
            good.replacing("boot", with: "bowl"), good.replacing("1970", with: "197x"),
            good.replacing("\"score\":null", with: "\"score\":\"big\""),
        ]
        for line in lines { #expect(throws: RecordsError.self, "\(line)") { try EventLine.decode(line) } }
    }

    @Test("a time as people write it, in UTC, and nothing else")
    func moments() {
        let day: UInt64 = 1_795_219_200_000_000_000
        #expect(UTCTime.nanoseconds("2026-11-21T00:00:00.000000000Z") == day)
        for (text, nanoseconds) in [
            ("2026-11-21", 0), ("2026-11-21T03:12", 11_520_000_000_000), ("2026-11-21 03:12:07", 11_527_000_000_000),
            ("2026-11-21T00:00:00.5", 500_000_000), ("2026-11-21T00:00:01Z", 1_000_000_000),
        ] as [(String, UInt64)] { #expect(UTCTime.moment(text) == day + nanoseconds, "\(text)") }
        for text in [
            "", "2026", "2026-13-01", "2026-11-21T", "2026-11-21T3:12", "yesterday", "2026-11-21T25:00", "21.11.2026",
        ] {
            #expect(UTCTime.moment(text) == nil, "\(text)")
        }
    }
}
