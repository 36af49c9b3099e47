// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

@Suite struct TrainingInputTests {
    /// Trains what must be refused; nothing may be on standard output or in the folder of recipes afterwards.
    private func refuse(
        _ arguments: [String], data: String, exit status: Int32 = 1, naming parts: [String],
        at location: SourceLocation = #_sourceLocation
    ) throws {
        let folder = try TemporaryFolder("refused")
        let output = try run(
            Programs.jidoka,
            ["train", "r", "--data", data, "--recipes", folder / "recipes"] + Fixture.settings + arguments)
        #expect(output.ending == .exit(status), "\(output)", sourceLocation: location)
        #expect(output.out.isEmpty, sourceLocation: location)
        for part in parts { #expect(output.errors.contains(part), "\(output.errors)", sourceLocation: location) }
        let left = Files.names(folder / "recipes/r")
        #expect(left.allSatisfy { $0 == "checkpoint.safetensors" }, "\(left)", sourceLocation: location)
        #expect(left.isEmpty, "refused before training", sourceLocation: location)
    }

    @Test("a missing or an empty folder of parts is refused by name")
    func noParts() throws {
        let folder = try TemporaryFolder("empty")
        try refuse([], data: "/tmp/no-such-parts", naming: ["/tmp/no-such-parts"])
        try refuse([], data: folder.path, naming: [folder.path])
        try Files.write("not a picture", to: folder / "notes.txt")
        try refuse([], data: folder.path, naming: [folder.path])
        try refuse([], data: folder / "notes.txt", naming: [folder / "notes.txt"])
    }

    @Test("all bad pictures are named at once, the good ones are not, and nothing is trained")
    func badPictures() throws {
        let fixture = try Fixture.shared()
        let folder = try TemporaryFolder("bad")
        try fixture.lay(Array(repeating: .good, count: 14), in: folder / "parts")
        let whole = try #require(Files.bytes(fixture.good[0]))
        try Files.write(Array(whole.prefix(whole.count / 2)), to: folder / "parts/truncated.jpg")
        try Files.write([], to: folder / "parts/zero.png")
        try Files.write("hello", to: folder / "parts/text.jpeg")
        try Files.write(Array(PlainPNG.noise(side: 40, seed: 1).prefix(900)), to: folder / "parts/half.png")
        try Files.makeFolder(folder / "parts/folder.png")
        symlink("/no/such/target", folder / "parts/dangling.jpg")
        let bad = ["truncated.jpg", "zero.png", "text.jpeg", "half.png", "folder.png", "dangling.jpg"]
        try refuse([], data: folder / "parts", naming: bad.map { folder / "parts/" + $0 } + ["6 bad"])
        let output = try jidoka("train", "r", "--data", folder / "parts", "--recipes", folder / "recipes")
        #expect(!output.errors.contains("001.jpg"))
    }

    @Test("too few parts, and too few different ones, are refused with the number that is needed")
    func tooFewParts() throws {
        let fixture = try Fixture.shared()
        let folder = try TemporaryFolder("few")
        try fixture.lay(Array(repeating: .good, count: 9), in: folder / "nine")
        try refuse([], data: folder / "nine", naming: ["at least 10", "found 9"])
        try Files.makeFolder(folder / "same")
        for index in 0..<12 { try Files.copy(fixture.good[0], to: folder / "same/\(index).jpg") }
        try refuse([], data: folder / "same", naming: ["different"])
    }

    @Test("a teacher that is missing, damaged, of another kind or of other shapes is refused by name")
    func badTeacher() throws {
        let fixture = try Fixture.shared()
        let folder = try TemporaryFolder("teacher")
        let file = folder / "teacher.safetensors"
        try refuse(["--teacher", file], data: fixture.goodFolder, naming: [file])
        try refuse(["--teacher", folder.path], data: fixture.goodFolder, naming: [folder.path])
        let whole = try #require(Files.bytes(fixture.recipes + "/tiny/teacher.safetensors"))
        func header(_ text: String, data: Int) -> [UInt8] {
            let count = text.utf8.count
            let length = (0..<8).map { UInt8(truncatingIfNeeded: count >> (8 * $0)) }
            return length + Array(text.utf8) + [UInt8](repeating: 0, count: data)
        }
        let damaged: [[UInt8]] = [
            [], [1, 2, 3], Array(whole.prefix(whole.count / 2)), Array(whole.prefix(7)),
            [UInt8](repeating: 0xFF, count: 64), Array("this is not a model at all, whatever its name says".utf8),
            header("{}", data: 0), header("{\"conv1.weight\":{\"dtype\":\"F32\"", data: 0),
            header("{\"conv1.weight\":{\"dtype\":\"F32\",\"shape\":[2,2],\"data_offsets\":[0,16]}}", data: 16),
            header("{\"conv1.weight\":{\"dtype\":\"F32\",\"shape\":[2,2],\"data_offsets\":[0,999999]}}", data: 16),
            header(
                "{\"conv1.weight\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,16]}}",
                data: 16),
            PlainPNG.noise(side: 32, seed: 1),
        ]
        for bytes in damaged {
            try Files.write(bytes, to: file)
            try refuse(["--teacher", file], data: fixture.goodFolder, naming: [file])
        }
    }

    @Test("a false-stop rate that the parts don't support is refused with the number needed, before training")
    func alpha() throws {
        let fixture = try Fixture.shared()
        try refuse(["--alpha", "0.001"], data: fixture.goodFolder, naming: ["999"])
        for alpha in ["0", "1", "1.5", "nan", "inf"] {
            try refuse(["--alpha", alpha], data: fixture.goodFolder, naming: ["alpha"])
        }
        try refuse(["--alpha=-0.1"], data: fixture.goodFolder, naming: ["alpha"])
    }

    @Test("settings that make no sense are refused")
    func settings() throws {
        let fixture = try Fixture.shared()
        let usage = [
            ["--size", "100"], ["--size", "0"], ["--size=-64"], ["--size", "2048"], ["--size", "x"],
            ["--levels", "layer9"], ["--levels", ""], ["--levels", "layer1,layer1"], ["--region", "1,2,3"],
            ["--region", "0,0,0,5"], ["--region", "a,b,c,d"], ["--epochs", "0"], ["--batch", "1"], ["--rate", "0"],
            ["--rate", "nan"], ["--threads", "0"], ["--resize", "melt"], ["--normalisation", "no"], ["--seed=-1"],
            ["--smoothing", "x"],
        ]
        for options in usage {
            try refuse(
                options, data: fixture.goodFolder, exit: 64,
                naming: [String(options[0].dropFirst(2).prefix { $0 != "=" })])
        }
        try refuse(["--region", "250,250,100,100"], data: fixture.goodFolder, naming: ["region"])
        for smoothing in ["--smoothing=-1", "--smoothing=nan", "--smoothing=1e9"] {
            try refuse([smoothing], data: fixture.goodFolder, naming: ["smoothing"])
        }
    }

    @Test("a recipe's name can't lead out of the folder, and a folder that can't be written is named")
    func places() throws {
        let fixture = try Fixture.shared()
        let folder = try TemporaryFolder("places")
        for name in ["../out", "a/b", ".hidden", "", "sp ace", String(repeating: "x", count: 65)] {
            let output = try jidoka("train", name, "--data", fixture.goodFolder, "--recipes", folder.path)
            #expect(output.ending == .exit(1) && output.errors.contains("recipe name"), "\(name): \(output.errors)")
        }
        #expect(Files.names(folder.path).isEmpty)
        try Files.write("a file", to: folder / "file")
        for place in [folder / "file", folder / "file/below", "/proc/recipes"] {
            let output = try run(
                Programs.jidoka,
                ["train", "r", "--data", fixture.goodFolder, "--recipes", place] + Fixture.settings)
            #expect(output.ending == .exit(1) && output.out.isEmpty)
            #expect(output.errors.contains(place), "\(output.errors)")
        }
    }
}
