// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

extension FaultTests {
    @Test("a picture that is none takes the permit away; one of another size is judged")
    func pictures() throws {
        let fixture = try Fixture.shared()
        let whole = try #require(Files.bytes(fixture.good[0]))
        // Big-endian width and height of 40,000 in a header that is followed by little.
        var huge = PlainPNG.flat(side: 8, value: 9)
        huge.replaceSubrange(16..<24, with: [0, 0, 0x9C, 0x40, 0, 0, 0x9C, 0x40])
        let bad: [(name: String, bytes: [UInt8], isPart: Bool)] = [
            ("truncated", Array(whole.prefix(whole.count / 2)), false), ("empty", [], false),
            ("text", Array("no picture".utf8), false), ("header of 40,000 x 40,000", huge, false),
            ("1 x 1", PlainPNG.flat(side: 1, value: 9), true),
            ("another size", PlainPNG.noise(side: 300, seed: 3), true),
        ]
        let run = FaultRun("bad picture from the folder", try Self.line("f-picture"))
        let line = run.line
        for round in 0..<Self.rounds(bad.count, thorough: 120) {
            let (name, bytes, isPart) = bad[round % bad.count]
            try run.bringToRunning()
            let draft = line.folder / "draft"
            try Files.write(bytes, to: draft)
            let now = ContinuousClock.now
            try Files.move(draft, to: line.folder / "parts/000.png")
            let off = run.off(since: now, atMost: isPart ? 0.5 : 20)
            _ = off.map { _ in Patience.until { line.status?["state"]?.text != "running" } }
            let state = off == nil ? "passed" : line.status?["state"]?.text ?? "none"
            run.count("\(name): \(state)", off: off, mustBeOff: !isPart)
            #expect(isPart || state == "fault", "\(name)")
            run.takeDefectAway()
        }
        try run.finish()
    }

    @Test("a source that disappears takes the permit away until it is back and a person has started again")
    func sourceGone() throws {
        let run = FaultRun("picture folder removed while running", try Self.line("f-folder"))
        let line = run.line
        for _ in 0..<Self.rounds(3, thorough: 60) {
            try run.bringToRunning()
            let now = ContinuousClock.now
            try Files.move(line.folder / "parts", to: line.folder / "away")
            run.count("fault", off: run.off(since: now), mustBeOff: true)
            try line.wait(for: "fault")
            #expect(line.acknowledge() && !line.command("reset"))
            try Files.move(line.folder / "away", to: line.folder / "parts")
            #expect(Patience.until { line.command("reset") })
        }
        try run.finish()
    }
}
