// SPDX-License-Identifier: Apache-2.0

import Calibration
import Digests
import Pictures
import Recipes
import Testing

@Suite struct DataSetTests {
    /// A folder with empty files; scans only look at names.
    private func folder(_ files: [String]) throws -> ScratchFolder {
        let scratch = try ScratchFolder()
        for file in files {
            let path = scratch.path + "/" + file
            try SafeFile.makeFolder(path.split(separator: "/").dropLast().reduce("") { $0 + "/" + $1 })
            writeQuickly([], to: path)
        }
        return scratch
    }

    @Test("MVTec: good parts of train, parts to judge by kind of defect, masks by name, in natural order")
    func mvtec() throws {
        let scratch = try folder([
            "train/good/10.png", "train/good/9.png", "train/good/.hidden.png", "train/good/notes.txt",
            "train/bad/1.png",
            "test/good/1.png", "test/crack/1.png", "test/crack/2.JPG", "test/crack/3.jpeg", "test/dent/7.png",
            "ground_truth/crack/1_mask.png", "ground_truth/crack/3.png", "ground_truth/dent/8_mask.png", "license.txt",
        ])
        let root = scratch.path
        let data = try DataSet(root + "//")
        #expect(data.root == root)
        #expect(data.good == ["9", "10"].map { "\(root)/train/good/\($0).png" })
        #expect(
            data.test.map(\.path)
                == ["crack/1.png", "crack/2.JPG", "crack/3.jpeg", "dent/7.png", "good/1.png"].map {
                    "\(root)/test/\($0)"
                })
        #expect(data.test.map(\.defect) == ["crack", "crack", "crack", "dent", nil])
        #expect(
            data.test.map { $0.mask?.dropFirst(root.count) } == [
                "/ground_truth/crack/1_mask.png", nil, "/ground_truth/crack/3.png", nil, nil,
            ])
        let testOnly = try folder(["test/good/1.png"])
        #expect(try DataSet(testOnly.path).good.isEmpty)
    }

    @Test("OK and NG: good parts to learn from and to judge", arguments: [("OK", "NG"), ("ok", "ng"), ("good", "bad")])
    func pair(names: (String, String)) throws {
        let scratch = try folder(["\(names.0)/1.png", "\(names.0)/2.png", "\(names.1)/1.png"])
        let data = try DataSet(scratch.path)
        #expect(data.good == ["1", "2"].map { "\(scratch.path)/\(names.0)/\($0).png" })
        #expect(data.test.map(\.defect) == [nil, nil, "NG"])
        let goodOnly = try folder(["\(names.0)/1.png"])
        #expect(try DataSet(goodOnly.path).test.map(\.defect) == [nil])
    }

    @Test("one folder of good parts")
    func flat() throws {
        let scratch = try folder(["b.png", "a.jpg", "x.gif", "sub/c.png"])
        let data = try DataSet(scratch.path)
        #expect(data.good == ["a.jpg", "b.png"].map { "\(scratch.path)/\($0)" } && data.test.isEmpty)
    }

    @Test("a missing folder, a file, and folders without pictures are refused with their name")
    func refused() throws {
        let scratch = try folder(["file.txt", "empty/train/good/notes.txt", "pair/OK/notes.txt", "deep/a/b/1.png"])
        for name in ["none", "file.txt", "empty", "pair", "deep"] {
            let path = scratch.path + "/" + name
            let error = calibrationError { _ = try DataSet(path) }
            #expect(error?.code == .badData && error?.thing == path)
        }
        #expect(calibrationError { _ = try DataSet("") }?.code == .badData)
    }

    @Test("every bad picture is named at once, whatever is wrong with it")
    func badPictures() throws {
        let scratch = try ScratchFolder()
        let png = try part(1).png()
        var paths: [String] = []
        for (name, bytes) in [
            ("good1.png", png), ("cut.png", Array(png.prefix(png.count / 2))), ("empty.png", []), ("good2.png", png),
            ("text.jpg", Array("no picture".utf8)),
        ] {
            paths.append(scratch.path + "/" + name)
            writeQuickly(bytes, to: scratch.path + "/" + name)
        }
        paths.append(scratch.path + "/missing.png")
        let error = calibrationError { _ = try PreparedPart.load(paths, rule: InputRule(size: 32)) }
        #expect(
            error?.code == .badData && error?.expected.hasPrefix("6") == true && error?.found.hasPrefix("4 bad") == true
        )
        for name in ["cut.png", "empty.png", "text.jpg", "missing.png"] {
            #expect(error?.description.contains("\(scratch.path)/\(name)") == true, "\(name)")
        }
        #expect(error?.description.contains("good1.png") == false)
        let good = try PreparedPart.load([paths[0], paths[3]], rule: InputRule(size: 32))
        #expect(good.map(\.path) == [paths[0], paths[3]])
        #expect(good.map(\.sha256) == [Digest.sha256(png), Digest.sha256(png)])
        #expect(good[0].pixels.count == 32 * 32 * 3 && good[0].pixels == good[1].pixels)
        let outside = InputRule(region: Region(x: 90, y: 90, width: 20, height: 20), size: 32)
        #expect(
            calibrationError { _ = try PreparedPart.load([paths[0]], rule: outside) }?.found.contains("good1.png")
                != nil)
    }

    @Test("forty bad pictures are all named")
    func manyBadPictures() {
        let error = calibrationError {
            _ = try PreparedPart.load((0..<40).map { "/none/\($0).png" }, rule: InputRule(size: 32))
        }
        #expect(
            error?.found.hasPrefix("40 bad") == true
                && (0..<40).allSatisfy { error?.found.contains("/none/\($0).png") == true })
    }
}
