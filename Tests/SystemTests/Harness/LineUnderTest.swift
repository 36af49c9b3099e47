// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// A daemon with a folder of its own, a person at its control socket and somebody who watches its outputs.
final class LineUnderTest {
    let folder: TemporaryFolder
    /// Recipe in the configuration.
    var recipe = "tiny"
    /// Folder of recipes in the configuration.
    var recipes: String
    /// The `source` in the configuration, as flow mapping.
    var source: String
    /// Folder of the history.
    var state: String
    /// Folder of the sockets.
    var sockets: String
    /// The file of the permit.
    var outputsFile: String
    /// The `outputs` in the configuration; nil is the file.
    var outputsConfiguration: String?
    /// More lines of configuration.
    var more = ""
    /// Variables of the daemon's environment, besides our own.
    var environment: [String: String] = [:]
    private(set) var daemon: ChildProcess?

    var configuration: String { folder / "jidoka.yaml" }
    var log: String { Files.text(folder / "log") ?? "" }

    init(_ name: String, recipes: String, source: String) throws {
        folder = try TemporaryFolder(name)
        self.recipes = recipes
        self.source = source
        state = folder / "state"
        sockets = folder / "run"
        outputsFile = folder / "outputs"
    }

    /// A line on a folder of parts that is played at a rate.
    convenience init(
        _ name: String, parts: [Fixture.Part], rate: Double = 200, repeats: Bool = true
    ) throws {
        let fixture = try Fixture.shared()
        try self.init(name, recipes: fixture.recipes, source: "")
        source = "{kind: folder, path: \(folder / "parts"), rate: \(rate), repeat: \(repeats)}"
        try fixture.lay(parts, in: folder / "parts")
    }

    deinit { daemon = nil }

    // MARK: - The process

    func writeConfiguration() throws {
        try Files.write(
            """
            recipe: \(recipe)
            recipes: \(recipes)
            state: \(state)
            sockets: \(sockets)
            source: \(source)
            outputs: \(outputsConfiguration ?? "{kind: file, path: \(outputsFile)}")
            \(more)
            \(more.contains("drift:") ? "" : "drift: {level: 0}")

            """, to: configuration)
    }

    /// Starts the daemon with the configuration as it is in the file.
    func launch(errors: String? = nil) throws {
        daemon = try ChildProcess(
            Programs.jidokad, ["--config", configuration], output: folder / "out", errors: errors ?? (folder / "log"),
            environment: environment)
    }

    /// Writes the configuration, starts the daemon, and waits until it answers and is in a state.
    func boot(until state: String? = "ready") throws {
        try writeConfiguration()
        try launch()
        guard answers() else { throw Unexpected("no answer", self) }
        if let state { try wait(for: state) }
    }

    /// Whether the daemon answers, or comes to answer.
    func answers() -> Bool {
        Patience.until { status != nil || daemon?.isRunning != true } && status != nil
    }

    /// Ends the daemon in an orderly way.
    func terminate() -> ChildProcess.Ending? {
        daemon?.send(SIGTERM)
        return daemon?.wait()
    }

    /// Takes its power away.
    func kill9() {
        daemon?.send(SIGKILL)
        _ = daemon?.wait()
    }

    // MARK: - The sockets

    var control: String { sockets + "/control.sock" }
    var events: String { sockets + "/events.sock" }

    /// Asks on a connection of its own; nil when nobody answers.
    func ask(_ request: String) -> JSON? {
        guard let socket = try? LineSocket(control), socket.send(request + "\n") else { return nil }
        return socket.line().flatMap { JSON(parsing: $0) }
    }

    var status: JSON? { ask("{\"cmd\":\"status\"}") }

    /// A person's command; true when it was carried out.
    @discardableResult
    func command(_ name: String, _ fields: String = "") -> Bool {
        ask("{\"cmd\":\"\(name)\",\"user\":\"test\"\(fields)}")?["ok"] == .bool(true)
    }

    func acknowledge(reason: String = "looked at it") -> Bool {
        command("ack", ",\"verdict\":\"defect\",\"reason\":\"\(reason)\"")
    }

    /// From a latched stop or a fault to running again.
    func bringBack() throws {
        guard acknowledge(), command("reset") else { throw Unexpected("not reset", self) }
        try wait(for: "ready")
        guard command("start") else { throw Unexpected("not started", self) }
    }

    /// Starts as soon as it may: while a source or a recipe is exchanged the line can be ready, blocked and ready again.
    func startWhenReady() -> Bool { Patience.until { command("start") } }

    /// Waits for a state.
    func wait(for state: String) throws {
        guard Patience.until({ status?["state"]?.text == state }) else { throw Unexpected("not \(state)", self) }
    }

    /// Waits until so many parts were judged since the start.
    func wait(parts: Int) throws {
        guard Patience.until({ (status?["parts"]?.int ?? 0) >= parts }) else {
            throw Unexpected("not \(parts) parts", self)
        }
    }

    /// All events so far, from the event socket.
    func history(since: Int = 0) throws -> [JSON] {
        guard let last = status?["seq"]?.int else { throw Unexpected("no status", self) }
        var events: [JSON] = []
        let reader = try LineSocket(self.events)
        reader.send("{\"since\":\(since)}\n")
        while (events.last?["seq"]?.int ?? since) < last {
            guard let line = reader.line(), let event = JSON(parsing: line) else {
                throw Unexpected("event \(last) doesn't come", self)
            }
            events.append(event)
        }
        return events
    }

    /// The last event of a kind; waits for one.
    func event(_ kind: String, since: Int = 0) throws -> JSON {
        var found: JSON?
        guard
            try Patience.until({
                found = try history(since: since).last { $0["event"]?.text == kind }
                return found != nil
            }), let found
        else { throw Unexpected("no \(kind)", self) }
        return found
    }

    // MARK: - The wires

    /// What is at the outputs.
    var outputs: String { Files.text(outputsFile) ?? "" }
    var permitIsOn: Bool { outputs.contains("permit=on") }

    /// State and permit, on the socket and at the wires.
    func expect(
        _ state: String, permit: Bool, _ comment: Comment? = nil, at location: SourceLocation = #_sourceLocation
    ) {
        let status = status
        #expect(status?["state"]?.text == state, comment, sourceLocation: location)
        #expect(status?["permit"] == .bool(permit), comment, sourceLocation: location)
        #expect(permitIsOn == permit, comment, sourceLocation: location)
    }
}

/// The line is not as a test needs it.
struct Unexpected: Error, CustomStringConvertible {
    let description: String

    init(_ what: String, _ line: LineUnderTest) {
        description = "\(what); status \(String(describing: line.status)); log:\n\(line.log.suffix(4_000))"
    }
}
