// SPDX-License-Identifier: Apache-2.0

import Glibc
import Recipes
import Sockets

/// The daemon that came with this program, as a child process.
final class DaemonProcess {
    /// Its process number; 0 after the end.
    private(set) var id: pid_t = 0
    /// Folder of its sockets; short, since sockets have short paths only.
    let sockets: String
    /// Asks it and commands it.
    let client: LineClient
    private let log: String

    /// Starts the daemon.
    ///
    /// - Parameters:
    ///   - root: folder for configuration, log, state and outputs.
    ///   - configuration: text of the configuration without folders and sockets, which are added.
    ///   - name: tells daemons of one process apart.
    ///   - hasOutputs: whether the permit goes into a file, `root/outputs`.
    /// - Throws: `RecipeError` when a file can't be written or the daemon can't be started.
    init(root: String, recipes: String, configuration: String, name: String = "", hasOutputs: Bool = true) throws {
        try SafeFile.makeFolder(root + "/state")
        // Every such daemon has a history of its own; a folder used before must not bring its latch back.
        for suffix in ["", "-wal", "-shm"] { unlink(root + "/state/history.sqlite" + suffix) }
        sockets = "/tmp/jidoka-demo.\(getpid())\(name)"
        client = LineClient(path: sockets + "/control.sock")
        log = root + "/jidokad.log"
        let text = """
            \(configuration)
            recipes: \(recipes)
            state: \(root)/state
            sockets: \(sockets)
            \(hasOutputs ? "outputs: {kind: file, path: \(root)/outputs}" : "outputs: {kind: none}")

            """
        try SafeFile.write(Array(text.utf8), to: root + "/jidoka.yaml")
        id = try Self.launch(root + "/jidoka.yaml", log: log)
    }

    /// Waits until the line is ready, asking every `interval` microseconds.
    func waitUntilReady(interval: UInt32) throws {
        let deadline = ContinuousClock.now + .seconds(30)
        // A line that is blocked stays so until somebody mends something; a moment is left for the source.
        let patience = ContinuousClock.now + .seconds(5)
        while true {
            let status = try? status()
            if status?["state"] == .string("ready") { return }
            var found = "none"
            if status?["state"] == .string("blocked"), case .string(let reason)? = status?["reason"] { found = reason }
            guard ContinuousClock.now < (found == "none" ? deadline : patience) else {
                kill(id, SIGKILL)
                throw RecipeError(
                    .unreadable, "jidokad", expected: "a line that is ready", found: found, hint: "see \(log)")
            }
            usleep(interval)
        }
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

    /// What the daemon says of the line; nil when it refuses.
    func status() throws -> [String: JSONValue]? {
        guard case .done(let status) = try client.request(ControlRequest(command: "status")) else { return nil }
        return status
    }

    /// Ends the daemon in an orderly way; may be called twice.
    func end() {
        guard id > 0 else { return }
        kill(id, SIGTERM)
        var status: Int32 = 0
        waitpid(id, &status, 0)
        id = 0
        rmdir(sockets)
    }

    private static func launch(_ configuration: String, log: String) throws -> pid_t {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &buffer, buffer.count - 1)
        let own = String(decoding: buffer.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let folder = own.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        // Beside this program where both were built, in /usr/sbin where they were installed.
        let places: [String] = [folder + "/jidokad", folder + "/../sbin/jidokad"]
        let daemon = places.first { SafeFile.exists($0) } ?? places[0]
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
