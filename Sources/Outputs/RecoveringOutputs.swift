// SPDX-License-Identifier: Apache-2.0

import Line
import Synchronization

/// Outputs that may be lost and come back, like a chip on USB: after a failure the next call opens them again.
///
/// Whatever is opened again is off, whatever it was before; only lamp and escalation are set as they were.
public final class RecoveringOutputs: LineOutputs {
    private struct State {
        var outputs: (any LineOutputs)?
        var lamp = Lamp.off
        var escalation = false
    }

    private let open: @Sendable () throws(OutputsError) -> any LineOutputs
    private let state = Mutex(State())

    /// Outputs that nobody has opened yet.
    ///
    /// - Parameter open: opens them with everything off, or says why it can't.
    public init(open: @escaping @Sendable () throws(OutputsError) -> any LineOutputs) {
        self.open = open
    }

    /// Sets the run permit.
    public func set(permit: Bool) throws(OutputsError) {
        try use { (outputs) throws(OutputsError) in try outputs.set(permit: permit) }
    }

    /// Sets the lamp, and remembers it for outputs that are opened again.
    public func set(lamp: Lamp) throws(OutputsError) {
        state.withLock { $0.lamp = lamp }
        try use { (outputs) throws(OutputsError) in try outputs.set(lamp: lamp) }
    }

    /// Sets the escalation, and remembers it likewise.
    public func set(escalation: Bool) throws(OutputsError) {
        state.withLock { $0.escalation = escalation }
        try use { (outputs) throws(OutputsError) in try outputs.set(escalation: escalation) }
    }

    /// Toggles the heartbeat.
    public func heartbeat() throws(OutputsError) {
        try use { (outputs) throws(OutputsError) in try outputs.heartbeat() }
    }

    /// Sorts the present part out.
    public func reject() throws(OutputsError) {
        try use { (outputs) throws(OutputsError) in try outputs.reject() }
    }

    /// Looks whether the outputs are still there.
    public func check() throws(OutputsError) {
        try use { (outputs) throws(OutputsError) in try outputs.check() }
    }

    private func use(_ act: (any LineOutputs) throws(OutputsError) -> Void) throws(OutputsError) {
        let result: Result<Void, OutputsError> = state.withLock { state in
            do throws(OutputsError) {
                let outputs: any LineOutputs
                if let known = state.outputs {
                    outputs = known
                } else {
                    outputs = try open()
                    try outputs.set(lamp: state.lamp)
                    if state.escalation { try outputs.set(escalation: true) }
                }
                // Forgotten while it is used: kept only when it worked.
                state.outputs = nil
                try act(outputs)
                state.outputs = outputs
                return .success(())
            } catch {
                return .failure(error)
            }
        }
        try result.get()
    }
}
