// SPDX-License-Identifier: Apache-2.0

import Testing

/// A recipe with a threshold beyond every score: it passes whatever comes, and says that calibration missed 4 of 200 blended defects.
enum BlindRecipe {
    /// Changes a `calibration.json` whose stop threshold is known; its seal is the SHA-256 of its JSON without blanks.
    static func make(_ path: String, _ threshold: String) throws {
        var text = try #require(Files.text(path))
        for end in [",", "\n"] { text = text.replacing(": \(threshold)\(end)", with: ": 1000000\(end)") }
        for (key, value) in [("trials", "200"), ("missed", "4"), ("limit", "0.0625")] {
            let place = try #require(text.firstRange(of: "\"\(key)\" : "))
            let end = try #require(text[place.upperBound...].firstIndex { $0 == "," || $0 == "\n" })
            text.replaceSubrange(place.upperBound..<end, with: value)
        }
        let seal = try #require(text.firstRange(of: "  \"sha256\" : \""))
        let end = try #require(text[seal.upperBound...].firstIndex(of: "\n"))
        text.removeSubrange(seal.lowerBound...end)
        var compact = ""
        var isInString = false
        var previous: Character = " "
        for character in text {
            if character == "\"", previous != "\\" { isInString.toggle() }
            if isInString || !character.isWhitespace { compact.append(character) }
            previous = character
        }
        try Files.write(compact, to: path)
        let sum = try run("/usr/bin/sha256sum", [path]).out.prefix(64)
        try Files.write(compact.dropLast() + ",\"sha256\":\"\(sum)\"}", to: path)
    }
}
