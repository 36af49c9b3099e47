// SPDX-License-Identifier: Apache-2.0

import Calibration
import Digests
import Glibc
import Pictures
import Recipes
import SyntheticParts
import Testing
import Training

@Suite(.serialized) struct GoodSetAuditTests {
    /// Thirty good parts of 128 pixels; part 7 with a bolt hole missing, 12 taken twice, 20 dark, 25 blurred.
    private final class GoodSet {
        let path: String
        let names: [String]

        init() throws {
            var template = Array("/tmp/jidoka-audit-XXXXXX".utf8CString)
            guard mkdtemp(&template) != nil else { throw PictureError(.writeFailed, "/tmp", expected: "", found: "") }
            path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
            let parts = SyntheticParts(seed: 17, size: 128)
            var pictures = (0..<30).map { parts.good($0) }
            pictures[7] = parts.defective(7, kind: .missingHole).picture
            pictures.append(pictures[12])
            for index in pictures[30].pixels.indices where index % 7 == 0 { pictures[30].pixels[index] ^= 1 }
            pictures[20].pixels = pictures[20].pixels.map { UInt8(Int($0) * 2 / 5) }
            pictures[25] = pictures[25].resized(width: 24, height: 24).resized(width: 128, height: 128)
            names = pictures.indices.map { "part\($0).png" }
            for (name, picture) in zip(names, pictures) { try picture.write(to: path + "/" + name) }
        }

        deinit {
            for name in names + ["suspicious.png", "suspicious-2.png"] { unlink(path + "/" + name) }
            rmdir(path)
        }

        func plan() -> GoodSetAudit.Plan {
            GoodSetAudit.Plan(
                root: path, paths: names, input: InputRule(size: 128),
                teacher: (ModelFile.embeddedTeacher, "built-in teacher"))
        }
    }

    @Test("a defect among good parts comes first, doubles and bad pictures are named, and the sheet shows where")
    func audit() throws {
        let set = try GoodSet()
        let audit = try GoodSetAudit(set.plan())
        #expect(audit.pictures.count == 31 && audit.pictures.map(\.rank) == Array(1...31))
        // A dark and a blurred picture are strange too; of the others the defect is the strangest.
        let plain = audit.pictures.filter { $0.conditions.isEmpty }
        #expect(plain.first?.part == "part7.png", "\(audit.pictures.prefix(5).map(\.part))")
        #expect(audit.nearDuplicates == [["part12.png", "part30.png"]])
        #expect(audit.outliers.contains { $0.part == "part20.png" && $0.found.kind == .dark })
        #expect(audit.outliers.contains { $0.part == "part25.png" && $0.found.kind == .blurred })
        let place = try #require(plain.first?.place)
        let mask = SyntheticParts(seed: 17, size: 128).defective(7, kind: .missingHole).mask
        let inside = (place.y..<place.y + place.height).contains { y in
            (place.x..<place.x + place.width).contains { x in mask[y * 128 + x] > 0 }
        }
        #expect(inside, "\(place)")
        let sheets = try audit.writeSheets(9, title: "nine", to: set.path)
        #expect(sheets == [set.path + "/suspicious.png"])
        let sheet = try Picture.read(sheets[0])
        #expect(sheet.width == 1946 && sheet.height > 2 * 232)
        // Sheets of an audit that showed more do not stay.
        #expect(try audit.writeSheets(31, title: "all", to: set.path).count == 1)
    }

    @Test("the same on any number of threads")
    func deterministic() throws {
        let set = try GoodSet()
        let threads = Workers.threads
        defer { Workers.threads = threads }
        let values = try [1, 3].map { count in
            Workers.threads = count
            return try GoodSetAudit(set.plan()).pictures.map(\.suspicion)
        }
        #expect(values[0] == values[1])
    }

    @Test("calibrate parts and excluded ones are looked at and vouch for nobody")
    func reference() throws {
        let set = try GoodSet()
        var plan = set.plan()
        let digests = try set.names.map { Digest.sha256(try Picture.readBytes(set.path + "/" + $0)) }
        plan.list = PartList(
            data: set.path, seed: 1, groups: 30,
            parts: set.names.indices.map {
                .init(
                    path: set.names[$0], sha256: digests[$0], role: $0 % 5 == 0 ? .calibrate : .train,
                    group: min($0, 29))
            })
        let word = try Exclusions.word(by: "A. Person", reason: "missing hole")
        try plan.exclusions.exclude("part7.png", sha256: digests[7], word)
        let audit = try GoodSetAudit(plan)
        let own = try #require(audit.pictures.first { $0.part == "part7.png" })
        #expect(own.excludedBy == "A. Person" && own.role == .train && audit.pictures.count == 31)
        // What the others are said to be does not depend on a calibrate part.
        let before = Dictionary(uniqueKeysWithValues: audit.pictures.map { ($0.part, $0.suspicion) })
        try Picture.read(set.path + "/part7.png").write(to: set.path + "/part10.png")
        plan.list?.parts[10].sha256 = digests[7]
        let after = Dictionary(uniqueKeysWithValues: try GoodSetAudit(plan).pictures.map { ($0.part, $0.suspicion) })
        for name in set.names where name != "part10.png" { #expect(before[name] == after[name]) }
        plan.list?.parts[10].sha256 = digests[10]
        #expect(throws: CalibrationError.self) { try GoodSetAudit(plan) }
    }

    @Test("fewer than ten parts, a missing picture and a teacher that is none are refused")
    func refusals() throws {
        let set = try GoodSet()
        var plan = set.plan()
        plan.paths = Array(set.names.prefix(9))
        #expect(throws: TrainingError.self) { try GoodSetAudit(plan) }
        plan = set.plan()
        plan.paths.append("gone.png")
        #expect(throws: CalibrationError.self) { try GoodSetAudit(plan) }
        plan = set.plan()
        plan.teacher = (Array("no teacher".utf8), "file")
        #expect(throws: RecipeError.self) { try GoodSetAudit(plan) }
    }

    @Test("a benchmark slips defects in, finds coarse ones, and repeats itself")
    func benchmark() throws {
        let set = try GoodSet()
        let parts = SyntheticParts(seed: 18, size: 128)
        for folder in ["train/good", "test/hole"] { try SafeFile.makeFolder(set.path + "/data/" + folder) }
        var files: [String] = []
        for number in 0..<60 {
            files.append("data/train/good/\(number).png")
            try parts.good(number).write(to: set.path + "/" + files[number])
        }
        for number in 0..<6 {
            files.append("data/test/hole/\(number).png")
            try parts.defective(number, kind: .missingHole).picture.write(to: set.path + "/" + (files.last ?? ""))
        }
        defer {
            for file in files { unlink(set.path + "/" + file) }
            for folder in ["data/train/good", "data/train", "data/test/hole", "data/test", "data"] {
                rmdir(set.path + "/" + folder)
            }
        }
        var choices = AuditBenchmark.Choices()
        (choices.slipped, choices.looked, choices.draws, choices.recall) = (3, 6, 4, true)
        choices.input = InputRule(size: 128)
        func run() throws -> AuditBenchmark? {
            try AuditBenchmark(
                try DataSet(set.path + "/data"), teacher: (ModelFile.embeddedTeacher, "built-in"), choices: choices)
        }
        let result = try #require(try run())
        #expect(result.found.count == 4 && result.good == 60 && result.defective == 6 && result.set == "data")
        // Six looked at by chance would hold 0.29 of them.
        #expect(result.mean >= 1.5 && result.kinds["hole"] == result.mean / 3)
        let recall = try #require(result.recall)
        #expect((0...1).contains(recall.clean) && (0...1).contains(recall.left))
        #expect(try run()?.found == result.found)
        // Synthetic defects: one for each good picture, so there is no need of defective ones.
        (choices.blended, choices.recall, choices.levels) = (true, false, [.layer1, .layer3])
        let blended = try #require(try run())
        #expect(blended.defective == 60 && blended.kinds.keys.allSatisfy { $0.hasSuffix(" % of the picture") })
        #expect(blended.blended && blended.levels == [.layer1, .layer3] && !result.blended)
        #expect(blended.mean >= 1, "\(blended.found)")
        (choices.blended, choices.slipped) = (false, 7)
        #expect(throws: CalibrationError.self) { try run() }
    }
}
