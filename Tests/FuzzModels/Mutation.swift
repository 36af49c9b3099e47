// SPDX-License-Identifier: Apache-2.0

import SyntheticParts

/// Damages bytes as discs, cables and attackers do: bits, words with telling values, cuts, insertions, moved pieces.
struct Mutation {
    private var random: SplitMix64

    /// Values at which arithmetic goes wrong.
    private static let telling: [UInt64] = [
        0, 1, 2, 3, 63, 64, 65, 127, 128, 255, 256, 32767, 32768, 65535, 65536, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff,
        0x1_0000_0000, 0x7fff_ffff_ffff_ffff, 0x8000_0000_0000_0000, 0xffff_ffff_ffff_ffff, 0xffff_ffff_ffff_ffc0,
        0x7f80_0000, 0x7fc0_0000, 0xff80_0000,
    ]

    init(seed: UInt64) { random = SplitMix64(seed: seed) }

    /// A damaged copy; `head` is where most of the damage goes: the bytes that say what the others are.
    mutating func apply(to bytes: [UInt8], head: Int) -> [UInt8] {
        var result = bytes
        for _ in 0..<1 + random.below(4) {
            guard !result.isEmpty else { return result }
            let limit = random.below(4) == 0 ? result.count : min(head, result.count)
            let place = random.below(limit)
            switch random.below(9) {
            case 0: result[place] ^= 1 << UInt8(random.below(8))
            case 1: result[place] = UInt8(random.below(256))
            case 2, 3, 4: write(telling(), width: 4, at: place & ~3, in: &result)
            case 5: write(telling(), width: 8, at: place & ~7, in: &result)
            case 6: result.removeLast(random.below(result.count))
            case 7:
                let piece = Array(result[place..<min(result.count, place + 1 + random.below(64))])
                result.insert(contentsOf: piece, at: random.below(limit))
            default:
                let other = random.below(limit)
                result.swapAt(place, other)
            }
        }
        return result
    }

    private mutating func telling() -> UInt64 {
        guard random.below(4) > 0 else { return random.next() }
        // The value itself, or one beside it.
        return Self.telling[random.below(Self.telling.count)] &+ UInt64(random.below(3)) &- 1
    }

    private func write(_ value: UInt64, width: Int, at place: Int, in bytes: inout [UInt8]) {
        for index in 0..<width where place + index < bytes.count {
            bytes[place + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index))
        }
    }
}
