// SPDX-License-Identifier: Apache-2.0

import Capture
import Testing

@Suite("parts and frames are brought together")
struct PartQueueTests {
    private func frame(_ takenAt: UInt64, lost: UInt64 = 0, spoiled: String? = nil) -> CameraFrame {
        CameraFrame(
            sequence: takenAt, takenAt: takenAt, readyAt: takenAt, lost: lost,
            content: spoiled.map { .spoiled($0) } ?? .bytes([UInt8(truncatingIfNeeded: takenAt)]))
    }

    /// `number@takenAt` for a picture, `number: why` for a failure.
    private func drain(_ queue: inout PartQueue) -> [String] {
        var seen: [String] = []
        while let outcome = queue.take() {
            switch outcome {
            case .picture(let part, let frame): seen.append("\(part.number)@\(frame.takenAt)")
            case .failed(let part, let why): seen.append("\(part.number): \(why)")
            }
        }
        return seen
    }

    private func triggered(capacity: Int = 8) -> PartQueue {
        PartQueue(isFreeRunning: false, capacity: capacity, patience: 1000)
    }

    @Test("a part gets the first frame taken at or after its moment, never an earlier or a later one")
    func first() {
        var queue = triggered()
        queue.add(PartMoment(number: 1, moment: 100))
        queue.add(PartMoment(number: 2, moment: 130))
        queue.add(frame(99))
        #expect(drain(&queue).isEmpty)
        queue.add(frame(100))
        queue.add(frame(120))
        queue.add(frame(140))
        queue.add(frame(160))
        #expect(drain(&queue) == ["1@100", "2@140"])
    }

    @Test("of two parts between two frames the later one is in the picture, and the other fails by name")
    func twice() {
        var queue = triggered()
        queue.add(PartMoment(number: 1, moment: 5))
        queue.add(PartMoment(number: 2, moment: 6))
        queue.add(frame(10))
        #expect(drain(&queue) == ["1: the next part came before its picture was taken", "2@10"])
        // One that is reported late does not get a picture that was given away.
        queue.add(PartMoment(number: 3, moment: 9))
        #expect(drain(&queue) == ["3: its picture is the one of another part: they follow each other too closely"])
    }

    @Test("after a pause of the camera a part does not get a picture of where it once was")
    func stall() {
        var queue = triggered()
        let interval: UInt64 = 40_000_000
        for number in UInt64(1)...3 { queue.add(frame(number * interval)) }
        // In time, though the camera is slow: three intervals or 0.2 s.
        queue.add(PartMoment(number: 1, moment: 130_000_000))
        queue.add(frame(330_000_000))
        #expect(drain(&queue) == ["1@330000000"])
        for number in UInt64(10)...13 { queue.add(frame(number * interval)) }
        for number in UInt64(2)...4 { queue.add(PartMoment(number: number, moment: 540_000_000 + number)) }
        queue.add(frame(1_000_000_000))
        let next = "the next part came before its picture was taken"
        #expect(
            drain(&queue) == [
                "2: \(next)", "3: \(next)",
                "4: the first picture was taken 0.46 s after it: the camera had stopped for a while",
            ])
    }

    @Test("a part that is reported after its frame came still gets it, as long as it is remembered")
    func late() {
        var queue = triggered()
        for moment in stride(from: UInt64(10), through: 60, by: 10) { queue.add(frame(moment)) }
        queue.add(PartMoment(number: 1, moment: 45))
        // Frames 30 to 60 are remembered, and that the one before was taken at 20.
        queue.add(PartMoment(number: 2, moment: 20))
        queue.add(PartMoment(number: 3, moment: 60))
        queue.add(PartMoment(number: 4, moment: 21))
        queue.add(PartMoment(number: 5, moment: 61))
        queue.add(frame(70))
        #expect(
            drain(&queue) == ["1@50", "2: it was reported after its picture was forgotten", "3@60", "4@30", "5@70"])
    }

    @Test("a part whose frame is damaged or was dropped fails instead of getting the next one")
    func spoiled() {
        var queue = triggered()
        queue.add(frame(100))
        queue.add(PartMoment(number: 1, moment: 110))
        queue.add(frame(120, spoiled: "torn"))
        queue.add(frame(140))
        queue.add(PartMoment(number: 2, moment: 145))
        // Frames at 160 and 180 were dropped: the one at 160 would have shown the part.
        queue.add(frame(200, lost: 2))
        #expect(
            drain(&queue) == ["1: torn", "2: the frame that shows it was dropped by the camera or its driver"])
        queue.add(PartMoment(number: 3, moment: 250))
        // Dropped at 240, before the part came: the frame at 280 is the first that shows it.
        queue.add(frame(280, lost: 1))
        #expect(drain(&queue) == ["3@280"])
    }

    @Test("too many parts with a picture are failures by name, and the oldest are kept in order")
    func overflow() {
        var queue = triggered(capacity: 2)
        for number in UInt64(1)...4 { queue.add(PartMoment(number: number, moment: 10 * number)) }
        for number in UInt64(1)...4 { queue.add(frame(10 * number)) }
        let why = "2 parts with pictures wait to be judged already"
        #expect(drain(&queue) == ["1@10", "2@20", "3: \(why)", "4: \(why)"])
    }

    @Test("a part without a frame within the time is a failure, once")
    func expiry() {
        var queue = triggered()
        queue.add(PartMoment(number: 1, moment: 100))
        #expect(queue.nextExpiry == 1100)
        queue.expire(now: 1100)
        #expect(drain(&queue).isEmpty)
        queue.expire(now: 1101)
        queue.expire(now: 1102)
        #expect(drain(&queue) == ["1: no picture within 0 s"])
        #expect(queue.nextExpiry == nil)
        queue.add(frame(1200))
        #expect(drain(&queue).isEmpty)
    }

    @Test("who forgets all parts hears how many: those with a picture and those without")
    func cleared() {
        var queue = triggered()
        queue.add(PartMoment(number: 1, moment: 5))
        queue.add(frame(10))
        queue.add(PartMoment(number: 2, moment: 20))
        #expect(queue.clear() == 2)
        #expect(queue.clear() == 0)
        #expect(drain(&queue).isEmpty)
    }

    @Test("nothing grows without bound when nobody asks")
    func bounded() {
        var queue = triggered()
        for number in UInt64(0)..<5000 { queue.add(PartMoment(number: number, moment: number)) }
        queue.add(frame(10_000))
        #expect(drain(&queue).count <= 256 + 8)
    }

    @Test("free-running, the newest frame wins and a part that nobody took is no part")
    func freeRunning() {
        var queue = PartQueue(isFreeRunning: true, capacity: 8, patience: 1000)
        #expect(queue.wantsPart)
        queue.add(PartMoment(number: 1, moment: 50))
        #expect(!queue.wantsPart)
        queue.add(frame(40))
        #expect(drain(&queue).isEmpty)
        queue.add(frame(60))
        queue.add(frame(70, spoiled: "torn"))
        queue.add(frame(80))
        #expect(!queue.wantsPart)
        #expect(drain(&queue) == ["1@80"])
        #expect(queue.wantsPart)
        queue.add(PartMoment(number: 2, moment: 85))
        queue.add(frame(90))
        queue.clear()
        #expect(drain(&queue).isEmpty)
    }
}
