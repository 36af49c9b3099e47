// SPDX-License-Identifier: Apache-2.0

import Calibration
import Pictures
import Testing

@Suite struct AcceptanceCheckTests {
    /// A part: what all have in common, and a texture of its own.
    private func part(_ seed: UInt64, noise: UInt64 = 0, isBlurred: Bool = false) -> Picture {
        var own = SeededRandom(seed)
        var other = SeededRandom(noise)
        let side = 96
        var pixels: [UInt8] = []
        for y in 0..<side {
            for x in 0..<side {
                let common = (x / 12 + y / 12) % 2 == 0 ? 150 : 90
                let grain = Int.random(in: -25...25, using: &own)
                let flicker = noise == 0 ? 0 : Int.random(in: -2...2, using: &other)
                let value = UInt8(common + grain + flicker)
                pixels += [value, value, value]
            }
        }
        let picture = Picture(width: side, height: side, pixels: pixels)
        return isBlurred ? picture.resized(width: 16, height: 16).resized(width: side, height: side) : picture
    }

    private func judge(_ check: inout AcceptanceCheck, _ name: String, _ picture: Picture) -> AcceptanceCheck.Refusal? {
        check.judge(name, prepared: picture, fingerprint: Fingerprint(picture))
    }

    @Test("different sharp parts are accepted, from the first on")
    func good() {
        var check = AcceptanceCheck()
        for number in 1...30 {
            #expect(judge(&check, "\(number)", part(UInt64(number))) == nil)
            #expect(check.takeBack().isEmpty)
        }
        #expect(check.takeBack(isLast: true).isEmpty && check.count == 30)
    }

    @Test("a blurred picture is refused, the second as well as the thirtieth, and the numbers are told")
    func blurred() {
        for count in [1, 2, 9, 10, 29] {
            var check = AcceptanceCheck()
            for number in 1...count { _ = judge(&check, "\(number)", part(UInt64(number))) }
            let refusal = judge(&check, "blurred", part(99, isBlurred: true))
            guard case .blurred(let sharpness, let limit, let median)? = refusal else {
                Issue.record("accepted after \(count)")
                continue
            }
            #expect(sharpness < limit && limit < median && check.count == count)
            #expect("\(refusal.map { "\($0)" } ?? "")".hasPrefix("blurred: sharpness "))
        }
    }

    @Test("a blurred first picture is taken back when there are sharp ones to compare with")
    func firstBlurred() {
        var check = AcceptanceCheck()
        #expect(judge(&check, "first", part(99, isBlurred: true)) == nil)
        var back: [String] = []
        for number in 1...12 {
            #expect(judge(&check, "\(number)", part(UInt64(number))) == nil)
            back += check.takeBack().map(\.name)
        }
        back += check.takeBack(isLast: true).map(\.name)
        #expect(back == ["first"] && check.count == 12)
    }

    @Test("the same part again is refused and named, the second as well as the thirtieth, with other noise, too")
    func duplicate() {
        for count in [1, 2, 8, 9, 10, 29] {
            for noise in [0, 7] as [UInt64] {
                var check = AcceptanceCheck()
                for number in 1...count { _ = judge(&check, "\(number)", part(UInt64(number))) }
                guard case .duplicate(of: "1", let likeness)? = judge(&check, "again", part(1, noise: noise)) else {
                    Issue.record("accepted after \(count), noise \(noise)")
                    continue
                }
                #expect(likeness > Fingerprint.likeness && check.count == count)
            }
        }
    }

    @Test("pictures that were there before are compared with, but never taken back")
    func kept() {
        var check = AcceptanceCheck()
        let blurred = part(99, isBlurred: true)
        check.keep("old", prepared: blurred, fingerprint: Fingerprint(blurred))
        for number in 1...12 {
            #expect(judge(&check, "\(number)", part(UInt64(number))) == nil)
            #expect(check.takeBack().isEmpty)
        }
        #expect(check.takeBack(isLast: true).isEmpty && check.count == 13)
        guard case .duplicate(of: "3", _)? = judge(&check, "again", part(3)) else {
            Issue.record("accepted")
            return
        }
    }

    @Test("a picture without any structure has no sharpness")
    func flat() {
        let flat = Picture(width: 32, height: 32, pixels: .init(repeating: 90, count: 32 * 32 * 3))
        #expect(Sharpness.of(flat) == 0)
        #expect(Sharpness.limit(among: []) == 0 && Sharpness.limit(among: [0, 0]) == 0)
        var check = AcceptanceCheck()
        #expect(judge(&check, "flat", flat) == nil)
    }
}
