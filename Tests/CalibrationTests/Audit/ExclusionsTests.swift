// SPDX-License-Identifier: Apache-2.0

import Calibration
import Digests
import Glibc
import Pictures
import Recipes
import Testing

@Suite struct ExclusionsTests {
    private let word: Exclusions.Word

    init() throws { word = try Exclusions.word(by: "A. Person", reason: "crack in the rim") }

    private func list() -> PartList {
        // Parts 3 and 4 show the same part; so do 5 and 6.
        let roles: [PartDeal.Role] = [
            .train, .train, .select, .calibrate, .calibrate, .calibrate, .calibrate, .calibrate,
        ]
        let groups = [0, 1, 2, 3, 3, 4, 4, 5]
        return PartList(
            data: "/data", seed: 1, groups: 6,
            parts: roles.indices.map {
                PartList.Part(path: "\($0).png", sha256: "digest \($0)", role: roles[$0], group: groups[$0])
            })
    }

    @Test("what was said is written and read again, what is taken back stays on record")
    func roundTrip() throws {
        let scratch = try ScratchFolder()
        let folder = try RecipeFolder("r", in: scratch.path)
        try SafeFile.makeFolder(folder.path)
        #expect(try Exclusions.read(folder) == Exclusions())
        var exclusions = Exclusions()
        try exclusions.exclude("1.png", sha256: "one", word)
        try exclusions.exclude("2.png", sha256: "two", word)
        try exclusions.write(folder)
        #expect(try Exclusions.read(folder) == exclusions)
        let second = try Exclusions.word(by: "B. Person", reason: "a reflection")
        try exclusions.include("1.png", sha256: "one", second)
        try exclusions.write(folder)
        let read = try Exclusions.read(folder)
        #expect(read == exclusions && Set(read.inForce.keys) == ["two"])
        #expect(read.pictures.count == 2 && read.pictures[0].included?.by == "B. Person")
        // Out again, by another word.
        try exclusions.exclude("1.png", sha256: "one", second)
        #expect(exclusions.inForce["one"]?.excluded.by == "B. Person" && exclusions.pictures.count == 3)
    }

    @Test("nobody excludes without a name and a reason, twice, or takes back what is in")
    func refusals() throws {
        for (by, reason) in [
            ("", "why"), (" \t", "why"), ("A", " "), ("A\nB", "why"), (String(repeating: "a", count: 201), "w"),
        ] {
            #expect(calibrationError { _ = try Exclusions.word(by: by, reason: reason) }?.code == .badSetting)
        }
        var exclusions = Exclusions()
        try exclusions.exclude("1.png", sha256: "one", word)
        let twice = calibrationError { try exclusions.exclude("1.png", sha256: "one", word) }
        #expect(twice?.found.contains("A. Person") == true)
        #expect(calibrationError { try exclusions.include("2.png", sha256: "two", word) }?.thing == "2.png")
        #expect(exclusions.pictures.count == 1)
    }

    @Test("a damaged file is refused: nobody is put back into a set by a fault of the disk")
    func damaged() throws {
        let scratch = try ScratchFolder()
        let folder = try RecipeFolder("r", in: scratch.path)
        try SafeFile.makeFolder(folder.path)
        for text in ["", "{", "[]", #"{"version":1}"#, #"{"version":2,"pictures":[]}"#] {
            writeQuickly(Array(text.utf8), to: folder.exclusions)
            #expect(throws: RecipeError.self) { try Exclusions.read(folder) }
        }
    }

    @Test("excluded pictures leave train and select, a calibrate part goes as a whole and is counted")
    func remaining() throws {
        let list = list()
        let whole = list.without(Exclusions())
        #expect(whole.list == list && whole.excluded == nil && whole.excludedParts == 0)
        var exclusions = Exclusions()
        for number in [0, 2, 4] { try exclusions.exclude("\(number).png", sha256: "digest \(number)", word) }
        let other = try Exclusions.word(by: "B. Person", reason: "dark")
        try exclusions.exclude("7.png", sha256: "digest 7", other)
        // A picture that is not in the set changes nothing.
        try exclusions.exclude("elsewhere.png", sha256: "other", word)
        let remaining = list.without(exclusions)
        #expect(remaining.list.parts.map(\.path) == ["1.png", "5.png", "6.png"])
        #expect(remaining.excluded == .init(parts: 2, by: ["A. Person", "B. Person"]))
        #expect(remaining.list.digest != list.digest)
    }

    @Test("a picture is found by its bytes, by its name when it is gone, and another one is refused")
    func named() throws {
        let scratch = try ScratchFolder()
        let folder = try RecipeFolder("r", in: scratch.path)
        try SafeFile.makeFolder(folder.good)
        for number in 0..<3 {
            writeQuickly(try part(UInt64(number), size: 48).png(), to: "\(folder.good)/\(number).png")
        }
        let captured = try GoodPictures(folder)
        #expect(captured.list == nil && captured.paths == ["0.png", "1.png", "2.png"])
        let bytes = try SafeFile.read(folder.good + "/1.png")
        let byName = try captured.named("1.png")
        #expect(byName.path == "1.png" && byName.sha256 == Digest.sha256(bytes))
        writeQuickly(bytes, to: scratch.path + "/copy.png")
        #expect(try captured.named(scratch.path + "/copy.png").path == "1.png")
        writeQuickly(try part(99, size: 48).png(), to: scratch.path + "/other.png")
        #expect(calibrationError { _ = try captured.named(scratch.path + "/other.png") }?.found == "another picture")
        #expect(calibrationError { _ = try captured.named("7.png") }?.found == "no such file")
        let list = PartList(
            data: folder.good, seed: 1, groups: 1,
            parts: [.init(path: "1.png", sha256: byName.sha256, role: .calibrate)])
        try list.write(to: folder.parts)
        unlink(folder.good + "/1.png")
        let dealt = try GoodPictures(folder)
        #expect(try dealt.named("1.png").role == .calibrate)
        #expect(calibrationError { _ = try dealt.named("0.png") }?.found == "another picture")
    }
}
