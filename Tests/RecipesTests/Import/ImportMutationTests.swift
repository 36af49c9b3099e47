// SPDX-License-Identifier: Apache-2.0

import Inspection
import Recipes
import Testing
import TorchFixtures

/// Files that were damaged at random, the same in every run: each is refused, or gives finite tensors of the right shapes.
@Suite struct ImportMutationTests {
    /// Numbers at which arithmetic goes wrong.
    private static let telling: [UInt64] = [
        0, 1, 2, 7, 8, 63, 64, 127, 128, 255, 256, 65535, 65536, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFE, 0xFFFF_FFFF,
        1 << 32,
        1 << 62, 1 << 63, .max - 7, .max, 0x7F80_0000, 0x7FC0_0000, 0x0403_4B50, 0x0201_4B50, 0x0605_4B50,
    ]

    private static func damage(_ bytes: [UInt8], head: Int, _ random: inout SeededRandom) -> [UInt8] {
        var result = bytes
        for _ in 0..<Int.random(in: 1...4, using: &random) where !result.isEmpty {
            // Half of the damage goes where the file says what it is: its beginning and its end.
            let edge = min(head, result.count)
            let place =
                switch Int.random(in: 0..<4, using: &random) {
                case 0: Int.random(in: 0..<result.count, using: &random)
                case 1: result.count - 1 - Int.random(in: 0..<edge, using: &random)
                default: Int.random(in: 0..<edge, using: &random)
                }
            switch Int.random(in: 0..<8, using: &random) {
            case 0: result[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case 1: result[place] = UInt8.random(in: .min ... .max, using: &random)
            case 2, 3:
                let value = telling[Int.random(in: 0..<telling.count, using: &random)]
                let width = [1, 2, 4, 8][Int.random(in: 0..<4, using: &random)]
                for index in 0..<width where place + index < result.count {
                    result[place + index] = UInt8(truncatingIfNeeded: value >> (8 * index))
                }
            case 4: result.removeLast(Int.random(in: 0..<result.count, using: &random))
            case 5: result.removeSubrange(place..<min(result.count, place + Int.random(in: 1...32, using: &random)))
            case 6:
                let piece = Array(result[place..<min(result.count, place + Int.random(in: 1...64, using: &random))])
                result.insert(contentsOf: piece, at: Int.random(in: 0..<result.count, using: &random))
            default: result.swapAt(place, Int.random(in: 0..<result.count, using: &random))
            }
        }
        return result
    }

    private func run(_ what: String, _ bytes: [UInt8], head: Int, seed: UInt64) throws {
        let expected = try TinyTrunk(3).folded.mapValues(\.shape)
        #expect(try TinyTrunk.imported(bytes).weights.mapValues(\.shape) == expected)
        var random = SeededRandom(seed)
        var accepted = 0
        let count = repetitions(2000, thorough: 100_000, of: "damaged copies of \(what)")
        for number in 0..<count {
            let damaged = Self.damage(bytes, head: head, &random)
            do {
                let weights = try TinyTrunk.imported(damaged).weights
                accepted += 1
                // A bias may be missing from a file with folded weights, but nothing else may differ.
                #expect(weights.mapValues(\.shape) == expected, "copy \(number)")
                #expect(weights.values.allSatisfy { $0.values.allSatisfy(\.isFinite) }, "copy \(number)")
            } catch {
                #expect(error is RecipeError)
            }
        }
        print("\(what): \(accepted) of \(count) damaged copies accepted")
        // Damage to numbers and to what a teacher doesn't need can't be seen; damage to structure is seen.
        #expect(accepted < count / 2)
    }

    @Test("damaged zip files of PyTorch")
    func zip() throws { try run("pth", TinyTrunk(3).torch().zip.bytes, head: 12_000, seed: 11) }

    @Test("damaged files of older PyTorch")
    func legacy() throws { try run("legacy pth", TinyTrunk(3).torch().legacy, head: 9000, seed: 12) }

    @Test("damaged pickles in sound archives")
    func pickle() throws {
        let file = TinyTrunk(3).torch()
        let pickle = file.pickle()
        var random = SeededRandom(13)
        var accepted = 0
        let count = repetitions(2000, thorough: 100_000, of: "damaged pickles")
        for number in 0..<count {
            var zip = file.zip
            zip.records[0].data = Self.damage(pickle, head: pickle.count, &random)
            guard let weights = try? TinyTrunk.imported(zip.bytes).weights else { continue }
            accepted += 1
            #expect(weights.values.allSatisfy { $0.values.allSatisfy(\.isFinite) }, "copy \(number)")
        }
        print("pickles: \(accepted) of \(count) damaged copies accepted")
    }

    @Test("damaged safetensors files")
    func safetensors() throws {
        let bytes = TinyTrunk(3).safetensors.encoded()
        try run("safetensors", bytes, head: 8 + Int(bytes[0]) + Int(bytes[1]) << 8, seed: 14)
    }
}
