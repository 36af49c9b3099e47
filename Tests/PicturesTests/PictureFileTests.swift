// SPDX-License-Identifier: Apache-2.0

import Glibc
import Pictures
import Testing

@Suite("files")
struct PictureFileTests {
    private let picture = Fixtures.picture(20, 12)

    @Test("what is written is read again, by extension, and nothing else is left in the folder")
    func roundTrip() throws {
        try Fixtures.withFolder { folder in
            try picture.write(to: "\(folder)/a.png")
            try picture.write(to: "\(folder)/b.JPG")
            try picture.write(to: "\(folder)/c.jpeg")
            #expect(try Picture.read("\(folder)/a.png") == picture)
            #expect(try Picture.readBytes("\(folder)/b.JPG").starts(with: PictureFormat.jpeg.magic))
            #expect(try Picture.read("\(folder)/c.jpeg").width == 20)
            let error = Fixtures.failure { try picture.write(to: "\(folder)/d.bmp") }
            #expect(error?.code == .badArgument)
            // An old file is replaced.
            try Fixtures.picture(5, 5).write(to: "\(folder)/a.png")
            #expect(try Picture.read("\(folder)/a.png").width == 5)
            #expect(Fixtures.names(in: folder) == ["a.png", "b.JPG", "c.jpeg"])
        }
    }

    @Test("missing, folder, pipe, empty, too long and impossible paths each have their own error")
    func unreadable() throws {
        try Fixtures.withFolder { folder in
            func error(_ path: String) -> PictureError? { Fixtures.failure { try Picture.read(path) } }
            #expect(error("\(folder)/none.png")?.code == .missing)
            #expect(error("\(folder)/none.png")?.errno == ENOENT)
            #expect(error("\(folder)/none.png")?.thing == "\(folder)/none.png")
            #expect(error(folder)?.code == .unreadable)
            #expect(error(folder)?.found == "a folder")
            #expect(mkfifo("\(folder)/pipe.png", 0o600) == 0)
            #expect(error("\(folder)/pipe.png")?.code == .unreadable)
            #expect(error("/dev/zero")?.code == .unreadable)
            try Picture.writeBytes([], to: "\(folder)/empty.png")
            #expect(error("\(folder)/empty.png")?.code == .empty)
            #expect(error("\(folder)/empty.png/inside.png")?.code == .missing)
            #expect(symlink("loop.png", "\(folder)/loop.png") == 0)
            #expect(error("\(folder)/loop.png")?.errno == ELOOP)
            #expect(error("\(folder)/" + String(repeating: "x", count: 300))?.errno == ENAMETOOLONG)
            #expect(error("")?.code == .badArgument)
            #expect(error("a\0b.png")?.code == .badArgument)
            // Regular to fstat, but its first page can't be read.
            #expect(error("/proc/self/mem")?.code == .unreadable)
            #expect(error("/proc/self/mem")?.errno == EIO)
            // Its size is given as 0.
            #expect(error("/proc/self/status")?.code == .notAPicture)
            let hole = open("\(folder)/hole.png", O_WRONLY | O_CREAT, mode_t(0o600))
            #expect(ftruncate(hole, off_t(PictureFile.maximumBytes) + 1) == 0)
            close(hole)
            #expect(error("\(folder)/hole.png")?.code == .tooLarge)
        }
    }

    @Test("every system call that can fail while reading gives its number and the path")
    func forcedReading() throws {
        try Fixtures.withFolder { folder in
            let path = "\(folder)/a.png"
            try picture.write(to: path)
            for (call, number) in [
                (FileCall.open, EACCES), (.open, ENOENT), (.open, EMFILE), (.status, EIO), (.read, EIO),
            ] {
                let error = PictureFile.$forced.withValue((call, number)) {
                    Fixtures.failure { try Picture.read(path) }
                }
                #expect(error?.code == (number == ENOENT ? .missing : .unreadable))
                #expect(error?.errno == number)
                #expect(error?.thing == path)
            }
            #expect(try Picture.read(path) == picture)
        }
    }

    @Test("every system call that can fail while writing leaves the old file and no other")
    func forcedWriting() throws {
        try Fixtures.withFolder { folder in
            let path = "\(folder)/a.png"
            try picture.write(to: path)
            let steps: [FileCall] = [.create, .write, .flush, .close, .rename]
            for call in steps {
                let error = PictureFile.$forced.withValue((call, ENOSPC)) {
                    Fixtures.failure { try Fixtures.picture(3, 3).write(to: path) }
                }
                #expect(error?.code == .writeFailed, "\(call)")
                #expect(error?.errno == ENOSPC)
                #expect(error?.hint == "free some space")
                #expect(try Picture.read(path) == picture)
                #expect(Fixtures.names(in: folder) == ["a.png"])
            }
            for call in [FileCall.openFolder, .flushFolder] {
                let error = PictureFile.$forced.withValue((call, EIO)) {
                    Fixtures.failure { try picture.write(to: path) }
                }
                #expect(error?.code == .writeFailed)
                #expect(Fixtures.names(in: folder) == ["a.png"])
            }
        }
    }

    @Test("a missing folder or a folder in the way is an error with its number")
    func unwritable() throws {
        try Fixtures.withFolder { folder in
            let missing = Fixtures.failure { try picture.write(to: "\(folder)/no/a.png") }
            #expect(missing?.errno == ENOENT)
            #expect(missing?.hint == "create the folder first")
            #expect(mkdir("\(folder)/dir.png", 0o700) == 0)
            #expect(Fixtures.failure { try picture.write(to: "\(folder)/dir.png") }?.errno == EISDIR)
            #expect(Fixtures.names(in: folder) == ["dir.png"])
            #expect(Fixtures.failure { try picture.write(to: "") }?.code == .badArgument)
        }
    }
}
