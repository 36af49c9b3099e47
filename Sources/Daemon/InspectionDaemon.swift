// SPDX-License-Identifier: Apache-2.0

import Capture
import Dispatch
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
        var configuration = try Self.configuration(configurationPath)
        let lock = try Self.lock(configuration)
        defer { lock.release() }
        let areOthersOff = dropOthers(than: configuration)
        let outputs = try configuration.openOutputs()
        // What still fails then is a fault of the line, found again by the decision thread.
        let grace = StartGrace()
        try await grace.retry { () throws(OutputsError) in try outputs.set(permit: false) }
        if areOthersOff { remember(configuration) }
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
        let configured = configuration.recipe
        configuration.recipe = ChosenRecipe.inForce(configuration)
        let recipe = configuration.loadRecipe()
        let inForce = Mutex(
            InForce(configuration: configuration, configured: configured, identity: try? recipe.get().identity))
        let inputs = InputFeed(configuration.inputLines, inbox: inbox, fire: { source.fire(at: $0) })
        try await grace.retry { () throws(OutputsError) in try inputs.claim() }
        let evidence = configuration.evidenceWriter { [log] in log.warning("\($0)") }
        loop.evidence = evidence
        let parts = configuration.partWriter(
            // Whatever is logged otherwise: without it in the journal the chain proves less.
            sealed: { [log] in
                log.log(
                    level: max(.notice, log.logLevel), "parts recorded",
                    metadata: LogText.fields(of: $0, event: HistoryAnchor.partsEvent))
            },
            report: { [log] in log.warning("\($0)") })
        loop.parts = parts
        loop.encoder = { inputs.encoderCount() }
        // One after the other, whoever asks: the last one asked for is the last one taken.
        let loading = DispatchQueue(label: "recipes")
        loop.load = { name in
            loading.async { inbox.post(change(to: name, inForce) { source.start($0, $1) }) }
        }
        // The daemon may have been killed before the journal was told.
        if let pruning = try? HistoryReader(path: history.path).lastPruning() {
            log.log(
                level: max(.notice, log.logLevel), "old events were deleted before",
                metadata: LogText.fields(of: pruning, event: HistoryAnchor.historyEvent))
        }
        loop.pruneHistory()
        loop.boot(recipe)
        let commands = ControlCommands(
            inbox: inbox, trigger: { source.trigger() }, status: { loop.status }, evidence: { evidence?.counts },
            roles: { inForce.withLock(\.configuration.roles) },
            parts: { parts?.counts }, camera: { source.counters })
        let control = try Self.controlServer(configuration.sockets + "/control.sock", commands)
        source.start(configuration, recipe)
        inputs.start()
        defer {
            inputs.stop()
            source.stop()
            control.close()
            events.close()
            evidence?.close()
            parts?.close()
            try? history.close()
        }
        manager.ready(LogText.status(loop.status))
        let group = ServiceGroup(
            configuration: .init(
                services: [
                    .init(service: DecisionService(loop: loop, inbox: inbox)),
                    .init(
                        service: ReloadService(
                            hangups: hangups, inbox: inbox, queue: loading,
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
    /// Those of the file, and those that were in force last: somebody may have edited the file since.
    /// - Returns: what was driven off, in words.
    /// - Throws: `RecipeError` when nobody knows any outputs, `OutputsError` when one can't be driven.
    public static func permitOff(_ path: String) throws -> String {
        var all: [Configuration.Outputs] = []
        var note = ""
        do throws(RecipeError) {
            let present = try Configuration.load(path)
            all.append(present.outputs)
            if let last = LastGoodConfiguration.load(present.state), last.outputs != present.outputs {
                all.append(last.outputs)
                note = " (of the present and of the last configuration)"
            }
        } catch {
            guard let last = LastGoodConfiguration.load() else { throw error }
            all.append(last.outputs)
            note = " (of the last good configuration: \(error))"
        }
        var failure: OutputsError?
        for outputs in all {
            do throws(OutputsError) { try outputs.driveOff() } catch { failure = failure ?? error }
        }
        if let failure { throw failure }
        return (all.contains { $0 != .none } ? "outputs off" : "no outputs to drive off") + note
    }

    /// Outputs that were in force before the file was edited must not stay as they were; false when they may be on.
    private func dropOthers(than configuration: Configuration) -> Bool {
        guard configurationPath != nil, let last = LastGoodConfiguration.load(configuration.state),
            last.outputs != configuration.outputs
        else { return true }
        do throws(OutputsError) {
            try last.outputs.driveOff()
            return true
        } catch {
            log.critical("the outputs of the last configuration can't be driven off", metadata: ["detail": "\(error)"])
            // Hardware that was taken out is not driven by anybody.
            return [.noChip, .noLine, .open].contains(error.code)
        }
    }

    private func remember(_ configuration: Configuration) {
        guard let configurationPath else { return }
        do throws(RecipeError) {
            try LastGoodConfiguration.remember(configurationPath, in: configuration.state)
        } catch {
            log.warning("no copy of the configuration could be kept", metadata: ["detail": "\(error)"])
        }
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
        /// What the configuration file says of the recipe: a person may have changed over to another one.
        var configured: String
        /// Identity of the recipe's files; nil when there is no usable recipe.
        var identity: String?
    }

    private func reload(
        _ inForce: borrowing Mutex<InForce>,
        start: @escaping @Sendable (Configuration, Result<LoadedRecipe, RecipeError>) -> Void
    ) -> DecisionLoop.Reload {
        let old = inForce.withLock { $0 }
        var new: Configuration
        do throws(RecipeError) {
            new = try Self.configuration(configurationPath)
        } catch {
            return .rejected("\(error)")
        }
        let fixed = new.keysNeedingRestart(comparedTo: old.configuration)
        guard fixed.isEmpty else {
            return .rejected("\(fixed.joined(separator: ", ")) can only change with a restart of the daemon")
        }
        let configured = new.recipe
        new.recipe = ChosenRecipe.inForce(new)
        let recipe = new.loadRecipe()
        let identity = try? recipe.get().identity
        let changes = new.affectsVerdicts(comparedTo: old.configuration) || identity != old.identity
        inForce.withLock { $0 = InForce(configuration: new, configured: configured, identity: identity) }
        let now = new
        return .changed(
            .init(
                settings: new.loopSettings, recipe: changes ? recipe : nil, readAgain: try? recipe.get(),
                startSource: { start(now, recipe) }))
    }

    /// The recipe that a person has asked for; the choice is kept whether or not it can be loaded.
    private func change(
        to name: String, _ inForce: borrowing Mutex<InForce>,
        start: @escaping @Sendable (Configuration, Result<LoadedRecipe, RecipeError>) -> Void
    ) -> Inbox.Item {
        let old = inForce.withLock { $0 }
        var next = old.configuration
        next.recipe = name
        do throws(RecipeError) {
            try ChosenRecipe(configured: old.configured, chosen: name).remember(in: next.state)
        } catch {
            log.error("the choice of the recipe is not kept over a restart", metadata: ["detail": "\(error)"])
        }
        let recipe = next.loadRecipe()
        let now = next
        inForce.withLock {
            $0 = InForce(configuration: now, configured: old.configured, identity: try? recipe.get().identity)
        }
        return .loaded(recipe, startSource: { start(now, recipe) })
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
