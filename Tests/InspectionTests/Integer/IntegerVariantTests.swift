// SPDX-License-Identifier: Apache-2.0

import CKernels
import Testing

@Suite struct IntegerVariantTests {
    @Test("every variant that this CPU has runs, and no other")
    func list() {
        let running = IntegerVariant.all.filter(\.runs).map(\.name)
        print("integer variants: \(running.joined(separator: " ")), of \(IntegerVariant.all.map(\.name))")
        #expect(Set(running) == IntegerVariant.expected, "found by the list, and in /proc/cpuinfo")
        #expect(running.last == "scalar")
    }

    @Test("a name finds its table, none the widest that runs, an unknown one nothing")
    func names() {
        for variant in IntegerVariant.all { #expect(ck_integer_kernels_named(variant.name) == variant.kernels) }
        let widest = IntegerVariant.all.first(where: \.runs)?.kernels
        #expect(ck_integer_kernels_named(nil) == widest)
        #expect(ck_integer_kernels_named("") == widest)
        #expect(ck_integer_kernels_named("avx") == nil)
        #expect(ck_integer_kernels_named("AVX2") == nil)
    }

    @Test("the largest of 3 × 3 windows is the same on every variant", arguments: [1, 3, 16, 63, 64, 65, 128])
    func maximum(channels: Int) {
        for width in 1...20 {
            var random = SeededRandom(UInt64(width * 1000 + channels))
            let input = (0..<3).map { _ in GuardedBytes(random.bytes(width * channels)) }
            let half = (width + 1) / 2
            // At an edge a row outside the map repeats another.
            for rows in [[0, 1, 2], [1, 1, 2], [0, 1, 1]] {
                let pointers = rows.map { Optional(UnsafePointer(input[$0].pointer(UInt8.self))) }
                var expected: [UInt8] = []
                for x in 0..<half {
                    for channel in 0..<channels {
                        let columns = max(0, 2 * x - 1)...min(width - 1, 2 * x + 1)
                        let window = rows.flatMap { row in
                            columns.map { input[row].pointer(UInt8.self)[$0 * channels + channel] }
                        }
                        expected.append(window.max() ?? 0)
                    }
                }
                for variant in IntegerVariant.others + [.scalar] {
                    let output = GuardedBytes(half * channels)
                    variant.kernels.pointee.maximum_3x3(
                        pointers, Int32(width), Int32(channels), output.pointer(UInt8.self), Int32(half))
                    #expect(output.bytes == expected, "\(variant.name), width \(width), channels \(channels)")
                }
            }
        }
    }

    @Test("dot products are exact on every variant, largest values included", arguments: [1, 2])
    func dots(pool: Int) {
        for channels in 1...257 {
            for extreme in [false, true] {
                var random = SeededRandom(UInt64(channels))
                func values(_ count: Int) -> [UInt8] {
                    extreme ? Array(repeating: 255, count: count) : random.bytes(count)
                }
                let row = pool * channels
                let t = values(row * pool)
                let s = values(channels)
                var expected = [0, 0, 0]
                for i in 0..<channels {
                    var sum = Int(t[i])
                    if pool == 2 { sum += Int(t[channels + i]) + Int(t[row + i]) + Int(t[row + channels + i]) }
                    expected[0] += sum * Int(s[i])
                    expected[1] += sum * sum
                    expected[2] += Int(s[i]) * Int(s[i])
                }
                let guardedT = GuardedBytes(t)
                let guardedS = GuardedBytes(s)
                for variant in IntegerVariant.others + [.scalar] {
                    var result: [Int32] = [0, 0, 0]
                    variant.kernels.pointee.dots(
                        guardedT.pointer(UInt8.self), row, Int32(pool), guardedS.pointer(UInt8.self), Int32(channels),
                        &result)
                    #expect(result.map(Int.init) == expected, "\(variant.name), channels \(channels)")
                }
            }
        }
    }

    @Test("peaks count their multiply-accumulates on every variant but scalar, the clock its additions")
    func peaks() {
        #expect(ck_integer_peak_run(IntegerVariant.scalar.kernels, 10) == 0)
        for variant in IntegerVariant.others {
            let once = ck_integer_peak_run(variant.kernels, 1)
            #expect(once > 0, "\(variant.name)")
            #expect(ck_integer_peak_run(variant.kernels, 10) == 10 * once, "\(variant.name)")
        }
        #expect(ck_cycles_run(1000) >= 1000)
        #expect(ck_cycles_run(0) == 0)
    }
}
