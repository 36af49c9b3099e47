// SPDX-License-Identifier: Apache-2.0

import Daemon
import Glibc
import Recipes
import Testing

@Suite struct ConfigurationMutationTests {
    /// A generator of its own, so that a failure comes back with its number.
    private struct Dice {
        var state: UInt64
        mutating func below(_ count: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((state >> 33) % UInt64(count))
        }
    }

    private static let pieces = [
        ":", " ", "\n", "\t", "- ", "? ", "[", "]", "{", "}", "\"", "'", "#", "&a", "*a", "!t", "|", ">", "%", "---\n",
        "...\n", "~", "null", "1e9", "-1", "\\", "\\x", "\r", ",", "kind", "  ", "\u{FEFF}", "é", "💥", "\"\\uD800\"",
        "<<: ",
        "? ? ", "!!binary ", "\0", "\u{85}", "|2\n", ">-\n", "@", "`", "path: x\n", "recipe: a\n",
    ]

    @Test("mutated configurations are read or refused, never a crash, and every refusal is one printable line")
    func mutations() {
        let thorough = getenv("JIDOKA_THOROUGH") != nil
        let count = thorough ? 1_000_000 : 24_000
        print("configuration: \(count) mutated texts")
        let seeds = [
            Array(Configuration.example.utf8),
            Array("recipe: r\nsource: {kind: folder, path: /x, repeat: true}\n".utf8),
            Array("recipe: r\nsource:\n  kind: synthetic\n  seed: 4\nlog:\n  level: info\n".utf8),
        ]
        var dice = Dice(state: 2026)
        var accepted = 0
        var codes: Set<RecipeError.Code> = []
        for _ in 0..<count {
            var bytes = seeds[dice.below(seeds.count)]
            for _ in 0...dice.below(4) { mutate(&bytes, &dice) }
            do throws(RecipeError) {
                // A text takes the way of a file when it is UTF-8, else only the bytes can be tried.
                if let text = String(validating: bytes, as: UTF8.self) {
                    _ = try Configuration.parse(text: text, file: "m")
                } else {
                    _ = try StrictYAML.parse(bytes: bytes, file: "m")
                }
                accepted += 1
            } catch {
                codes.insert(error.code)
                let line = error.description
                let printable = line.unicodeScalars.allSatisfy { $0.value >= 32 && $0.value != 127 }
                #expect(line.hasPrefix("m:") && printable && line.utf8.count < 900, "\(line.debugDescription)")
                #expect(error.line >= 0 && error.line <= bytes.count + 2)
            }
        }
        print("configuration: \(accepted) accepted, refusals of \(codes.count) kinds")
        #expect(accepted > 0 && accepted < count)
        #expect(codes.count >= 9)
    }

    private func mutate(_ bytes: inout [UInt8], _ dice: inout Dice) {
        let place = dice.below(bytes.count + 1)
        switch dice.below(6) {
        case 0 where place < bytes.count: bytes[place] = UInt8(dice.below(256))
        case 1: bytes.removeSubrange(place..<min(bytes.count, place + 1 + dice.below(12)))
        case 2:
            let from = dice.below(bytes.count + 1)
            let copy = bytes[from..<min(bytes.count, from + dice.below(60))]
            bytes.insert(contentsOf: Array(copy), at: place)
        case 3: bytes.removeSubrange(place...)
        default:
            let piece = ConfigurationMutationTests.pieces[dice.below(ConfigurationMutationTests.pieces.count)]
            bytes.insert(contentsOf: Array(piece.utf8), at: place)
        }
    }
}
