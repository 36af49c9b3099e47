// SPDX-License-Identifier: Apache-2.0

import Sockets

/// Durations in buckets that are 1/128 of an octave wide: quantiles within 0.8 %, in constant memory, for years.
package struct LatencyHistogram: Sendable, Equatable {
    private static let bits = 7
    private static let perOctave = 1 << bits
    /// 2⁴⁰ ns are 18 minutes; whatever is longer counts as that.
    private static let octaves = 40
    private var counts = [UInt64](repeating: 0, count: perOctave * octaves)
    /// Number of durations.
    package private(set) var count: UInt64 = 0
    /// The longest, in nanoseconds.
    package private(set) var maximum: UInt64 = 0

    /// No durations.
    package init() {}

    /// Adds a duration in nanoseconds.
    package mutating func add(_ nanoseconds: UInt64) {
        counts[Self.bucket(nanoseconds)] += 1
        count += 1
        maximum = max(maximum, nanoseconds)
    }

    /// The same durations in memory of its own: who reads shares none with who writes, and so costs the writer no copy.
    package var copy: LatencyHistogram {
        var copy = self
        copy.counts = counts.map { $0 }
        return copy
    }

    /// The duration, in nanoseconds, that a share `q` of all did not exceed: the upper end of its bucket, never beyond the
    /// maximum; nil when there are none.
    package func quantile(_ q: Double) -> UInt64? {
        guard count > 0 else { return nil }
        let wanted = max(1, UInt64((Double(count) * q).rounded(.up)))
        var seen: UInt64 = 0
        for (index, number) in counts.enumerated() {
            seen += number
            if seen >= wanted { return min(maximum, Self.upperEnd(index)) }
        }
        return maximum
    }

    /// `(octave, fraction)` of the value: exact below 128 ns, then the highest seven bits after the first.
    private static func bucket(_ value: UInt64) -> Int {
        guard value >= UInt64(perOctave) else { return Int(value) }
        let octave = 63 - value.leadingZeroBitCount
        let fraction = Int(value >> (octave - bits)) & (perOctave - 1)
        return min((octave - bits + 1) * perOctave + fraction, perOctave * octaves - 1)
    }

    private static func upperEnd(_ index: Int) -> UInt64 {
        guard index >= perOctave else { return UInt64(index) }
        let octave = index / perOctave + bits - 1
        return (UInt64(perOctave + index % perOctave + 1) << (octave - bits)) - 1
    }
}

/// How long parts took since the daemon started.
struct Latencies: Sendable, Equatable {
    /// From the picture ready in user space to the line changed: permit off, or heartbeat toggled.
    var line = LatencyHistogram()
    /// The networks and the map alone.
    var decide = LatencyHistogram()

    /// The same in memory of its own.
    var copy: Latencies { Latencies(line: line.copy, decide: decide.copy) }

    /// The answer's `latency` object; milliseconds.
    var fields: JSONValue {
        func milliseconds(_ value: UInt64?) -> JSONValue {
            value.map { .number((Double($0) / 1000).rounded() / 1000) } ?? .null
        }
        return .object([
            "count": .integer(Int64(clamping: line.count)),
            "p50_ms": milliseconds(line.quantile(0.5)), "p99_ms": milliseconds(line.quantile(0.99)),
            "p999_ms": milliseconds(line.quantile(0.999)),
            "max_ms": milliseconds(line.count > 0 ? line.maximum : nil),
            "decide_p50_ms": milliseconds(decide.quantile(0.5)), "decide_p999_ms": milliseconds(decide.quantile(0.999)),
        ])
    }
}
