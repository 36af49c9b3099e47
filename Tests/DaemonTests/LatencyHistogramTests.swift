// SPDX-License-Identifier: Apache-2.0

import Daemon
import Testing

@Suite struct LatencyHistogramTests {
    @Test("quantiles are at most 1/32 above the true ones, and never beyond the longest duration")
    func quantiles() throws {
        var histogram = LatencyHistogram()
        let values = (1...100_000).map { UInt64($0) * 137 }
        for value in values { histogram.add(value) }
        for q in [0.001, 0.5, 0.9, 0.99, 0.999, 1] {
            let exact = values[Int((Double(values.count) * q).rounded(.up)) - 1]
            let found = try #require(histogram.quantile(q))
            #expect(found >= exact && Double(found) <= Double(exact) * (1 + 1.0 / 32), "\(q): \(found), exact \(exact)")
        }
        #expect(histogram.quantile(1) == values.last)
        #expect(histogram.count == 100_000 && histogram.maximum == values.last)
    }

    @Test("nothing has no quantile; zero, small and absurdly long durations are counted")
    func extremes() {
        var histogram = LatencyHistogram()
        #expect(histogram.quantile(0.5) == nil)
        for value: UInt64 in [0, 1, 31, 32, 33, .max] { histogram.add(value) }
        #expect(histogram.count == 6)
        #expect(histogram.quantile(0) == 0)
        #expect(histogram.quantile(0.5) == 31)
        #expect(histogram.maximum == .max)
    }
}

@Suite struct SelfTestTests {
    private let last: UInt64 = 1_000_000_000

    @Test("without parts a self-test is made at least twice a second")
    func idle() {
        #expect(SelfTest.due(after: last, expecting: nil) - last < 500_000_000)
    }

    @Test("a part that is expected at the time of the test is let through first, within the half second")
    func shy() {
        for milliseconds in 0..<2000 {
            let part = last + UInt64(milliseconds) * 1_000_000
            let due = SelfTest.due(after: last, expecting: part)
            #expect(due - last < 500_000_000)
            // Never in the 20 ms before a part that can still be waited for.
            if milliseconds < 410 { #expect(due > part || due + 20_000_000 <= part, "\(milliseconds)") }
        }
    }
}
