// SPDX-License-Identifier: Apache-2.0

import Calibration
import Pictures
import Testing

@Suite struct PartDealTests {
    private static let fingerprints = (0..<100).map { Fingerprint(part(UInt64($0), size: 64)) }

    @Test("single parts are dealt 60 / 20 / 20, to within one part", arguments: [10, 11, 25, 60, 100])
    func shares(count: Int) throws {
        for seed: UInt64 in 0..<5 {
            let deal = try PartDeal(Array(Self.fingerprints.prefix(count)), seed: seed)
            #expect(deal.groups == count && deal.roles.count == count)
            for (role, share) in [(PartDeal.Role.train, 0.6), (.select, 0.2), (.calibrate, 0.2)] {
                #expect(abs(Double(deal.indices(role).count) - share * Double(count)) <= 1)
            }
            #expect(PartDeal.Role.allCases.flatMap { deal.indices($0) }.sorted() == Array(0..<count))
        }
    }

    @Test("the same seed deals the same, another one differently, and every part has its chance")
    func seeds() throws {
        let some = Array(Self.fingerprints.prefix(40))
        #expect(try PartDeal(some, seed: 7) == PartDeal(some, seed: 7))
        #expect(try PartDeal(some, seed: 7).roles != PartDeal(some, seed: 8).roles)
        var calibrated = [Int](repeating: 0, count: 12)
        let few = Array(Self.fingerprints.prefix(12))
        for seed: UInt64 in 0..<40 { for i in try PartDeal(few, seed: seed).indices(.calibrate) { calibrated[i] += 1 } }
        #expect(calibrated.allSatisfy { $0 > 0 && $0 < 30 })
    }

    @Test("near-duplicates share a role, and the shares hold to within a group and a part")
    func duplicates() throws {
        var pictures: [Picture] = []
        // 24 parts, the first six of them taken four times.
        for seed: UInt64 in 0..<24 {
            pictures.append(part(seed))
            if seed < 6 {
                pictures.append(part(seed, brightness: 12))
                pictures.append(part(seed, noise: 4))
                pictures.append(try Picture.decode(part(seed).jpeg(quality: 85), name: "copy"))
            }
        }
        let fingerprints = pictures.map { Fingerprint($0) }
        for seed: UInt64 in 0..<10 {
            let deal = try PartDeal(fingerprints, seed: seed)
            #expect(deal.groups == 24)
            for group in 0..<6 {
                #expect(Set(deal.roles[(group * 4)..<(group * 4 + 4)]).count == 1)
            }
            for (role, share) in [(PartDeal.Role.train, 0.6), (.select, 0.2), (.calibrate, 0.2)] {
                #expect(abs(Double(deal.indices(role).count) - share * 42) <= 5)
            }
        }
    }

    @Test("fewer than ten parts are refused")
    func tooFew() {
        for count in [0, 1, 9] {
            let error = calibrationError { _ = try PartDeal(Array(Self.fingerprints.prefix(count)), seed: 1) }
            #expect(error?.code == .tooFewParts && error?.found == "\(count)" && error?.expected.contains("10") == true)
        }
    }

    @Test("pictures of one and the same part are refused, and the error says how many different parts there are")
    func identical() {
        for number in [1, 2] {
            let fingerprints = (0..<30).map { Self.fingerprints[$0 % number] }
            let error = calibrationError { _ = try PartDeal(fingerprints, seed: 1) }
            #expect(error?.code == .tooFewParts)
            #expect(error?.found.contains("30 pictures are only \(number) different parts") == true)
            #expect(error?.hint.contains("different parts") == true)
        }
    }

    @Test("a re-encoded, brighter, darker or noisy copy is a near-duplicate; another part is not")
    func fingerprint() throws {
        let originals = (0..<14).map { part(UInt64($0) + 500) }
        let copies = [
            try Picture.decode(originals[0].jpeg(quality: 80), name: "copy"), part(500, brightness: 20),
            part(500, brightness: -20), part(500, noise: 5), try Picture.decode(originals[3].png(), name: "copy"),
        ]
        let groups = Fingerprint.groups((originals + copies).map { Fingerprint($0) })
        #expect(groups.count == 14)
        #expect(groups.first == [0, 14, 15, 16, 17])
        #expect(groups.contains([3, 18]))
        // A handful of parts: nothing is taken out that they share.
        let few = Fingerprint.groups(([originals[0], originals[1]] + copies.prefix(4)).map { Fingerprint($0) })
        #expect(few.first?.contains(2) == true)
    }

    @Test("blank pictures of any shade are one part")
    func blank() {
        let blank = [0, 128, 255].map { shade in
            Fingerprint(Picture(width: 64, height: 64, pixels: .init(repeating: UInt8(shade), count: 64 * 64 * 3)))
        }
        #expect(Fingerprint.groups(blank) == [[0, 1, 2]])
        #expect(Fingerprint.groups([]).isEmpty)
    }
}
