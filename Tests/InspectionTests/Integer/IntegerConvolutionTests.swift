// SPDX-License-Identifier: Apache-2.0

import CKernels
import Testing

@Suite struct IntegerConvolutionTests {
    /// Every variant against scalar, bit for bit, gaps included.
    private func check(_ shape: IntegerConvolutionCase, seed: UInt64, definition: Bool = false) {
        let convolution = IntegerConvolution(shape, seed: seed)
        let scalar = convolution.run(.scalar)
        if definition { #expect(scalar == convolution.expected(), "scalar against the definition: \(shape)") }
        for variant in IntegerVariant.others {
            #expect(convolution.run(variant) == scalar, "\(variant.name): \(shape)")
        }
    }

    private static let kinds: [ck_kind?] = [nil, CK_U8, CK_S16]

    @Test(
        "every variant equals scalar bit for bit: kernels, strides, channels and pixels around the tiles",
        arguments: [1, 3, 4, 7], [1, 2])
    func sizes(kernel: Int, stride: Int) {
        var seed: UInt64 = 1
        for channels in [1, 15, 16, 17, 31, 32, 33, 63, 64] {
            for pixels in [0, 1, 2, 3, 4, 5, 6, 7, 12, 13] {
                for wide in [false, true] {
                    var random = SeededRandom(seed)
                    let shape = IntegerConvolutionCase(
                        kernel: kernel, stride: stride, inputs: [3, 4, 8, 20][Int.random(in: 0..<4, using: &random)],
                        rest: Int(seed % 4), channels: channels,
                        width: [1, 2, 3, 5, 13][Int.random(in: 0..<5, using: &random)], end: pixels, wide: wide,
                        residual: Self.kinds[Int.random(in: 0..<3, using: &random)],
                        output: Bool.random(using: &random) ? CK_U8 : CK_S16)
                    check(shape, seed: seed, definition: seed % 5 == 0)
                    seed += 1
                }
            }
        }
    }

    @Test("every variant equals scalar on random shapes")
    func randomShapes() {
        let count = repetitions(300, thorough: 20000, of: "shapes of integer convolutions")
        for seed in 0..<UInt64(count) {
            var random = SeededRandom(seed &* 77)
            let begin = Int.random(in: 0...9, using: &random)
            let shape = IntegerConvolutionCase(
                kernel: .random(in: 1...7, using: &random), stride: .random(in: 1...3, using: &random),
                inputs: .random(in: 1...40, using: &random), rest: .random(in: 0...4, using: &random),
                channels: .random(in: 1...64, using: &random), width: .random(in: 1...17, using: &random), begin: begin,
                end: begin + Int.random(in: 0...40, using: &random), wide: .random(using: &random),
                residual: Self.kinds[Int.random(in: 0..<3, using: &random)],
                output: Bool.random(using: &random) ? CK_U8 : CK_S16,
                content: IntegerConvolutionCase.Content.allCases[Int.random(in: 0..<4, using: &random)])
            check(shape, seed: seed)
        }
    }

    @Test(
        "pairs of weights at their limit saturate nowhere: the sums are those of plain arithmetic",
        arguments: IntegerConvolutionCase.Content.allCases, [false, true])
    func limits(content: IntegerConvolutionCase.Content, wide: Bool) {
        for (seed, kind) in Self.kinds.enumerated() {
            for output in [CK_U8, CK_S16] {
                let shape = IntegerConvolutionCase(
                    kernel: 3, inputs: 64, rest: 2, width: 4, end: 13, wide: wide, residual: kind, output: output,
                    content: content)
                check(shape, seed: UInt64(seed), definition: true)
            }
        }
    }

    @Test("a range in pieces, across ends of rows, gives what the whole range gives", arguments: [1, 2, 5, 7])
    func pieces(length: Int) {
        let shape = IntegerConvolutionCase(channels: 48, width: 5, begin: 3, end: 34, residual: CK_U8)
        let convolution = IntegerConvolution(shape, seed: 3)
        let whole = convolution.run(.scalar)
        let pieces = stride(from: shape.begin, to: shape.end, by: length).map { $0..<min($0 + length, shape.end) }
        for variant in IntegerVariant.others + [.scalar] {
            #expect(convolution.run(variant, pieces: pieces) == whole, "\(variant.name), \(length) at a time")
        }
    }
}
