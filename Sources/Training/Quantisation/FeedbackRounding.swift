// SPDX-License-Identifier: Apache-2.0

import CTraining
import Inspection

/// Rounds the weights of a convolution one after the other, each making up for the errors of those before.
///
/// Minimises ‖X(w − q)‖² over the inputs X that the layer sees on the select parts instead of ‖w − q‖²: with
/// H = XᵀX + damping = L Lᵀ, q is found from the last weight to the first by substitution (Babai's nearest plane; the same
/// solution as GPTQ, Frantar et al., ICLR 2023, there by the inverse of H).
package struct FeedbackRounding {
    /// Share of H's mean diagonal that is added to it: weights of inputs that the parts hardly use stay near their own.
    private static let damping = 0.01

    private let side: Int
    /// Rows of L, single precision.
    private let factor: [Float]
    /// Position in the order of rounding → place in (row, column, channel).
    private let order: [Int]

    /// Learns from samples of what the layer sees.
    ///
    /// - Parameters:
    ///   - samples: `(count, side)`, each in the order (row, column, channel).
    ///   - order: the packed order, in which pairs of weights have a limit.
    package init(samples: [Float], count: Int, order: [Int]) {
        let side = order.count
        self.side = side
        self.order = order
        var mean = [Double](repeating: 0, count: side)
        for row in 0..<count {
            for place in 0..<side { mean[place] += Double(samples[row * side + place]) }
        }
        // The bias takes up the mean, so only what varies counts.
        var centred = [Float](repeating: 0, count: count * side)
        for row in 0..<count {
            for position in 0..<side {
                let place = order[position]
                centred[row * side + position] = Float(
                    Double(samples[row * side + place]) - mean[place] / Double(max(1, count)))
            }
        }
        var product = [Float](repeating: 0, count: side * side)
        let strip = 64
        product.withUnsafeMutableBufferPointer { product in
            centred.withUnsafeBufferPointer { centred in
                guard let to = product.baseAddress, let from = centred.baseAddress else { return }
                Workers.forEach((side + strip - 1) / strip) { index, _ in
                    let row = index * strip
                    let rows = min(strip, side - row)
                    multiply(
                        Matrix(from + row, stride: side, isTransposed: true), Matrix(from, stride: side), rows: rows,
                        inner: count, columns: row + rows, into: to + row * side, stride: side)
                }
            }
        }
        var matrix = product.map { Double($0) }
        let diagonal = (0..<side).reduce(0.0) { $0 + matrix[$1 * side + $1] } / Double(max(1, side))
        let added = max(Self.damping * diagonal, 1e-12)
        for position in 0..<side { matrix[position * side + position] += added }
        factor = CholeskyFactor(matrix, side: side, floor: added / 2).values.map { Float($0) }
    }

    /// Rounds all output channels.
    ///
    /// - Parameters:
    ///   - weights: `(out, side)`, each channel in the order (row, column, channel).
    ///   - scales: `(out)`.
    ///   - pairLimit: largest |a| + |b| of positions 2i and 2i + 1.
    /// - Returns: `(out, side)` in the order of `weights`, −127 ... 127.
    package func round(_ weights: [Float], scales: [Float], pairLimit: Int) -> [Int8] {
        let group = 8
        let out = scales.count
        var result = [Int8](repeating: 0, count: weights.count)
        result.withUnsafeMutableBufferPointer { result in
            factor.withUnsafeBufferPointer { factor in
                guard let l = factor.baseAddress else { return }
                Workers.forEach((out + group - 1) / group, scratch: group * side) { shard, push in
                    push.update(repeating: 0, count: group * side)
                    for position in (0..<side).reversed() {
                        let row = l + position * side
                        let place = order[position]
                        for channel in shard * group..<min(out, (shard + 1) * group) {
                            let own = push + (channel - shard * group) * side
                            let weight = weights[channel * side + place]
                            let wanted = (weight + own[position] / row[position]) / scales[channel]
                            var most: Float = 127
                            if position % 2 == 0, position + 1 < side {
                                let other = abs(Int(result[channel * side + order[position + 1]]))
                                most = Float(min(127, pairLimit - other))
                            }
                            let code = max(-most, min(most, wanted.rounded(.toNearestOrEven)))
                            result[channel * side + place] = Int8(code)
                            let error = weight - code * scales[channel]
                            for k in 0..<position { own[k] += error * row[k] }
                        }
                    }
                }
            }
        }
        return result
    }
}
