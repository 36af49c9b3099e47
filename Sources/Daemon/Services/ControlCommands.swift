// SPDX-License-Identifier: Apache-2.0

import Capture
import Dispatch
import Line
import Recipes
import Records
import Sockets
import Synchronization

/// What the control socket understands, and how it reaches the decision thread.
struct ControlCommands: Sendable {
    static let names = ["status", "trigger"] + LineCommand.allCases.map(\.rawValue)

    let inbox: Inbox
    let trigger: @Sendable () -> FireAnswer?
    let status: @Sendable () -> Status
    let evidence: @Sendable () -> EvidenceWriter.Counts?
    let roles: @Sendable () -> Configuration.Roles
    let parts: @Sendable () -> PartWriter.Counts?
    let camera: @Sendable () -> CameraCounters?

    /// Answers one request; a person's command waits for the decision thread.
    func answer(_ request: ControlRequest, _ peer: Peer) throws(ControlFailure) -> ControlAnswer {
        guard request.command != "status" else {
            var fields = status().fields
            fields["camera"] = camera().map { .object($0.fields) } ?? .null
            fields["evidence"] = evidence().map(Self.fields) ?? .null
            fields["recorded_parts"] = parts().map(Self.fields) ?? .null
            return .done(fields)
        }
        try roles().check(request.command, peer)
        guard request.command != "trigger" else { return try fire() }
        let command = try command(request, peer)
        let reply = Reply()
        guard inbox.post(.command(command) { reply.send($0) }) else {
            throw ControlFailure(
                code: "refused", message: "the daemon is shutting down", hint: "ask again when it runs")
        }
        switch reply.wait(seconds: Self.patience) {
        case .done(let state)?: return .done(["state": .string(state.rawValue)])
        case .refused(let why, let hint)?: throw ControlFailure(code: "refused", message: why, hint: hint)
        case nil:
            throw ControlFailure(
                code: "no_answer",
                message: "no answer within \(Self.patience) seconds; the command may still be carried out",
                hint: "ask for the status")
        }
    }

    private static func fields(_ counts: EvidenceWriter.Counts) -> JSONValue {
        .object([
            "written": .integer(Int64(clamping: counts.written)), "dropped": .integer(Int64(clamping: counts.dropped)),
            "failed": .integer(Int64(clamping: counts.failed)), "failure": counts.failure.map { .string($0) } ?? .null,
        ])
    }

    private static func fields(_ counts: PartWriter.Counts) -> JSONValue {
        .object([
            "written": .integer(Int64(clamping: counts.written)), "dropped": .integer(Int64(clamping: counts.dropped)),
            "failure": counts.failure.map { .string($0) } ?? .null,
        ])
    }

    /// A part is there.
    private func fire() throws(ControlFailure) -> ControlAnswer {
        switch trigger() {
        case .taken(let part)?: return .done(["part": .integer(Int64(clamping: part))])
        case .notArmed?:
            throw ControlFailure(code: "refused", message: "the line does not run", hint: "start the line")
        case .full?:
            inbox.post(
                .badPart(
                    part: "trigger", code: .partMissed, detail: "parts come faster than they can be judged"))
            throw ControlFailure(
                code: "refused", message: "too many parts wait for their verdict", hint: "trigger more slowly")
        case .bounced?:
            throw ControlFailure(code: "refused", message: "the last trigger was just now", hint: "one for each part")
        case nil:
            throw ControlFailure(
                code: "refused", message: "the source is not triggered by programs",
                hint: "set 'trigger: software' for the camera in the configuration")
        }
    }

    /// Seconds that a person's command may take.
    private static let patience = 10.0

    /// Where one command's answer arrives.
    private final class Reply: Sendable {
        private let answer = Mutex<CommandAnswer?>(nil)
        private let arrived = DispatchSemaphore(value: 0)

        func send(_ value: CommandAnswer) {
            answer.withLock { $0 = value }
            arrived.signal()
        }

        /// nil when nothing has come in time.
        func wait(seconds: Double) -> CommandAnswer? {
            guard arrived.wait(timeout: .now() + seconds) == .success else { return nil }
            return answer.withLock { $0 }
        }
    }

    /// The name of a recipe's folder, not a path.
    private func name(_ request: ControlRequest) throws(ControlFailure) -> String {
        let name = try request.string("name")
        guard Recipe.isName(name) else {
            throw ControlFailure(
                code: "wrong_value", message: "\"\(name.prefix(64))\" is no name of a recipe",
                hint: "letters, digits, '-', '_' and '.', as the folder is called")
        }
        return name
    }

    private func command(_ request: ControlRequest, _ peer: Peer) throws(ControlFailure) -> Command {
        let user = peer.recordedName(display: try request.optionalString("user"))
        switch LineCommand(rawValue: request.command) {
        case .acknowledge:
            return .acknowledge(
                user: user, verdict: try request.choice("verdict", of: AcknowledgeVerdict.self),
                reason: try request.string("reason"))
        case .reset: return .reset(user: user)
        case .start: return .start(user: user)
        case .recipe: return .recipe(user: user, name: try name(request))
        case .bypass:
            if request.arguments["end"] == .bool(true) { return .endBypass(user: user) }
            guard let minutes = try request.optionalInteger("minutes") else {
                throw ControlFailure(
                    code: "missing_field", message: "minutes is missing: a bypass always has an end",
                    hint: "send \"minutes\":30, or \"end\":true to end it")
            }
            let nanoseconds = UInt64(clamping: minutes).multipliedReportingOverflow(by: 60_000_000_000)
            return .bypass(
                user: user, reason: try request.string("reason"),
                duration: nanoseconds.overflow ? .max : nanoseconds.partialValue)
        case nil:
            throw ControlFailure(
                code: "unknown_command", message: "unknown command '\(request.command)'",
                hint: "one of \(Self.names.joined(separator: ", "))")
        }
    }
}
