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
    private let reload: @Sendable () -> Reload
    private let log: Logger
    private let snapshot = Mutex(Status())
    private var machine = LineMachine()
    private var inspector: Inspector?
    private var threshold: Threshold?
    private var last: (part: String, score: Float, milliseconds: Double)?
    private var seq: Int64 = 0
    private var permit = false
    private var source = ""

    /// What reading the configuration again gave.
    enum Reload: Sendable {
        /// A valid one; `affectsVerdicts` when the recipe or the source are others than before.
        case changed(affectsVerdicts: Bool, recipe: Result<LoadedRecipe, RecipeError>, source: String)
        /// A bad one; the old stays.
        case rejected(String)
    }

    init(
        inbox: Inbox, gate: Gate, history: EventHistory, outputs: any LineOutputs, log: Logger,
        publish: @escaping @Sendable (RecordedEvent) -> Void, reload: @escaping @Sendable () -> Reload
    ) {
        self.inbox = inbox
        self.gate = gate
        self.history = history
        self.outputs = outputs
        self.log = log
        self.publish = publish
        self.reload = reload
    }

    /// The line as it was last; any thread.
    var status: Status { snapshot.withLock { $0 } }

    /// Boots the machine: permit off first, then the latch, then the recipe. Call before `run()`.
    func boot(_ recipe: Result<LoadedRecipe, RecipeError>, source: String) {
        self.source = source
        var latch: Latch?
        do throws(RecordsError) { latch = try history.latch() } catch { latch = .unreadable("\(error)") }
        handle(.boot(latch))
        use(recipe)
    }

    /// Decides until it is told to shut down.
    ///
    /// - Parameter summarySeconds: between two summaries of the parts.
    func run(summarySeconds: Int) {
        let period = UInt64(summarySeconds) * 1_000_000_000
        var nextSummary = Self.monotonic() + period
        while true {
            _ = inbox.wait(seconds: 1)
            if Self.monotonic() >= nextSummary {
                nextSummary += period
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
            if permit, let frame = inbox.takeFrame() { judge(frame) }
        }
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
        case .reload: reconfigure()
        case .sourceReady: handle(.sourceReady)
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
        let spent = Double(Self.monotonic() &- frame.readyAt) / 1e6
        last = (frame.part, score, spent)
        handle(.verdict(Verdict(part: frame.part, score: score, threshold: threshold.stop)))
        beat()
    }

    /// The heartbeat toggles only after a completed decision.
    private func beat() {
        do throws(OutputsError) { try outputs.heartbeat() } catch { handle(.fault(.outputFailed, detail: "\(error)")) }
    }

    private func reconfigure() {
        switch reload() {
        case .rejected(let detail):
            log.error("configuration rejected, the old one stays", metadata: ["detail": "\(detail)"])
            handle(.configurationRejected(detail: detail))
        case .changed(let affectsVerdicts, let recipe, let source):
            self.source = source
            handle(.configurationChanged(affectsVerdicts: affectsVerdicts))
            if affectsVerdicts { use(recipe) }
        }
    }

    private func use(_ recipe: Result<LoadedRecipe, RecipeError>) {
        inspector = nil
        threshold = nil
        switch recipe {
        case .failure(let error): handle(.recipeMissing(reason: "\(error)"))
        case .success(let loaded):
            do throws(InspectionError) {
                inspector = try Inspector(model: loaded.model)
                threshold = loaded.threshold
                handle(.recipeReady(recipe: loaded.recipe.name, model: loaded.digest))
            } catch {
                handle(.recipeMissing(reason: "\(error)"))
            }
        }
    }

    /// Asks the machine and carries its effects out.
    ///
    /// - Returns: the refusal, if there was one.
    @discardableResult
    private func handle(_ input: LineInput) -> CommandAnswer? {
        var refusal: CommandAnswer?
        for effect in machine.handle(input, time: Self.wallClock()) {
            switch effect {
            case .permit(let on):
                guard set(permit: on) else { return refusal }
            case .lamp(let lamp):
                do throws(OutputsError) { try outputs.set(lamp: lamp) } catch {
                    outputFailed(error)
                    return refusal
                }
            case .refuse(_, let why, let hint): refusal = .refused(why: why, hint: hint)
            case .record(let event, let latch):
                guard record(event, latch) else {
                    return .refused(
                        why: "the event could not be recorded", hint: "see the daemon's log; make room on the disk")
                }
            }
        }
        update()
        return refusal
    }

    private func record(_ event: LineEvent, _ latch: Latch) -> Bool {
        do throws(RecordsError) {
            let recorded = try history.append(event, latch: latch)
            seq = recorded.seq
            note(recorded)
            publish(recorded)
            return true
        } catch {
            log.critical("event not recorded", metadata: ["detail": "\(error)", "event": "\(event.kind.rawValue)"])
            // The machine answers with the permit off; what it wants recorded then is tried once and may fail too.
            if event.kind != .fault { handle(.recordFailed(event, detail: "\(error)")) } else { _ = set(permit: false) }
            update()
            return false
        }
    }

    private func set(permit on: Bool) -> Bool {
        // The gate is shut before the permit drops and opened after it is on.
        if !on { gate.set(open: false) }
        do throws(OutputsError) {
            try outputs.set(permit: on)
            permit = on
            if on { gate.set(open: true) }
            return true
        } catch {
            permit = false
            gate.set(open: false)
            outputFailed(error)
            return false
        }
    }

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
            source: source, counters: machine.counters, part: last?.part, score: last?.score,
            latency: last?.milliseconds, reason: machine.reason, stoppedPart: machine.stoppedPart, seq: seq)
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
