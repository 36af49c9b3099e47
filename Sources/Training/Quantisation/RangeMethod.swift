// SPDX-License-Identifier: Apache-2.0

/// How the range of a map is chosen: what lies above it is clipped, what lies below is rounded to its steps.
public enum RangeMethod: String, Codable, Sendable, CaseIterable {
    /// Up to the largest value seen: nothing is clipped.
    case minMax = "min-max"
    /// Up to the 99.9th percentile.
    case percentile999 = "percentile-99.9"
    /// Up to the 99.99th percentile.
    case percentile9999 = "percentile-99.99"
    /// Up to the 99.999th percentile.
    case percentile99999 = "percentile-99.999"
    /// The range with the smallest mean square of rounding and clipping together.
    case squaredError = "squared-error"

    /// Those that are tried when none is asked for. The 99.9th percentile is not: on magnetic tiles it left a correlation of .949
    /// where the others have .998 to .999, and each costs seconds.
    static let tried: [RangeMethod] = [.minMax, .percentile9999, .percentile99999, .squaredError]
}

/// How often which magnitude occurred in a map over the select parts.
package struct ActivationHistogram {
    /// Bins of equal width from 0 to `maximum`.
    static let bins = 4096

    /// The largest magnitude; infinity when a value is not finite.
    package let maximum: Float
    private var counts: [Int]

    /// Counts magnitudes, in two passes.
    package init(_ values: UnsafeBufferPointer<Float>) {
        // As many shards whatever the number of threads; counts and maxima have no order anyway.
        let shards = 16
        func range(_ shard: Int) -> Range<Int> { values.count * shard / shards..<values.count * (shard + 1) / shards }
        var maxima = [Float](repeating: 0, count: shards)
        maxima.withUnsafeMutableBufferPointer { maxima in
            Workers.forEach(shards) { shard, _ in
                var largest: Float = 0
                for index in range(shard) {
                    // NaN would get lost in a maximum; infinity says as well that the map is broken.
                    largest = values[index].isFinite ? max(largest, abs(values[index])) : .infinity
                    if !largest.isFinite { break }
                }
                maxima[shard] = largest
            }
        }
        // Below any number that counts: nothing can be divided by it.
        let largest = maxima.max() ?? 0
        let maximum = largest < 1e-30 ? 0 : largest
        var partial = [Int32](repeating: 0, count: shards * Self.bins)
        if maximum > 0, maximum.isFinite {
            let scale = Float(Self.bins) / maximum
            partial.withUnsafeMutableBufferPointer { partial in
                Workers.forEach(shards) { shard, _ in
                    for index in range(shard) {
                        let bin = min(Self.bins - 1, Int(abs(values[index]) * scale))
                        partial[shard * Self.bins + bin] += 1
                    }
                }
            }
        }
        self.maximum = maximum
        counts = (0..<Self.bins).map { bin in
            (0..<shards).reduce(0) { $0 + Int(partial[$1 * Self.bins + bin]) }
        }
    }

    /// The step for a largest code, 127 or 255; 1 for a map that is never above 0.
    package func scale(_ method: RangeMethod, levels: Int) -> Float {
        guard maximum > 0 else { return 1 }
        let range =
            switch method {
            case .minMax: maximum
            case .percentile999: percentile(0.999)
            case .percentile9999: percentile(0.9999)
            case .percentile99999: percentile(0.99999)
            case .squaredError: leastSquares(levels)
            }
        return range / Float(levels)
    }

    /// The upper end of the first bin that a share of all values lies below.
    private func percentile(_ share: Double) -> Float {
        let wanted = Double(counts.reduce(0, +)) * share
        var sum = 0
        for (bin, count) in counts.enumerated() {
            sum += count
            if Double(sum) >= wanted { return maximum * Float(bin + 1) / Float(Self.bins) }
        }
        return maximum
    }

    /// Tries ranges from a tenth of the maximum upwards. The first bin is left out: it holds the zeros, which are exact.
    private func leastSquares(_ levels: Int) -> Float {
        let width = Double(maximum) / Double(Self.bins)
        var best = (error: Double.infinity, range: Double(maximum))
        for tried in 10...100 {
            let range = Double(maximum) * Double(tried) / 100
            let step = range / Double(levels)
            var error = 0.0
            for bin in 1..<Self.bins where counts[bin] > 0 {
                let value = (Double(bin) + 0.5) * width
                let code = min(Double(levels), (value / step).rounded(.toNearestOrEven))
                error += Double(counts[bin]) * (code * step - value) * (code * step - value)
            }
            if error < best.error { best = (error, range) }
        }
        return Float(best.range)
    }
}
