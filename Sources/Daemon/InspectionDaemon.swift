// SPDX-License-Identifier: Apache-2.0

import Capture
import Inspection
import Line
import Logging
import Outputs
import Pictures
import Recipes
import Records
import ServiceLifecycle
import Sockets
import Synchronization
import UnixSignals

/// The whole daemon: configuration, decision thread, source, sockets, signals.
public struct InspectionDaemon: Sendable {
    private let configurationPath: String?
    private let log: Logger

    /// A daemon.
    ///
    /// - Parameter configuration: path of `jidoka.yaml`; nil is the embedded demonstration.
    public init(configuration: String?, log: Logger) {
        configurationPath = configuration
        self.log = log
    }

    /// Reads a configuration and tells what it says; nil is the embedded demonstration.
    ///
    /// - Throws: `RecipeError` with file and line.
    public static func configuration(_ path: String?) throws(RecipeError) -> Configuration {
        guard let path else { return .defaults }
        return try Configuration.load(path)
    }

    /// Runs until SIGTERM or SIGINT; SIGHUP reads the configuration again.
    ///
    /// The first act is the permit off; the last one too.
    /// - Throws: `RecipeError`, `OutputsError`, `RecordsError`, `SocketsError` when it can't start at all.
    public func run() async throws {
        let manager = ServiceManager()
        // Caught from the beginning: a signal during the start waits until there is somebody to heed it.
        let ends = await UnixSignalsSequence(trapping: .sigterm, .sigint)
        let hangups = await UnixSignalsSequence(trapping: .sighup)
        let configuration = try Self.configuration(configurationPath)
        let lock = try Self.lock(configuration)
        defer { lock.release() }
        let outputs = try configuration.openOutputs()
        // What still fails then is a fault of the line, found again by the decision thread.
        try await StartGrace.retry { () throws(OutputsError) in try outputs.set(permit: false) }
        if let configurationPath {
            LastGoodConfiguration.remember(configurationPath, in: configuration.state, log: log)
        }
        try SafeFile.makeFolder(configuration.sockets)
        let history = try EventHistory(path: configuration.state + "/history.sqlite")
        let events = try EventServer(path: configuration.sockets + "/events.sock") { since, limit in
            // nil: the disk fails. The reader is cut off rather than given a history with a hole.
            (try? history.events(since: since, limit: limit)).map { $0.map { ($0.seq, EventLine.encode($0)) } }
        }
        let inbox = Inbox()
        let source = SourceSlot(inbox: inbox)
        let loop = DecisionLoop(
            inbox: inbox, gate: source.gate, history: history, outputs: outputs, manager: manager, log: log,
            settings: configuration.loopSettings,
            publish: { events.publish(seq: $0.seq, line: EventLine.encode($0)) })
        let recipe = configuration.loadRecipe()
        let inForce = Mutex(InForce(configuration: configuration, identity: try? recipe.get().identity))
        let inputs = InputFeed(configuration.inputLines, inbox: inbox, fire: { source.fire(at: $0) })
        try await StartGrace.retry { () throws(OutputsError) in try inputs.claim() }
        loop.boot(recipe)
        let commands = ControlCommands(inbox: inbox, trigger: { source.trigger() }, status: { loop.status })
        let control = try Self.controlServer(configuration.sockets + "/control.sock", commands)
        source.start(configuration, recipe)
        inputs.start()
        defer {
            inputs.stop()
            source.stop()
            control.close()
            events.close()
            try? history.close()
        }
        manager.ready(LogText.status(loop.status))
        let group = ServiceGroup(
            configuration: .init(
                services: [
                    .init(service: DecisionService(loop: loop, inbox: inbox)),
                    .init(
                        service: ReloadService(
                            hangups: hangups, inbox: inbox,
                            reload: {
                                manager.reloading()
                                defer { manager.ready(LogText.status(loop.status)) }
                                return reload(inForce) { source.start($0, $1) }
                            })),
                    .init(service: EndService(ends: ends), successTerminationBehavior: .gracefullyShutdownGroup),
                ], logger: log))
        try await group.run()
    }

    /// Drives every output off and lets go of it; for `ExecStopPost=`, when no daemon runs.
    ///
    /// A configuration that can't be read any more has a predecessor that could: its outputs are the ones that are wired.
    /// - Returns: what was driven off, in words.
    /// - Throws: `RecipeError` when neither can be read, `OutputsError` when an output can't be driven.
    public static func permitOff(_ path: String) throws -> String {
        let configuration: Configuration
        var note = ""
        do throws(RecipeError) {
            configuration = try Configuration.load(path)
        } catch {
            guard let last = LastGoodConfiguration.load() else { throw error }
            configuration = last
            note = " (of the last good configuration: \(error))"
        }
        switch configuration.outputs {
        case .none: return "no outputs to drive off" + note
        case .file(let path): try FileOutputs(path: path).set(permit: false)
        case .gpio(let lines): try GPIOOutputs.driveOff(lines)
        }
        return "outputs off" + note
    }

    /// systemd's socket when it has handed one over, else our own.
    private static func controlServer(
        _ path: String, _ commands: ControlCommands
    ) throws(SocketsError) -> ControlServer {
        if let descriptor = ServiceManager.listeningSocket(at: path) {
            return try ControlServer(adopting: descriptor, path: path, commands: ControlCommands.names) {
                request, peer throws(ControlFailure) in try commands.answer(request, peer)
            }
        }
        return try ControlServer(path: path, commands: ControlCommands.names) {
            request, peer throws(ControlFailure) in try commands.answer(request, peer)
        }
    }

    /// What the line is judged by at the moment.
    struct InForce: Sendable {
        var configuration: Configuration
        /// Identity of the recipe's files; nil when there is no usable recipe.
        var identity: String?
    }

    private func reload(
        _ inForce: borrowing Mutex<InForce>,
        start: @escaping @Sendable (Configuration, Result<LoadedRecipe, RecipeError>) -> Void
    ) -> DecisionLoop.Reload {
        let old = inForce.withLock { $0 }
        let new: Configuration
        do throws(RecipeError) {
            new = try Self.configuration(configurationPath)
        } catch {
            return .rejected("\(error)")
        }
        let fixed = new.keysNeedingRestart(comparedTo: old.configuration)
        guard fixed.isEmpty else {
            return .rejected("\(fixed.joined(separator: ", ")) can only change with a restart of the daemon")
        }
        let recipe = new.loadRecipe()
        let identity = try? recipe.get().identity
        let changes = new.affectsVerdicts(comparedTo: old.configuration) || identity != old.identity
        inForce.withLock { $0 = InForce(configuration: new, identity: identity) }
        return .changed(
            .init(settings: new.loopSettings, recipe: changes ? recipe : nil, startSource: { start(new, recipe) }))
    }

    /// The permit goes off before anything else, unless the outputs belong to a daemon that is running.
    private static func lock(_ configuration: Configuration) throws -> StateLock {
        do {
            try SafeFile.makeFolder(configuration.state)
            return try StateLock(folder: configuration.state)
        } catch let error as RecordsError where error.code == .locked {
            throw error
        } catch {
            try configuration.openOutputs().set(permit: false)
            throw error
        }
    }
}
