// SPDX-License-Identifier: Apache-2.0

/// One line of the history: what happened, to which part, and the state after it.
public struct LineEvent: Codable, Sendable, Equatable {
    /// What happened; raw values are stable, they are what users filter by.
    public enum Kind: String, Codable, Sendable, CaseIterable {
        /// The daemon has started; `state` is what it came back as.
        case boot
        /// Recipe and source are there, nothing is latched: waiting for a start.
        case ready
        /// Recipe or source is gone while ready.
        case blocked
        /// A named person has started the line.
        case start
        /// A part's score is above the threshold while running.
        case stop
        /// A part's score is above the warn threshold, and at most the stop threshold.
        case warn
        /// The scores drift: people have to look before the time is up.
        case drift
        /// The andon is over, without a stop.
        case andonCleared = "andon_cleared"
        /// A part's score is above the threshold; the line stops when the part is where people can take it.
        case stopPending = "stop_pending"
        /// Nobody has acknowledged the stop in time.
        case escalation
        /// A named person has judged the stop; `part` is the part that stopped the line.
        case acknowledge
        /// A named person has taken the latch away.
        case reset
        /// Jidoka can't judge parts; `detail` starts with the fault code.
        case fault
        /// The cause of a fault is gone; `detail` is the fault code.
        case faultCleared = "fault_cleared"
        /// The last run ended without a shutdown while running.
        case uncleanEnd = "unclean_end"
        /// The daemon ends on purpose.
        case shutdown
        /// A new configuration is in force.
        case configurationReloaded = "configuration_reloaded"
        /// A new configuration was refused.
        case configurationRejected = "configuration_rejected"
        /// A part was bad, or had no valid score, while the line was not running; the latch is not touched.
        case defectWhileNotRunning = "defect_while_not_running"
        /// A part was bad, or had no valid score, while the line was bypassed; the line went on.
        case defectWhileBypassed = "defect_while_bypassed"
        /// A part went past without a verdict in time, and is sorted out.
        case partUnjudged = "part_unjudged"
        /// A named person lets the line run without Jidoka for the time in `detail`.
        case bypass
        /// The bypass is over.
        case bypassEnded = "bypass_ended"
        /// A named person changes the recipe; the line needs a start then.
        case changeover
        /// The box has shown that it finds known defects.
        case challengePassed = "challenge_passed"
        /// Parts judged since the last summary, in `detail`.
        case summary
        /// Old events were deleted from the history; `detail` says up to which, and its hash.
        case historyPruned = "history_pruned"
        /// A command was refused; `detail` says which and why.
        case refused
        /// A recipe was loaded and the state stays the same.
        case recipeReady = "recipe_ready"
        /// The recipe is gone and the state stays the same, because the permit was off already.
        case recipeMissing = "recipe_missing"
        /// The source delivers and the state stays the same.
        case sourceReady = "source_ready"
        /// The source is gone and the state stays the same, because the permit was off already.
        case sourceLost = "source_lost"
    }

    /// What happened.
    public var kind: Kind
    /// When: nanoseconds since 1970, UTC.
    public var time: UInt64
    /// The recipe in force, if there is one.
    public var recipe: String?
    /// The part it is about.
    public var part: String?
    /// The part's score; may be NaN or infinite.
    public var score: Float?
    /// The threshold that the score was held against.
    public var threshold: Float?
    /// The state after the event.
    public var state: LineState
    /// The state before the event, if it was another one.
    public var stateFrom: LineState?
    /// The model in force, if there is one.
    public var model: String?
    /// The person who gave the command.
    public var user: String?
    /// What that person found.
    public var verdict: AcknowledgeVerdict?
    /// Reason, cause or numbers, in words.
    public var detail: String?

    /// An event; only what happened, when and the state after it are needed.
    public init(
        kind: Kind, time: UInt64, recipe: String? = nil, part: String? = nil, score: Float? = nil,
        threshold: Float? = nil, state: LineState, stateFrom: LineState? = nil, model: String? = nil,
        user: String? = nil, verdict: AcknowledgeVerdict? = nil, detail: String? = nil
    ) {
        self.kind = kind
        self.time = time
        self.recipe = recipe
        self.part = part
        self.score = score
        self.threshold = threshold
        self.state = state
        self.stateFrom = stateFrom
        self.model = model
        self.user = user
        self.verdict = verdict
        self.detail = detail
    }
}
