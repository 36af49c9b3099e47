// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Line
import Sockets

extension AcknowledgeVerdict: ExpressibleByArgument {}

struct Status: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show what the line is doing and why.")

    @OptionGroup var place: SocketsOption
    @OptionGroup var output: JSONOption

    func run() throws {
        let fields = try Conversation(place).ask("status")
        if output.isJSON { return print(JSONValue.object(fields).text) }
        print(StatusText.lines(fields))
    }
}

struct Acknowledge: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ack", abstract: "Acknowledge a stop: a named person has looked at the part.",
        discussion: "Acknowledging does not start the line: 'jidoka reset' and 'jidoka start' follow.")

    @Option(help: "What the part turned out to be: defect, false_stop or unclear.")
    var verdict: AcknowledgeVerdict
    @Option(help: "Why, in a few words.")
    var reason: String
    @Option(help: "Your name, if the account is shared; the account's name is recorded too.")
    var user: String?
    @OptionGroup var place: SocketsOption
    @OptionGroup var output: JSONOption

    func run() throws {
        try Conversation(place).command(
            "ack", ["verdict": .string(verdict.rawValue), "reason": .string(reason)], user: user, isJSON: output.isJSON)
    }
}

struct Reset: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Take the latch away after an acknowledgement.")

    @Option(help: "Your name, if the account is shared.")
    var user: String?
    @OptionGroup var place: SocketsOption
    @OptionGroup var output: JSONOption

    func run() throws { try Conversation(place).command("reset", user: user, isJSON: output.isJSON) }
}

struct Start: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Give the line its run permit; allowed when it is ready.")

    @Option(help: "Your name, if the account is shared.")
    var user: String?
    @OptionGroup var place: SocketsOption
    @OptionGroup var output: JSONOption

    func run() throws { try Conversation(place).command("start", user: user, isJSON: output.isJSON) }
}

struct TriggerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trigger",
        abstract: "Say that a part is in front of the camera, when the source is triggered by programs.",
        discussion: "Prints the number of the part. For 'trigger: software' in the configuration.")

    @OptionGroup var place: SocketsOption
    @OptionGroup var output: JSONOption

    func run() throws {
        let fields = try Conversation(place).ask("trigger")
        if output.isJSON { return print(JSONValue.object(fields).text) }
        print("part \(StatusText.text("part", in: fields))")
    }
}
