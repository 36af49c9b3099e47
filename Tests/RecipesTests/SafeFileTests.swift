// SPDX-License-Identifier: Apache-2.0

import Digests
import Glibc
import Recipes
import Testing

@Suite struct SafeFileTests {
    @Test("a file is written whole, read back, replaced, and nothing else is left beside it")
    func roundTrip() throws {
        let folder = try ScratchFolder()
        let path = folder.path + "/a"
        for bytes in [[], [1, 2, 3], [UInt8](repeating: 7, count: 3_000_000), [9]] as [[UInt8]] {
            try SafeFile.write(bytes, to: path)
            #expect(try SafeFile.read(path) == bytes)
            #expect(folder.names == ["a"])
        }
        #expect(SafeFile.exists(path) && !SafeFile.exists(path + "b"))
    }

    @Test("writing where a folder is, or into no folder, fails with the path, and leaves everything as it was")
    func failures() throws {
        let folder = try ScratchFolder()
        let taken = folder.path + "/taken"
        try SafeFile.makeFolder(taken + "/inside")
        let file = folder.path + "/file"
        try SafeFile.write([1], to: file)
        for (path, cause) in [
            (taken, EISDIR), (folder.path + "/none/a", ENOENT), (file + "/a", ENOTDIR),
            (folder.path + "/" + String(repeating: "n", count: 300), ENAMETOOLONG),
        ] {
            let error = recipeError { try SafeFile.write([1, 2], to: path) }
            #expect(error?.code == .writeFailed && error?.thing == path && error?.errno == cause)
            #expect(error?.description.contains(path) == true)
        }
        #expect(folder.names == ["file", "taken"])
        #expect(SafeFile.exists(taken + "/inside"))
        #expect(try SafeFile.read(file) == [1])
    }

    @Test(
        "in a folder that can't be written the old content stays",
        .enabled(if: geteuid() != 0, "root may write anywhere"))
    func readOnly() throws {
        let folder = try ScratchFolder()
        let path = folder.path + "/a"
        try SafeFile.write([1], to: path)
        chmod(folder.path, 0o500)
        defer { chmod(folder.path, 0o700) }
        let error = recipeError { try SafeFile.write([2], to: path) }
        #expect(error?.code == .writeFailed && error?.thing == path && error?.errno == EACCES)
        #expect(try SafeFile.read(path) == [1])
    }

    @Test(
        "a full disk fails with the path and what to do", .enabled(if: access("/dev/full", W_OK) == 0, "no /dev/full"))
    func full() throws {
        let folder = try ScratchFolder()
        // The temporary file's name is known, so a link can lead it to the device that is always full.
        let path = folder.path + "/a"
        try SafeFile.write([1], to: path)
        try #require(symlink("/dev/full", "\(path).\(getpid()).tmp") == 0)
        let error = recipeError { try SafeFile.write([2, 3], to: path) }
        #expect(error?.code == .writeFailed && error?.thing == path && error?.errno == ENOSPC)
        #expect(error?.hint.contains("room") == true)
        #expect(try SafeFile.read(path) == [1])
        #expect(folder.names == ["a"])
    }

    @Test("reading names the path: missing, a folder, a pipe that nobody writes to, too large")
    func reading() throws {
        let folder = try ScratchFolder()
        let missing = recipeError { _ = try SafeFile.read(folder.path + "/none") }
        #expect(missing?.code == .unreadable && missing?.errno == ENOENT && missing?.thing == folder.path + "/none")
        #expect(recipeError { _ = try SafeFile.read(folder.path) }?.code == .unreadable)
        let pipe = folder.path + "/pipe"
        try #require(mkfifo(pipe, 0o600) == 0)
        #expect(recipeError { _ = try SafeFile.read(pipe) }?.code == .unreadable)
        let large = folder.path + "/large"
        try SafeFile.write([1, 2, 3], to: large)
        #expect(recipeError { _ = try SafeFile.read(large, limit: 2) }?.code == .tooLarge)
        #expect(try SafeFile.read(large, limit: 3) == [1, 2, 3])
    }

    @Test("folders are made with those above them; a file in the way is named")
    func folders() throws {
        let folder = try ScratchFolder()
        try SafeFile.makeFolder(folder.path + "/a/b/c")
        try SafeFile.makeFolder(folder.path + "/a/b/c")
        try SafeFile.write([], to: folder.path + "/a/file")
        let error = recipeError { try SafeFile.makeFolder(folder.path + "/a/file/d") }
        #expect(error?.code == .writeFailed && error?.thing.hasPrefix(folder.path + "/a/file") == true)
        #expect(recipeError { try SafeFile.makeFolder(folder.path + "/a/file") }?.errno == ENOTDIR)
    }

    @Test(
        "SHA-256 of the published examples",
        arguments: [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
            ),
        ])
    func digest(text: String, expected: String) {
        #expect(Digest.sha256(Array(text.utf8)) == expected)
    }

    @Test("SHA-256 of a million a's, at once and in pieces")
    func longDigest() {
        let expected = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
        let bytes = [UInt8](repeating: UInt8(ascii: "a"), count: 1_000_000)
        #expect(Digest.sha256(bytes) == expected)
        var digest = Digest()
        var rest = bytes[...]
        for length in [1, 63, 64, 65, 100_000] {
            digest.update(Array(rest.prefix(length)))
            rest = rest.dropFirst(length)
        }
        digest.update([])
        digest.update(Array(rest))
        #expect(digest.finish() == expected)
    }

    @Test("a file takes the place of a file only, never of a pipe, a device or a folder")
    func places() throws {
        let folder = try ScratchFolder()
        let (pipe, inside) = (folder.path + "/pipe", folder.path + "/folder")
        try #require(mkfifo(pipe, 0o600) == 0 && mkdir(inside, 0o700) == 0)
        for (path, found) in [(pipe, "a device, pipe or socket"), (inside, "a folder")] {
            let error = recipeError { try SafeFile.write([1], to: path) }
            #expect(error?.code == .writeFailed && error?.expected == "a regular file, or none yet")
            #expect(error?.found == found && error?.description.contains("File exists") == false)
        }
        var status = stat()
        #expect(stat(pipe, &status) == 0 && status.st_mode & S_IFMT == S_IFIFO)
    }
}
