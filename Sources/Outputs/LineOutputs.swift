// SPDX-License-Identifier: Apache-2.0

import Line

/// The wires to the line: run permit, lamp and heartbeat. GPIO, a file and a simulation are behind it.
///
/// The first act of whoever opens outputs is `set(permit: false)`. Any thread may call, one call at a time is carried out.
public protocol LineOutputs: Sendable {
    /// Sets the run permit: energised = the line may run.
    func set(permit: Bool) throws(OutputsError)
    /// Sets the lamp.
    func set(lamp: Lamp) throws(OutputsError)
    /// Sets the second output, which calls for somebody who has more to say.
    func set(escalation: Bool) throws(OutputsError)
    /// Toggles the heartbeat; called on completed decisions only, so that the PLC sees a decision path that is alive.
    func heartbeat() throws(OutputsError)
    /// Sorts the present part out: one pulse; returns before it ends.
    func reject() throws(OutputsError)
    /// Finds out whether the outputs still are what was set, e.g. whether the chip is still there.
    func check() throws(OutputsError)
}
