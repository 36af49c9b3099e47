// SPDX-License-Identifier: Apache-2.0

import CKernels

/// A shape of the integer convolution.
struct IntegerConvolutionCase {
    var kernel = 3
    var stride = 1
    /// Input channels.
    var inputs = 4
    /// Groups of four inputs after those of the rows.
    var rest = 0
    /// Output channels, 1 ... 64.
    var channels = 64
    var width = 5
    /// Output pixels that are computed.
    var begin = 0
    var end = 10
    /// Inputs of 8 bits instead of 7.
    var wide = false
    /// `CK_U8` or `CK_S16`.
    var residual: ck_kind?
    var output = CK_U8
    /// What inputs and weights are made of.
    var content = Content.random

    enum Content: CaseIterable {
        case random
        /// Weights at the pair limit, inputs at the maximum.
        case largest
        /// The same with negative weights.
        case smallest
        /// Limits of both signs, inputs 0 or the maximum.
        case limits
    }
}

/// Memory of a case, and what a variant makes of it.
final class IntegerConvolution {
    let shape: IntegerConvolutionCase
    private let input: GuardedBytes
    private let rest: GuardedBytes
    private let weights: GuardedBytes
    private let bias: GuardedBytes
    private let signedBias: GuardedBytes
    private let scale: GuardedBytes
    private let residual: GuardedBytes
    private let outputBytes: Int
    private var work = ck_convolution_work_u8()

    /// Byte that a variant must leave where it has nothing to write.
    private static let untouched: UInt8 = 0xA5

    init(_ shape: IntegerConvolutionCase, seed: UInt64) {
        self.shape = shape
        var random = SeededRandom(seed)
        let maximum: UInt8 = shape.wide ? 255 : 127
        func inputs(_ count: Int) -> [UInt8] {
            (0..<count).map { _ in
                switch shape.content {
                case .random: .random(in: 0...maximum, using: &random)
                case .largest, .smallest: maximum
                case .limits: .random(in: 0...1, using: &random) * maximum
                }
            }
        }
        let height = shape.width == 0 ? 0 : (shape.end + shape.width - 1) / shape.width
        let row = max(0, (shape.width - 1) * shape.stride + shape.kernel) * shape.inputs
        input = GuardedBytes(inputs(row * max(0, (height - 1) * shape.stride + shape.kernel) + Int(CK_SLACK)))
        rest = GuardedBytes(inputs(shape.width * shape.rest * 4 + Int(CK_SLACK)))

        let steps = shape.kernel * shape.inputs / 4
        let groups = shape.kernel * steps + shape.rest
        var packed: [Int8] = []
        packed.reserveCapacity(groups * 256)
        for _ in 0..<groups * 128 { packed += Self.pair(shape, using: &random) }
        weights = GuardedBytes(packed)
        var sums = [Int](repeating: 0, count: 64)
        for (i, weight) in packed.enumerated() { sums[i / 4 % 64] += Int(weight) }
        let biases = (0..<64).map { _ in Int32.random(in: -100_000...100_000, using: &random) }
        bias = GuardedBytes(biases)
        signedBias = GuardedBytes(zip(biases, sums).map { $0 + Int32(128 * $1) })
        // From ties everywhere to most results clamped.
        scale = GuardedBytes(
            (0..<64).map { _ in
                let small = Float.random(in: 0...1, using: &random) / Float(1 << Int.random(in: 0...12, using: &random))
                return Bool.random(using: &random) ? 0.5 : small
            })

        work.input = UnsafePointer(input.pointer(UInt8.self))
        work.input_pixel = shape.stride * shape.inputs
        work.input_line = shape.stride * row
        work.input_row = row
        work.rows = Int32(shape.kernel)
        work.steps = Int32(steps)
        work.rest = shape.rest > 0 ? UnsafePointer(rest.pointer(UInt8.self)) : nil
        work.rest_pixel = shape.rest * 4
        work.rest_steps = Int32(shape.rest)
        work.wide = shape.wide ? 1 : 0
        work.channels = Int32(shape.channels)
        work.weights = UnsafePointer(weights.pointer(Int8.self))
        work.bias = UnsafePointer(bias.pointer(Int32.self))
        work.signed_bias = UnsafePointer(signedBias.pointer(Int32.self))
        work.scale = UnsafePointer(scale.pointer(Float.self))
        work.width = Int32(shape.width)
        work.begin = Int32(shape.begin)
        work.end = Int32(shape.end)
        let short = shape.output == CK_S16
        work.output_kind = Int32(shape.output.rawValue)
        work.low = short ? -32767 : 0
        work.high = short ? 32767 : Float(maximum)
        // Pixels and rows lie further apart than they are long: nothing between them may change.
        work.output_pixel = shape.channels * (short ? 2 : 1) + (short ? 2 : 1) * Int.random(in: 0...3, using: &random)
        work.output_row = shape.width * work.output_pixel + (short ? 2 : 1) * Int.random(in: 0...3, using: &random)
        outputBytes = height * work.output_row
        let residualSize = shape.residual == CK_S16 ? 2 : 1
        residual = GuardedBytes(random.bytes(height * shape.width * shape.channels * residualSize))
        if let kind = shape.residual {
            work.residual = UnsafeRawPointer(residual.start)
            work.residual_kind = Int32(kind.rawValue)
            work.residual_pixel = shape.channels * residualSize
            work.residual_row = shape.width * work.residual_pixel
            work.residual_scale = Float.random(in: -4...4, using: &random)
        }
    }

    /// Two weights that a plan may hold: any for 7-bit inputs, |a| + |b| ≤ 128 for 8-bit ones.
    private static func pair(_ shape: IntegerConvolutionCase, using random: inout SeededRandom) -> [Int8] {
        let a: Int
        let b: Int
        if shape.content == .random {
            a = .random(in: -127...127, using: &random)
            let most = shape.wide ? min(127, 128 - abs(a)) : 127
            b = .random(in: -most...most, using: &random)
        } else {
            let limits = shape.wide ? [(1, 127), (64, 64), (127, 1)] : [(127, 127)]
            let limit = limits[Int.random(in: 0..<limits.count, using: &random)]
            let negative = shape.content == .limits ? Bool.random(using: &random) : shape.content == .smallest
            a = negative ? -limit.0 : limit.0
            b = negative ? -limit.1 : limit.1
        }
        return [Int8(a), Int8(b)]
    }

    /// What a variant writes; everything else is untouched.
    func run(_ variant: IntegerVariant, pieces: [Range<Int>]? = nil) -> [UInt8] {
        let output = GuardedBytes([UInt8](repeating: Self.untouched, count: outputBytes))
        for piece in pieces ?? [shape.begin..<shape.end] {
            var part = work
            part.output = output.start
            part.begin = Int32(piece.lowerBound)
            part.end = Int32(piece.upperBound)
            variant.kernels.pointee.convolution(&part)
        }
        return output.bytes
    }

    /// What the definition in `ck_integer.h` says, in plain Swift.
    func expected() -> [UInt8] {
        var output = [UInt8](repeating: Self.untouched, count: outputBytes)
        for pixel in shape.begin..<shape.end {
            let (y, x) = (pixel / shape.width, pixel % shape.width)
            let field = y * work.input_line + x * work.input_pixel
            let size = shape.output == CK_S16 ? 2 : 1
            for channel in 0..<shape.channels {
                let at = y * work.output_row + x * work.output_pixel + channel * size
                let bits = UInt16(bitPattern: Int16(result(channel, field: field, x: x, y: y)))
                for byte in 0..<size { output[at + byte] = UInt8(truncatingIfNeeded: bits >> (8 * byte)) }
            }
        }
        return output
    }

    private func result(_ channel: Int, field: Int, x: Int, y: Int) -> Float {
        var sum = Int(bias.pointer(Int32.self)[channel])
        var step = 0
        func add(_ four: UnsafePointer<UInt8>) {
            let weight = weights.pointer(Int8.self) + (step * 64 + channel) * 4
            for i in 0..<4 { sum += Int(weight[i]) * Int(four[i]) }
            step += 1
        }
        for row in 0..<shape.kernel {
            let start = UnsafePointer(input.pointer(UInt8.self) + field + row * work.input_row)
            for group in 0..<Int(work.steps) { add(start + 4 * group) }
        }
        for group in 0..<shape.rest { add(UnsafePointer(rest.pointer(UInt8.self) + x * work.rest_pixel + 4 * group)) }
        var value = Float(sum) * scale.pointer(Float.self)[channel]
        let at = (y * shape.width + x) * shape.channels + channel
        if shape.residual == CK_U8 { value += Float(residual.pointer(UInt8.self)[at]) * work.residual_scale }
        if shape.residual == CK_S16 { value += Float(residual.pointer(Int16.self)[at]) * work.residual_scale }
        return min(max(value, work.low), work.high).rounded(.toNearestOrEven)
    }
}
