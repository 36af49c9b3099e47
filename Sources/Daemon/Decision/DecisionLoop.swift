// SPDX-License-Identifier: Apache-2.0

import Capture
import Dispatch
import Glibc
import Inspection
import Line
import Logging
import Outputs
import Recipes
import Records
import Synchronization

/// The one thread that decides: takes frames and commands, asks the state machine, carries its effects out in order.
///
/// Nothing else touches the outputs, the history's writer or the machine, and nothing else feeds the watchdog.
final class DecisionLoop: @unchecked Sendable {  // all mutable state belongs to the thread that runs `run()`
    let inbox: Inbox
    let gate: Gate
    let history: EventHistory
    let outputs: any LineOutputs
    let publish: @Sendable (RecordedEvent) -> Void
    let manager: ServiceManager
    var log: Logger
    let snapshot = Mutex(Status())
    var machine: LineMachine
    /// Loads a recipe by name, on a thread of its own; `Inbox.Item.loaded` answers.
    var load: @Sendable (String) -> Void = { _ in }
    var settings: Settings
    var inspector: Inspector?
    var threshold: Threshold?
    /// The recipe in force.
    var loaded: LoadedRecipe?
    /// Keeps pictures of parts; nil is none.
    var evidence: EvidenceWriter?
    /// When old events are looked for again, `CLOCK_MONOTONIC` in nanoseconds.
    var nextPruning: UInt64 = 0
    /// Why old events could not be deleted, as far as it was told.
    var pruningFailure: String?
    /// Whether the journal has to be told where the chain of the parts is.
    var mustSeal = false
    /// Records every part; nil is none.
    var parts: PartWriter?
    /// Events of the decision that is being made; nil between two.
    var recordedNow: [(recorded: RecordedEvent, anchor: HistoryAnchor?)]?
    /// Good parts since the daemon started.
    var goodParts: UInt64 = 0
    var last: (part: String, score: Float, milliseconds: Double)?
    var seq: Int64 = 0
    /// Counts of the conveyor's encoder since the daemon started.
    var encoder: @Sendable () -> UInt64 = { 0 }
    /// What the output was set to last; nil when that failed.
    var permit: Bool? = false
    /// When the permit went on and off, and when the source last showed a sign of life since; `CLOCK_MONOTONIC`, nanoseconds.
    var permitSince: UInt64 = 0
    var permitOffAt: UInt64 = 0
    var lastSign: UInt64 = 0
    /// Not part of the status: it would be copied for every part.
    private let latencies = Mutex(Latencies())
    /// What systemd was told last, and when.
    var told: (text: String, at: UInt64) = ("", 0)
    /// Known parts that are shown to the inspector, and defects on copies of good ones.
    var challenge = ChallengeRun()
    var heartbeat: DetectionHeartbeat?
    /// Nanoseconds that showing one of them takes.
    var probeTime: UInt64 = 0
    /// Whether parts are still like those of the calibration.
    var drift: DriftWatch?
    /// An alarm that came when the line had stopped.
    var untoldDrift: String?
    /// Where the defects are made.
    let blending = DispatchQueue(label: "heartbeat", qos: .utility)
    private var selfTest: SelfTest?
    private var watchdog: Watchdog
    /// When the last decision was completed, and how far the last two parts were apart.
    private var lastDecision: UInt64 = 0
    var partInterval: UInt64?
    private var nextCheck: UInt64 = 0
    /// Why the source is not there, as far as it was recorded.
    private var toldLosses: Set<String> = []

    /// What may change while the daemon runs and changes no verdict.
    struct Settings: Sendable {
        /// The source's name.
        var source: String
        /// Whether pictures are taken of what is in front of the camera now: then none may wait for a start.
        var isLive: Bool
        /// Whether something announces each part, so that each is one to account for.
        var isTriggered = false
        /// Nanoseconds without a part, while running, after which the source counts as hanging; nil is never.
        var patience: UInt64?
        /// Nanoseconds between two summaries of the parts.
        var summaryPeriod: UInt64
        /// The least important level that is logged.
        var logLevel: Logger.Level
        /// Threads that share the work on one part.
        var threads: Int
        /// The rules of the line.
        var policy = LinePolicy()
        /// Nanoseconds from the picture to the verdict, beyond which it is none; nil is any time.
        var verdictLimit: UInt64?
        /// Every how many good parts one is kept; 0 is none.
        var goodEvery: UInt64 = 0
        /// Every how many good parts a blended defect has to be found; 0 is never.
        var heartbeatEvery: UInt64 = 0
        /// False-alarm probability of the drift alarm in a whole run; 0: drift is not watched.
        var driftLevel = 0.0
        /// Folder of all recipes.
        var recipes = ""
        /// Events that the history keeps.
        var keptEvents = Int64.max
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
            /// The recipe as it was read again, for what of it no verdict depends on; nil when it can't be read.
            var readAgain: LoadedRecipe?
            /// Takes the new source in place of the old one.
            var startSource: @Sendable () -> Void
        }
    }

    init(
        inbox: Inbox, gate: Gate, history: EventHistory, outputs: any LineOutputs, manager: ServiceManager,
        log: Logger, settings: Settings, publish: @escaping @Sendable (RecordedEvent) -> Void
    ) {
        self.inbox = inbox
        self.gate = gate
        self.history = history
        self.outputs = outputs
        self.manager = manager
        self.log = log
        self.settings = settings
        machine = LineMachine(policy: settings.policy)
        self.publish = publish
        watchdog = Watchdog(manager)
    }

    /// The line as it was last; any thread.
    var status: Status {
        var status = snapshot.withLock { $0 }
        status.latencies = latencies.withLock(\.copy)
        return status
    }

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
            _ = inbox.wait(nanoseconds: pause())
            let now = Self.monotonic()
            if now >= nextSummary, isQuiet(now) || now >= nextSummary + Self.summaryPatience {
                nextSummary = now + settings.summaryPeriod
                handle(.summaryDue)
            }
            pruneHistory()
            // One at a time: whoever sends a thousand must not keep parts and watchdog waiting.
            if let item = inbox.takeItem() {
                if case .shutdown = item {
                    manager.stopping()
                    handle(.shutdown)
                    for left in inbox.close() { dismiss(left) }
                    return
                }
                take(item)
            }
            takeFrame()
            if let due = machine.nextDeadline, Self.monotonic() >= due { handle(.tick) }
            if mustSeal {
                mustSeal = false
                parts?.seal()
            }
            watchSource()
            watchOutputs()
            testItself()
            probe()
            watchdog.feed(now: Self.monotonic())
            tellManager()
        }
    }

    /// Whether there is time for the disk before the next part.
    private func isQuiet(_ now: UInt64) -> Bool {
        guard permit == true else { return true }
        // Nor does a part on its way, or an andon, wait for the disk.
        if let due = machine.nextDeadline, due < now + Self.diskTime { return false }
        guard let partInterval else { return !inbox.hasFrame }
        return !inbox.hasFrame && (partInterval < Self.diskTime || now + Self.diskTime < lastSign + partInterval)
    }

    /// Nanoseconds that recording an event may take, and that a summary waits for such a pause.
    static let diskTime: UInt64 = 100_000_000
    private static let summaryPatience: UInt64 = 5_000_000_000

    /// Nanoseconds until something is due that nobody posts.
    private func pause() -> UInt64 {
        let now = Self.monotonic()
        let test = selfTest == nil && machine.state != .bypass ? .max : nextTest
        let due = min(test, watchdog.due, machine.nextDeadline ?? .max, nextProbe, now + 1_000_000_000)
        return due > now ? due - now : 0
    }

    private var nextTest: UInt64 {
        SelfTest.due(after: lastDecision, expecting: partInterval.map { lastSign + $0 })
    }

    /// With the permit off no part comes past: a recorded frame that was on its way waits for the next start, a picture of
    /// what was in front of the camera before it is dropped.
    private func takeFrame() {
        if permit == true {
            guard let frame = inbox.takeFrame(), !(settings.isLive && frame.readyAt < permitSince) else { return }
            judge(frame)
        } else if settings.isLive, let frame = inbox.takeFrame() {
            _ = consume frame
            if settings.isTriggered { unjudged(1) }
        }
    }

    /// A source that hangs must not leave the line running unwatched.
    private func watchSource() {
        guard let patience = settings.patience else { return }
        // Under a bypass nobody looks at parts, and one that never comes says nothing.
        if permit == true, machine.state.isInspecting, Self.monotonic() > lastSign + patience {
            let seconds = patience / 1_000_000_000
            handle(.fault(.pictureStale, detail: "no part for \(seconds) s from \(settings.source)"))
            // A camera that hangs says so itself; without it this is found again after the next start.
            if settings.isLive { handle(.faultCleared(.pictureStale)) }
        } else if !settings.isLive, machine.activeCauses.contains(.pictureStale), inbox.hasFrame {
            handle(.faultCleared(.pictureStale))
        }
    }

    /// An output that failed is driven off again until it takes it; the others are looked at once a second.
    private func watchOutputs() {
        let now = Self.monotonic()
        guard now >= nextCheck else { return }
        nextCheck = now + 1_000_000_000
        if machine.activeCauses.contains(.outputFailed) {
            guard set(permit: false) == nil, (try? outputs.check()) != nil else { return }
            handle(.faultCleared(.outputFailed))
        } else {
            do throws(OutputsError) { try outputs.check() } catch { outputFailed(error) }
        }
    }

    /// When no part is due, a made-up one takes the same way.
    private func testItself() {
        guard Self.monotonic() >= nextTest else { return }
        guard let selfTest, let inspector else {
            // A bypass is there because nothing can be inspected: the heartbeat says that the daemon itself is alive.
            guard machine.state == .bypass else { return }
            lastDecision = Self.monotonic()
            return beat()
        }
        let failure = selfTest.failure(inspector)
        lastDecision = Self.monotonic()
        guard let failure else { return beat() }
        // Told once, and again whenever somebody wants to go on.
        if machine.state != .fault { handle(.fault(.internal, detail: failure)) }
    }

    /// The heartbeat toggles only after a completed decision, and an output in fault is left to `watchOutputs`.
    private func beat() {
        guard !machine.activeCauses.contains(.outputFailed) else { return }
        do throws(OutputsError) { try outputs.heartbeat() } catch { outputFailed(error) }
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
            challengeAgain(after: command)
        case .reloaded(let reload): reconfigure(reload)
        case .sourceReady:
            toldLosses = []
            handle(.sourceReady)
            clearPictureCauses()
        case .sourceLost(let reason, let kind): lose(reason, kind)
        case .pictures(let health): take(health)
        case .badPart(let part, let code, let detail):
            handle(.partFailed(part: part, code: code, detail: detail))
            recordUnjudged(part)
        case .unjudged(let parts): unjudged(parts)
        case .encoder: handle(.encoder(encoder()))
        case .loaded(let recipe, let startSource): exchange(recipe, startSource)
        case .blended(let trial): heartbeat?.take(trial)
        case .inputs(let failure):
            if let failure {
                handle(.fault(.inputFailed, detail: failure))
            } else {
                handle(.faultCleared(.inputFailed))
            }
        case .shutdown: break
        }
    }

    /// While the line runs, bad pictures are a fault; before, they are a source that is not ready.
    private func take(_ health: PictureHealth) {
        switch health {
        case .good:
            toldLosses = []
            clearPictureCauses()
            handle(.sourceReady)
        case .bad(let error):
            let code = error.code.fault
            let reason = code == .sourceLost ? "\(error)" : "\(code.rawValue): \(error)"
            if machine.state.isInspecting || machine.state == .fault, code != .sourceLost {
                handle(.fault(code, detail: "\(error)"))
                // A fault that is over when it is told would let a line start that sees nothing.
                guard code.isMomentary else { return }
            }
            lose(reason, error.code.rawValue)
        }
    }

    /// A source that stays away is tried again and again: each kind of reason is told once until it is back.
    private func lose(_ reason: String, _ kind: String) {
        guard machine.sourceIsReady || toldLosses.insert(kind).inserted else { return }
        toldLosses.insert(kind)
        handle(.sourceLost(reason: reason))
    }

    private func clearPictureCauses() {
        for code in FaultCode.ofPictures where machine.activeCauses.contains(code) { handle(.faultCleared(code)) }
    }

    private func judge(_ frame: borrowing Frame) {
        // What came from the source of a recipe that is gone is no part of a bypassed line.
        if inspector == nil, machine.state == .bypass { return }
        guard let inspector, let threshold, frame.size == inspector.model.inputSize else {
            handle(.fault(.internal, detail: "\(frame.part): no recipe, or a frame of another size"))
            return
        }
        let begun = Self.monotonic()
        let score = inspector.score(frame)
        let decided = Self.monotonic()
        // A frame that waited for a start was not being decided all that time.
        let since = max(frame.readyAt, permitSince)
        partInterval = lastSign > permitSince ? decided &- lastSign : nil
        lastSign = decided
        lastDecision = decided
        last = (frame.part, score, Double(decided &- since) / 1e6)
        let verdict = Verdict(
            part: frame.part, score: score, threshold: threshold.stop, warn: threshold.warn,
            isLate: settings.verdictLimit.map { decided &- since > $0 } ?? false, seenAt: since)
        // Neither the line nor the part waits for the disk: permit and reject are the machine's first effects.
        recordedNow = []
        let isInspected = machine.state.isInspecting
        let failure = handle(.verdict(verdict))
        record(verdict, latency: last?.milliseconds)
        if verdict.outcome == .good || permit == true, failure == nil { beat() }
        // A suspicious part is recorded before this: the disk's time is not the decision's.
        let changed = verdict.outcome == .good ? Self.monotonic() : permit == true ? 0 : permitOffAt
        // When everything else is done: it costs a copy of the map for those that are kept.
        defer {
            if isInspected { watchDrift(frame, score) }
            keep(frame, verdict, networks: Double(decided &- begun) / 1e6, latency: Double(decided &- since) / 1e6)
            recordedNow = nil
            shadow(frame, verdict)
        }
        guard changed > since else { return }
        latencies.withLock {
            $0.decide.add(decided &- begun)
            $0.line.add(changed - since)
        }
    }

    private func reconfigure(_ reload: Reload) {
        switch reload {
        case .rejected(let detail):
            handle(.configurationRejected(detail: detail))
        case .changed(let change):
            settings = change.settings
            log.logLevel = change.settings.logLevel
            // The permit goes off before anything of the old recipe is taken away.
            handle(.configurationChanged(affectsVerdicts: change.recipe != nil))
            if change.recipe == nil {
                renewChallenge(change.readAgain)
                renewDrift(change.readAgain)
            }
            handle(.policy(policyInForce))
            guard let recipe = change.recipe else { return beginChallenge() }
            exchange(recipe, change.startSource)
        }
    }

    /// Another recipe, and the source that gives pictures for it.
    private func exchange(_ recipe: Result<LoadedRecipe, RecipeError>, _ startSource: @Sendable () -> Void) {
        use(recipe)
        // What the source before has said says nothing of the next one.
        toldLosses = []
        handle(.sourceLost(reason: "the source is being opened"))
        startSource()
    }

    private func use(_ recipe: Result<LoadedRecipe, RecipeError>) {
        inspector = nil
        threshold = nil
        self.loaded = nil
        selfTest = nil
        (challenge, heartbeat, drift) = (ChallengeRun(), nil, nil)
        switch recipe {
        case .failure(let error): handle(.recipeMissing(reason: "\(error)"))
        case .success(let loaded):
            do throws(InspectionError) {
                let inspector = try Inspector(model: loaded.model, workers: settings.threads)
                let begun = Self.monotonic()
                guard let test = SelfTest(inspector) else {
                    handle(.recipeMissing(reason: "the self-test picture has no finite score: train again"))
                    return
                }
                self.inspector = inspector
                selfTest = test
                probeTime = Self.monotonic() - begun
                threshold = loaded.threshold
                self.loaded = loaded
                // In the journal each time: nobody may forget it.
                if let accepted = loaded.cameraOverride { log.warning("\(accepted.text)") }
                if let folder = try? RecipeFolder(loaded.recipe.name, in: settings.recipes) {
                    archive(loaded, from: folder)
                }
                prepareChallenge(loaded)
                prepareDrift(loaded)
                handle(.recipeReady(recipe: loaded.recipe.name, model: loaded.digest))
                beginChallenge()
            } catch {
                handle(.recipeMissing(reason: "\(error)"))
            }
        }
    }
}
