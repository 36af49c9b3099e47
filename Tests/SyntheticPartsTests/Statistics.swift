// SPDX-License-Identifier: Apache-2.0

import Pictures

/// Brightness of a picture, or of the part of it that a mask shows.
struct Brightness {
    var mean = 0.0
    var deviation = 0.0
    var least = 255.0
    var greatest = 0.0

    init(_ picture: Picture, where mask: [UInt8]? = nil) {
        var sum = 0.0
        var squares = 0.0
        var count = 0.0
        for index in 0..<(picture.width * picture.height) where mask.map({ $0[index] > 0 }) ?? true {
            let grey = greyLevel(picture, index)
            sum += grey
            squares += grey * grey
            count += 1
            least = min(least, grey)
            greatest = max(greatest, grey)
        }
        guard count > 0 else { return }
        mean = sum / count
        deviation = max(0, squares / count - mean * mean).squareRoot()
    }
}

func greyLevel(_ picture: Picture, _ index: Int) -> Double {
    let red = Double(picture.pixels[index * 3])
    let green = Double(picture.pixels[index * 3 + 1])
    let blue = Double(picture.pixels[index * 3 + 2])
    return (red + green + blue) / 3
}

/// The share of pairs in which the defective part has the higher value, folded so that 0.5 is 'says nothing'.
func separation(good: [Double], bad: [Double]) -> Double {
    var wins = 0.0
    for b in bad {
        for g in good { wins += b > g ? 1 : b == g ? 0.5 : 0 }
    }
    let area = wins / Double(good.count * bad.count)
    return max(area, 1 - area)
}

/// FNV-1a, 64 bit.
func fingerprint(_ bytes: [UInt8]) -> UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    return hash
}
