// SPDX-License-Identifier: Apache-2.0

import Glibc
import Recipes
import Sockets

/// A real daemon on synthetic parts, as a child process, with a person at its control socket.
final class DemonstrationLine {
    /// One stop of the line.
    struct Stop {
        /// The part that stopped it.
        let part: String
        /// Its number.
        let index: Int
        /// Whether it really had a defect.
        let isDefect: Bool
        /// The event as it came over the socket.
        let event: String
    }

    private let sockets: String
    private let client: LineClient
    private let reader: EventReader
    private var process: pid_t
    /// Parts that the daemon has judged so far.
    private(set) var judged = 0

    /// Starts the daemon and waits until it is ready.
    init(root: String, recipes: String, rate: Double, seed: UInt64, defectEvery: Int) throws {
        let configuration = root + "/jidoka.yaml"
        try SafeFile.makeFolder(root + "/state")
        // Every demonstration has a history of its own; a folder used before must not bring its latch back.
        for suffix in ["", "-wal", "-shm"] { unlink(root + "/state/history.sqlite" + suffix) }
        // Sockets have short paths only, so they are not below the folder.
        sockets = "/tmp/jidoka-demo.\(getpid())"
        try SafeFile.write(
            Array(
                """
                # The demonstration's configuration.
                recipe: demo
                recipes: \(recipes)
                state: \(root)/state
                sockets: \(sockets)
                source:
                  kind: synthetic
                  seed: \(seed)
                  rate: \(rate)
                  defect_every: \(defectEvery)
                outputs:
                  kind: file
                  path: \(root)/outputs

                """.utf8), to: configuration)
        process = try Self.launch(configuration, log: root + "/jidokad.log")
        client = LineClient(path: sockets + "/control.sock")
        let deadline = ContinuousClock.now + .seconds(30)
        while true {
            if let fields = try? client.request(ControlRequest(command: "status")),
                case .done(let status) = fields, status["state"] == .string("ready")
            {
                break
            }
            guard ContinuousClock.now < deadline else {
                kill(process, SIGKILL)
                throw RecipeError(
                    .unreadable, "jidokad", expected: "a line that is ready within 30 seconds", found: "none",
                    hint: "see \(root)/jidokad.log")
            }
            usleep(20_000)
        }
        reader = try EventReader(path: sockets + "/events.sock", since: 0)
    }

    /// Sends a person's command; a refusal is an error.
    func command(_ name: String, _ arguments: [String: JSONValue] = [:]) throws {
        var arguments = arguments
        arguments["user"] = .string("demo")
        let answer = try client.request(ControlRequest(command: name, arguments: arguments))
        guard case .refused(let failure) = answer else { return }
        throw RecipeError(
            .contradiction, "jidoka \(name)", expected: "the daemon to do it", found: failure.message,
            hint: failure.hint)
    }

    /// Shows the line until it stops.
    ///
    /// - Returns: nil when it has not stopped in time, or is in fault.
    func waitForStop(timeout: Double) throws -> Stop? {
        let deadline = ContinuousClock.now + .seconds(timeout)
        while ContinuousClock.now < deadline {
            guard case .done(let status) = try client.request(ControlRequest(command: "status")) else { return nil }
            Terminal.shared.show(StatusText.line(status))
            if case .string(let part)? = status["part"], let number = Self.number(of: part) { judged = number + 1 }
            if status["state"] == .string("fault") { return nil }
            if status["state"] == .string("stopped") { return try nextStop() }
            usleep(100_000)
        }
        return nil
    }

    /// Reads events up to the next stop.
    private func nextStop() throws -> Stop? {
        while let line = try reader.next(timeout: 5) {
            guard case .object(let fields)? = JSONValue(parsing: Array(line.utf8)), fields["event"] == .string("stop"),
                case .string(let part)? = fields["part"], let number = Self.number(of: part)
            else { continue }
            return Stop(part: part, index: number, isDefect: Demonstration.isDefective(number), event: line)
        }
        return nil
    }

    /// Ends the daemon in an orderly way; may be called twice.
    func end() {
        guard process > 0 else { return }
        kill(process, SIGTERM)
        var status: Int32 = 0
        waitpid(process, &status, 0)
        process = 0
        rmdir(sockets)
    }

    private static func number(of part: String) -> Int? { part.split(separator: "-").last.flatMap { Int($0) } }

    /// Starts the daemon that lies beside this program.
    private static func launch(_ configuration: String, log: String) throws -> pid_t {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &buffer, buffer.count - 1)
        let own = String(decoding: buffer.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let daemon =
            own.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/") + "/jidokad"
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, log, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        let arguments: [UnsafeMutablePointer<CChar>?] = [daemon, "--config", configuration].map { (text: String) in
            strdup(text)
        }
        defer { arguments.forEach { free($0) } }
        var process = pid_t()
        let status = posix_spawn(&process, daemon, &actions, nil, arguments + [nil], environ)
        guard status == 0 else {
            throw RecipeError(
                .unreadable, daemon, expected: "the daemon beside this program",
                found: String(cString: strerror(status)),
                errno: status, hint: "build it: swift build -c release")
        }
        return process
    }
}
