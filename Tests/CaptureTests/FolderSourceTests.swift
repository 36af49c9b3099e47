// SPDX-License-Identifier: Apache-2.0

import Capture
import Glibc
import Inspection
import Pictures
import SyntheticParts
import Testing

@Suite struct FolderSourceTests {
    private let rule = InputRule(size: 32)

    private func png(_ index: Int) throws -> [UInt8] {
        try SyntheticParts(seed: 3, size: 40).good(index).png()
    }

    @Test("all pictures below the folder come in natural order, with part names, numbers, pixels and original bytes")
    func plays() throws {
        let folder = TemporaryFolder()
        folder.makeFolder("b")
        folder.makeFolder("b/c")
        folder.makeFolder(".hidden")
        let names = ["a2.png", "a10.PNG", "b/c/1.png", "b/x.png", "z.JPG", "z2.jpeg"]
        for (index, name) in names.enumerated() {
            let picture = SyntheticParts(seed: 3, size: 40).good(index)
            folder.write(name.hasPrefix("z") ? try picture.jpeg(quality: 90) : try picture.png(), to: name)
        }
        folder.write(try png(9), to: ".hidden/no.png")
        folder.write(try png(9), to: ".no.png")
        folder.write(Array("a text".utf8), to: "notes.txt")
        let source = try FolderSource(path: folder.path + "/", rule: rule, rate: 0, repeats: false)
        #expect(source.name == "folder \(folder.path)")
        #expect(source.count == 6)
        var before: UInt64 = 0
        let order = ["a2.png", "a10.PNG", "b/c/1.png", "b/x.png", "z.JPG", "z2.jpeg"]
        for (index, name) in order.enumerated() {
            guard let frame = try source.next() else {
                Issue.record("\(name) is missing")
                return
            }
            #expect(frame.part == name)
            #expect(frame.sequence == UInt64(index))
            #expect(frame.size == 32)
            #expect(frame.readyAt >= before)
            before = frame.readyAt
            let bytes = try Picture.readBytes(folder.path + "/" + name)
            #expect(frame.original == bytes)
            let replayed = try Picture.decode(frame.original, name: name).prepared(by: rule)
            #expect(frame.pixels == replayed.pixels)
        }
        let ended = try source.next() == nil
        #expect(ended)
    }

    @Test("an unusable picture is an error that names the file, and the following one comes next")
    func badPictures() throws {
        let folder = TemporaryFolder()
        let good = try png(0)
        folder.write(good, to: "1.png")
        folder.write(Array(good.prefix(200)), to: "2.png")
        folder.write([], to: "3.png")
        folder.write(Array("not a picture".utf8), to: "4.jpg")
        symlink("/nonexistent/nothing.png", folder.path + "/5.png")
        folder.write(good, to: "6.png")
        let source = try FolderSource(path: folder.path, rule: rule, rate: 0, repeats: false)
        var seen: [String] = []
        for _ in 0..<7 {
            do throws(CaptureError) {
                guard let frame = try source.next() else {
                    seen.append("end")
                    continue
                }
                seen.append("\(frame.part) \(frame.sequence)")
            } catch {
                #expect(error.code == .badPicture)
                #expect(error.description.hasPrefix(error.thing + ": "))
                seen.append(String(error.thing.dropFirst(folder.path.count + 1)))
            }
        }
        #expect(seen == ["1.png 0", "2.png", "3.png", "4.jpg", "5.png", "6.png 5", "end"])
    }

    @Test("a file that vanished after it was listed is an error with its errno")
    func vanished() throws {
        let folder = TemporaryFolder()
        folder.write(try png(0), to: "1.png")
        let source = try FolderSource(path: folder.path, rule: rule, rate: 0, repeats: false)
        folder.delete("1.png")
        do throws(CaptureError) {
            _ = try source.next()
            Issue.record("a vanished file gave a frame")
        } catch {
            #expect(error.code == .badPicture && error.errno == ENOENT)
        }
    }

    @Test("a repeating folder goes round, takes in what was added, and says when it was emptied")
    func repeating() throws {
        let folder = TemporaryFolder()
        folder.write(try png(0), to: "1.png")
        let source = try FolderSource(path: folder.path, rule: rule, rate: 0, repeats: true)
        func part() throws -> String? {
            guard let frame = try source.next() else { return nil }
            return "\(frame.part) \(frame.sequence)"
        }
        #expect(try part() == "1.png 0")
        #expect(try part() == "1.png 1")
        folder.write(try png(1), to: "2.png")
        #expect(try part() == "1.png 2")
        #expect(try part() == "2.png 3")
        folder.delete("1.png")
        folder.delete("2.png")
        for _ in 0..<2 {
            do throws(CaptureError) {
                _ = try source.next()
                Issue.record("an empty folder gave a frame")
            } catch {
                #expect(error.code == .sourceLost)
            }
        }
        folder.write(try png(2), to: "3.png")
        #expect(try part() == "3.png 4")
    }

    @Test("missing and empty folders, files in their place, wrong rates and sizes are refused")
    func refused() throws {
        let folder = TemporaryFolder()
        folder.write([1], to: "file")
        folder.makeFolder("empty")
        func code(_ path: String, rate: Double = 0, size: Int = 32) -> CaptureError.Code? {
            do throws(CaptureError) {
                _ = try FolderSource(path: path, rule: InputRule(size: size), rate: rate, repeats: false)
                return nil
            } catch {
                #expect(error.description.contains(path))
                return error.code
            }
        }
        #expect(code(folder.path + "/none") == .noFolder)
        #expect(code(folder.path + "/file") == .noFolder)
        #expect(code(folder.path + "/empty") == .emptyFolder)
        folder.write(try png(0), to: "1.png")
        #expect(code(folder.path) == nil)
        for rate in [-1, .nan, .infinity, 1e-9, 1e9] { #expect(code(folder.path, rate: rate) == .badArgument) }
        for size in [0, -32, 33, 8192] { #expect(code(folder.path, size: size) == .badArgument) }
    }

    @Test("folders that link to themselves are entered once")
    func circles() throws {
        let folder = TemporaryFolder()
        folder.makeFolder("a")
        folder.write(try png(0), to: "a/1.png")
        symlink("..", folder.path + "/a/up")
        symlink("a", folder.path + "/again")
        let pictures = try PictureFolder.pictures(below: folder.path)
        #expect(pictures.count == 1)
    }

    @Test("stop wakes a source that waits for a part an hour ahead, and ends it for good")
    func stop() throws {
        let folder = TemporaryFolder()
        folder.write(try png(0), to: "1.png")
        let source = try FolderSource(path: folder.path, rule: rule, rate: 1.0 / 3600, repeats: true)
        let first = try source.next() != nil
        #expect(first)
        later { source.stop() }
        let woken = try source.next() == nil
        #expect(woken)
        source.stop()
        let after = try source.next() == nil
        #expect(after)
    }
}
