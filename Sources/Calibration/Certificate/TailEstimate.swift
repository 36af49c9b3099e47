// SPDX-License-Identifier: Apache-2.0

import Glibc

/// What lies beyond the scores that were seen, as a model of their tail says it: an estimate, never a guarantee.
///
/// Peaks over threshold: what is above a high score follows nearly a generalised Pareto law (Pickands 1975; Balkema, de Haan 1974).
/// Its two parameters come from probability-weighted moments (Hosking, Wallis, Technometrics 1987), which need few scores; the
/// interval from resampling the scores (percentile bootstrap, 5 to 95 %).
public struct TailEstimate: Sendable {
    /// A number and where it may be.
    public struct Interval: Sendable, Equatable, Encodable {
        /// The estimate.
        public let value: Double
        /// 5 % and 95 % of the resampled estimates.
        public let low: Double, high: Double
    }

    /// Scores that the tail was fitted to.
    public let exceedances: Int
    /// The tail's beginning.
    public let base: Double
    /// The shape ξ: below 0 the scores end somewhere, above they have a heavy tail.
    public let shape: Double

    private let tails: [Tail]

    /// The fewest scores that a tail is fitted to: a tenth of all, at least ten.
    public static let fewest = 40

    /// Fits the tail; nil with fewer than `fewest` scores, or when nothing is above the tail's beginning (ties).
    ///
    /// - Parameter resamples: of the bootstrap, with a seed that never changes: the same scores, the same interval.
    public init?(scores: [Float], resamples: Int = 500) {
        guard scores.count >= Self.fewest else { return nil }
        let sorted = scores.map { Double($0) }.sorted()
        guard let tail = Tail(sorted: sorted) else { return nil }
        var generator = SplitMixOrder(seed: 0x7461_696C)
        var tails = [tail]
        // As many as there is time for: large numbers need fewer.
        for _ in 0..<min(resamples, max(50, 5_000_000 / sorted.count)) {
            let again = sorted.indices.map { _ in sorted[generator.below(sorted.count)] }.sorted()
            if let tail = Tail(sorted: again) { tails.append(tail) }
        }
        self.tails = tails
        (exceedances, base, shape) = (tail.count, tail.base, tail.shape)
    }

    /// The rate of good parts above a score.
    public func rate(above score: Double) -> Interval { interval { $0.rate(above: score) } }

    /// The score that a rate of good parts is above.
    public func score(rate: Double) -> Interval { interval { $0.score(rate: rate) } }

    private func interval(_ of: (Tail) -> Double) -> Interval {
        let sorted = tails.dropFirst().map(of).sorted()
        let value = of(tails[0])
        guard !sorted.isEmpty else { return Interval(value: value, low: value, high: value) }
        func quantile(_ share: Double) -> Double { sorted[Int((Double(sorted.count - 1) * share).rounded())] }
        return Interval(value: value, low: min(value, quantile(0.05)), high: max(value, quantile(0.95)))
    }

    /// A generalised Pareto law above a score.
    private struct Tail {
        let count: Int
        let base: Double
        let shape: Double
        let scale: Double
        /// Share of the scores above `base`.
        let share: Double

        init?(sorted: [Double]) {
            let wanted = max(10, sorted.count / 10)
            let base = sorted[sorted.count - 1 - wanted]
            let beyond = sorted.suffix(wanted).filter { $0 > base }.map { $0 - base }
            let count = beyond.count
            guard count >= 5 else { return nil }
            let mean = beyond.reduce(0, +) / Double(count)
            // a₁ = E[X · P(X > x)], the i-th smallest of n counting (n − i)/(n − 1).
            var weighted = 0.0
            for (place, value) in beyond.enumerated() { weighted += value * Double(count - 1 - place) }
            weighted /= Double(count) * Double(count - 1)
            let denominator = mean - 2 * weighted
            guard mean > 0, denominator > 1e-12 * mean else { return nil }
            (self.base, self.count, share) = (base, count, Double(count) / Double(sorted.count))
            // The moments exist below a shape of 1; beyond 0.9 nothing useful can be said.
            shape = min(0.9, 2 - mean / denominator)
            scale = max(1e-12 * mean, 2 * mean * weighted / denominator)
        }

        func rate(above score: Double) -> Double {
            let over = (score - base) / scale
            guard over > 0 else { return share }
            guard abs(shape) > 1e-9 else { return share * exp(-over) }
            let inside = 1 + shape * over
            return inside > 0 ? share * pow(inside, -1 / shape) : 0
        }

        func score(rate: Double) -> Double {
            guard rate < share else { return base }
            guard abs(shape) > 1e-9 else { return base + scale * log(share / rate) }
            return base + scale / shape * (pow(share / rate, shape) - 1)
        }
    }
}
