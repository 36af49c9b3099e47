// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Sockets

/// Questions to the daemon and their answers.
struct Conversation {
    private let client: LineClient

    init(_ place: SocketsOption) { client = LineClient(path: place.control) }

    /// Sends a command; a refusal is printed and becomes exit status 1.
    func ask(_ command: String, _ arguments: [String: JSONValue] = [:]) throws -> [String: JSONValue] {
        switch try client.request(
            ControlRequest(command: command, arguments: arguments), timeout: 15)
        {
        case .done(let fields): return fields
        case .refused(let failure):
            Terminal.shared.say("jidoka: \(command): \(failure.message) (\(failure.hint))")
            throw ExitCode(1)
        }
    }

    /// A person's command: prints the state after it.
    func command(_ name: String, _ arguments: [String: JSONValue] = [:], user: String?, isJSON: Bool) throws {
        var arguments = arguments
        if let user { arguments["user"] = .string(user) }
        let fields = try ask(name, arguments)
        guard !isJSON else { return print(JSONValue.object(fields).text) }
        if case .string(let state)? = fields["state"] { print("\(name): the line is \(state)") }
    }

    /// Number of the last recorded event.
    func lastEvent() throws -> Int64 {
        guard case .integer(let seq)? = try ask("status")["seq"] else { return 0 }
        return seq
    }
}
