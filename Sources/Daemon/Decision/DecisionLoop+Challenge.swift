// SPDX-License-Identifier: Apache-2.0

import Inspection
import Line
import Pictures
import Recipes
import SyntheticParts

/// Known parts and blended defects on the way of a part, when no part is due: the box shows that it still sees.
///
/// Nothing here touches outputs, counters, latencies, evidence or the history of real parts.
extension DecisionLoop {
    /// The rules in force: a recipe with challenge pictures has to pass them before the line can be started.
    var policyInForce: LinePolicy {
        var policy = settings.policy
        if policy.challengePeriod == nil, challenge.isRequired { policy.challengePeriod = Self.forEver }
        return policy
    }

    /// Nanoseconds of a century.
    private static let forEver: UInt64 = 100 * 365 * 86_400 * 1_000_000_000

    /// What the line is missing, where the machine does not know it.
    var challengeObstacle: String? {
        guard machine.state == .blocked, machine.recipe != nil, machine.sourceIsReady,
            settings.policy.challengePeriod != nil, challenge.pictures.badCount == 0
        else { return nil }
        return "a challenge is due (challenge_s) and there is no known defect to show: put pictures of defective parts "
            + "into \(challenge.pictures.folder)/bad, then 'systemctl reload jidokad'"
    }

    /// A recipe is about to be in force: what was shown with the one before says nothing of it.
    func prepareChallenge(_ loaded: LoadedRecipe) {
        challenge = ChallengeRun(loaded.challenge)
        setHeartbeat(loaded)
        // The machine forgets by itself with another model only, and this may be another threshold.
        if policyInForce.challengePeriod != nil, machine.recipe == loaded.recipe.name, machine.model == loaded.digest {
            handle(.recipeMissing(reason: "recipe \(loaded.recipe.name) was calibrated again and is being challenged"))
        }
        if policyInForce != machine.policy { handle(.policy(policyInForce)) }
    }

    /// The same recipe with pictures that were read again: they are shown, and an alarm of the heartbeat is forgotten.
    func renewChallenge(_ loaded: LoadedRecipe?) {
        guard let loaded, self.loaded != nil else { return }
        challenge.renew(loaded.challenge)
        if heartbeat?.alarm != nil || heartbeat?.expected != loaded.calibration.detection { setHeartbeat(loaded) }
    }

    /// Begins a run; it goes on whenever there is time.
    func beginChallenge() {
        guard loaded != nil else { return }
        challenge.begin(at: Self.monotonic())
        if heartbeat?.alarm != nil {
            heartbeat?.beginBurst()
            blend(heartbeat?.orderAgain())
        }
        finishChallenge()
    }

    /// A person who wants to go on after a failed challenge gets it tried again.
    func challengeAgain(after command: Command) {
        guard machine.activeCauses.contains(.challengeFailed), !challenge.isRunning else { return }
        switch command {
        case .acknowledge, .reset: beginChallenge()
        default: break
        }
    }

    /// After a part was judged: every so many good ones a defect goes onto a copy of the picture.
    func shadow(_ frame: borrowing Frame, _ verdict: Verdict) {
        guard verdict.outcome == .good, machine.state.isInspecting,
            heartbeat?.isDue(every: settings.heartbeatEvery) == true
        else { return }
        blend(heartbeat?.order(on: frame.part, frame.pixels))
    }

    /// Shows one picture, if one has to be shown and there is time.
    func probe() {
        let now = Self.monotonic()
        if let due = challenge.due, now >= due, !challenge.isRunning { beginChallenge() }
        guard let inspector, let threshold, let patience = probePatience, isFree(now, patience) else { return }
        if let item = challenge.item {
            challenge.take(item.judged(by: inspector, threshold))
            measureProbe(since: now)
            finishChallenge()
        } else if let trial = heartbeat?.trial {
            let score = inspector.score(trial.pixels)
            measureProbe(since: now)
            switch heartbeat?.take(score: score, threshold: threshold) ?? .none {
            case .none: break
            case .alarm(let why):
                handle(.challengeFailed(detail: why))
            case .again: blend(heartbeat?.orderAgain())
            case .burstOver: finishChallenge()
            }
            update()
        }
    }

    /// When there is something to show, or to look whether there is time for it, `CLOCK_MONOTONIC`.
    var nextProbe: UInt64 {
        guard let patience = probePatience else { return challenge.isRunning ? .max : challenge.due ?? .max }
        let now = Self.monotonic()
        if isFree(now, patience) { return now }
        return now < patience.hurry ? patience.hurry : now < patience.last ? patience.last : now + 1_000_000
    }

    // MARK: -

    /// How long what is next may wait; nil when nothing is.
    private var probePatience: ChallengeRun.Patience? {
        if challenge.item != nil { return challenge.patience }
        return heartbeat?.trial.map { .init(hurry: $0.madeAt &+ 5_000_000_000, last: $0.madeAt &+ 30_000_000_000) }
    }

    /// Whether it fits between two parts.
    private func isFree(_ now: UInt64, _ patience: ChallengeRun.Patience) -> Bool {
        guard permit == true, now < patience.last else { return true }
        guard !inbox.hasFrame else { return false }
        // A stop or a reject on its way is never late for it; what ends a run is recorded.
        let end = now + 2 * probeTime + (challenge.isLast ? Self.diskTime : 1_000_000)
        if let due = machine.nextDeadline, due < end { return false }
        guard now < patience.hurry else { return true }
        return partInterval.map { end < lastSign + $0 } ?? true
    }

    /// The longest of late: one that was disturbed is forgotten.
    private func measureProbe(since begun: UInt64) {
        probeTime = max(Self.monotonic() - begun, probeTime / 8 * 7)
    }

    /// When all was shown, the machine is told.
    private func finishChallenge() {
        guard challenge.isRunning, challenge.item == nil, heartbeat?.isBursting != true else { return }
        let problem = heartbeat?.endBurst()
        let period = settings.policy.challengePeriod
        switch challenge.end(at: Self.monotonic(), problem: problem, period: period) {
        case .failed(let why):
            // Known already, the machine does not record it again.
            log.error("challenge failed: \(why)")
            handle(.challengeFailed(detail: why))
        case .passed where period == nil || challenge.pictures.badCount > 0:
            handle(.challengePassed)
        case .passed, .nothingToShow:
            if machine.activeCauses.contains(.challengeFailed) { handle(.faultCleared(.challengeFailed)) }
            update()
            if let obstacle = challengeObstacle { log.warning("\(obstacle)") }
        }
    }

    private func setHeartbeat(_ loaded: LoadedRecipe) {
        heartbeat = nil
        guard settings.heartbeatEvery > 0 else { return }
        guard let expected = loaded.calibration.detection else {
            return log.notice("detection heartbeat off: the calibration is older than it; run 'jidoka calibrate' again")
        }
        // Other defects in every run.
        let run = UInt64(clamping: seq)
        heartbeat = DetectionHeartbeat(expected, seed: run << 24 | (run &* 0x9E37_79B9) >> 8 & 0xFFFF)
        let missed = "calibration missed \(expected.missed) of \(expected.trials) blended defects"
        if heartbeat == nil { log.notice("detection heartbeat off: \(missed), a blind box would not look different") }
    }

    /// Makes a picture off the deciding thread: it takes milliseconds and memory.
    private func blend(_ order: DetectionHeartbeat.Order?) {
        guard let order, let size = inspector?.model.inputSize else { return }
        blending.async { [inbox] in
            let picture = Picture(width: size, height: size, pixels: order.pixels)
            let (blended, _) = BlendedDefect.apply(to: picture, seed: order.defect, sizeClass: order.sizeClass)
            inbox.post(.blended(.init(seed: order.seed, pixels: blended.pixels, madeAt: Self.monotonic())))
        }
    }
}
