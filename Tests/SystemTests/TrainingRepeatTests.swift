// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

@Suite struct TrainingRepeatTests {
    /// The files whose bits must repeat; the calibration without its date and its own hash, in which the date is.
    private struct Bits: Equatable, Sendable, CustomStringConvertible {
        let files: [String: [UInt8]]

        init(_ recipe: String) {
            var files: [String: [UInt8]] = [:]
            for name in [
                "student.safetensors", "teacher.safetensors", "int8.safetensors", "maps.safetensors", "parts.json",
                "recipe.yaml",
            ] {
                files[name] = Files.bytes(recipe + "/" + name)
            }
            let lines = Files.text(recipe + "/calibration.json")?.split(separator: "\n").filter {
                !$0.contains("\"date\"") && !$0.hasPrefix("  \"sha256\"")
            }
            files["calibration.json"] = lines.map { Array($0.joined(separator: "\n").utf8) }
            self.files = files
        }

        var isWhole: Bool { files.count == 7 && !files.values.contains { $0.isEmpty } }

        var description: String {
            files.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value.count) \($0.value.hashValue)" }
                .joined(separator: ", ")
        }
    }

    /// Long enough to be interrupted in the middle.
    private static let long = ["--size", "64", "--epochs", "24", "--json"]

    private static func arguments(_ recipes: String, _ more: [String] = []) throws -> [String] {
        ["train", "r", "--data", try Fixture.shared().goodFolder, "--recipes", recipes] + Self.long + more
    }

    /// What a training in one go gives; done once.
    private static let expected = Result { try whole() }

    private static func whole() throws -> Bits {
        let folder = try TemporaryFolder("whole")
        let output = try run(Programs.jidoka, try arguments(folder.path))
        #expect(output.ending == .exit(0))
        return Bits(folder / "r")
    }

    @Test("the same training gives the same bits, with one thread as with two")
    func repeats() throws {
        let first = try Self.expected.get()
        #expect(first.isWhole)
        #expect(try Self.whole() == first)
        for threads in ["1", "2", "3"] {
            let folder = try TemporaryFolder("threads")
            let output = try run(Programs.jidoka, try Self.arguments(folder.path, ["--threads", threads]))
            #expect(output.ending == .exit(0))
            #expect(Bits(folder / "r") == first, "\(threads) threads")
        }
        let other = try TemporaryFolder("seed")
        #expect(try run(Programs.jidoka, try Self.arguments(other.path, ["--seed", "2"])).ending == .exit(0))
        #expect(Bits(other / "r").files["student.safetensors"] != first.files["student.safetensors"])
    }

    @Test("a training that is killed at any moment goes on to the same bits")
    func killed() throws {
        let expected = try Self.expected.get()
        let rounds = Programs.isThorough ? 30 : 3
        print("training: killed \(rounds) times")
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<rounds {
            let folder = try TemporaryFolder("killed")
            let child = try ChildProcess(
                Programs.jidoka, try Self.arguments(folder.path), output: folder / "out", errors: folder / "err")
            // In the middle of it: from before the first checkpoint to the last passes.
            usleep(UInt32.random(in: 100_000...900_000, using: &generator))
            child.send(SIGKILL)
            _ = child.wait()
            let output = try run(Programs.jidoka, try Self.arguments(folder.path))
            #expect(output.ending == .exit(0), "\(output.errors)")
            #expect(Bits(folder / "r") == expected)
            #expect(!Files.exists(folder / "r/checkpoint.safetensors"))
        }
    }

    @Test("Ctrl-C leaves a checkpoint that goes on to the same bits", arguments: [SIGINT, SIGTERM])
    func interrupted(number: Int32) throws {
        let expected = try Self.expected.get()
        let folder = try TemporaryFolder("interrupted")
        let child = try ChildProcess(
            Programs.jidoka, try Self.arguments(folder.path), output: folder / "out", errors: folder / "err")
        #expect(Patience.until { Files.exists(folder / "r/checkpoint.safetensors") || !child.isRunning })
        child.send(number)
        #expect(child.wait() == .exit(130))
        #expect(Files.text(folder / "out")?.isEmpty == true)
        #expect(Files.text(folder / "err")?.contains("the same command goes on") == true)
        #expect(!Files.exists(folder / "r/calibration.json"))
        let output = try run(Programs.jidoka, try Self.arguments(folder.path))
        #expect(output.ending == .exit(0) && output.errors.contains("going on after epoch"), "\(output)")
        #expect(Bits(folder / "r") == expected)
    }

    @Test("a checkpoint of other settings, or a damaged one, is refused with a way out; --restart begins anew")
    func foreignCheckpoint() throws {
        let expected = try Self.expected.get()
        let folder = try TemporaryFolder("foreign")
        let checkpoint = folder / "r/checkpoint.safetensors"
        let child = try ChildProcess(
            Programs.jidoka, try Self.arguments(folder.path), output: folder / "out", errors: folder / "err")
        #expect(Patience.until { Files.exists(checkpoint) || !child.isRunning })
        child.send(SIGINT)
        #expect(child.wait() == .exit(130))
        let kept = try #require(Files.bytes(checkpoint))
        for other in [
            ["--seed", "2"], ["--rate", "0.001"], ["--batch", "8"], ["--levels", "layer1"], ["--epochs", "25"],
        ] {
            let output = try run(Programs.jidoka, try Self.arguments(folder.path, other))
            #expect(output.ending == .exit(1) && output.out.isEmpty, "\(other): \(output)")
            #expect(output.errors.contains("--restart") && output.errors.contains(checkpoint), "\(output.errors)")
            #expect(Files.bytes(checkpoint) == kept)
        }
        try Files.write(Array(kept.prefix(kept.count / 2)), to: checkpoint)
        let damaged = try run(Programs.jidoka, try Self.arguments(folder.path))
        #expect(damaged.ending == .exit(1) && damaged.errors.contains(checkpoint), "\(damaged)")
        let anew = try run(Programs.jidoka, try Self.arguments(folder.path, ["--restart"]))
        #expect(anew.ending == .exit(0) && !anew.errors.contains("going on"))
        #expect(Bits(folder / "r") == expected)
    }

    @Test("in a pipe only the result is printed, and standard error is quiet")
    func pipe() throws {
        let folder = try TemporaryFolder("pipe")
        let fifo = folder / "fifo"
        #expect(mkfifo(fifo, 0o600) == 0)
        let reader = open(fifo, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        defer { close(reader) }
        let child = try ChildProcess(
            Programs.jidoka, try Self.arguments(folder / "recipes"), output: folder / "out", errors: fifo)
        #expect(child.wait() == .exit(0))
        var buffer = [UInt8](repeating: 0, count: 4096)
        #expect(read(reader, &buffer, buffer.count) == 0, "\(String(decoding: buffer, as: UTF8.self))")
        let summary = try #require(JSON(parsing: Files.text(folder / "out") ?? ""))
        #expect(
            summary.keys == [
                "recipe", "train", "select", "calibrate", "alpha", "threshold", "model", "openblas", "best_epoch",
                "select_loss", "different_parts", "detector", "engine", "quantisation",
            ])
        #expect(summary["train"]?.int == 36 && summary["select"]?.int == 12 && summary["calibrate"]?.int == 12)
    }
}
