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
    /// Jidoka can't judge parts; active until `faultCleared`, unless the code is momentary.
    case fault(FaultCode, detail: String)
    /// The cause of a fault is gone; the line stays in `fault`.
    case faultCleared(FaultCode)
    /// A named person has looked at the stop. Allowed in `stopped` and `fault`; user and reason must not be blank.
    case acknowledge(user: String, verdict: AcknowledgeVerdict, reason: String)
    /// A named person takes the latch away. Allowed in `acknowledged` when no cause of a fault is active.
    case reset(user: String)
    /// A named person starts the line. Allowed in `ready`.
    case start(user: String)
    /// A new configuration is in force; if it can change verdicts, the permit is dropped.
    case configurationChanged(affectsVerdicts: Bool)
    /// A new configuration was refused; the old one stays in force.
    case configurationRejected(detail: String)
    /// The effect `.record(event, _)` failed; the rest of that list of effects was not carried out.
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
}

/// What the caller has to do, in the order of the list.
///
/// When a `.record` fails, the rest of the list is dropped and the machine is told by `LineInput.recordFailed`: a start
/// is recorded before its permit, so a start that can't be recorded never switches the permit on.
public enum LineEffect: Sendable, Equatable {
    /// Sets the run permit.
    case permit(Bool)
    /// Sets the lamp.
    case lamp(Lamp)
    /// Durably records the event and the latch, in one transaction.
    case record(LineEvent, Latch)
    /// Tells the person who gave the command that it was refused, why, and what to do.
    case refuse(LineCommand, why: String, hint: String)
}
