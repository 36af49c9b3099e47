// SPDX-License-Identifier: Apache-2.0

import Capture
import Inspection
import SyntheticParts
import Testing

@Suite struct SyntheticSourceTests {
    @Test("parts are numbered, defects come as announced, and pixels are those of the generator")
    func parts() throws {
        let source = try SyntheticSource(seed: 8, size: 64, rate: 0, defectEvery: 4)
        let parts = SyntheticParts(seed: 8, size: 64)
        #expect(source.name == "synthetic 8")
        for index in 0..<12 {
            guard let frame = try source.next() else {
                Issue.record("part \(index) is missing")
                return
            }
            #expect(source.isDefective(index) == (index % 4 == 3))
            #expect(frame.part == SyntheticSource.part(index))
            #expect(frame.sequence == UInt64(index))
            #expect(frame.original.isEmpty)
            let truth = source.isDefective(index) ? parts.surfaceDefect(index).picture : parts.good(index)
            #expect(frame.pixels == truth.pixels)
        }
        #expect(SyntheticSource.part(42) == "part-000042")
        #expect(SyntheticSource.part(12_345_678) == "part-12345678")
    }

    @Test("the first defect and the distance between defects are as asked; 0 is never")
    func defects() throws {
        let every3 = try SyntheticSource(seed: 1, size: 32, rate: 0, defectEvery: 3, firstDefect: 5)
        #expect((0..<12).filter(every3.isDefective) == [5, 8, 11])
        let always = try SyntheticSource(seed: 1, size: 32, rate: 0, defectEvery: 1)
        #expect((0..<4).filter(always.isDefective) == [0, 1, 2, 3])
        let never = try SyntheticSource(seed: 1, size: 32, rate: 0, defectEvery: 0)
        #expect(!(0..<1000).contains(where: never.isDefective))
    }

    @Test("wrong settings are refused")
    func refused() {
        func refuses(size: Int = 64, rate: Double = 0, every: Int = 0, first: Int? = nil) -> Bool {
            do throws(CaptureError) {
                _ = try SyntheticSource(seed: 1, size: size, rate: rate, defectEvery: every, firstDefect: first)
                return false
            } catch {
                return error.code == .badArgument
            }
        }
        #expect(!refuses())
        #expect(refuses(size: 0) && refuses(size: 65) && refuses(size: 8192))
        #expect(refuses(rate: -1) && refuses(rate: .nan) && refuses(rate: 1e6))
        #expect(refuses(every: -1) && refuses(every: 2, first: -1))
    }

    @Test("stop wakes a source that waits, and ends it for good")
    func stop() throws {
        let source = try SyntheticSource(seed: 1, size: 32, rate: 1.0 / 3600, defectEvery: 0)
        let first = try source.next() != nil
        #expect(first)
        later { source.stop() }
        let woken = try source.next() == nil
        #expect(woken)
        source.stop()
        let after = try source.next() == nil
        #expect(after)
    }
}
