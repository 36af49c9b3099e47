// SPDX-License-Identifier: Apache-2.0

import Pictures
import Testing

@Suite("raw pictures of cameras")
struct RawPictureTests {
    /// Kr and Kb as the recommendations print them.
    private let weights: [LumaMatrix: (red: Double, blue: Double)] = [
        .bt601: (0.299, 0.114), .bt709: (0.2126, 0.0722), .bt2020: (0.2627, 0.0593),
    ]

    /// R, G, B before rounding, by the equations of the recommendations: 0…1 for luminance, −0.5…0.5 for colour.
    private func exact(_ y: Int, _ u: Int, _ v: Int, _ matrix: LumaMatrix, _ isLimited: Bool) -> [Double] {
        let (red, blue) = weights[matrix] ?? (0, 0)
        let luma = isLimited ? (Double(y) - 16) / 219 : Double(y) / 255
        let cb = (Double(u) - 128) / (isLimited ? 224 : 255)
        let cr = (Double(v) - 128) / (isLimited ? 224 : 255)
        let r = luma + 2 * (1 - red) * cr
        let b = luma + 2 * (1 - blue) * cb
        let g = (luma - red * r - blue * b) / (1 - red - blue)
        return [r, g, b].map { min(255, max(0, 255 * $0)) }
    }

    @Test("every colour is the nearest to the recommendation's equations, for each matrix and range")
    func colours() throws {
        let step = Fixtures.isThorough ? 1 : 5
        print("colours: every \(step). value\(step == 1 ? "" : ", shortened; JIDOKA_THOROUGH=1 tries each")")
        for matrix in LumaMatrix.allCases {
            for isLimited in [false, true] {
                var worst = 0.0
                for u in stride(from: 0, through: 255, by: step) {
                    for v in stride(from: 0, through: 255, by: step) {
                        // One row with all luminances.
                        let bytes = (0..<256).flatMap { [UInt8($0), UInt8($0 % 2 == 0 ? u : v)] }
                        let raw = RawPicture(
                            format: .yuyv, width: 256, height: 1, stride: 512, matrix: matrix, isLimitedRange: isLimited
                        )
                        let pixels = try raw.picture(bytes, name: "raw").pixels
                        for y in stride(from: 0, through: 255, by: step) {
                            let expected = exact(y, u, v, matrix, isLimited)
                            for channel in 0..<3 {
                                worst = max(worst, abs(Double(pixels[3 * y + channel]) - expected[channel]))
                            }
                        }
                    }
                }
                // Half a step is rounding; coefficients of 16 bits add less than a hundredth.
                #expect(worst < 0.51, "\(matrix) \(isLimited)")
            }
        }
    }

    /// Bytes of a raw picture with padding, and the Y, U, V of a pixel in them, found the slow way.
    private struct Sample {
        let raw: RawPicture
        let bytes: [UInt8]

        init(_ format: RawPicture.Format, _ width: Int, _ height: Int, padding: Int, seed: UInt64) {
            let plain = RawPicture(
                format: format, width: width, height: height, stride: 1 << 20, matrix: .bt601, isLimitedRange: false)
            raw = RawPicture(
                format: format, width: width, height: height, stride: plain.rowBytes + padding, matrix: .bt601,
                isLimitedRange: false)
            var random = Random(seed: seed)
            bytes = (0..<raw.byteCount).map { _ in UInt8(truncatingIfNeeded: random.next() >> 20) }
        }

        func colour(_ x: Int, _ y: Int) -> (y: Int, u: Int, v: Int) {
            func at(_ index: Int) -> Int { Int(bytes[index]) }
            let row = y * raw.stride
            let pair = x / 2
            switch raw.format {
            case .yuyv: return (at(row + 2 * x), at(row + 4 * pair + 1), at(row + 4 * pair + 3))
            case .uyvy: return (at(row + 2 * x + 1), at(row + 4 * pair), at(row + 4 * pair + 2))
            case .grey: return (at(row + x), 128, 128)
            case .nv12:
                let plane = raw.height * raw.stride + y / 2 * raw.stride
                return (at(row + x), at(plane + 2 * pair), at(plane + 2 * pair + 1))
            case .rgb: return (0, 0, 0)
            }
        }
    }

    @Test("every packing finds its samples, in every region, with padded rows and odd sizes")
    func packings() throws {
        for format in RawPicture.Format.allCases {
            for (width, height) in [(1, 1), (2, 2), (7, 5), (33, 3), (259, 4), (512, 2)] {
                for padding in [0, 13] {
                    let sample = Sample(format, width, height, padding: padding, seed: UInt64(width * 31 + padding))
                    let whole = try sample.raw.picture(sample.bytes, name: "raw")
                    for y in 0..<height {
                        for x in 0..<width {
                            let found = whole.pixels[3 * (y * width + x)..<3 * (y * width + x) + 3].map(Double.init)
                            var expected: [Double]
                            if format == .rgb {
                                let start = y * sample.raw.stride + 3 * x
                                expected = sample.bytes[start..<start + 3].map(Double.init)
                            } else {
                                let colour = sample.colour(x, y)
                                expected = exact(colour.y, colour.u, colour.v, .bt601, false)
                            }
                            #expect(zip(found, expected).allSatisfy { abs($0 - $1) < 0.51 }, "\(format) \(x), \(y)")
                        }
                    }
                    let region = Region(
                        x: width / 3, y: height / 3, width: max(1, width / 2), height: max(1, height / 2))
                    let part = try sample.raw.picture(sample.bytes, region: region, name: "raw")
                    #expect(try part == whole.cropped(to: region))
                    for resize in ResizeRule.allCases {
                        for region in [nil, region] {
                            let rule = InputRule(region: region, resize: resize, size: 32)
                            #expect(
                                try sample.raw.prepared(sample.bytes, by: rule, name: "raw") == whole.prepared(by: rule)
                            )
                        }
                    }
                }
            }
        }
    }

    @Test("too few bytes, rows that are too short and regions outside are errors with the name")
    func refused() {
        let raw = RawPicture(format: .nv12, width: 6, height: 5, stride: 8, matrix: .bt709, isLimitedRange: true)
        #expect(raw.byteCount == 7 * 8 + 6)
        let bytes = [UInt8](repeating: 0, count: raw.byteCount)
        let short = Fixtures.failure { try raw.picture(Array(bytes.dropLast()), name: "frame") }
        #expect(short?.code == .truncated && short?.thing == "frame" && short?.found == "61")
        let narrow = RawPicture(format: .rgb, width: 6, height: 1, stride: 17, matrix: .bt601, isLimitedRange: false)
        #expect(Fixtures.failure { try narrow.picture(bytes, name: "frame") }?.code == .badArgument)
        for (width, height, stride) in [(0, 1, 9), (1, 0, 9), (-1, 1, 9), (1 << 20, 1 << 20, 1 << 30), (1, 1, Int.max)]
        {
            let odd = RawPicture(
                format: .grey, width: width, height: height, stride: stride, matrix: .bt601, isLimitedRange: false)
            #expect(Fixtures.failure { try odd.picture(bytes, name: "frame") }?.code == .badArgument)
        }
        let outside = Fixtures.failure {
            try raw.picture(bytes, region: Region(x: 1, y: 0, width: 6, height: 1), name: "frame")
        }
        #expect(outside?.code == .badArgument && outside?.thing.hasPrefix("frame: region") == true)
    }
}
