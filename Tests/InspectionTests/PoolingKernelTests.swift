// SPDX-License-Identifier: Apache-2.0

import CKernels
import Testing

@Suite struct PoolingKernelTests {
    /// Runs a pooling on a dense `(height, width, channels)` map.
    private func pool(
        _ input: [Float], _ height: Int, _ width: Int, _ channels: Int, kernel: Int, stride: Int, padding: Int,
        average: Bool
    ) -> (values: [Float], height: Int, width: Int) {
        let outHeight = (height + 2 * padding - kernel) / stride + 1
        let outWidth = (width + 2 * padding - kernel) / stride + 1
        var output = [Float](repeating: -777, count: outHeight * outWidth * channels)
        input.withUnsafeBufferPointer { input in
            output.withUnsafeMutableBufferPointer { output in
                var work = ck_pooling_work_f32()
                work.input = input.baseAddress
                work.input_row = width * channels
                work.input_height = Int32(height)
                work.input_width = Int32(width)
                work.output = output.baseAddress
                work.output_row = outWidth * channels
                work.height = Int32(outHeight)
                work.width = Int32(outWidth)
                work.channels = Int32(channels)
                work.kernel = Int32(kernel)
                work.stride = Int32(stride)
                work.padding = Int32(padding)
                if average { ck_average_pooling_f32(&work) } else { ck_maximum_pooling_f32(&work) }
            }
        }
        return (output, outHeight, outWidth)
    }

    private static let windows = [(3, 2, 1), (2, 2, 0), (3, 1, 1), (1, 1, 0), (2, 1, 1), (5, 2, 2)]

    @Test("max pooling gives the largest value of the window, clipped to the map", arguments: 0..<windows.count)
    func maximum(window: Int) {
        let (kernel, stride, padding) = Self.windows[window]
        for (height, width, channels) in [(5, 5, 1), (6, 7, 3), (8, 5, 16), (5, 9, 33), (16, 16, 64)] {
            var random = SeededRandom(UInt64(channels))
            // All negative: a window that took in zeros from outside would show.
            let input = random.floats(height * width * channels, -2 ... -1)
            let result = pool(
                input, height, width, channels, kernel: kernel, stride: stride, padding: padding, average: false)
            var expected: [Float] = []
            for y in 0..<result.height {
                for x in 0..<result.width {
                    for c in 0..<channels {
                        var most = -Float.infinity
                        for ky in 0..<kernel {
                            for kx in 0..<kernel {
                                let (iy, ix) = (y * stride - padding + ky, x * stride - padding + kx)
                                guard (0..<height).contains(iy), (0..<width).contains(ix) else { continue }
                                most = max(most, input[(iy * width + ix) * channels + c])
                            }
                        }
                        expected.append(most)
                    }
                }
            }
            #expect(result.values == expected)
        }
    }

    @Test("NaN wins in max pooling wherever it lies in the window, and infinity stays")
    func maximumNotFinite() {
        for place in 0..<9 {
            for value in [Float.nan, -.nan, .infinity] {
                var input = [Float](repeating: 1, count: 9 * 3)
                input[place * 3 + 1] = value
                let values = pool(input, 3, 3, 3, kernel: 3, stride: 1, padding: 0, average: false).values
                #expect(values[0] == 1 && values[2] == 1)
                #expect(value.isNaN ? values[1].isNaN : values[1] == value)
            }
        }
    }

    @Test("average pooling gives the mean, as Double does; NaN stays NaN", arguments: [1, 2, 3, 4])
    func average(kernel: Int) {
        for stride in 1...kernel {
            for channels in [1, 15, 16, 17, 64, 70] {
                var random = SeededRandom(UInt64(channels))
                var input = random.floats(8 * 9 * channels)
                let result = pool(input, 8, 9, channels, kernel: kernel, stride: stride, padding: 0, average: true)
                var worst = 0.0
                for y in 0..<result.height {
                    for x in 0..<result.width {
                        for c in 0..<channels {
                            var sum = 0.0
                            for ky in 0..<kernel {
                                for kx in 0..<kernel {
                                    sum += Double(input[((y * stride + ky) * 9 + x * stride + kx) * channels + c])
                                }
                            }
                            let mean = sum / Double(kernel * kernel)
                            worst = max(worst, abs(mean - Double(result.values[(y * result.width + x) * channels + c])))
                        }
                    }
                }
                #expect(worst < 1e-6)
                input[0] = .nan
                let broken = pool(input, 8, 9, channels, kernel: kernel, stride: stride, padding: 0, average: true)
                    .values
                #expect(broken[0].isNaN)
                #expect(broken.count { $0.isNaN } == 1)
            }
        }
    }

    @Test("an addition adds, clips at zero only when asked, and keeps NaN")
    func add() {
        var random = SeededRandom(9)
        for count in [0, 1, 15, 16, 17, 100] {
            var a = random.floats(count)
            let b = random.floats(count)
            if count > 3 { a[3] = .nan }
            for relu in [false, true] {
                var output = [Float](repeating: 0, count: count)
                ck_add_f32(a, b, &output, count, relu ? 1 : 0)
                for i in 0..<count {
                    let sum = a[i] + b[i]
                    let expected = relu && sum < 0 ? 0 : sum
                    #expect(expected.isNaN ? output[i].isNaN : output[i] == expected)
                }
            }
        }
    }

    @Test("pixels go through the table of their own channel")
    func normalise() {
        let table = (0..<768).map { Float($0) }
        let pixels: [UInt8] = [0, 0, 0, 255, 255, 255, 1, 2, 3]
        var output = [Float](repeating: -1, count: 10)
        ck_normalise_u8_f32(pixels, &output, 3, table)
        #expect(output == [0, 256, 512, 255, 511, 767, 1, 258, 515, -1])
    }
}
