// SPDX-License-Identifier: Apache-2.0

/// Everything that can happen to the line. The machine sees nothing else.
public enum LineInput: Sendable, Equatable {
    /// The daemon has started, with the durable record of the last run (`nil`: there never was one). Comes once.
    case boot(Latch?)
    /// A recipe with a valid calibration is loaded; another one than the running one needs a new start.
    case recipeReady(recipe: String, model: String)
    /// There is no usable recipe or calibration.
    case recipeMissing(reason: String)
    /// The picture source delivers.
    case sourceReady
    /// The picture source is gone.
    case sourceLost(reason: String)
    /// A part has been judged.
    case verdict(Verdict)
    /// A part went past without a verdict; `code` says why.
    case partFailed(part: String, code: FaultCode, detail: String)
    /// Parts that had passed the camera when the line stopped: nobody judges them, they are sorted out.
    case partsUnjudged(Int)
    /// The scores drift, in words.
    case drift(detail: String)
    /// So many counts of the conveyor's encoder since boot.
    case encoder(UInt64)
    /// Nothing but time has passed: for what is due.
    case tick
    /// Known defects were found and known good parts passed.
    case challengePassed
    /// One was not.
    case challengeFailed(detail: String)
    /// Jidoka can't judge parts; active until `faultCleared`, unless the code is momentary.
    case fault(FaultCode, detail: String)
    /// The cause of a fault is gone; the line stays in `fault`.
    case faultCleared(FaultCode)
    /// A named person has looked at the stop or the andon. Allowed in `stopped`, `fault` and `andon`; user and reason must not be blank.
    case acknowledge(user: String, verdict: AcknowledgeVerdict, reason: String)
    /// A named person takes the latch away. Allowed in `acknowledged` when no cause of a fault is active.
    case reset(user: String)
    /// A named person starts the line. Allowed in `ready`.
    case start(user: String)
    /// A named person lets the line run without Jidoka, for so many nanoseconds. Allowed in every other state.
    case bypass(user: String, reason: String, duration: UInt64)
    /// A named person ends the bypass.
    case endBypass(user: String)
    /// A named person wants another recipe: it has to be loaded and the line needs a start. Not while latched or bypassed.
    case changeRecipe(user: String, recipe: String)
    /// Other rules from now on. Timers that run keep theirs.
    case policy(LinePolicy)
    /// A new configuration is in force; if it can change verdicts, the permit is dropped.
    case configurationChanged(affectsVerdicts: Bool)
    /// A new configuration was refused; the old one stays in force.
    case configurationRejected(detail: String)
    /// The effect `.record(event, _)` failed; of the rest of that list only what `isSafe` was carried out.
    case recordFailed(LineEvent, detail: String)
    /// Time for a summary of the parts judged since the last one, e.g. every minute.
    case summaryDue
    /// The daemon ends on purpose. Comes last.
    case shutdown
}

/// The commands of a person; raw values are the names on the control socket.
public enum LineCommand: String, Codable, Sendable, CaseIterable {
    /// `LineInput.acknowledge`.
    case acknowledge = "ack"
    /// `LineInput.reset`.
    case reset
    /// `LineInput.start`.
    case start
    /// `LineInput.bypass` and `LineInput.endBypass`.
    case bypass
    /// `LineInput.changeRecipe`.
    case recipe
}

/// What the caller has to do, in the order of the list.
///
/// When a `.record` fails, of the rest of the list only what `isSafe` is carried out, and then the machine is told by
/// `LineInput.recordFailed`: a start is recorded before its permit, so a start that can't be recorded never switches the
/// permit on, while lamps and rejects do not hang on a disk.
public enum LineEffect: Sendable, Equatable {
    /// Sets the run permit.
    case permit(Bool)
    /// Sets the lamp.
    case lamp(Lamp)
    /// Sets the second output, which calls for somebody who has more to say.
    case escalation(Bool)
    /// Sorts a part out, now.
    case reject(part: String)
    /// Loads a recipe, off the deciding thread; `recipeReady` or `recipeMissing` answers.
    case load(recipe: String)
    /// Durably records the event and the latch, in one transaction.
    case record(LineEvent, Latch)
    /// Tells the person who gave the command that it was refused, why, and what to do.
    case refuse(LineCommand, why: String, hint: String)

    /// Whether it may be carried out although an event before it was not recorded.
    public var isSafe: Bool {
        switch self {
        case .permit(let on): !on
        case .lamp, .escalation, .reject, .refuse, .load: true
        case .record: false
        }
    }
}
