// SPDX-License-Identifier: Apache-2.0

import Glibc
import Inspection
import Line
import Logging
import Outputs
import Recipes
import Records
import Sockets
import Synchronization

/// The one thread that decides: takes frames and commands, asks the state machine, carries its effects out in order.
///
/// Nothing else touches the outputs, the history's writer or the machine.
final class DecisionLoop: @unchecked Sendable {  // all mutable state belongs to the thread that runs `run()`
    private let inbox: Inbox
    private let gate: Gate
    private let history: EventHistory
    private let outputs: any LineOutputs
    private let publish: @Sendable (RecordedEvent) -> Void
    private var log: Logger
    private let snapshot = Mutex(Status())
    private var machine = LineMachine()
    private var settings: Settings
    private var inspector: Inspector?
    private var threshold: Threshold?
    private var last: (part: String, score: Float, milliseconds: Double)?
    private var seq: Int64 = 0
    /// What the output was set to last; nil when that failed.
    private var permit: Bool? = false
    /// When the permit went on, and when the source last showed a sign of life since; `CLOCK_MONOTONIC`, nanoseconds.
    private var permitSince: UInt64 = 0
    private var lastSign: UInt64 = 0

    /// What may change while the daemon runs and changes no verdict.
    struct Settings: Sendable {
        /// The source's name.
        var source: String
        /// Nanoseconds without a part, while running, after which the source counts as hanging.
        var patience: UInt64
        /// Nanoseconds between two summaries of the parts.
        var summaryPeriod: UInt64
        /// The least important level that is logged.
        var logLevel: Logger.Level
        /// Threads that share the work on one part.
        var threads: Int
    }

    /// What reading the configuration again gave.
    enum Reload: Sendable {
        /// A valid one.
        case changed(Change)
        /// A bad one; the old stays.
        case rejected(String)

        /// A new configuration.
        struct Change: Sendable {
            /// What is in force from now on.
            var settings: Settings
            /// The recipe to judge by from now on; nil when nothing changed that verdicts depend on.
            var recipe: Result<LoadedRecipe, RecipeError>?
            /// Takes the new source in place of the old one.
            var startSource: @Sendable () -> Void
        }
    }

    init(
        inbox: Inbox, gate: Gate, history: EventHistory, outputs: any LineOutputs, log: Logger, settings: Settings,
        publish: @escaping @Sendable (RecordedEvent) -> Void
    ) {
        self.inbox = inbox
        self.gate = gate
        self.history = history
        self.outputs = outputs
        self.log = log
        self.settings = settings
        self.publish = publish
    }

    /// The line as it was last; any thread.
    var status: Status { snapshot.withLock { $0 } }

    /// Boots the machine: permit off first, then the latch, then the recipe. Call before `run()`.
    func boot(_ recipe: Result<LoadedRecipe, RecipeError>) {
        var latch: Latch?
        do throws(RecordsError) { latch = try history.latch() } catch { latch = .unreadable("\(error)") }
        handle(.boot(latch))
        use(recipe)
    }

    /// Decides until it is told to shut down.
    func run() {
        var nextSummary = Self.monotonic() + settings.summaryPeriod
        while true {
            _ = inbox.wait(seconds: 1)
            if Self.monotonic() >= nextSummary {
                nextSummary = Self.monotonic() + settings.summaryPeriod
                handle(.summaryDue)
            }
            while let item = inbox.takeItem() {
                if case .shutdown = item {
                    handle(.shutdown)
                    for left in inbox.close() { dismiss(left) }
                    return
                }
                take(item)
            }
            // With the permit off no part comes past: a frame that was on its way waits for the next start.
            if permit == true, let frame = inbox.takeFrame() { judge(frame) }
            watchSource()
            if machine.activeCauses.contains(.outputFailed) { retryOutputs() }
        }
    }

    /// A source that hangs must not leave the line running unwatched.
    private func watchSource() {
        if permit == true, Self.monotonic() > lastSign + settings.patience {
            let seconds = settings.patience / 1_000_000_000
            handle(.fault(.pictureStale, detail: "no part for \(seconds) s from \(settings.source)"))
        } else if machine.activeCauses.contains(.pictureStale), inbox.hasFrame {
            handle(.faultCleared(.pictureStale))
        }
    }

    /// An output that failed is driven off again until it takes it.
    private func retryOutputs() {
        guard set(permit: false) == nil else { return }
        handle(.faultCleared(.outputFailed))
    }

    /// A person who asked too late is told so.
    private func dismiss(_ item: Inbox.Item) {
        guard case .command(_, let reply) = item else { return }
        reply(.refused(why: "the daemon is shutting down", hint: "ask again when it runs"))
    }

    private func take(_ item: Inbox.Item) {
        switch item {
        case .command(let command, let reply):
            reply(handle(command.input) ?? .done(machine.state))
        case .reloaded(let reload): reconfigure(reload)
        case .sourceReady:
            handle(.sourceReady)
            if machine.activeCauses.contains(.pictureStale) { handle(.faultCleared(.pictureStale)) }
        case .sourceLost(let reason): handle(.sourceLost(reason: reason))
        case .badPicture(let part, let detail): handle(.fault(.pictureCorrupt, detail: "\(part): \(detail)"))
        case .shutdown: break
        }
    }

    private func judge(_ frame: borrowing Frame) {
        guard let inspector, let threshold, frame.size == inspector.model.inputSize else {
            handle(.fault(.internal, detail: "\(frame.part): no recipe, or a frame of another size"))
            return
        }
        let score = inspector.score(frame)
        // A frame that waited for a start was not being decided all that time.
        let since = max(frame.readyAt, permitSince)
        lastSign = Self.monotonic()
        last = (frame.part, score, Double(lastSign &- since) / 1e6)
        let failure = handle(.verdict(Verdict(part: frame.part, score: score, threshold: threshold.stop)))
        // The heartbeat toggles only after a completed decision.
        guard score.isFinite, failure == nil else { return }
        do throws(OutputsError) { try outputs.heartbeat() } catch { outputFailed(error) }
    }

    private func reconfigure(_ reload: Reload) {
        switch reload {
        case .rejected(let detail):
            log.error("configuration rejected, the old one stays", metadata: ["detail": "\(detail)"])
            handle(.configurationRejected(detail: detail))
        case .changed(let change):
            settings = change.settings
            log.logLevel = change.settings.logLevel
            // The permit goes off before anything of the old recipe is taken away.
            handle(.configurationChanged(affectsVerdicts: change.recipe != nil))
            guard let recipe = change.recipe else { return }
            use(recipe)
            change.startSource()
        }
    }

    private func use(_ recipe: Result<LoadedRecipe, RecipeError>) {
        inspector = nil
        threshold = nil
        switch recipe {
        case .failure(let error): handle(.recipeMissing(reason: "\(error)"))
        case .success(let loaded):
            do throws(InspectionError) {
                inspector = try Inspector(model: loaded.model, workers: settings.threads)
                threshold = loaded.threshold
                handle(.recipeReady(recipe: loaded.recipe.name, model: loaded.digest))
            } catch {
                handle(.recipeMissing(reason: "\(error)"))
            }
        }
    }

    /// Asks the machine and carries its effects out, in their order.
    ///
    /// An output that fails keeps nothing from being recorded, except a start: without its permit it is a fault.
    /// - Returns: the refusal, if there was one, or why the command could not be carried out.
    @discardableResult
    private func handle(_ input: LineInput) -> CommandAnswer? {
        var refusal: CommandAnswer?
        var failure: OutputsError?
        carrying: for effect in machine.handle(input, time: Self.wallClock()) {
            switch effect {
            case .permit(let on):
                guard let error = set(permit: on) else { continue }
                failure = failure ?? error
                if on { break carrying }
            case .lamp(let lamp):
                do throws(OutputsError) { try outputs.set(lamp: lamp) } catch { failure = failure ?? error }
            case .refuse(_, let why, let hint): refusal = .refused(why: why, hint: hint)
            case .record(let event, let latch):
                guard record(event, latch) else {
                    return .refused(
                        why: "the event could not be recorded", hint: "see the daemon's log; make room on the disk")
                }
            }
        }
        if let failure {
            outputFailed(failure)
            refusal = refusal ?? .refused(why: "an output failed: \(failure)", hint: "repair it, acknowledge and reset")
        }
        update()
        return refusal
    }

    private func record(_ event: LineEvent, _ latch: Latch) -> Bool {
        do throws(RecordsError) {
            let recorded = try history.append(event, latch: latch)
            seq = recorded.seq
            // Who reads the event and then asks for the status must not meet an older one.
            update()
            publish(recorded)
            note(recorded)
            return true
        } catch {
            log.critical("event not recorded", metadata: ["detail": "\(error)", "event": "\(event.kind.rawValue)"])
            // The machine answers with the permit off; what it wants recorded then is tried once and may fail too.
            if event.kind != .fault { handle(.recordFailed(event, detail: "\(error)")) } else { _ = set(permit: false) }
            update()
            return false
        }
    }

    /// Sets the permit; what it is after a failure is not known.
    private func set(permit on: Bool) -> OutputsError? {
        // The gate is shut before the permit drops and opened after it is on.
        if !on { gate.set(open: false) }
        do throws(OutputsError) {
            try outputs.set(permit: on)
            permit = on
            guard on else { return nil }
            permitSince = Self.monotonic()
            lastSign = permitSince
            gate.set(open: true)
            return nil
        } catch {
            permit = nil
            gate.set(open: false)
            return error
        }
    }

    /// Reported once; while it lasts, `run` goes on driving the permit off.
    private func outputFailed(_ error: OutputsError) {
        log.critical("output failed", metadata: ["detail": "\(error)"])
        guard !machine.activeCauses.contains(.outputFailed) else { return }
        handle(.fault(.outputFailed, detail: "\(error)"))
    }

    /// State changes and bad parts are logged always; a good part never.
    private func note(_ recorded: RecordedEvent) {
        let event = recorded.event
        let level: Logger.Level =
            switch event.kind {
            case .stop, .fault, .uncleanEnd: .error
            case .configurationRejected, .refused, .defectWhileNotRunning: .warning
            case .summary: .info
            default: .notice
            }
        log.log(level: level, "\(LogText.sentence(for: event))", metadata: LogText.fields(of: recorded))
    }

    private func update() {
        let bound = threshold?.stop
        let status = Status(
            state: machine.state, permit: permit, recipe: machine.recipe, model: machine.model, threshold: bound,
            source: settings.source, counters: machine.counters, part: last?.part, score: last?.score,
            latency: last?.milliseconds, reason: machine.reason ?? machine.obstacle, stoppedPart: machine.stoppedPart,
            seq: seq)
        snapshot.withLock { $0 = status }
    }

    private static func wallClock() -> UInt64 { read(CLOCK_REALTIME) }
    private static func monotonic() -> UInt64 { read(CLOCK_MONOTONIC) }

    private static func read(_ clock: clockid_t) -> UInt64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
