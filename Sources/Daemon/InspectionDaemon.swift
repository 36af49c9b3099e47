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
        // Caught from the beginning: a signal during the start waits until there is somebody to heed it.
        let ends = await UnixSignalsSequence(trapping: .sigterm, .sigint)
        let hangups = await UnixSignalsSequence(trapping: .sighup)
        let configuration = try Self.configuration(configurationPath)
        let lock = try Self.lock(configuration)
        defer { lock.release() }
        let outputs = try Self.outputs(configuration)
        try outputs.set(permit: false)
        try SafeFile.makeFolder(configuration.sockets)
        let history = try EventHistory(path: configuration.state + "/history.sqlite")
        let events = try EventServer(path: configuration.sockets + "/events.sock") { since, limit in
            // nil: the disk fails. The reader is cut off rather than given a history with a hole.
            (try? history.events(since: since, limit: limit)).map { $0.map { ($0.seq, EventLine.encode($0)) } }
        }
        let inbox = Inbox()
        let gate = Gate()
        let feed = Mutex<SourceFeed?>(nil)
        let loop = DecisionLoop(
            inbox: inbox, gate: gate, history: history, outputs: outputs, log: log,
            settings: Self.settings(configuration),
            publish: { events.publish(seq: $0.seq, line: EventLine.encode($0)) })
        let recipe = Self.recipe(configuration)
        let inForce = Mutex(InForce(configuration: configuration, identity: try? recipe.get().identity))
        loop.boot(recipe)
        let commands = ControlCommands(inbox: inbox, status: { loop.status })
        let control = try ControlServer(path: configuration.sockets + "/control.sock", commands: ControlCommands.names)
        {
            request, peer throws(ControlFailure) in try commands.answer(request, peer)
        }
        startFeed(configuration, recipe, inbox: inbox, gate: gate, feed: feed)
        defer {
            feed.withLock { $0 }?.stop()
            control.close()
            events.close()
            try? history.close()
        }
        let group = ServiceGroup(
            configuration: .init(
                services: [
                    .init(service: DecisionService(loop: loop, inbox: inbox)),
                    .init(
                        service: ReloadService(
                            hangups: hangups, inbox: inbox,
                            reload: { reload(inForce) { startFeed($0, $1, inbox: inbox, gate: gate, feed: feed) } })),
                    .init(service: EndService(ends: ends), successTerminationBehavior: .gracefullyShutdownGroup),
                ], logger: log))
        try await group.run()
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
        let recipe = Self.recipe(new)
        let identity = try? recipe.get().identity
        let changes = new.affectsVerdicts(comparedTo: old.configuration) || identity != old.identity
        inForce.withLock { $0 = InForce(configuration: new, identity: identity) }
        return .changed(
            .init(
                settings: Self.settings(new), recipe: changes ? recipe : nil, startSource: { start(new, recipe) }))
    }

    private static func settings(_ configuration: Configuration) -> DecisionLoop.Settings {
        let rate: Double
        switch configuration.source {
        case .folder(_, let value, _), .synthetic(_, let value, _): rate = value
        }
        return DecisionLoop.Settings(
            source: describe(configuration.source),
            // Three parts late, and never less than five seconds.
            patience: UInt64(max(5, rate > 0 ? 3 / rate : 0) * 1e9),
            summaryPeriod: UInt64(configuration.log.summarySeconds) * 1_000_000_000,
            logLevel: Logger.Level(rawValue: configuration.log.level.rawValue) ?? .info,
            threads: configuration.inspection.threads)
    }

    /// Opens the source of a configuration; the one before is stopped first.
    private func startFeed(
        _ configuration: Configuration, _ recipe: Result<LoadedRecipe, RecipeError>, inbox: Inbox, gate: Gate,
        feed: borrowing Mutex<SourceFeed?>
    ) {
        let next: SourceFeed?
        switch recipe {
        case .failure: next = nil  // without a recipe nobody knows how large a frame must be
        case .success(let loaded):
            let rule = loaded.recipe.input
            let source = configuration.source
            next = SourceFeed(inbox: inbox, gate: gate) { () throws(CaptureError) in
                try Self.source(source, rule: rule)
            }
        }
        let previous = feed.withLock { feed in
            defer { feed = next }
            return feed
        }
        previous?.stop()
        next?.start()
    }

    /// The permit goes off before anything else, unless the outputs belong to a daemon that is running.
    private static func lock(_ configuration: Configuration) throws -> StateLock {
        do {
            try SafeFile.makeFolder(configuration.state)
            return try StateLock(folder: configuration.state)
        } catch let error as RecordsError where error.code == .locked {
            throw error
        } catch {
            try outputs(configuration).set(permit: false)
            throw error
        }
    }

    private static func recipe(_ configuration: Configuration) -> Result<LoadedRecipe, RecipeError> {
        do throws(RecipeError) {
            return .success(try LoadedRecipe(try RecipeFolder(configuration.recipe, in: configuration.recipes)))
        } catch {
            return .failure(error)
        }
    }

    private static func source(
        _ source: Configuration.Source, rule: InputRule
    ) throws(CaptureError) -> any FrameSource {
        switch source {
        case .folder(let path, let rate, let repeats):
            try FolderSource(path: path, rule: rule, rate: rate, repeats: repeats)
        case .synthetic(let seed, let rate, let defectEvery):
            try SyntheticSource(seed: seed, size: rule.size, rate: rate, defectEvery: defectEvery)
        }
    }

    private static func describe(_ source: Configuration.Source) -> String {
        switch source {
        case .folder(let path, _, _): "folder \(path)"
        case .synthetic(let seed, _, _): "synthetic \(seed)"
        }
    }

    private static func outputs(_ configuration: Configuration) throws(OutputsError) -> any LineOutputs {
        switch configuration.outputs {
        case .none: SimulatedOutputs(traceLimit: 0)
        case .file(let path): try FileOutputs(path: path)
        }
    }
}
