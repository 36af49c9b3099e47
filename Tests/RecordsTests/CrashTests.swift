// SPDX-License-Identifier: Apache-2.0

import Glibc
import Line
import Records
import Testing

@Suite struct CrashTests {
    @Test("a process killed at any moment loses no event that it was told is recorded")
    func killed() throws {
        let thorough = getenv("JIDOKA_THOROUGH") != nil
        let kills = thorough ? 100 : 12
        let folder = TestFolder()
        let path = folder.file("history.sqlite")
        var printed: [Int64] = []
        for round in 0..<kills {
            let child = try ChildProcess("append", path)
            // At least one line, so that every round writes; then a moment that differs from round to round.
            let first = try #require(child.readLine())
            printed.append(try #require(Int64(first), "\(first)"))
            usleep(UInt32.random(in: 0..<UInt32(1_000 * (1 + round % 30))))
            child.killNow()
            printed += try child.readAll().map { try #require(Int64($0), "\($0)") }

            let history = try EventHistory(path: path)
            let last = try #require(try history.latest())
            #expect(last.event.detail == "number \(last.seq)")
            let latch = try #require(try history.latch())
            #expect(latch.state == last.event.state && latch.reason == last.event.detail)
            try history.close()
        }
        let history = try EventHistory(path: path)
        let recorded = try history.events(since: 0, limit: .max).map(\.seq)
        #expect(recorded == Array(1...Int64(recorded.count)), "gapless, each once")
        #expect(Set(printed).count == printed.count, "no seq was given twice")
        let known = Set(recorded)
        #expect(printed.allSatisfy(known.contains), "every seq that was told is there")
        print("\(kills) kills (\(thorough ? "thorough" : "short")): \(printed.count) told, \(recorded.count) recorded")
    }
}
