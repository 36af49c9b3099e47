// SPDX-License-Identifier: Apache-2.0
import CTraining

/// Mean and variance of each channel over all pixels of a batch.
struct ChannelMoments {
    /// Pixels, N * H * W.
    let count: Int
    /// Means.
    let mean: [Double]
    /// Biased variances: the sum of squared deviations divided by `count`.
    let variance: [Double]

    /// The moments of a feature map `(N, H, W, C)`.
    init(of x: Tensor) {
        let channels = x.extents.channels
        let pixels = channels == 0 ? 0 : x.count / channels
        let grain = 512
        let parts = (pixels + grain - 1) / grain
        let partial = PartialMoments(parts: parts, channels: channels)
        let input = x.storage
        Workers.forEach(parts) { part, _ in
            let first = part * grain
            partial.set(part, input.pointer + first * channels, pixels: min(grain, pixels - first))
        }
        self = partial.combined()
    }

    init(count: Int, mean: [Double], variance: [Double]) {
        self.count = count
        self.mean = mean
        self.variance = variance
    }
}

/// Moments of the parts of a feature map, computed in any order, combined in part order.
///
/// Two passes over a part that is in the cache, then the pairwise update: no cancellation when the mean is large.
/// Source: Chan, Golub and LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances", 1979.
final class PartialMoments {
    private let channels: Int
    private let parts: Int
    /// Per part: C means, C sums of squared deviations.
    private let rows: Storage
    private let counts: UnsafeMutablePointer<Int>

    init(parts: Int, channels: Int) {
        self.parts = parts
        self.channels = channels
        rows = Storage(count: parts * 2 * channels)
        counts = .allocate(capacity: max(1, parts))
        counts.initialize(repeating: 0, count: max(1, parts))
    }

    deinit { counts.deallocate() }

    /// Computes the moments of one part, `(pixels, C)`.
    func set(_ part: Int, _ x: UnsafePointer<Float>, pixels: Int) {
        let row = rows.pointer + part * 2 * channels
        ct_moments(x, pixels, Int32(channels), row, row + channels)
        counts[part] = pixels
    }

    func combined() -> ChannelMoments {
        var count = 0
        var mean = [Double](repeating: 0, count: channels)
        var squares = [Double](repeating: 0, count: channels)
        for part in 0..<parts where counts[part] > 0 {
            let row = rows.pointer + part * 2 * channels
            let more = counts[part]
            let share = Double(more) / Double(count + more), weight = Double(count) * share
            for channel in 0..<channels {
                let delta = Double(row[channel]) - mean[channel]
                mean[channel] += delta * share
                squares[channel] += Double(row[channels + channel]) + delta * delta * weight
            }
            count += more
        }
        let divisor = Double(max(1, count))
        return ChannelMoments(count: count, mean: mean, variance: squares.map { $0 / divisor })
    }
}
