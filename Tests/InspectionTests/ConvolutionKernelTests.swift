// SPDX-License-Identifier: Apache-2.0

import CKernels
import Testing

@Suite struct ConvolutionKernelTests {
    /// One convolution: sizes, a bordered input, weights `(out, in, kernel, kernel)`.
    struct Case {
        var kernel = 3
        var stride = 1
        var padding = 1
        var inputs = 4
        var outputs = 32
        var height = 2
        var width = 5
        var relu = false
        var residual = false
    }

    /// What a convolution was made of and what it gave, borders and packing undone.
    struct Result {
        var values: [Float]
        var exact: [Float]
        var precise: [Double]
        var scale: [Double]
        var untouched: Bool
    }

    private func run(_ c: Case, seed: UInt64, poison: (inout [Float]) -> Void = { _ in }) -> Result {
        var random = SeededRandom(seed)
        let height = max(0, (c.height - 1) * c.stride + c.kernel)
        let width = max(1, (max(1, c.width) - 1) * c.stride + c.kernel)
        // The border is part of the buffer: zeros around what is inside.
        let row = width * c.inputs
        var input = [Float](repeating: 0, count: row * height)
        for y in c.padding..<max(c.padding, height - c.padding) {
            for x in c.padding..<max(c.padding, width - c.padding) {
                for i in 0..<c.inputs { input[y * row + x * c.inputs + i] = .random(in: -1...1, using: &random) }
            }
        }
        poison(&input)
        let weights = random.floats(c.outputs * c.inputs * c.kernel * c.kernel)
        let bias = random.floats(c.outputs)
        let residual = random.floats(c.height * c.width * c.outputs + 1)
        let block = Int(CK_CONVOLUTION_F32_BLOCK)
        let blocks = (c.outputs + block - 1) / block
        let run = c.kernel * c.inputs
        var packed = [Float](repeating: 0, count: blocks * c.kernel * run * block)
        var packedBias = [Float](repeating: 0, count: blocks * block)
        func weight(_ o: Int, _ ky: Int, _ j: Int) -> Float {
            weights[((o * c.inputs + j % c.inputs) * c.kernel + ky) * c.kernel + j / c.inputs]
        }
        for o in 0..<c.outputs {
            packedBias[o] = bias[o]
            for ky in 0..<c.kernel {
                for j in 0..<run {
                    packed[((o / block * c.kernel + ky) * run + j) * block + o % block] = weight(o, ky, j)
                }
            }
        }
        let guardValue: Float = -12345
        let outputRow = c.width * c.outputs + 7
        var output = [Float](repeating: guardValue, count: c.height * outputRow + 64)
        input.withUnsafeBufferPointer { input in
            packed.withUnsafeBufferPointer { packed in
                packedBias.withUnsafeBufferPointer { packedBias in
                    residual.withUnsafeBufferPointer { residual in
                        output.withUnsafeMutableBufferPointer { output in
                            var work = ck_convolution_work_f32()
                            work.input = input.baseAddress
                            work.input_row = row
                            work.input_pixel = c.inputs
                            work.weights = packed.baseAddress
                            work.bias = packedBias.baseAddress
                            work.residual = c.residual ? residual.baseAddress : nil
                            work.residual_row = c.width * c.outputs
                            work.output = output.baseAddress
                            work.output_row = outputRow
                            work.height = Int32(c.height)
                            work.width = Int32(c.width)
                            work.channels = Int32(c.outputs)
                            work.kernel_height = Int32(c.kernel)
                            work.run = Int32(run)
                            work.stride = Int32(c.stride)
                            work.relu = c.relu ? 1 : 0
                            ck_convolution_f32(&work)
                        }
                    }
                }
            }
        }
        var result = Result(values: [], exact: [], precise: [], scale: [], untouched: true)
        for y in 0..<c.height {
            for x in 0..<c.width {
                for o in 0..<c.outputs {
                    result.values.append(output[y * outputRow + x * c.outputs + o])
                    var sum = bias[o]
                    var precise = Double(bias[o])
                    var scale = abs(precise)
                    for ky in 0..<c.kernel {
                        for j in 0..<run {
                            let value = input[(y * c.stride + ky) * row + x * c.stride * c.inputs + j]
                            sum.addProduct(value, weight(o, ky, j))
                            precise += Double(value) * Double(weight(o, ky, j))
                            scale += abs(Double(value) * Double(weight(o, ky, j)))
                        }
                    }
                    if c.residual {
                        sum += residual[(y * c.width + x) * c.outputs + o]
                        precise += Double(residual[(y * c.width + x) * c.outputs + o])
                    }
                    result.exact.append(c.relu && sum < 0 ? 0 : sum)
                    result.precise.append(c.relu ? max(0, precise) : precise)
                    result.scale.append(scale + 1)
                }
            }
        }
        for y in 0..<c.height {
            let rest = output[(y * outputRow + c.width * c.outputs)..<((y + 1) * outputRow)]
            if rest.contains(where: { $0 != guardValue }) { result.untouched = false }
        }
        if output.suffix(64).contains(where: { $0 != guardValue }) { result.untouched = false }
        return result
    }

    private func check(_ c: Case, seed: UInt64) {
        let result = run(c, seed: seed)
        #expect(result.values.map(\.bitPattern) == result.exact.map(\.bitPattern), "bits, \(c)")
        let off = zip(zip(result.values, result.precise), result.scale).map { abs(Double($0.0) - $0.1) / $1 }.max() ?? 0
        #expect(off < 1e-5, "against Double, \(c)")
        #expect(result.untouched, "writes only its own output, \(c)")
    }

    @Test(
        "a convolution equals the reference bit for bit and Double closely: kernels, strides, paddings",
        arguments: [1, 3, 7], [1, 2])
    func sizes(kernel: Int, stride: Int) {
        var seed: UInt64 = 1
        for padding in Set([0, kernel / 2]) {
            for width in [0, 1, 2, 3, 4, 5, 7, 8, 9] {
                for (residual, relu) in [(false, false), (false, true), (true, false), (true, true)] {
                    seed += 1
                    let inputs = [1, 3, 5, 16][Int(seed % 4)]
                    check(
                        Case(
                            kernel: kernel, stride: stride, padding: padding, inputs: inputs, outputs: 33, width: width,
                            relu: relu, residual: residual), seed: seed)
                }
            }
        }
    }

    @Test("every number of output channels from 1 to 70 is right, block − 1 to block + 1 included")
    func channels() {
        for outputs in 1...70 {
            check(
                Case(inputs: 3, outputs: outputs, relu: outputs % 2 == 0, residual: outputs % 3 == 0),
                seed: UInt64(outputs))
        }
    }

    @Test("no output row and no output column is no work")
    func nothing() {
        check(Case(height: 0), seed: 1)
        check(Case(width: 0), seed: 2)
    }

    @Test("NaN goes through ReLU to every output that saw it", arguments: [Float.nan, .signalingNaN])
    func notFinite(value: Float) {
        for relu in [false, true] {
            let result = run(Case(padding: 0, inputs: 3, outputs: 33, height: 1, width: 4, relu: relu), seed: 3) {
                $0[0] = value
            }
            #expect(result.values.prefix(33).allSatisfy { $0.isNaN })
            #expect(result.values.dropFirst(33).allSatisfy { $0.isFinite })
        }
    }

    @Test("an infinite input gives no finite positive output")
    func infinite() {
        let result = run(Case(padding: 0, inputs: 3, outputs: 40, height: 1, width: 4), seed: 5) { $0[0] = .infinity }
        #expect(result.values.prefix(40).allSatisfy { !$0.isFinite })
    }
}
