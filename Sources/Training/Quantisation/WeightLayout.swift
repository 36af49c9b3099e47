// SPDX-License-Identifier: Apache-2.0

import Inspection

/// The weights of a convolution as rows of (row, column, channel), one row for each output channel.
struct WeightLayout {
    /// `(out, in, height, width)`.
    let shape: [Int]
    /// `(out, height * width * in)`.
    private(set) var values: [Float]

    var out: Int { shape[0] }
    var channels: Int { shape[1] }
    var taps: Int { shape[2] * shape[3] }
    var side: Int { channels * taps }

    init(_ weight: WeightTensor) {
        shape = weight.shape
        values = .init(repeating: 0, count: weight.values.count)
        for channel in 0..<out {
            for c in 0..<channels {
                for tap in 0..<taps {
                    values[channel * side + tap * channels + c] = weight.values[(channel * channels + c) * taps + tap]
                }
            }
        }
    }

    /// Divides the weights of each input channel.
    mutating func divide(byChannel divisors: [Float]) {
        for index in values.indices { values[index] /= divisors[index % channels] }
    }

    /// `(height, width, in, out)`, as `convolution` wants it.
    func tensor(_ rows: [Float]) -> Tensor {
        var turned = [Float](repeating: 0, count: rows.count)
        for channel in 0..<out {
            for place in 0..<side { turned[place * out + channel] = rows[channel * side + place] }
        }
        return Tensor(shape: [shape[2], shape[3], channels, out], values: turned)
    }

    /// Rows back to `(out, in, height, width)`.
    func torchvision(_ rows: [Int8]) -> [Int8] {
        var result = [Int8](repeating: 0, count: rows.count)
        for channel in 0..<out {
            for c in 0..<channels {
                for tap in 0..<taps {
                    result[(channel * channels + c) * taps + tap] = rows[channel * side + tap * channels + c]
                }
            }
        }
        return result
    }

    /// The step of each output channel: the finest at which neither a weight exceeds 127 nor a pair its limit.
    ///
    /// - Parameters:
    ///   - order: positions → places; positions 2i and 2i + 1 are a pair.
    ///   - bias: keeps the step of a channel with hardly any weights so large that its bias fits 32 bits.
    func scales(order: [Int], pairLimit: Int, bias: [Float], inputScale: Float) -> [Float] {
        (0..<out).map { channel in
            let row = values[channel * side..<(channel + 1) * side]
            var step = (row.lazy.map(abs).max() ?? 0) / 127
            for position in stride(from: 0, to: side - 1, by: 2) {
                let pair = abs(row[row.startIndex + order[position]]) + abs(row[row.startIndex + order[position + 1]])
                step = max(step, pair / Float(pairLimit))
            }
            step = max(step, abs(bias[channel]) / inputScale / 16_777_216)
            return step.isFinite && step >= 1e-20 ? step : 1
        }
    }
}

extension Tensor {
    /// Mean of each channel over all pictures and places.
    func channelMeans() -> [Double] {
        let (n, height, width, channels) = extents
        let pixels = height * width
        let partial = Storage(count: n * channels)
        let data = storage
        Workers.forEach(n) { picture, _ in
            let sums = partial.pointer + picture * channels
            sums.update(repeating: 0, count: channels)
            let from = data.pointer + picture * pixels * channels
            for pixel in 0..<pixels {
                for channel in 0..<channels { sums[channel] += from[pixel * channels + channel] }
            }
        }
        return (0..<channels).map { channel in
            (0..<n).reduce(0.0) { $0 + Double(partial.pointer[$1 * channels + channel]) } / Double(n * pixels)
        }
    }

    /// `self += other * scale`, in place.
    func add(_ other: Tensor, scale: Float) {
        let (to, from) = (storage, other.storage)
        Workers.forEachRun(of: count, grain: 1 << 15) { start, count in
            for index in start..<start + count { to.pointer[index] += from.pointer[index] * scale }
        }
    }

    /// Negative values become 0, in place.
    func clampBelow() {
        let to = storage
        Workers.forEachRun(of: count, grain: 1 << 15) { start, count in
            for index in start..<start + count { to.pointer[index] = max(0, to.pointer[index]) }
        }
    }

    /// Integer sums become codes, in place: round(clamp((sum + bias) · factor + residual · residualFactor)).
    func requantise(
        bias: [Float], factors: [Float], residual: Tensor?, residualFactor: Float, low: Float, high: Float
    ) {
        let channels = factors.count
        let (to, other) = (storage, residual?.storage)
        // Adding and taking away 1.5 · 2²³ rounds to the nearest even whole number.
        let round: Float = 12_582_912
        bias.withUnsafeBufferPointer { bias in
            factors.withUnsafeBufferPointer { factors in
                Workers.forEachRun(of: count / channels, grain: 512) { start, count in
                    for pixel in start..<start + count {
                        let own = to.pointer + pixel * channels
                        for channel in 0..<channels {
                            var value = (own[channel] + bias[channel]) * factors[channel]
                            if let other { value += other.pointer[pixel * channels + channel] * residualFactor }
                            own[channel] = (max(low, min(high, value)) + round) - round
                        }
                    }
                }
            }
        }
    }
}
