// SPDX-License-Identifier: Apache-2.0

import Line
import Synchronization

/// Outputs in memory with a trace of every call: for tests, demonstrations and a daemon without wires.
public final class SimulatedOutputs: LineOutputs {
    /// One call.
    public enum Act: Sendable, Equatable {
        /// `set(permit:)`.
        case permit(Bool)
        /// `set(lamp:)`.
        case lamp(Lamp)
        /// `set(escalation:)`.
        case escalation(Bool)
        /// `heartbeat()`.
        case heartbeat
        /// `reject()`.
        case reject
    }

    private struct State {
        var permit = false
        var lamp = Lamp.off
        var escalation = false
        var heartbeats: UInt64 = 0
        var rejects: UInt64 = 0
        var trace: [Act] = []
        var failing = false
    }

    private let state = Mutex(State())
    private let traceLimit: Int

    /// Outputs that are off.
    ///
    /// - Parameter traceLimit: calls kept; the older half is forgotten beyond that, so that a daemon may run on them for
    ///   months.
    public init(traceLimit: Int = 100_000) {
        self.traceLimit = max(2, traceLimit)
    }

    /// The run permit now.
    public var permit: Bool { state.withLock { $0.permit } }
    /// The lamp now.
    public var lamp: Lamp { state.withLock { $0.lamp } }
    /// Whether somebody is called.
    public var escalation: Bool { state.withLock { $0.escalation } }
    /// Heartbeats so far.
    public var heartbeats: UInt64 { state.withLock { $0.heartbeats } }
    /// The calls in order, oldest first; failed ones are not in it.
    public var trace: [Act] { state.withLock { $0.trace } }

    /// Makes every call fail from now on, or work again: a wire that broke.
    public func simulateFailure(_ failing: Bool) {
        state.withLock { $0.failing = failing }
    }

    /// Sets the run permit in memory.
    public func set(permit: Bool) throws(OutputsError) { try carryOut(.permit(permit)) }
    /// Sets the lamp in memory.
    public func set(lamp: Lamp) throws(OutputsError) { try carryOut(.lamp(lamp)) }
    /// Sets in memory whether somebody is called.
    public func set(escalation: Bool) throws(OutputsError) { try carryOut(.escalation(escalation)) }
    /// Counts a heartbeat.
    public func heartbeat() throws(OutputsError) { try carryOut(.heartbeat) }

    /// Counts a part that was sorted out.
    public func reject() throws(OutputsError) { try carryOut(.reject) }
    /// Fails while a failure is simulated.
    public func check() throws(OutputsError) {
        guard state.withLock({ $0.failing }) else { return }
        throw Self.failure("outputs that work")
    }

    private static func failure(_ expected: String) -> OutputsError {
        OutputsError(
            code: .simulated, thing: "simulated outputs", expected: expected, found: "a simulated failure",
            hint: "end the simulation of the failure")
    }

    private func carryOut(_ act: Act) throws(OutputsError) {
        let failed = state.withLock { state in
            if state.failing { return true }
            switch act {
            case .permit(let permit): state.permit = permit
            case .lamp(let lamp): state.lamp = lamp
            case .escalation(let escalation): state.escalation = escalation
            case .heartbeat: state.heartbeats += 1
            case .reject: state.rejects += 1
            }
            if state.trace.count >= traceLimit { state.trace.removeFirst(traceLimit / 2) }
            state.trace.append(act)
            return false
        }
        if failed { throw Self.failure("\(act)") }
    }
}
