// SPDX-License-Identifier: Apache-2.0

import Glibc

/// What most tests need: pictures of good parts, one that is not, and a small trained recipe. Made once for a run.
struct Fixture: Sendable {
    /// Sixty pictures of good parts, 256×256.
    let good: [String]
    /// Folder of them.
    let goodFolder: String
    /// Those of them that the recipe passes.
    let passing: [String]
    /// A picture that no recipe of good parts passes.
    let noise: String
    /// Folder of recipes with `tiny` in it, 64×64.
    let recipes: String
    /// `student.safetensors`'s SHA-256, as `jidoka model` says.
    let model: String
    /// Stop threshold of `tiny`, as it was printed.
    let threshold: String

    struct Failure: Error { let what: String }

    /// Settings of `tiny`.
    static let settings = ["--size", "64", "--epochs", "3"]

    static func shared() throws -> Fixture { try made.get() }

    private static let made = Result { try Fixture() }

    private init() throws {
        let root = TemporaryFolder.root
        try Files.makeFolder(root)
        // The demonstration makes pictures; with an untrained student that is all it is good for.
        let demo = try run(
            Programs.jidoka,
            [
                "demo", "--out", root + "/demo", "--parts", "60", "--epochs", "0", "--defects", "1", "--rate", "1000",
            ])
        goodFolder = root + "/demo/good"
        let folder = goodFolder
        good = Files.names(folder).map { folder + "/" + $0 }
        guard good.count == 60 else { throw Failure(what: "no parts: \(demo)") }
        recipes = root + "/recipes"
        let trained = try run(
            Programs.jidoka, ["train", "tiny", "--data", goodFolder, "--recipes", recipes, "--json"] + Self.settings)
        guard trained.ending == .exit(0), let model = trained.json?["model"]?.text,
            case .number(let threshold)? = trained.json?["threshold"]
        else { throw Failure(what: "no recipe: \(trained)") }
        self.model = model
        self.threshold = threshold
        noise = root + "/noise.png"
        try Files.write(PlainPNG.noise(side: 96, seed: 7), to: noise)
        let judged = try run(
            Programs.jidoka, ["inspect", "--recipe", "tiny", "--recipes", recipes, "--json"] + good + [noise])
        let verdicts = judged.json?.items ?? []
        guard verdicts.count == 61, verdicts.last?["verdict"]?.text == "stop" else {
            throw Failure(what: "the noise passes: \(judged)")
        }
        passing = verdicts.filter { $0["verdict"]?.text == "pass" }.compactMap { $0["file"]?.text }
        guard passing.count >= 20 else { throw Failure(what: "only \(passing.count) good parts pass") }
    }

    /// A folder of parts in a given order: good ones by count, others by path.
    enum Part {
        case good
        case noise
        case file([UInt8], suffix: String)
    }

    /// Writes parts as `001.jpg`, `002.png` … into a folder.
    func lay(_ parts: [Part], in folder: String) throws {
        try Files.makeFolder(folder)
        var next = 0
        for (index, part) in parts.enumerated() {
            let digits = String(index + 1)
            let name = folder + "/" + String(repeating: "0", count: max(0, 3 - digits.count)) + digits
            switch part {
            case .good:
                try Files.copy(passing[next % passing.count], to: name + ".jpg")
                next += 1
            case .noise: try Files.copy(noise, to: name + ".png")
            case .file(let bytes, let suffix): try Files.write(bytes, to: name + suffix)
            }
        }
    }
}
